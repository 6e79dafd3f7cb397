//! Contracts as they are signed and performed: goods are delivered, debts are opened and invoiced.
//! How goods travel is told in `shipments`, how debts are paid in `payments`.

use daybook_core::event::contract::{
    ContractLine, ContractSigned, DebtOpenedBy, Instalment, Trigger,
};
use daybook_core::event::receivable::{InvoiceIssued, ItemAmount, ItemSource, ReceivableOpened};
use daybook_core::event::survey::Occasion;
use daybook_core::id::{ContractNumber, ItemId, OpportunityId, QuoteNumber, TextError};
use daybook_core::money::Money;
use daybook_core::time::Date;

use super::calendar::Moment;
use super::cast::{ACCOUNTANT, Product, Tongue};
use super::pen::{Party, Pen, Told, text};
use super::{payments, sales, shipments, surveys};

/// What was agreed.
pub(super) struct Deal {
    /// The contract's number.
    pub contract: ContractNumber,
    /// The opportunity it came from.
    pub opportunity: Option<OpportunityId>,
    /// The quote it follows.
    pub quote: Option<QuoteNumber>,
    /// What.
    pub product: Product,
    /// How many.
    pub count: i32,
    /// For how much each.
    pub unit_price: i64,
    /// When it was signed.
    pub signed: Moment,
}

/// How the debt comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// On dates agreed at signing.
    Dates,
    /// With the first invoice, on shipment and on sign-off.
    Steps,
    /// With the invoice after delivery.
    Invoice,
}

/// Draws how the debt of a deal comes about.
pub(super) fn plan(pen: &mut Pen, party: &Party, deal: &Deal) -> Plan {
    let small = party.price(&deal.product) * i64::from(deal.count) < 10_000_000;
    match pen.dice.below(10) {
        _ if party.oldest_first => Plan::Dates,
        0..=4 if small => Plan::Invoice,
        0..=2 => Plan::Dates,
        _ => Plan::Steps,
    }
}

/// Returns the tax in an amount: 13 per cent at home, none abroad.
fn tax(party: &Party, minor: i64) -> Money {
    match party.card.tongue {
        Tongue::Chinese => party.money(minor * 13 / 113),
        Tongue::English => party.money(0),
    }
}

/// Builds the signed contract.
pub(super) fn signed(
    pen: &mut Pen,
    party: &Party,
    deal: &Deal,
    plan: Plan,
) -> Result<ContractSigned, TextError> {
    let total = deal.unit_price * i64::from(deal.count);
    let day = deal.signed.day();
    let ship = day.plus_days(pen.dice.between(20, 45));
    let shares: &[(Trigger, i64, i32)] = match plan {
        Plan::Dates => &[(Trigger::Date, 40, 10), (Trigger::Date, 60, 60)],
        Plan::Steps => &[
            (Trigger::OnInvoice, 30, 7),
            (Trigger::OnShipment, 60, 60),
            (Trigger::OnSignOff, 10, 90),
        ],
        Plan::Invoice => &[],
    };
    let terms = match (plan, party.card.tongue) {
        (Plan::Dates, Tongue::Chinese) => "合同签订后10天付40%,60天付60%",
        (Plan::Dates, Tongue::English) => "40% after 10 days, 60% after 60 days",
        (Plan::Steps, Tongue::Chinese) => "预付30%,发货后付60%,验收后付10%",
        (Plan::Steps, Tongue::English) => "30% in advance, 60% on shipment, 10% on sign-off",
        (Plan::Invoice, Tongue::Chinese) => "货到开票后30天付款",
        (Plan::Invoice, Tongue::English) => "30 days after the invoice",
    };
    Ok(ContractSigned {
        contract: deal.contract.clone(),
        quote: deal.quote.clone(),
        opportunity: deal.opportunity.clone(),
        legal_entity: Some(party.entity.clone()),
        lines: vec![ContractLine {
            line: 1,
            product: text(deal.product.code)?,
            quantity_thousandths: i64::from(deal.count) * 1000,
            unit_price: party.money(deal.unit_price),
            amount: party.money(total),
            unit_cost: Some(sales::cost(party, &deal.product)),
        }],
        total: party.money(total),
        tax: Some(tax(party, total)),
        signed_on: day,
        terms: Some(text(terms)?),
        debt_opened_by: match plan {
            Plan::Dates | Plan::Steps => DebtOpenedBy::Instalments,
            Plan::Invoice => DebtOpenedBy::Invoices,
        },
        instalments: instalments(party, total, day, shares),
        planned_shipment_on: Some(ship),
        payment: None,
        credit_check: None,
    })
}

