//! Complaints, questions and requests, with their clocks, up to the customer's agreement.

use daybook_core::event::complaint::{
    Agreement, ClockChange, ComplaintAcknowledged, ComplaintAnswered, ComplaintAssessed,
    ComplaintClockChanged, ComplaintClosed, ComplaintKind, ComplaintReceived, ComplaintReopened,
    ComplaintSubject, RootCause, Severity,
};
use daybook_core::event::interaction::InteractionChannel;
use daybook_core::event::receivable::{ItemSource, ReceivableOpened};
use daybook_core::event::survey::Occasion;
use daybook_core::event::task::{TaskClosed, TaskOutcome};
use daybook_core::id::{ComplaintId, ItemId, TextError};

use super::activity::said;
use super::calendar::{LAST_DAY, Moment, date_of, working};
use super::cast::{ACCOUNTANT, ENGINEER, HEAD_OF_SERVICE, SERVICE_DESK, Tongue};
use super::pen::{Party, Pen, Told, text, user};
use super::{contracts, payments, surveys, words};

/// The matters of [`words::complaint`], in its order.
const MATTERS: [(ComplaintKind, ComplaintSubject); 8] = [
    (ComplaintKind::Complaint, ComplaintSubject::Quality),
    (ComplaintKind::Complaint, ComplaintSubject::Transport),
    (ComplaintKind::Service, ComplaintSubject::Other),
    (ComplaintKind::Complaint, ComplaintSubject::Billing),
    (ComplaintKind::Complaint, ComplaintSubject::Quality),
    (ComplaintKind::Complaint, ComplaintSubject::Attitude),
    (ComplaintKind::Enquiry, ComplaintSubject::Service),
    (ComplaintKind::Suggestion, ComplaintSubject::Other),
];
const CHANNELS: [InteractionChannel; 4] = [
    InteractionChannel::Phone,
    InteractionChannel::Email,
    InteractionChannel::Web,
    InteractionChannel::InstantMessage,
];

/// Tells the complaints of a year.
pub(super) fn cases(pen: &mut Pen, party: &Party) -> Told {
    let mut moment = party.since;
    for number in 1..=party.card.weight {
        let Some(next) = moment.later(&mut pen.dice, 15, 150) else { return Ok(()) };
        moment = next;
        let which = usize::try_from(pen.dice.below(8)).unwrap_or_default();
        let quality = matches!(which, 0 | 4);
        let severity = match pen.dice.below(10) {
            0..=3 if quality => Severity::Severe,
            0..=6 => Severity::Normal,
            _ => Severity::Low,
        };
        let id = text(&format!("TS-{}-{number:02}", party.digits))?;
        let slow = pen.dice.chance(8);
        case(pen, party, &id, which, severity, slow, moment)?;
    }
    Ok(())
}

/// Tells one case from its receipt to its end; a slow one misses its time limits.
pub(super) fn case(
    pen: &mut Pen,
    party: &Party,
    id: &ComplaintId,
    which: usize,
    severity: Severity,
    slow: bool,
    moment: Moment,
) -> Told {
    let kind = receive(pen, party, id, which, severity, moment)?;
    let (min, max) = match (slow, severity) {
        (true, _) => (26 * 60, 60 * 60),
        (false, Severity::Severe) => (5, 45),
        (false, _) => (10, 150),
    };
    let Some(moment) = moment.soon(&mut pen.dice, min, max) else { return Ok(()) };
    acknowledge(pen, party, id, moment)?;
    let mut now = moment;
    if kind == ComplaintKind::Complaint {
        let Some(next) = now.soon(&mut pen.dice, 20, 180) else { return Ok(()) };
        now = next;
        assess(pen, party, id, severity, now)?;
    }
    if pen.dice.chance(30) {
        let Some(next) = stand_still(pen, party, id, now)? else { return Ok(()) };
        now = next;
    }
    let days = if slow { 9 } else { 0 };
    let Some(next) = now.later(&mut pen.dice, days, days + 2) else { return Ok(()) };
    answer(pen, party, id, which, next)?;
    let agreed = !pen.dice.chance(12);
    let Some(closed) = close(pen, party, id, agreed, next)? else { return Ok(()) };
    if kind == ComplaintKind::Complaint {
        call_back(pen, party, id, closed)?;
    }
    if kind == ComplaintKind::Service && pen.dice.chance(50) {
        charge(pen, party, id, closed)?;
    }
    if !agreed || pen.dice.chance(6) {
        return again(pen, party, id, which, closed);
    }
    if pen.dice.chance(35) {
        return surveys::after(pen, party, Occasion::AfterComplaint, closed);
    }
    Ok(())
}

