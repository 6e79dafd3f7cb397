//! What is agreed with customers: terms and limits, a customer put on hold at the end of the year,
//! promises kept and broken, and what was put into winning one. Told last, without a draw.

use daybook_core::event::Section;
use daybook_core::event::commitment::{
    CommitmentMade, CommitmentOutcome, CommitmentSettled, Promise, PromiseMedium, Promiser,
    RiskKind,
};
use daybook_core::event::receivable::ItemAmount;
use daybook_core::event::terms::{
    CreditLimitSet, CustomerInvestmentRecorded, CustomerTermsSet, InvestmentKind,
    InvestmentPurpose, PaymentTerms,
};

use super::calendar::{Moment, day};
use super::cast::{ACCOUNTANT, DIRECTOR, HEAD_OF_SALES};
use super::landmarks::{self, OVERDUE_ITEM, Place};
use super::pen::{Party, Pen, Told, text, user};

/// The promise to pay that was broken.
pub const BROKEN_PROMISE: Place = ("C-1011", "PR-1011-PAY");
/// The promise of ours that was kept.
pub const KEPT_PROMISE: Place = ("C-1003", "PR-1003-DRAWING");
/// The customer put on hold on the last days of the year.
pub const ON_HOLD: &str = "C-1011";

/// Tells everything, for the customers that are there.
pub(super) fn tell(pen: &mut Pen, parties: &[Party]) -> Told {
    for code in ["C-1001", "C-1003", "C-1005"] {
        if let Some(party) = landmarks::of(parties, code) {
            terms(pen, party)?;
            limit(pen, party, 1_000_000_000, false, Moment::on(day(2025, 1, 6), 10 * 60))?;
        }
    }
    if let Some(party) = landmarks::of(parties, ON_HOLD) {
        broken(pen, party)?;
        limit(pen, party, 20_000_000, true, Moment::on(day(2025, 12, 30), 10 * 60))?;
    }
    match landmarks::of(parties, KEPT_PROMISE.0) {
        Some(party) => kept(pen, party),
        None => Ok(()),
    }
}

/// Thirty days, two per cent within ten, from the second quarter on.
fn terms(pen: &mut Pen, party: &Party) -> Told {
    let agreed = CustomerTermsSet {
        payment: Some(PaymentTerms {
            net_days: 30,
            discount_days: Some(10),
            discount_basis_points: Some(200),
        }),
        price_discount_basis_points: None,
        tax_rule: Some(text("VAT13")?),
        currency: Some(party.currency),
        price_tier: Some(text("A")?),
        lead_time_days: Some(30),
        more: None,
        valid_from: day(2025, 4, 1),
        valid_until: None,
        approved_by: Some(user(DIRECTOR)?),
    };
    pen.tell(Moment::on(day(2025, 3, 26), 15 * 60), HEAD_OF_SALES, party, agreed)
}

fn limit(pen: &mut Pen, party: &Party, minor: i64, hold: bool, moment: Moment) -> Told {
    let set = CreditLimitSet {
        limit: party.money(minor),
        valid_until: None,
        hold,
        basis: Some(text("付款记录")?),
        approved_by: Some(user(DIRECTOR)?),
    };
    pen.tell(moment, ACCOUNTANT, party, set)
}

/// The overdue debt is promised for the middle of July and not paid.
fn broken(pen: &mut Pen, party: &Party) -> Told {
    let made_on = day(2025, 7, 9);
    let promise = CommitmentMade {
        commitment: text(BROKEN_PROMISE.1)?,
        by: Promiser::Customer,
        contact: None,
        medium: PromiseMedium::Spoken,
        risk: Some(RiskKind::Economic),
        due_at: Some(Moment::on(day(2025, 7, 18), 17 * 60).effective),
        responsible: Some(user(ACCOUNTANT)?),
        about: None,
        interaction: None,
        items: vec![ItemAmount { item: text(OVERDUE_ITEM.1)?, amount: party.money(3_000_000) }],
        promise: Section::Open(Promise { what: text("七月十八日前先付三万元")? }),
    };
    pen.tell(Moment::on(made_on, 11 * 60), ACCOUNTANT, party, promise)?;
    let moment = Moment::on(day(2025, 7, 21), 9 * 60 + 30);
    settle(pen, party, BROKEN_PROMISE.1, CommitmentOutcome::Broken, moment)
}

/// A drawing promised with a quote and sent in time, and the dinner that came before it.
fn kept(pen: &mut Pen, party: &Party) -> Told {
    let on = day(2025, 2, 17);
    let dinner = CustomerInvestmentRecorded {
        investment: text("IV-1003-DINNER")?,
        kind: InvestmentKind::VisitCost,
        purpose: InvestmentPurpose::Win,
        amount: party.money(68_000),
        invested_on: on,
        interaction: None,
        approved_by: None,
    };
    pen.tell(Moment::on(on, 16 * 60), party.owner, party, dinner)?;
    let promise = CommitmentMade {
        commitment: text(KEPT_PROMISE.1)?,
        by: Promiser::Us,
        contact: None,
        medium: PromiseMedium::Spoken,
        risk: Some(RiskKind::Functional),
        due_at: Some(Moment::on(day(2025, 2, 24), 18 * 60).effective),
        responsible: None,
        about: None,
        interaction: None,
        items: Vec::new(),
        promise: Section::Open(Promise {
            what: text("一周内提供安装图 / the drawing in a week")?
        }),
    };
    pen.tell(Moment::on(on, 17 * 60), party.owner, party, promise)?;
    let moment = Moment::on(day(2025, 2, 21), 10 * 60);
    settle(pen, party, KEPT_PROMISE.1, CommitmentOutcome::Kept, moment)
}

fn settle(
    pen: &mut Pen,
    party: &Party,
    id: &str,
    outcome: CommitmentOutcome,
    moment: Moment,
) -> Told {
    let settled = CommitmentSettled {
        commitment: text(id)?,
        outcome,
        at: moment.effective,
        evidence: None,
        superseded_by: None,
        feedback: None,
    };
    pen.tell(moment, party.owner, party, settled)
}
