//! Decisions about invoices: E43, E44. An invoice is a tax document; it opens no debt by itself.

use super::receivable::{Item, known_contract};
use super::{Context, Decide, Draft, Rejection, trigger};
use crate::event::receivable::{InvoiceIssued, InvoiceVoided, ItemAmount};
use crate::event::{Body, Envelope};
use crate::id::{InvoiceNumber, Label};
use crate::money::Money;
use crate::time::Date;

/// What decisions know of one invoice, red-letter invoices included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// The total.
    pub total: Money,
    /// Its day.
    pub issued_on: Date,
    /// What it covers.
    pub covers: Vec<ItemAmount>,
    /// The red-letter invoice that reversed it.
    pub red_letter: Option<InvoiceNumber>,
    /// Whether it is itself a red-letter invoice.
    pub reverses: bool,
}

/// Numbers a document within its series; the series is ledger-wide, so a gap is refused when the
/// request is completed and not on replay (I-43).
fn number_in_series(
    context: &Context<'_>,
    series: Option<&Label>,
    series_number: &mut u64,
    number: &mut InvoiceNumber,
) -> Result<(), Rejection> {
    let Some(series) = series else { return Ok(()) };
    let expected = context.numbers.next_in_series(series.as_str());
    if *series_number == 0 {
        *series_number = expected;
    } else if *series_number != expected {
        let (series, actual) = (series.clone(), *series_number);
        return Err(Rejection::SeriesGap { series, expected, actual });
    }
    if number.is_empty() {
        let text = format!("{series}-{series_number:06}");
        *number = super::composed("the invoice's number", &text)?;
    }
    Ok(())
}

impl Decide for InvoiceIssued {
    fn complete(&mut self, context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        let InvoiceIssued { series, series_number, invoice, .. } = self;
        number_in_series(context, series.as_ref(), series_number, invoice)
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        if self.invoice.is_empty() {
            return Err(Rejection::Missing { what: "the invoice's number or series" });
        }
        super::refuse_taken::<Invoice>(state, "invoice", self.invoice.as_str())?;
        context.refuse_future_day("the invoice's day", self.issued_on)?;
        super::require_positive("the total", self.total)?;
        super::require_tax_within(self.tax, self.total)?;
        known_contract(self.contract.as_ref(), state)?;
        super::refuse_repeated("item", self.covers.iter().map(|line| line.item.as_str()))?;
        let mut sum = 0i64;
        for line in &self.covers {
            let item = super::require::<Item>(state, "receivable item", line.item.as_str())?;
            super::require_positive("the amount covered", line.amount)?;
            super::require_currency("the amount covered", self.total.currency, line.amount)?;
            super::require_currency("the item", self.total.currency, item.amount())?;
            let covered = item.covered.saturating_add(line.amount.minor);
            if covered > item.amount().minor {
                return Err(Rejection::CoveredBeyondItem {
                    item: line.item.as_str().into(),
                    amount: item.amount(),
                    covered: item.money(covered),
                });
            }
            sum = sum.saturating_add(line.amount.minor);
        }
        if sum > self.total.minor {
            let covered = Money::new(sum, self.total.currency);
            return Err(Rejection::CoveredBeyondInvoice { total: self.total, covered });
        }
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        cover(state, &self.covers, 1);
        let invoice = Invoice {
            total: self.total,
            issued_on: self.issued_on,
            covers: self.covers.clone(),
            red_letter: None,
            reverses: false,
        };
        state.insert(self.invoice.as_str(), invoice);
    }

    /// Opens the debt of the next instalment that is due on invoice.
    fn consequences(
        &self,
        _context: &Context<'_>,
        state: &Draft<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        let contract = known_contract(self.contract.as_ref(), state)?;
        Ok(contract.map_or_else(Vec::new, |(number, contract)| {
            trigger::by_invoice(number, contract, self.issued_on)
        }))
    }
}

/// Adds what an invoice covers to its items, or takes it off again.
fn cover(state: &mut Draft<'_>, lines: &[ItemAmount], sign: i64) {
    for line in lines {
        if let Some(item) = state.get_mut::<Item>(line.item.as_str()) {
            item.covered = item.covered.saturating_add(sign * line.amount.minor);
        }
    }
}

impl Decide for InvoiceVoided {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.total.is_none() {
            let invoice = super::require::<Invoice>(state, "invoice", self.invoice.as_str())?;
            self.total = Some(invoice.total);
        }
        let InvoiceVoided { series, series_number, red_letter, .. } = self;
        number_in_series(context, series.as_ref(), series_number, red_letter)
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.invoice.as_str();
        let invoice = super::require::<Invoice>(state, "invoice", id)?;
        if self.red_letter.is_empty() {
            return Err(Rejection::Missing { what: "the red-letter invoice's number or series" });
        }
        super::refuse_taken::<Invoice>(state, "invoice", self.red_letter.as_str())?;
        if invoice.reverses {
            return Err(Rejection::InvoiceIsRedLetter { invoice: id.into() });
        }
        if let Some(red_letter) = &invoice.red_letter {
            let (invoice, red_letter) = (id.into(), red_letter.as_str().into());
            return Err(Rejection::InvoiceAlreadyVoided { invoice, red_letter });
        }
        let total = invoice.total;
        if let Some(asked) = self.total.filter(|asked| *asked != total) {
            return Err(Rejection::InvoiceVoidedInPart { invoice: id.into(), total, asked });
        }
        let what = "the red-letter invoice's day";
        if self.voided_on < invoice.issued_on {
            let (date, earliest) = (self.voided_on, invoice.issued_on);
            return Err(Rejection::DateOrder { what, date, earliest });
        }
        context.refuse_future_day(what, self.voided_on)?;
        context.require_reason("voiding an invoice")
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let Some(invoice) = state.get_mut::<Invoice>(self.invoice.as_str()) else { return };
        invoice.red_letter = Some(self.red_letter.clone());
        let (total, covers) = (invoice.total, invoice.covers.clone());
        cover(state, &covers, -1);
        let red_letter = Invoice {
            total,
            issued_on: self.voided_on,
            covers: Vec::new(),
            red_letter: None,
            reverses: true,
        };
        state.insert(self.red_letter.as_str(), red_letter);
    }
}
