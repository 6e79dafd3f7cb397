//! What the company's accounts rest on: the dollar's rate of each month, a payment nobody claimed
//! for three days, one that settled another customer's debt, a confirmed balance, and the first half
//! of the year locked once the tax adviser has seen it. No draw is made here.

use daybook_core::event::accounting::{ExchangeRateRecorded, PeriodLocked};
use daybook_core::event::confirmation::BalanceConfirmed;
use daybook_core::event::receivable::{
    ApplicationMethod, BankRef, CreditApplied, CreditKind, ItemAmount, PaymentReceived,
    ReceiptIdentified,
};
use daybook_core::time::Date;

use super::calendar::{Moment, day};
use super::cast::{ACCOUNTANT, DIRECTOR};
use super::landmarks::{self, Place, apply, debt, receipt};
use super::pen::{Party, Pen, Told, text};

/// The dollar in yuan from the first working day of each month on.
const DOLLAR: [(Date, &str); 12] = [
    (day(2025, 1, 2), "7.1879"),
    (day(2025, 2, 5), "7.1693"),
    (day(2025, 3, 3), "7.1745"),
    (day(2025, 4, 1), "7.1775"),
    (day(2025, 5, 6), "7.2008"),
    (day(2025, 6, 3), "7.1869"),
    (day(2025, 7, 1), "7.1534"),
    (day(2025, 8, 1), "7.1496"),
    (day(2025, 9, 1), "7.1072"),
    (day(2025, 10, 9), "7.1102"),
    (day(2025, 11, 3), "7.0867"),
    (day(2025, 12, 1), "7.0759"),
];

/// The last locked day, and the day it was locked on.
pub const LOCKED: (Date, Date) = (day(2025, 6, 30), day(2025, 12, 30));

/// The payment that waited in suspense, and whose it was.
pub const IDENTIFIED: Place = ("C-1022", "SUS-2025-1");
/// The payment that settled another customer's debt, and that debt.
pub const PAID_FOR_ANOTHER: (Place, Place) =
    (("C-1023", "RC-1023-GROUP"), ("C-1024", "AR-1024-GROUP"));
/// The balance that was confirmed.
pub const CONFIRMED: Place = ("C-1009", "BC-1009");

/// Tells everything, for the customers that are there.
pub(super) fn tell(pen: &mut Pen, parties: &[Party]) -> Told {
    rates(pen)?;
    let of = |place: Place| landmarks::of(parties, place.0);
    if let Some(party) = of(IDENTIFIED) {
        identified(pen, party)?;
    }
    if let (Some(payer), Some(debtor)) = (of(PAID_FOR_ANOTHER.0), of(PAID_FOR_ANOTHER.1))
        && payer.currency == debtor.currency
        && payer.entity == debtor.entity
    {
        paid_for_another(pen, payer, debtor)?;
    }
    if let Some(party) = of(CONFIRMED) {
        confirmed(pen, party)?;
    }
    lock(pen)
}

/// A payment without a reference, found on Monday to be a customer's, and applied.
fn identified(pen: &mut Pen, party: &Party) -> Told {
    let amount = party.money(1_260_000);
    let (opened, due) = (day(2025, 8, 8), day(2025, 9, 7));
    let item = debt(pen, party, "AR-1022-CLAIMED", amount, opened, due)?;
    let (value_on, known_on) = (day(2025, 9, 5), day(2025, 9, 8));
    let held = PaymentReceived {
        receipt: text(IDENTIFIED.1)?,
        amount,
        value_on,
        bank_account: None,
        bank_ref: Some(BankRef {
            bank: text("ICBC-8866")?,
            statement: text("2025-09-05")?,
            line: text("U0001")?,
        }),
        method: None,
        legal_entity: Some(party.entity.clone()),
        unidentified: true,
        payer: None,
    };
    let moment = Moment::on(value_on, 16 * 60);
    let request = pen.request_to_book(moment, held)?;
    pen.submit(moment.recorded, ACCOUNTANT, vec![request])?;
    let claimed = ReceiptIdentified {
        suspense: text(IDENTIFIED.1)?,
        belongs_to: party.code.clone(),
        receipt: text("RC-1022-CLAIMED")?,
        amount: None,
        value_on: None,
        legal_entity: None,
        step: None,
    };
    let moment = Moment::on(known_on, 10 * 60);
    let request = pen.request_to_book(moment, claimed)?;
    pen.submit(moment.recorded, ACCOUNTANT, vec![request])?;
    apply(pen, party, "AP-1022", &text("RC-1022-CLAIMED")?, (&item, amount), known_on)
}

/// A parent company pays what its daughter owes.
fn paid_for_another(pen: &mut Pen, payer: &Party, debtor: &Party) -> Told {
    let amount = debtor.money(2_150_000);
    let (opened, due) = (day(2025, 10, 9), day(2025, 11, 8));
    let ((_, paid), (_, owed)) = PAID_FOR_ANOTHER;
    let item = debt(pen, debtor, owed, amount, opened, due)?;
    let paid_on = day(2025, 11, 6);
    let paid = receipt(pen, payer, paid, amount, paid_on, paid_on)?;
    let applied = CreditApplied {
        application: text("AP-1023-GROUP")?,
        credit_kind: CreditKind::Receipt,
        credit: text(paid.as_str())?,
        method: ApplicationMethod::Explicit,
        lines: vec![ItemAmount { item, amount }],
        effective_on: Some(paid_on),
        exchange: Vec::new(),
        approved_by: None,
        for_customer: Some(debtor.code.clone()),
        paid_by: None,
        legal_entity: None,
    };
    let why = "母公司代付";
    pen.tell_why(Moment::on(paid_on, 15 * 60), ACCOUNTANT, payer, why, applied)
}

/// A balance confirmed by letter at the end of the third quarter.
fn confirmed(pen: &mut Pen, party: &Party) -> Told {
    let confirmed = BalanceConfirmed {
        confirmation: text(CONFIRMED.1)?,
        confirmed_on: day(2025, 9, 30),
        currency: Some(party.currency),
        legal_entity: Some(party.entity.clone()),
        balance: None,
        said: None,
        contact: None,
        medium: Some(text("letter")?),
    };
    pen.tell(Moment::on(day(2025, 10, 20), 11 * 60), ACCOUNTANT, party, confirmed)
}

fn rates(pen: &mut Pen) -> Told {
    for (rate_on, rate) in DOLLAR {
        let recorded = ExchangeRateRecorded {
            base: pen.usd,
            quote: None,
            rate: text(rate)?,
            rate_on,
            publisher: Some(text("中国外汇交易中心")?),
        };
        let moment = Moment::on(rate_on, 9 * 60 + 25);
        let request = pen.request_to_book(moment, recorded)?;
        pen.submit(moment.recorded, ACCOUNTANT, vec![request])?;
    }
    Ok(())
}

fn lock(pen: &mut Pen) -> Told {
    let (through, locked_on) = LOCKED;
    let moment = Moment::on(locked_on, 17 * 60);
    let lock = PeriodLocked { through, legal_entity: None, approved_by: None };
    let request = pen.request_to_book(moment, lock)?;
    pen.submit(moment.recorded, DIRECTOR, vec![request])
}
