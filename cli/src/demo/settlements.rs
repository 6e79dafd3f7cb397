//! Debts that end otherwise than by a plain payment: credited, written off, refunded, put off,
//! reminded of; an invoice reversed; a contract amended and ended. Fixed names and days throughout.

use daybook_core::event::contract::{
    ContractAmended, ContractClosed, ContractEnd, ContractLine, ContractSigned, DebtOpenedBy,
    Instalment, InstalmentChange, LineChange, Trigger,
};
use daybook_core::event::credit::{CreditNoteIssued, ReceivableWrittenOff, RefundPaid};
use daybook_core::event::dunning::{DunnedItem, DunningFee, DunningNoticeSent};
use daybook_core::event::receivable::{
    ApplicationReversed, BankRef, CreditKind, InvoiceIssued, InvoiceVoided, ItemAmount,
    ReceivableRescheduled,
};
use daybook_core::id::TextError;
use daybook_core::time::Date;

use super::calendar::{Moment, day};
use super::cast::{ACCOUNTANT, DIRECTOR, PRODUCTS};
use super::landmarks::{self, OVERDUE_ITEM, PARTLY_PAID_ITEM, Place, apply, debt, receipt};
use super::pen::{Party, Pen, Told, text, user};
use super::sales;

/// The contract that is amended, paid and ended.
pub const AMENDED_CONTRACT: Place = ("C-1017", "HT-1017-AMENDED");
/// The credit note for goods that were not as ordered.
pub const CREDIT_NOTE: Place = ("C-1018", "CN-1018");
/// The payment of too much, of which the rest was paid back.
pub const REFUNDED_RECEIPT: Place = ("C-1018", "RC-1018-TOO-MUCH");
/// The debt that was written off and then paid after all.
pub const RECOVERED_ITEM: Place = ("C-1019", "AR-1019-RECOVERED");
/// The invoice with a wrong tax number, reversed and issued anew.
pub const REVERSED_INVOICE: Place = ("C-1020", "FP25-1020");

/// Tells everything, for the customers that are there.
pub(super) fn tell(pen: &mut Pen, parties: &[Party]) -> Told {
    let of = |place: Place| landmarks::of(parties, place.0);
    if let Some(party) = of(AMENDED_CONTRACT) {
        amended(pen, party)?;
    }
    if let Some(party) = of(CREDIT_NOTE) {
        credited(pen, party)?;
    }
    if let Some(party) = of(RECOVERED_ITEM) {
        recovered(pen, party)?;
    }
    if let Some(party) = of(REVERSED_INVOICE) {
        reinvoiced(pen, party)?;
    }
    if let Some(party) = of(PARTLY_PAID_ITEM) {
        put_off(pen, party)?;
    }
    match of(OVERDUE_ITEM) {
        Some(party) => reminded(pen, party),
        None => Ok(()),
    }
}