/// Splits a total by percentages; the last instalment takes the rest.
fn instalments(
    party: &Party,
    total: i64,
    signed_on: Date,
    shares: &[(Trigger, i64, i32)],
) -> Vec<Instalment> {
    let mut left = total;
    let mut instalments = Vec::with_capacity(shares.len());
    for (index, (trigger, percent, days)) in shares.iter().enumerate() {
        let last = index + 1 == shares.len();
        let minor = if last { left } else { total * percent / 100 };
        left -= minor;
        instalments.push(Instalment {
            number: u32::try_from(index + 1).unwrap_or_default(),
            trigger: *trigger,
            planned_on: signed_on.plus_days(*days),
            amount: party.money(minor),
        });
    }
    instalments
}

/// Tells how a contract is performed and paid.
pub(super) fn perform(
    pen: &mut Pen,
    party: &Party,
    deal: &Deal,
    plan: Plan,
    signed: &ContractSigned,
) -> Told {
    match plan {
        Plan::Dates => {
            for instalment in &signed.instalments {
                let item = item_of(&deal.contract, instalment.number)?;
                by_date(pen, party, deal, instalment, item)?;
            }
        }
        Plan::Steps => step(pen, party, deal, signed, 1, deal.signed)?,
        Plan::Invoice => {}
    }
    let Some(left) = deal.signed.later(&mut pen.dice, 12, 45) else { return Ok(()) };
    deliver(pen, party, deal, plan, signed, left)
}

/// Returns the id the ledger gives to the debt of an instalment.
pub(super) fn item_of(contract: &ContractNumber, number: u32) -> Result<ItemId, TextError> {
    text(&format!("{contract}/{number}"))
}

/// An instalment whose debt was opened at signing: its invoice and its payment.
fn by_date(
    pen: &mut Pen,
    party: &Party,
    deal: &Deal,
    instalment: &Instalment,
    item: ItemId,
) -> Told {
    let Some(moment) = deal.signed.later(&mut pen.dice, 1, 9) else { return Ok(()) };
    let covers = vec![ItemAmount { item: item.clone(), amount: instalment.amount }];
    let invoice = invoice(party, moment, instalment.amount, Some(&deal.contract), covers)?;
    pen.tell(moment, ACCOUNTANT, party, invoice)?;
    payments::pay(pen, party, &item, instalment.amount, instalment.planned_on, moment)
}

/// An instalment whose debt is opened when its step is reached, with an invoice over it.
fn step(
    pen: &mut Pen,
    party: &Party,
    deal: &Deal,
    signed: &ContractSigned,
    number: u32,
    reached: Moment,
) -> Told {
    let planned = signed.instalments.iter().find(|planned| planned.number == number);
    let Some((planned, moment)) = planned.zip(reached.later(&mut pen.dice, 0, 5)) else {
        return Ok(());
    };
    let item = item_of(&deal.contract, number)?;
    let due_on = planned.planned_on.max(moment.day());
    // The first invoice opens the debt it is for; the others cover what the goods have opened.
    let covers = match planned.trigger {
        Trigger::OnInvoice => Vec::new(),
        _ => vec![ItemAmount { item: item.clone(), amount: planned.amount }],
    };
    let invoice = invoice(party, moment, planned.amount, Some(&deal.contract), covers)?;
    pen.tell(moment, ACCOUNTANT, party, invoice)?;
    payments::pay(pen, party, &item, planned.amount, due_on, moment)
}

