//! Decisions of the receivables account: E41, E42, E46, E47, X14. Invoices, applications, credits
//! without money and reminders have files of their own.

use super::application::Application;
use super::contract::{Contract, PlannedReceipt};
use super::credit::Credit;
use super::movements::Movements;
use super::terms::EarlyDiscount;
use super::{Context, Counterpart, Decide, Draft, Rejection, suspense, terms};
use crate::event::contract::DebtOpenedBy;
use crate::event::receivable::{
    ApplicationReversed, BankRef, ItemSource, PaymentReceived, PaymentReversed,
    ReceivableDisputeChanged, ReceivableOpened, ReceivableRescheduled,
};
use crate::event::terms::PaymentTerms;
use crate::event::{Body, Envelope, StreamId};
use crate::id::{ContractNumber, LegalEntity, ReceiptId};
use crate::money::{Currency, Money};
use crate::time::Date;

/// What decisions know of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// How much it was opened over, in minor units.
    pub minor: i64,
    /// How much amendments of the contract have added since, in minor units.
    pub amended: i64,
    /// The currency.
    pub currency: Currency,
    /// The document's day.
    pub document_on: Date,
    /// The day it is due, as last agreed.
    pub due_on: Date,
    /// How much of it invoices cover, in minor units.
    pub covered: i64,
    /// The discount for paying early, where its terms give one.
    pub early: Option<EarlyDiscount>,
    /// How much discounts take of it, in minor units.
    pub discounted: i64,
    /// Whether it is disputed.
    pub disputed: bool,
    /// The level it was last reminded at, and the day.
    pub reminded: Option<(u8, Date)>,
    /// The contract.
    pub contract: Option<ContractNumber>,
    /// The contract's instalment.
    pub instalment: Option<u32>,
    /// Our entity.
    pub legal_entity: Option<LegalEntity>,
    /// What applications take of it, less what amendments add, by day.
    pub taken: Movements,
}

/// What decisions know of one receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// How much, and what was taken of it.
    pub credit: Credit,
    /// Whether it counts no longer.
    pub reversed: bool,
    /// The bank's line.
    pub bank_ref: Option<Box<BankRef>>,
    /// The receipt in suspense that it was before it was identified.
    pub from_suspense: Option<ReceiptId>,
    /// In suspense: how many parts of it were identified.
    pub identified: u32,
}

impl Item {
    /// Returns the least amount that is open on any day from `from` on, and that day.
    pub fn open_from(&self, from: Date) -> (Date, Money) {
        let (day, taken) = self.taken.peak_from(from);
        (day, self.money(self.minor.saturating_sub(taken)))
    }

    /// Returns what is open at the end of a day, as now known.
    pub fn open_on(&self, on: Date) -> Money {
        self.money(self.minor.saturating_sub(self.taken.sum_on(on)))
    }

    /// Returns the amount it stands at, amendments included, as now known.
    pub const fn amount(&self) -> Money {
        self.money(self.minor.saturating_add(self.amended))
    }

    /// Tells whether it is the debt of an instalment.
    pub fn is_instalment(&self, contract: &ContractNumber, number: u32) -> bool {
        self.instalment == Some(number) && self.contract.as_ref() == Some(contract)
    }

    /// Builds an amount in the item's currency.
    pub const fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    /// Changes its amount from a day on.
    pub fn amend(&mut self, on: Date, change: i64) {
        self.amended = self.amended.saturating_add(change);
        self.taken.add(on, change.saturating_neg());
    }
}

impl Receipt {
    /// Tells whether the receipt counts and stands for this line of a bank statement.
    pub fn holds(&self, line: &BankRef) -> bool {
        !self.reversed && self.bank_ref.as_deref() == Some(line)
    }

