//! Landmarks: what the story contains on purpose, and where it is found. Everything here has fixed
//! names, and fixed days where a day matters; the seed does not take anything of it away.

use daybook_core::decide::command::VoidEvent;
use daybook_core::event::complaint::Severity;
use daybook_core::event::interaction::{InteractionRecorded, InteractionVoided};
use daybook_core::event::receivable::{
    ApplicationReversed, ItemAmount, ItemSource, PaymentReceived, PaymentReversed,
    ReceivableOpened, ReversalKind,
};
use daybook_core::id::{EventId, ItemId, ReceiptId, TextError};
use daybook_core::money::Money;
use daybook_core::time::{Date, Timestamp};

use super::calendar::{FIRST_DAY, Moment, day};
use super::cast::{ACCOUNTANT, HEAD_OF_SALES, PRODUCTS};
use super::contracts::{self, Deal};
use super::pen::{Party, Pen, Told, text};
use super::{Mark, activity, payments, sales, service};

/// A record of one customer.
pub type Place = (&'static str, &'static str);

/// Pairs of customers that are one company registered twice, the first entry first.
pub const DUPLICATES: [(&str, &str); 2] = [("C-1001", "C-1041"), ("C-1021", "C-1047")];
/// The opportunity that is lost, reopened some weeks later and won.
pub const REOPENED_DEAL: Place = ("C-1003", "O-1003-REOPENED");
/// The opportunity that skips a stage and then goes back one.
pub const WINDING_DEAL: Place = ("C-1005", "O-1005-WINDING");
/// The receipt of 10 March that was written down on 15 April.
pub const BACKDATED_RECEIPT: Place = ("C-1002", "RC-BACKDATED");
/// The receipt that belonged to another customer and was reversed with its application.
pub const REVERSED_PAYMENT: Place = ("C-1004", "RC-WRONG-CUSTOMER");
/// The application to the wrong item, reversed and made again.
pub const REVERSED_APPLICATION: Place = ("C-1006", "AP-WRONG-ITEM");
/// The severe complaint that was neither acknowledged nor answered in time.
pub const MISSED_DEADLINE: Place = ("C-1008", "TS-1008-MISSED");
/// The shipment of which a piece came back.
pub const RETURNED_SHIPMENT: Place = ("C-1009", "FH-1009-RETURN");
/// The customer who owes in two currencies.
pub const TWO_CURRENCIES: &str = "C-1010";
/// The debt due on 30 May that is never paid.
pub const OVERDUE_ITEM: Place = ("C-1011", "AR-1011-OVERDUE");
/// The debt disputed since September.
pub const DISPUTED_ITEM: Place = ("C-1012", "AR-1012-DISPUTED");
/// The debt of which less than a half is paid.
pub const PARTLY_PAID_ITEM: Place = ("C-1013", "AR-1013-PARTLY-PAID");
/// The receipt that came before any debt it could pay.
pub const ADVANCE: Place = ("C-1014", "RC-ADVANCE");
/// The customer with an event that was voided: a call that belonged to somebody else.
pub const VOIDED_EVENT: &str = "C-1015";
/// The interaction that counts no longer, and the one in its place.
pub const VOIDED_INTERACTION: (&str, &str, &str) = ("C-1016", "I-WRONG-DAY", "I-RIGHT-DAY");

/// Debts brought in on the first day: customer, item, fen, document and due day.
pub(super) const OPENING_BALANCES: [(&str, &str, i64, Date, Date); 6] = [
    ("C-1002", "OB-1002", 8_640_000, day(2024, 11, 18), day(2025, 1, 17)),
    ("C-1004", "OB-1004", 3_125_050, day(2024, 12, 2), day(2025, 1, 31)),
    ("C-1007", "OB-1007", 12_900_000, day(2024, 8, 20), day(2024, 10, 19)),
    ("C-1010", "OB-1010", 5_430_000, day(2024, 12, 20), day(2025, 2, 18)),
    ("C-1016", "OB-1016", 990_000, day(2024, 12, 9), day(2025, 1, 8)),
    ("C-1018", "OB-1018", 2_210_075, day(2024, 10, 30), day(2024, 12, 29)),
];

