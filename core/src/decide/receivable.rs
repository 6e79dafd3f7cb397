//! Decisions of the receivables account: E41, E43, E46, E47, X14. Applications have their own file.

use super::application::Application;
use super::contract::Contract;
use super::movements::Movements;
use super::{Context, Decide, Draft, Rejection};
use crate::event::contract::DebtOpenedBy;
use crate::event::receivable::{
    ApplicationReversed, BankRef, InvoiceIssued, ItemSource, PaymentReceived, PaymentReversed,
    ReceivableDisputeChanged, ReceivableOpened,
};
use crate::event::{Body, Envelope};
use crate::id::{ApplicationId, ContractNumber, LegalEntity};
use crate::money::{Currency, Money};
use crate::time::Date;

/// What decisions know of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// How much, in minor units.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
    /// The document's day.
    pub document_on: Date,
    /// The day it is due.
    pub due_on: Date,
    /// How much of it invoices cover, in minor units.
    pub covered: i64,
    /// Whether it is disputed.
    pub disputed: bool,
    /// Our entity.
    pub legal_entity: Option<LegalEntity>,
    /// What applications take of it.
    pub applied: Movements,
}

/// What decisions know of one invoice: that it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {}

/// What decisions know of one receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// How much, in minor units.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
    /// The day it counts from.
    pub value_on: Date,
    /// Whether it counts no longer.
    pub reversed: bool,
    /// Our entity.
    pub legal_entity: Option<LegalEntity>,
    /// The bank's line.
    pub bank_ref: Option<Box<BankRef>>,
    /// What applications take of it.
    pub used: Movements,
    /// The applications that count.
    pub applications: Vec<ApplicationId>,
}

impl Item {
    /// Returns the least amount that is open on any day from `from` on, and that day.
    pub fn open_from(&self, from: Date) -> (Date, Money) {
        let (day, applied) = self.applied.peak_from(from);
        (day, Money::new(self.minor.saturating_sub(applied), self.currency))
    }
}

impl Receipt {
    /// Tells whether the receipt counts and stands for this line of a bank statement.
    pub fn holds(&self, line: &BankRef) -> bool {
        !self.reversed && self.bank_ref.as_deref() == Some(line)
    }

    /// Returns the least amount that is unapplied on any day from `from` on, and that day.
    pub fn unapplied_from(&self, from: Date) -> (Date, Money) {
        let (day, used) = self.used.peak_from(from);
        (day, Money::new(self.minor.saturating_sub(used), self.currency))
    }
}

impl Decide for ReceivableOpened {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.item.is_empty() {
            self.item = match (self.source, &self.contract, self.instalment) {
                (ItemSource::ContractInstalment, Some(contract), Some(number)) => {
                    super::composed("the item's id", &format!("{contract}/{number}"))?
                }
                _ => super::next_id::<Item, _>(state, "receivable item", "AR")?,
            };
        }
        if self.legal_entity.is_none() {
            let contract = self.contract.as_ref().and_then(|c| state.get::<Contract>(c.as_str()));
            let signed_by = contract.and_then(|contract| contract.legal_entity.clone());
            self.legal_entity = signed_by.or_else(|| context.book.legal_entities.first().cloned());
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_taken::<Item>(state, "receivable item", self.item.as_str())?;
        super::require_positive("the item's amount", self.amount)?;
        context.require_legal_entity(self.legal_entity.as_ref())?;
        self.check_source(state)?;
        if self.due_on < self.document_on {
            let (due_on, document_on) = (self.due_on, self.document_on);
            return Err(Rejection::DueBeforeDocument { due_on, document_on });
        }
        context.refuse_future_day("the document's day", self.document_on)
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let (Some(contract), Some(number)) = (&self.contract, self.instalment)
            && self.source == ItemSource::ContractInstalment
            && let Some(contract) = state.get_mut::<Contract>(contract.as_str())
            && let Some(planned) = contract.instalments.iter_mut().find(|i| i.number == number)
        {
            planned.opened = true;
        }
        let item = Item {
            minor: self.amount.minor,
            currency: self.amount.currency,
            document_on: self.document_on,
            due_on: self.due_on,
            covered: 0,
            disputed: false,
            legal_entity: self.legal_entity.clone(),
            applied: Movements::default(),
        };
        state.insert(self.item.as_str(), item);
    }
}

impl ReceivableOpened {
    /// Checks that only one kind of document opens the debt of a contract (I-40).
    fn check_source(&self, state: &Draft<'_>) -> Result<(), Rejection> {
        match self.source {
            ItemSource::ContractInstalment => self.check_instalment(state),
            ItemSource::Invoice => match known_contract(self.contract.as_ref(), state)? {
                Some((number, contract)) => {
                    require_opened_by(number, contract, DebtOpenedBy::Invoices)
                }
                None => Ok(()),
            },
            ItemSource::ServiceCharge | ItemSource::DunningFee => {
                known_contract(self.contract.as_ref(), state).map(|_| ())
            }
            // A balance brought in may name a contract that was never in this ledger.
            ItemSource::OpeningBalance => Ok(()),
        }
    }