fn receive(
    pen: &mut Pen,
    party: &Party,
    id: &ComplaintId,
    which: usize,
    severity: Severity,
    moment: Moment,
) -> Result<ComplaintKind, TextError> {
    let fallback = (ComplaintKind::Enquiry, ComplaintSubject::Other);
    let (kind, subject) = MATTERS.get(which).copied().unwrap_or(fallback);
    let machine = pen.machine();
    let words = words::complaint(which, party.card.tongue, &machine);
    let channel = usize::try_from(pen.dice.below(4)).unwrap_or_default();
    let wants = pen.dice.pick(&["repair", "replacement", "explanation", "compensation"]);
    let received = ComplaintReceived {
        complaint: id.clone(),
        kind,
        channel: CHANNELS.get(channel).copied().unwrap_or(InteractionChannel::Phone),
        subject,
        severity,
        received_at: moment.effective,
        contact: party.contacts.first().cloned(),
        contract: None,
        wants: if kind == ComplaintKind::Complaint { Some(text(wants)?) } else { None },
        service_levels_version: 0,
        first_response_due_at: None,
        resolution_due_at: None,
        correspondence: said(&words)?,
    };
    pen.tell(moment, SERVICE_DESK, party, received)?;
    Ok(kind)
}

fn acknowledge(pen: &mut Pen, party: &Party, id: &ComplaintId, moment: Moment) -> Told {
    let acknowledged = ComplaintAcknowledged {
        complaint: id.clone(),
        by: user(SERVICE_DESK)?,
        at: moment.effective,
        channel: InteractionChannel::Phone,
        human: true,
    };
    pen.tell(moment, SERVICE_DESK, party, acknowledged)
}

fn assess(
    pen: &mut Pen,
    party: &Party,
    id: &ComplaintId,
    severity: Severity,
    moment: Moment,
) -> Told {
    let probability = u8::try_from(pen.dice.between(1, 12) * 5).ok();
    let maturity = pen.dice.pick(&["new", "known", "recurring"]);
    let expectation = pen.dice.pick(&["justified", "too_high", "mistaken"]);
    let assessed = ComplaintAssessed {
        complaint: id.clone(),
        severity,
        probability_percent: probability,
        maturity: Some(text(maturity)?),
        expectation: Some(text(expectation)?),
        responsible: Some(user(ENGINEER)?),
        team: vec![user(SERVICE_DESK)?, user(ENGINEER)?],
    };
    pen.tell(moment, HEAD_OF_SERVICE, party, assessed)
}

/// The clock stands while we wait for somebody, then runs again.
fn stand_still(
    pen: &mut Pen,
    party: &Party,
    id: &ComplaintId,
    now: Moment,
) -> Result<Option<Moment>, TextError> {
    let waiting = pen.dice.pick(&["customer", "carrier", "supplier"]);
    let Some(mut moment) = now.soon(&mut pen.dice, 5, 60) else { return Ok(None) };
    for change in [ClockChange::Pause, ClockChange::Resume] {
        if change == ClockChange::Resume {
            let Some(next) = moment.later(&mut pen.dice, 1, 4) else { return Ok(None) };
            moment = next;
        }
        let changed = ComplaintClockChanged {
            complaint: id.clone(),
            change,
            at: moment.effective,
            waiting_for: Some(text(waiting)?),
        };
        pen.tell(moment, SERVICE_DESK, party, changed)?;
    }
    Ok(Some(moment))
}