/// Tells everything that is there on purpose.
pub(super) fn tell(pen: &mut Pen, parties: &[Party]) -> Told {
    reopened_deal(pen, of(parties, REOPENED_DEAL.0))?;
    winding_deal(pen, of(parties, WINDING_DEAL.0))?;
    backdated_receipt(pen, of(parties, BACKDATED_RECEIPT.0))?;
    reversed_payment(pen, of(parties, REVERSED_PAYMENT.0))?;
    reversed_application(pen, of(parties, REVERSED_APPLICATION.0))?;
    returned_goods(pen, of(parties, RETURNED_SHIPMENT.0))?;
    two_currencies(pen, of(parties, TWO_CURRENCIES))?;
    unpaid(pen, parties)?;
    advance(pen, of(parties, ADVANCE.0))?;
    voided_event(pen, of(parties, VOIDED_EVENT))?;
    voided_interaction(pen, of(parties, VOIDED_INTERACTION.0))?;
    missed_deadline(pen, of(parties, MISSED_DEADLINE.0))
}

/// Returns a customer, or none in a story without it, in which case its landmark is left out.
pub(super) fn of<'a>(parties: &'a [Party], code: &str) -> Option<&'a Party> {
    parties.iter().find(|party| party.code.as_str() == code)
}

fn reopened_deal(pen: &mut Pen, party: Option<&Party>) -> Told {
    let Some(party) = party else { return Ok(()) };
    let start = Moment::on(day(2025, 2, 11), 10 * 60);
    let mut pursuit = sales::open(pen, party, REOPENED_DEAL.1, start)?;
    for rank in [1, 2] {
        let Some(()) = sales::wait(pen, &mut pursuit, 6, 10) else { return Ok(()) };
        sales::move_to(pen, party, &pursuit, rank, false)?;
    }
    sales::quote(pen, party, &mut pursuit)?;
    sales::lose(pen, party, &mut pursuit)?;
    sales::reopen(pen, party, &mut pursuit, 14)?;
    sales::quote(pen, party, &mut pursuit)?;
    sales::win(pen, party, pursuit)
}

fn winding_deal(pen: &mut Pen, party: Option<&Party>) -> Told {
    let Some(party) = party else { return Ok(()) };
    let start = Moment::on(day(2025, 3, 12), 14 * 60);
    let mut pursuit = sales::open(pen, party, WINDING_DEAL.1, start)?;
    for (rank, back) in [(2, false), (1, true), (2, false), (3, false)] {
        let Some(()) = sales::wait(pen, &mut pursuit, 5, 12) else { return Ok(()) };
        sales::move_to(pen, party, &pursuit, rank, back)?;
    }
    sales::lose(pen, party, &mut pursuit).map(|_| ())
}

/// Opens a debt over a service that was charged.
pub(super) fn debt(
    pen: &mut Pen,
    party: &Party,
    item: &str,
    amount: Money,
    on: Date,
    due_on: Date,
) -> Result<ItemId, TextError> {
    let id: ItemId = text(item)?;
    let opened = ReceivableOpened {
        item: id.clone(),
        source: ItemSource::ServiceCharge,
        document_on: on,
        due_on: Some(due_on),
        amount,
        contract: None,
        instalment: None,
        legal_entity: Some(party.entity.clone()),
    };
    pen.tell(Moment::on(on, 11 * 60), ACCOUNTANT, party, opened)?;
    Ok(id)
}

/// Tells a payment whose value day may be long before it was written down.
pub(super) fn receipt(
    pen: &mut Pen,
    party: &Party,
    id: &str,
    amount: Money,
    value_on: Date,
    recorded_on: Date,
) -> Result<ReceiptId, TextError> {
    let id: ReceiptId = text(id)?;
    let received = payments::received(pen, party, id.clone(), amount, value_on)?;
    let received = PaymentReceived { amount, ..received };
    let moment = Moment::told_on(value_on, recorded_on, 10 * 60 + 30);
    pen.tell(moment, ACCOUNTANT, party, received)?;
    Ok(id)
}

/// Tells an application of the whole of `amount` to one item.
pub(super) fn apply(
    pen: &mut Pen,
    party: &Party,
    id: &str,
    receipt: &ReceiptId,
    line: (&ItemId, Money),
    recorded_on: Date,
) -> Told {
    let lines = vec![ItemAmount { item: line.0.clone(), amount: line.1 }];
    let credit = payments::credit(party, text(id)?, text(receipt.as_str())?, lines);
    pen.tell(Moment::on(recorded_on, 15 * 60), ACCOUNTANT, party, credit)
}