    fn check_instalment(&self, state: &Draft<'_>) -> Result<(), Rejection> {
        let Some((number, contract)) = known_contract(self.contract.as_ref(), state)? else {
            return Err(Rejection::Missing { what: "the contract of the instalment" });
        };
        require_opened_by(number, contract, DebtOpenedBy::Instalments)?;
        let instalment =
            self.instalment.ok_or(Rejection::Missing { what: "the instalment's number" })?;
        let contract_text = || number.as_str().into();
        let Some(planned) = contract.instalments.iter().find(|i| i.number == instalment) else {
            return Err(Rejection::InstalmentUnknown { contract: contract_text(), instalment });
        };
        if planned.opened {
            return Err(Rejection::InstalmentOpened { contract: contract_text(), instalment });
        }
        let planned = Money::new(planned.minor, contract.currency);
        if planned != self.amount {
            let (contract, amount) = (contract_text(), self.amount);
            return Err(Rejection::InstalmentDiffers { contract, instalment, planned, amount });
        }
        Ok(())
    }
}

fn known_contract<'a>(
    number: Option<&'a ContractNumber>,
    state: &'a Draft<'_>,
) -> Result<Option<(&'a ContractNumber, &'a Contract)>, Rejection> {
    let Some(number) = number else { return Ok(None) };
    let contract = super::require::<Contract>(state, "contract", number.as_str())?;
    Ok(Some((number, contract)))
}

fn require_opened_by(
    number: &ContractNumber,
    contract: &Contract,
    asked: DebtOpenedBy,
) -> Result<(), Rejection> {
    if contract.debt_opened_by == asked {
        return Ok(());
    }
    Err(Rejection::DebtOpenedOtherwise {
        contract: number.as_str().into(),
        by: contract.debt_opened_by.as_str(),
        asked: asked.as_str(),
    })
}

impl Decide for InvoiceIssued {
    /// Numbers the invoice within its series; the series is ledger-wide, so a gap is refused here
    /// and not on replay (I-43).
    fn complete(&mut self, context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        let Some(series) = &self.series else { return Ok(()) };
        let expected = context.numbers.next_in_series(series.as_str());
        if self.series_number == 0 {
            self.series_number = expected;
        } else if self.series_number != expected {
            let (series, actual) = (series.clone(), self.series_number);
            return Err(Rejection::SeriesGap { series, expected, actual });
        }
        if self.invoice.is_empty() {
            let number = format!("{series}-{:06}", self.series_number);
            self.invoice = super::composed("the invoice's number", &number)?;
        }
        Ok(())
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
            super::require_currency("the item", self.total.currency, money(item.minor, item))?;
            let covered = item.covered.saturating_add(line.amount.minor);
            if covered > item.minor {
                return Err(Rejection::CoveredBeyondItem {
                    item: line.item.as_str().into(),
                    amount: money(item.minor, item),
                    covered: money(covered, item),
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
        for line in &self.covers {
            if let Some(item) = state.get_mut::<Item>(line.item.as_str()) {
                item.covered = item.covered.saturating_add(line.amount.minor);
            }
        }
        state.insert(self.invoice.as_str(), Invoice {});
    }
}

const fn money(minor: i64, item: &Item) -> Money {
    Money::new(minor, item.currency)
}

impl Decide for PaymentReceived {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.receipt.is_empty() {
            self.receipt = super::next_id::<Receipt, _>(state, "receipt", "R")?;
        }
        if self.legal_entity.is_none() {
            self.legal_entity = context.book.legal_entities.first().cloned();
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_taken::<Receipt>(state, "receipt", self.receipt.as_str())?;
        context.require_legal_entity(self.legal_entity.as_ref())?;
        super::require_positive("the payment", self.amount)
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let receipt = Receipt {
            minor: self.amount.minor,
            currency: self.amount.currency,
            value_on: self.value_on,
            reversed: false,
            legal_entity: self.legal_entity.clone(),
            bank_ref: self.bank_ref.clone().map(Box::new),
            used: Movements::default(),
            applications: Vec::new(),
        };
        state.insert(self.receipt.as_str(), receipt);
    }
}

impl Decide for PaymentReversed {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.receipt.as_str();
        let receipt = super::require::<Receipt>(state, "receipt", id)?;
        if receipt.reversed {
            return Err(Rejection::ReceiptReversed { receipt: id.into() });
        }
        let what = "the day the reversal counts from";
        if self.effective_on < receipt.value_on {
            let (date, earliest) = (self.effective_on, receipt.value_on);
            return Err(Rejection::DateOrder { what, date, earliest });
        }
        context.refuse_day_after(what, self.effective_on, Some(receipt.value_on))
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(receipt) = state.get_mut::<Receipt>(self.receipt.as_str()) {
            receipt.reversed = true;
        }
    }

    /// Reverses every application of the receipt that counts (I-46).
    fn consequences(
        &self,
        _context: &Context<'_>,
        state: &Draft<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        let Some(receipt) = state.get::<Receipt>(self.receipt.as_str()) else {
            return Ok(Vec::new());
        };
        let reversed = receipt.applications.iter().filter_map(|id| {
            let application = state.get::<Application>(id.as_str())?;
            Some(ApplicationReversed {
                application: id.clone(),
                lines: Vec::new(),
                effective_on: Some(self.effective_on.max(application.effective_on)),
            })
        });
        Ok(reversed.map(Body::from).collect())
    }
}

impl Decide for ReceivableDisputeChanged {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let item = super::require::<Item>(state, "receivable item", self.item.as_str())?;
        if item.disputed == self.disputed {
            let (item, disputed) = (self.item.as_str().into(), self.disputed);
            return Err(Rejection::DisputeUnchanged { item, disputed });
        }
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(item) = state.get_mut::<Item>(self.item.as_str()) {
            item.disputed = self.disputed;
        }
    }
}