/// One machine less; both instalments are paid and the contract ends.
fn amended(pen: &mut Pen, party: &Party) -> Told {
    let Some(product) = PRODUCTS.get(3) else { return Ok(()) };
    let (price, contract) = (party.price(product), text(AMENDED_CONTRACT.1)?);
    let money = |minor| party.money(minor);
    let signed_on = day(2025, 2, 10);
    let instalment = |number, planned_on, minor| Instalment {
        number,
        trigger: Trigger::Date,
        planned_on,
        amount: money(minor),
    };
    let signed = ContractSigned {
        contract,
        quote: None,
        opportunity: None,
        legal_entity: Some(party.entity.clone()),
        lines: vec![ContractLine {
            line: 1,
            product: text(product.code)?,
            quantity_thousandths: 2000,
            unit_price: money(price),
            amount: money(2 * price),
            unit_cost: Some(sales::cost(party, product)),
        }],
        total: money(2 * price),
        tax: None,
        signed_on,
        terms: Some(text("30 days, 90 days")?),
        debt_opened_by: DebtOpenedBy::Instalments,
        instalments: vec![
            instalment(1, day(2025, 3, 12), price),
            instalment(2, day(2025, 5, 12), price),
        ],
        planned_shipment_on: None,
        payment: None,
        credit_check: None,
    };
    pen.tell(Moment::on(signed_on, 15 * 60), party.owner, party, signed)?;
    let id = |number: u32| format!("{}/{number}", AMENDED_CONTRACT.1);
    let first = receipt(pen, party, "RC-1017-1", money(price), day(2025, 3, 11), day(2025, 3, 11))?;
    let paid_on = day(2025, 3, 11);
    apply(pen, party, "AP-1017-1", &first, (&text(&id(1))?, money(price)), paid_on)?;
    let amended = ContractAmended {
        contract: text(AMENDED_CONTRACT.1)?,
        amendment: 0,
        amended_on: day(2025, 4, 9),
        lines: vec![LineChange {
            line: 1,
            product: text(product.code)?,
            quantity_change_thousandths: -1000,
            unit_price: money(price),
            amount_change: money(-price / 2),
            unit_cost: None,
        }],
        total_change: money(-price / 2),
        tax_change: None,
        instalments: vec![InstalmentChange {
            number: 2,
            trigger: None,
            planned_on: None,
            amount: money(price - price / 2),
            old_amount: None,
            item: None,
        }],
        approved_by: Some(user(DIRECTOR)?),
    };
    let why = "客户减少一台,尾款按约定减半";
    pen.tell_why(Moment::on(day(2025, 4, 9), 10 * 60), party.owner, party, why, amended)?;
    let rest = money(price - price / 2);
    let second = receipt(pen, party, "RC-1017-2", rest, day(2025, 5, 12), day(2025, 5, 12))?;
    apply(pen, party, "AP-1017-2", &second, (&text(&id(2))?, rest), day(2025, 5, 12))?;
    let closed = ContractClosed {
        contract: text(AMENDED_CONTRACT.1)?,
        outcome: ContractEnd::Completed,
        closed_on: day(2025, 6, 20),
        settlement: Some(text("货款两清")?),
    };
    pen.tell(Moment::on(day(2025, 6, 20), 16 * 60), party.owner, party, closed)
}

/// A credit note against a debt, and a payment of too much that goes back in part.
fn credited(pen: &mut Pen, party: &Party) -> Told {
    let (opened, due) = (day(2025, 3, 17), day(2025, 4, 16));
    let item = debt(pen, party, "AR-1018-CREDITED", party.money(1_860_000), opened, due)?;
    let note = CreditNoteIssued {
        credit_note: text(CREDIT_NOTE.1)?,
        issued_on: day(2025, 4, 7),
        amount: party.money(260_000),
        against: Some(item.clone()),
        cause: Some(text("quality")?),
        approved_by: Some(user(DIRECTOR)?),
        legal_entity: Some(party.entity.clone()),
    };
    let why = "两件轴承尺寸不符,同意折让";
    pen.tell_why(Moment::on(day(2025, 4, 7), 14 * 60), ACCOUNTANT, party, why, note)?;
    let paid_on = day(2025, 4, 16);
    let paid = receipt(pen, party, REFUNDED_RECEIPT.1, party.money(1_860_000), paid_on, paid_on)?;
    let rest = party.money(1_600_000);
    apply(pen, party, "AP-1018-REST", &paid, (&item, rest), day(2025, 4, 17))?;
    let refund = RefundPaid {
        refund: text("RF-1018")?,
        credit_kind: CreditKind::Receipt,
        credit: text(REFUNDED_RECEIPT.1)?,
        amount: party.money(260_000),
        value_on: day(2025, 4, 22),
        bank_ref: Some(BankRef {
            bank: text("ICBC-8866")?,
            statement: text("2025-04-22")?,
            line: text("R0001")?,
        }),
        method: Some(text("银行转账")?),
        approved_by: Some(user(DIRECTOR)?),
        payee: None,
    };
    pen.tell(Moment::on(day(2025, 4, 22), 11 * 60), ACCOUNTANT, party, refund)
}

