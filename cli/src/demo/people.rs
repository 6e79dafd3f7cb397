//! Who works here and who holds what: the units, the staff, a customer shared with the service, and a
//! salesperson who leaves at the end of the year and hands everything over; and what becomes of the
//! companies that are on file twice. Nothing here is drawn.

use daybook_core::decide::{Command, Request};
use daybook_core::event::assignment::{AssignedRecord, Holder, RecordAssigned};
use daybook_core::event::merge::{
    CustomersMerged, DuplicateCandidate, DuplicateReason, MergeReversed, MergeSide,
};
use daybook_core::event::organisation::{
    OrgUnitChanged, UnitChange, UserStatus, UserStatusChanged,
};

use daybook_core::event::share::{RecordShareChanged, Right, ShareChange};

use super::calendar::{FIRST_DAY, LAST_DAY, Moment};
use super::cast::{DIRECTOR, HEAD_OF_SALES, HEAD_OF_SERVICE, SALES};
use super::landmarks::DUPLICATES;
use super::pen::{Party, Pen, Told, text, user};

/// The salesperson who leaves, and the one who takes over.
pub const LEAVER: (u8, u8) = (7, 5);
/// How many customers a salesperson may hold.
const CAPACITY: u32 = 60;

/// Tells who works here, on the first day.
pub(super) fn staff(pen: &mut Pen) -> Told {
    let units = [
        ("office", "总经办", None, DIRECTOR),
        ("sales", "销售部", Some("office"), HEAD_OF_SALES),
        ("service", "服务部", Some("office"), HEAD_OF_SERVICE),
    ];
    let moment = Moment::on(FIRST_DAY, 8 * 60 + 40);
    let mut unit = Vec::new();
    for (code, name, parent, head) in units {
        let changed = OrgUnitChanged {
            unit: text(code)?,
            change: UnitChange::Set,
            name: Some(text(name)?),
            parent: parent.map(text).transpose()?,
            head: Some(user(head)?),
        };
        unit.push(pen.request_to_book(moment, changed)?);
    }
    for number in SALES {
        let changed = status(number, UserStatus::Active, Some(CAPACITY))?;
        let changed = UserStatusChanged { unit: Some(text("sales")?), ..changed };
        unit.push(pen.request_to_book(moment, changed)?);
    }
    pen.submit(moment.recorded, DIRECTOR, unit)
}

fn status(
    number: u8,
    to: UserStatus,
    capacity: Option<u32>,
) -> Result<UserStatusChanged, daybook_core::id::TextError> {
    let user = user(number)?;
    Ok(UserStatusChanged { user, from: None, to, unit: None, capacity, identity: None })
}

/// Tells of a customer whose holder lets the service see and change it.
pub(super) fn sharing(pen: &mut Pen, parties: &[Party]) -> Told {
    let Some(party) = parties.first() else { return Ok(()) };
    let moment = Moment::on(LAST_DAY, 10 * 60);
    let shared = RecordShareChanged {
        record: AssignedRecord::CUSTOMER,
        grantee: Holder::user(user(HEAD_OF_SERVICE)?),
        change: ShareChange::Granted,
        rights: vec![Right::Read, Right::Change],
        until: None,
    };
    let request = pen.request(moment, party, shared)?;
    pen.submit(moment.recorded, party.owner, vec![request])
}

/// Tells the handover, in the evening of the last day.
pub(super) fn handover(pen: &mut Pen, parties: &[Party]) -> Told {
    let moment = Moment::on(LAST_DAY, 18 * 60 + 30);
    let (from, to) = LEAVER;
    let mut unit = Vec::new();
    for party in parties.iter().filter(|party| party.owner == from) {
        let assigned = RecordAssigned {
            record: AssignedRecord::CUSTOMER,
            from: None,
            to: Holder::user(user(to)?),
            moved: Vec::new(),
            left_behind: Vec::new(),
            holds: None,
            rule: None,
        };
        let request = pen.request(moment, party, assigned)?;
        unit.push(Request { reason: Some(text("离职交接 / leaves the company")?), ..request });
    }
    let left = status(from, UserStatus::Left, None)?;
    unit.push(pen.request_to_book(moment, left)?);
    pen.submit(moment.recorded, HEAD_OF_SALES, unit)
}

/// Tells what becomes of the companies that are on file twice, at the very end: one pair is merged,
/// of the other the merge turns out to be wrong.
pub(super) fn merges(pen: &mut Pen, parties: &[Party]) -> Told {
    let [undone, kept] = DUPLICATES;
    for (pair, minute) in [(kept, 19 * 60), (undone, 19 * 60 + 10)] {
        let (Some(survivor), Some(merged)) = (party(parties, pair.0), party(parties, pair.1))
        else {
            continue;
        };
        let evidence = DuplicateCandidate {
            customer: merged.code.clone(),
            score_percent: 91,
            reasons: vec![DuplicateReason::Phone, DuplicateReason::Likeness],
        };
        let merge = CustomersMerged {
            side: None,
            survivor: survivor.code.clone(),
            merged: merged.code.clone(),
            fields_taken: Vec::new(),
            evidence: Some(evidence),
            ids_from: 0,
        };
        let why = "同一家公司 / one company";
        pen.tell_why(Moment::on(LAST_DAY, minute), HEAD_OF_SALES, merged, why, merge)?;
        if pair != undone {
            continue;
        }
        let reversed = MergeReversed {
            side: MergeSide::Survivor,
            survivor: survivor.code.clone(),
            merged: merged.code.clone(),
            facts: Vec::new(),
        };
        let why = "母公司与子公司，两家 / parent and daughter after all";
        let reversed = Command::ReverseMerge(Box::new(reversed));
        pen.tell_why(Moment::on(LAST_DAY, minute + 40), HEAD_OF_SALES, survivor, why, reversed)?;
    }
    Ok(())
}

fn party<'a>(parties: &'a [Party], code: &str) -> Option<&'a Party> {
    parties.iter().find(|party| party.code.as_str() == code)
}