    /// Returns the least amount that is unapplied on any day from `from` on, and that day.
    pub fn unapplied_from(&self, from: Date) -> (Date, Money) {
        self.credit.unapplied_from(from)
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
        if self.due_on.is_none() {
            let planned = self.planned(state).map(|planned| planned.planned_on);
            let by_terms = self.terms(state).map(|terms| terms::due(self.document_on, terms));
            self.due_on = by_terms.or(planned.map(|day| day.max(self.document_on)));
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_taken::<Item>(state, "receivable item", self.item.as_str())?;
        super::require_positive("the item's amount", self.amount)?;
        context.require_legal_entity(self.legal_entity.as_ref())?;
        self.check_source(state)?;
        let due_on = self.due_on.ok_or(Rejection::Missing { what: "the day it is due" })?;
        if due_on < self.document_on {
            let document_on = self.document_on;
            return Err(Rejection::DueBeforeDocument { due_on, document_on });
        }
        context.refuse_future_day("the document's day", self.document_on)
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let terms = self.terms(state);
        let early = terms.and_then(|terms| EarlyDiscount::promised(self.document_on, terms));
        if let Some(contract) = &self.contract
            && self.is_of_the_contract()
            && let Some(contract) = state.get_mut::<Contract>(contract.as_str())
        {
            contract.opened = contract.opened.saturating_add(self.amount.minor);
            let number = self.instalment;
            let planned = contract.instalments.iter_mut().find(|i| Some(i.number) == number);
            if let Some(planned) = planned
                && self.source == ItemSource::ContractInstalment
            {
                planned.opened = true;
            }
        }
        let item = Item {
            minor: self.amount.minor,
            currency: self.amount.currency,
            document_on: self.document_on,
            // Completed before it was stored; the document's day only guards against foreign logs.
            due_on: self.due_on.unwrap_or(self.document_on),
            amended: 0,
            covered: 0,
            early,
            discounted: 0,
            disputed: false,
            reminded: None,
            contract: self.contract.clone(),
            instalment: self.instalment.filter(|_| self.source == ItemSource::ContractInstalment),
            legal_entity: self.legal_entity.clone(),
            taken: Movements::default(),
        };
        state.insert(self.item.as_str(), item);
    }
}

impl ReceivableOpened {
    /// Tells whether it is a part of what was contracted, not a charge besides it.
    const fn is_of_the_contract(&self) -> bool {
        matches!(self.source, ItemSource::ContractInstalment | ItemSource::Invoice)
    }

    /// Returns the instalment it is the debt of.
    fn planned<'s>(&self, state: &'s Draft<'_>) -> Option<&'s PlannedReceipt> {
        let contract = state.get::<Contract>(self.contract.as_ref()?.as_str())?;
        contract.instalments.iter().find(|planned| Some(planned.number) == self.instalment)
    }

    /// Returns the terms it falls under: its contract's, or the customer's on its day.
    fn terms<'s>(&self, state: &'s Draft<'_>) -> Option<&'s PaymentTerms> {
        let contract = self.contract.as_ref().filter(|_| self.is_of_the_contract());
        match contract.and_then(|contract| state.get::<Contract>(contract.as_str())) {
            Some(contract) => contract.payment.as_ref(),
            None if self.source == ItemSource::DunningFee => None,
            None => terms::in_force(state, self.document_on),
        }
    }