fn answer(pen: &mut Pen, party: &Party, id: &ComplaintId, which: usize, moment: Moment) -> Told {
    let root_cause = match which {
        0..=4 => RootCause::Defect,
        5 | 6 => RootCause::Explanation,
        _ => RootCause::None,
    };
    let given = (which < 6 && pen.dice.chance(20)).then(|| pen.dice.between(2, 40));
    let words = words::answer(which, party.card.tongue);
    let answered = ComplaintAnswered {
        complaint: id.clone(),
        by: user(ENGINEER)?,
        at: moment.effective,
        root_cause,
        compensation: given.map(|hundreds| party.money(i64::from(hundreds) * 10_000)),
        commitment: None,
        correspondence: said(words)?,
    };
    pen.tell(moment, ENGINEER, party, answered)
}

fn close(
    pen: &mut Pen,
    party: &Party,
    id: &ComplaintId,
    agreed: bool,
    answered: Moment,
) -> Result<Option<Moment>, TextError> {
    let Some(moment) = answered.later(&mut pen.dice, 1, 6) else { return Ok(None) };
    let agreement = match (agreed, pen.dice.chance(12)) {
        (false, _) => Agreement::No,
        (true, true) => Agreement::NoAnswer,
        (true, false) => Agreement::Yes,
    };
    let closed = ComplaintClosed {
        complaint: id.clone(),
        agreement,
        closed_by: user(HEAD_OF_SERVICE)?,
        at: moment.effective,
    };
    pen.tell(moment, HEAD_OF_SERVICE, party, closed)?;
    Ok(Some(moment))
}

/// The customer is asked the next day whether all is well.
fn call_back(pen: &mut Pen, party: &Party, id: &ComplaintId, closed: Moment) -> Told {
    let on = working(date_of(closed.recorded).plus_days(1));
    if on > LAST_DAY {
        return Ok(());
    }
    let done = TaskClosed {
        task: text(&format!("{id}/call-back"))?,
        outcome: TaskOutcome::Done,
        interaction: None,
        correspondence: None,
    };
    pen.tell(Moment::on(on, 10 * 60 + 40), HEAD_OF_SERVICE, party, done)
}

/// The customer comes back with it; it is answered and closed once more.
fn again(pen: &mut Pen, party: &Party, id: &ComplaintId, which: usize, closed: Moment) -> Told {
    let Some(moment) = closed.later(&mut pen.dice, 1, 14) else { return Ok(()) };
    let reopened = ComplaintReopened { complaint: id.clone(), at: moment.effective };
    let why = match party.card.tongue {
        Tongue::Chinese => "客户反映问题再次出现",
        Tongue::English => "the fault has come back",
    };
    pen.tell_why(moment, SERVICE_DESK, party, why, reopened)?;
    let Some(moment) = moment.later(&mut pen.dice, 0, 3) else { return Ok(()) };
    answer(pen, party, id, which, moment)?;
    close(pen, party, id, true, moment).map(|_| ())
}

/// Work outside the guarantee is charged, which opens a debt of its own.
fn charge(pen: &mut Pen, party: &Party, id: &ComplaintId, closed: Moment) -> Told {
    let Some(moment) = closed.later(&mut pen.dice, 0, 3) else { return Ok(()) };
    let item: ItemId = text(&format!("AR-{id}"))?;
    let amount = party.money(i64::from(pen.dice.between(4, 60)) * 10_000);
    let opened = ReceivableOpened {
        item: item.clone(),
        source: ItemSource::ServiceCharge,
        document_on: moment.day(),
        due_on: Some(moment.day().plus_days(15)),
        amount,
        contract: None,
        instalment: None,
        legal_entity: Some(party.entity.clone()),
    };
    let covers = vec![daybook_core::event::receivable::ItemAmount { item: item.clone(), amount }];
    let due_on = opened.due_on.unwrap_or(opened.document_on);
    let invoice = contracts::invoice(party, moment, amount, None, covers)?;
    let unit = vec![pen.request(moment, party, opened)?, pen.request(moment, party, invoice)?];
    pen.submit(moment.recorded, ACCOUNTANT, unit)?;
    payments::pay(pen, party, &item, amount, due_on, moment)
}