/// Opens a debt together with the invoice over it, and lets it be paid.
fn open_and_invoice(
    pen: &mut Pen,
    party: &Party,
    moment: Moment,
    opened: ReceivableOpened,
    item: ItemId,
) -> Told {
    let (amount, due_on) = (opened.amount, opened.due_on.unwrap_or(opened.document_on));
    let covers = vec![ItemAmount { item: item.clone(), amount }];
    let invoice = invoice(party, moment, amount, opened.contract.as_ref(), covers)?;
    let unit = vec![pen.request(moment, party, opened)?, pen.request(moment, party, invoice)?];
    pen.submit(moment.recorded, ACCOUNTANT, unit)?;
    payments::pay(pen, party, &item, amount, due_on, moment)
}

/// Builds an invoice numbered in the series of its currency.
pub(super) fn invoice(
    party: &Party,
    moment: Moment,
    total: Money,
    contract: Option<&ContractNumber>,
    covers: Vec<ItemAmount>,
) -> Result<InvoiceIssued, TextError> {
    let series = match party.card.tongue {
        Tongue::Chinese => "FP25",
        Tongue::English => "INV25",
    };
    Ok(InvoiceIssued {
        invoice: Default::default(),
        series: Some(text(series)?),
        series_number: 0,
        issued_on: moment.day(),
        total,
        tax: Some(tax(party, total.minor)),
        contract: contract.cloned(),
        covers,
    })
}

/// Goods leave in one or two shipments and arrive.
fn deliver(
    pen: &mut Pen,
    party: &Party,
    deal: &Deal,
    plan: Plan,
    signed: &ContractSigned,
    first: Moment,
) -> Told {
    let parts = if deal.count > 3 && pen.dice.chance(30) { 2 } else { 1 };
    let half = deal.count / parts;
    let mut left = first;
    let mut arrived = None;
    for part in 1..=parts {
        let count = if part == parts { deal.count - half * (parts - 1) } else { half };
        let id = format!("FH-{}-{part}", deal.contract.as_str().trim_start_matches("HT-"));
        shipments::dispatch(pen, party, deal, &id, count, left)?;
        if plan == Plan::Steps && part == parts {
            step(pen, party, deal, signed, 2, left)?;
        }
        arrived = shipments::arrive(pen, party, &id, left)?;
        let Some(on) = arrived else { return Ok(()) };
        if pen.dice.chance(7) {
            shipments::send_back(pen, party, &id, on)?;
        }
        let Some(next) = left.later(&mut pen.dice, 8, 20) else { return Ok(()) };
        left = next;
    }
    let Some(arrived) = arrived else { return Ok(()) };
    if pen.dice.chance(30) {
        surveys::after(pen, party, Occasion::AfterDelivery, arrived)?;
    }
    match plan {
        Plan::Dates => Ok(()),
        Plan::Steps => step(pen, party, deal, signed, 3, arrived),
        Plan::Invoice => invoice_all(pen, party, deal, signed.total, arrived),
    }
}

fn invoice_all(pen: &mut Pen, party: &Party, deal: &Deal, total: Money, arrived: Moment) -> Told {
    let Some(moment) = arrived.later(&mut pen.dice, 1, 6) else { return Ok(()) };
    let item: ItemId = text(&format!("AR-{}", deal.contract.as_str().trim_start_matches("HT-")))?;
    let opened = ReceivableOpened {
        item: item.clone(),
        source: ItemSource::Invoice,
        document_on: moment.day(),
        due_on: Some(moment.day().plus_days(30)),
        amount: total,
        contract: Some(deal.contract.clone()),
        instalment: None,
        legal_entity: None,
    };
    open_and_invoice(pen, party, moment, opened, item)
}

/// Tells a contract with one shipment of which a piece comes back.
pub(super) fn with_return(pen: &mut Pen, party: &Party, deal: &Deal, shipment: &str) -> Told {
    let signed = signed(pen, party, deal, Plan::Steps)?;
    pen.tell(deal.signed, party.owner, party, signed)?;
    let Some(left) = deal.signed.later(&mut pen.dice, 9, 14) else { return Ok(()) };
    shipments::dispatch(pen, party, deal, shipment, deal.count, left)?;
    let Some(on) = shipments::arrive(pen, party, shipment, left)? else { return Ok(()) };
    shipments::send_back(pen, party, shipment, on)
}