    /// Checks that only one kind of document opens the debt of a contract (I-40).
    fn check_source(&self, state: &Draft<'_>) -> Result<(), Rejection> {
        match self.source {
            ItemSource::ContractInstalment => self.check_instalment(state),
            ItemSource::Invoice => match known_contract(self.contract.as_ref(), state)? {
                Some((number, contract)) => {
                    contract.require_open(number)?;
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
        contract.require_open(number)?;
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

/// Finds the contract a document names, if it names one.
pub(super) fn known_contract<'a>(
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

impl Decide for PaymentReceived {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.receipt.is_empty() {
            let prefix = if self.unidentified { "SUS" } else { "R" };
            self.receipt = super::next_id::<Receipt, _>(state, "receipt", prefix)?;
        }
        if self.legal_entity.is_none() {
            self.legal_entity = context.book.legal_entities.first().cloned();
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        match self.unidentified {
            true => context.refuse_future("the effective time", context.effective_at)?,
            false => context.require_customer(state)?,
        }
        super::refuse_taken::<Receipt>(state, "receipt", self.receipt.as_str())?;
        context.require_legal_entity(self.legal_entity.as_ref())?;
        super::require_positive("the payment", self.amount)
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let receipt = Receipt {
            credit: Credit::new(self.amount, self.value_on, self.legal_entity.clone()),
            reversed: false,
            bank_ref: self.bank_ref.clone().map(Box::new),
            from_suspense: None,
            identified: 0,
        };
        state.insert(self.receipt.as_str(), receipt);
    }
}

impl Decide for PaymentReversed {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if !self.unidentified {
            context.require_customer(state)?;
        }
        let id = self.receipt.as_str();
        let receipt = super::require::<Receipt>(state, "receipt", id)?;
        if receipt.reversed {
            return Err(Rejection::ReceiptReversed { receipt: id.into() });
        }
        let left = receipt.credit.used.sum_on(Date(i32::MAX));
        if self.unidentified && left > 0 {
            let (receipt, identified) = (id.into(), receipt.credit.money(left));
            return Err(Rejection::ReceiptIdentified { receipt, identified });
        }
        let refunded = receipt.credit.refunded;
        if refunded > 0 {
            let (receipt, refunded) = (id.into(), receipt.credit.money(refunded));
            return Err(Rejection::ReceiptRefunded { receipt, refunded });
        }
        let what = "the day the reversal counts from";
        let value_on = receipt.credit.counts_from;
        if self.effective_on < value_on {
            let (date, earliest) = (self.effective_on, value_on);
            return Err(Rejection::DateOrder { what, date, earliest });
        }
        context.refuse_day_after(what, self.effective_on, Some(value_on))
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
        let reversed = receipt.credit.applications.iter().filter_map(|id| {
            let application = state.get::<Application>(id.as_str())?;
            Some(ApplicationReversed {
                application: id.clone(),
                lines: Vec::new(),
                effective_on: Some(self.effective_on.max(application.effective_on)),
                for_customer: None,
            })
        });
        Ok(reversed.map(Body::from).collect())
    }

    /// What was identified and turns out to be another customer's returns to the suspense account.
    fn counterpart(&self, stream: &StreamId, state: &Draft<'_>) -> Counterpart {
        let receipt = state.get::<Receipt>(self.receipt.as_str());
        let customer = stream.customer().zip(receipt);
        Ok(customer.and_then(|(customer, receipt)| suspense::returned(self, customer, receipt)))
    }
}

impl Decide for ReceivableRescheduled {
    fn complete(&mut self, _context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.old_due_on.is_none() {
            let item = super::require::<Item>(state, "receivable item", self.item.as_str())?;
            self.old_due_on = Some(item.due_on);
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.item.as_str();
        let item = super::require::<Item>(state, "receivable item", id)?;
        let due_on = item.due_on;
        if let Some(said) = self.old_due_on.filter(|said| *said != due_on) {
            return Err(Rejection::DueStale { item: id.into(), due_on, said });
        }
        if self.new_due_on == due_on {
            return Err(Rejection::DueUnchanged { item: id.into(), due_on });
        }
        if self.new_due_on < item.document_on {
            let (due_on, document_on) = (self.new_due_on, item.document_on);
            return Err(Rejection::DueBeforeDocument { due_on, document_on });
        }
        let on = context.effective_on();
        if item.open_on(on).minor <= 0 {
            return Err(Rejection::ItemSettled { item: id.into(), on });
        }
        context.require_reason("another due day")
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(item) = state.get_mut::<Item>(self.item.as_str()) {
            item.due_on = self.new_due_on;
        }
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