fn backdated_receipt(pen: &mut Pen, party: Option<&Party>) -> Told {
    let Some(party) = party else { return Ok(()) };
    let amount = party.money(2_860_000);
    let (opened, due) = (day(2025, 2, 10), day(2025, 3, 12));
    let item = debt(pen, party, "AR-1002-BACKDATED", amount, opened, due)?;
    let (value, told) = (day(2025, 3, 10), day(2025, 4, 15));
    let paid = receipt(pen, party, BACKDATED_RECEIPT.1, amount, value, told)?;
    apply(pen, party, "AP-BACKDATED", &paid, (&item, amount), told)
}

/// The case of the requirements: paid in part, applied, then found to be another customer's.
fn reversed_payment(pen: &mut Pen, party: Option<&Party>) -> Told {
    let Some(party) = party else { return Ok(()) };
    let amount = party.money(60_000);
    let (opened, due) = (day(2025, 1, 10), day(2025, 2, 9));
    let item = debt(pen, party, "AR-1004-REVERSED", party.money(100_000), opened, due)?;
    let (value, told) = (day(2025, 2, 20), day(2025, 2, 25));
    let paid = receipt(pen, party, REVERSED_PAYMENT.1, amount, value, told)?;
    apply(pen, party, "AP-WRONG-CUSTOMER", &paid, (&item, amount), day(2025, 3, 3))?;
    let reversed = PaymentReversed {
        receipt: paid,
        kind: ReversalKind::WrongCustomer,
        effective_on: value,
        unidentified: false,
    };
    let moment = Moment::told_on(value, day(2025, 3, 5), 16 * 60);
    let why = "银行回单核对后确认为其他客户款项";
    pen.tell_why(moment, ACCOUNTANT, party, why, reversed)
}

fn reversed_application(pen: &mut Pen, party: Option<&Party>) -> Told {
    let Some(party) = party else { return Ok(()) };
    let amount = party.money(1_480_000);
    let (opened, due) = (day(2025, 5, 12), day(2025, 6, 11));
    let wrong = debt(pen, party, "AR-1006-FIRST", amount, opened, due)?;
    let right = debt(pen, party, "AR-1006-SECOND", amount, day(2025, 5, 14), due)?;
    let paid_on = day(2025, 6, 9);
    let paid = receipt(pen, party, "RC-1006", amount, paid_on, paid_on)?;
    apply(pen, party, REVERSED_APPLICATION.1, &paid, (&wrong, amount), day(2025, 6, 10))?;
    let reversed = ApplicationReversed {
        application: text(REVERSED_APPLICATION.1)?,
        lines: Vec::new(),
        effective_on: None,
        for_customer: None,
    };
    let moment = Moment::on(day(2025, 6, 16), 9 * 60 + 20);
    pen.tell_why(moment, ACCOUNTANT, party, "客户指明付的是另一笔款项", reversed)?;
    apply(pen, party, "AP-RIGHT-ITEM", &paid, (&right, amount), day(2025, 6, 16))
}

fn returned_goods(pen: &mut Pen, party: Option<&Party>) -> Told {
    let Some(party) = party else { return Ok(()) };
    let Some(product) = PRODUCTS.get(5).copied() else { return Ok(()) };
    let deal = Deal {
        contract: text("HT-1009-RETURN")?,
        opportunity: None,
        quote: None,
        product,
        count: 12,
        unit_price: party.price(&product),
        signed: Moment::on(day(2025, 4, 8), 14 * 60 + 30),
    };
    contracts::with_return(pen, party, &deal, RETURNED_SHIPMENT.1)
}

fn two_currencies(pen: &mut Pen, party: Option<&Party>) -> Told {
    let Some(party) = party else { return Ok(()) };
    let (opened, due) = (day(2025, 6, 18), day(2025, 7, 18));
    let amount = Money::new(1_250_000, pen.usd);
    let item = debt(pen, party, "AR-1010-USD", amount, opened, due)?;
    debt(pen, party, "AR-1010-CNY", party.money(4_300_000), opened, due)?;
    let part = Money::new(500_000, pen.usd);
    let paid_on = day(2025, 7, 21);
    let paid = receipt(pen, party, "RC-1010-USD", part, paid_on, paid_on)?;
    apply(pen, party, "AP-1010-USD", &paid, (&item, part), day(2025, 7, 22))
}