/// Written off in summer, paid in autumn: the application is reversed and the payment applied.
fn recovered(pen: &mut Pen, party: &Party) -> Told {
    let amount = party.money(430_000);
    let (opened, due) = (day(2025, 1, 20), day(2025, 2, 19));
    let item = debt(pen, party, RECOVERED_ITEM.1, amount, opened, due)?;
    let written_off = ReceivableWrittenOff {
        write_off: text("W-1019")?,
        item: item.clone(),
        amount,
        written_off_on: day(2025, 7, 15),
        approved_by: Some(user(DIRECTOR)?),
        tolerance: None,
    };
    let why = "客户停业,确认无法收回";
    let moment = Moment::on(day(2025, 7, 15), 10 * 60);
    pen.tell_why(moment, ACCOUNTANT, party, why, written_off)?;
    let paid_on = day(2025, 10, 21);
    let reversed = ApplicationReversed {
        application: text("W-1019")?,
        lines: Vec::new(),
        effective_on: Some(paid_on),
        for_customer: None,
    };
    let moment = Moment::on(paid_on, 9 * 60 + 30);
    pen.tell_why(moment, ACCOUNTANT, party, "清算后收到全款", reversed)?;
    let paid = receipt(pen, party, "RC-1019", amount, paid_on, paid_on)?;
    apply(pen, party, "AP-1019", &paid, (&item, amount), paid_on)
}

/// An invoice issued with a wrong tax number, reversed, and issued anew.
fn reinvoiced(pen: &mut Pen, party: &Party) -> Told {
    let (opened, due) = (day(2025, 5, 19), day(2025, 6, 18));
    let amount = party.money(980_000);
    let item = debt(pen, party, "AR-1020-INVOICED", amount, opened, due)?;
    let invoice = |number: &str, issued_on: Date| -> Result<InvoiceIssued, TextError> {
        Ok(InvoiceIssued {
            invoice: text(number)?,
            series: None,
            series_number: 0,
            issued_on,
            total: amount,
            tax: None,
            contract: None,
            covers: vec![ItemAmount { item: item.clone(), amount }],
        })
    };
    let issued = invoice(REVERSED_INVOICE.1, day(2025, 5, 20))?;
    pen.tell(Moment::on(day(2025, 5, 20), 10 * 60), ACCOUNTANT, party, issued)?;
    let voided = InvoiceVoided {
        invoice: text(REVERSED_INVOICE.1)?,
        red_letter: text("FP25-1020R")?,
        series: None,
        series_number: 0,
        voided_on: day(2025, 5, 26),
        total: None,
    };
    let why = "购方税号有误";
    pen.tell_why(Moment::on(day(2025, 5, 26), 9 * 60 + 30), ACCOUNTANT, party, why, voided)?;
    let anew = invoice("FP25-1020B", day(2025, 5, 26))?;
    pen.tell(Moment::on(day(2025, 5, 26), 9 * 60 + 50), ACCOUNTANT, party, anew)
}

/// The rest of the partly paid debt is put off to the new year.
fn put_off(pen: &mut Pen, party: &Party) -> Told {
    let rescheduled = ReceivableRescheduled {
        item: text(PARTLY_PAID_ITEM.1)?,
        old_due_on: None,
        new_due_on: day(2026, 1, 31),
        approved_by: Some(user(DIRECTOR)?),
    };
    let why = "客户资金紧张,双方同意延期";
    pen.tell_why(Moment::on(day(2025, 11, 3), 14 * 60), ACCOUNTANT, party, why, rescheduled)
}

/// The overdue debt is reminded of three times, the last time with a fee.
fn reminded(pen: &mut Pen, party: &Party) -> Told {
    let notices = [(day(2025, 6, 20), false), (day(2025, 7, 8), false), (day(2025, 8, 5), true)];
    for (level, (sent_on, with_fee)) in (1..).zip(notices) {
        let fee = DunningFee {
            item: text("AR-1011-FEE")?,
            amount: party.money(20_000),
            due_on: sent_on.plus_days(14),
        };
        let notice = DunningNoticeSent {
            notice: text(&format!("D-1011-{level}"))?,
            level: None,
            sent_on,
            channel: Some(text(if level == 1 { "email" } else { "letter" })?),
            items: vec![DunnedItem {
                item: text(OVERDUE_ITEM.1)?,
                level: None,
                open: None,
                overdue_days: None,
            }],
            fees: if with_fee { vec![fee] } else { Vec::new() },
            currency: None,
            legal_entity: None,
            rules_version: None,
        };
        pen.tell(Moment::on(sent_on, 9 * 60 + 40), ACCOUNTANT, party, notice)?;
    }
    Ok(())
}