/// The overdue, the disputed and the partly paid debt.
fn unpaid(pen: &mut Pen, parties: &[Party]) -> Told {
    if let Some(party) = of(parties, OVERDUE_ITEM.0) {
        let amount = party.money(7_350_000);
        debt(pen, party, OVERDUE_ITEM.1, amount, day(2025, 4, 30), day(2025, 5, 30))?;
    }
    if let Some(party) = of(parties, DISPUTED_ITEM.0) {
        let (opened, due) = (day(2025, 8, 11), day(2025, 9, 10));
        let item = debt(pen, party, DISPUTED_ITEM.1, party.money(2_188_800), opened, due)?;
        let moment = Moment::on(day(2025, 9, 12), 9 * 60 + 50);
        payments::dispute(pen, party, &item, true, moment)?;
    }
    if let Some(party) = of(parties, PARTLY_PAID_ITEM.0) {
        let (opened, due) = (day(2025, 9, 15), day(2025, 10, 15));
        let item = debt(pen, party, PARTLY_PAID_ITEM.1, party.money(12_000_000), opened, due)?;
        let (part, paid_on) = (party.money(5_000_000), day(2025, 10, 14));
        let paid = receipt(pen, party, "RC-1013", part, paid_on, paid_on)?;
        apply(pen, party, "AP-1013", &paid, (&item, part), paid_on)?;
    }
    Ok(())
}

fn advance(pen: &mut Pen, party: Option<&Party>) -> Told {
    let Some(party) = party else { return Ok(()) };
    let amount = party.money(3_000_000);
    let paid_on = FIRST_DAY.plus_days(4);
    let paid = receipt(pen, party, ADVANCE.1, amount, paid_on, paid_on)?;
    let (opened, due) = (day(2025, 3, 3), day(2025, 4, 2));
    let item = debt(pen, party, "AR-1014-LATER", party.money(4_520_000), opened, due)?;
    apply(pen, party, "AP-ADVANCE", &paid, (&item, amount), day(2025, 3, 4))
}

/// A call recorded for the wrong customer, voided two days later. Which event it became is known
/// only when the story is submitted, so the void names its mark.
fn voided_event(pen: &mut Pen, party: Option<&Party>) -> Told {
    let Some(party) = party else { return Ok(()) };
    let moment = Moment::on(day(2025, 5, 20), 10 * 60 + 15);
    let interaction = activity::interaction(pen, party, moment, None)?;
    let told = moment.once_over(interaction.ended_at);
    pen.tell(told, party.owner, party, interaction)?;
    pen.mark_last(Mark::Remember(VOIDED_EVENT));
    let moment = Moment::on(day(2025, 5, 22), 9 * 60 + 5);
    let void = VoidEvent { event: EventId::from_parts(Timestamp(0), &[0; 10]) };
    let why = "电话记录登记到了错误的客户 / recorded for the wrong customer";
    pen.tell_why(moment, HEAD_OF_SALES, party, why, void)?;
    pen.mark_last(Mark::Void(VOIDED_EVENT));
    Ok(())
}

fn voided_interaction(pen: &mut Pen, party: Option<&Party>) -> Told {
    let Some(party) = party else { return Ok(()) };
    let (_, wrong, right) = VOIDED_INTERACTION;
    for (id, date) in [(wrong, day(2025, 7, 8)), (right, day(2025, 7, 7))] {
        let moment = Moment::told_on(date, day(2025, 7, 9), 10 * 60);
        let interaction = activity::interaction(pen, party, moment, None)?;
        let interaction = InteractionRecorded { interaction: text(id)?, ..interaction };
        pen.tell(moment, party.owner, party, interaction)?;
    }
    let voided = InteractionVoided { interaction: text(wrong)?, replaced_by: Some(text(right)?) };
    let moment = Moment::on(day(2025, 7, 9), 10 * 60 + 30);
    pen.tell_why(moment, party.owner, party, "日期写错,已重新登记", voided)
}

fn missed_deadline(pen: &mut Pen, party: Option<&Party>) -> Told {
    let Some(party) = party else { return Ok(()) };
    let moment = Moment::on(day(2025, 8, 14), 9 * 60 + 35);
    let id = text(MISSED_DEADLINE.1)?;
    service::case(pen, party, &id, 4, Severity::Severe, true, moment)
}
