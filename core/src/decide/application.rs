//! Decisions about applications of credits to items: E48, E49.
//!
//! Invariant (I-47, I-48): on every day, as now known, no item is applied beyond its amount and no
//! receipt or credit note beyond its own, also when an application is entered with an earlier date.

use super::credit::{self, Credit, WriteOff, kind_word};
use super::receivable::{Item, Receipt};
use super::{Context, Counterpart, Decide, Draft, Rejection, exchange};
use crate::event::receivable::{
    ApplicationMethod, ApplicationReversed, CreditApplied, CreditKind, ItemAmount, ItemExchange,
};
use crate::event::{Body, Envelope, StreamId};
use crate::id::{ApplicationId, CreditId, CustomerCode, LegalEntity};
use crate::money::Money;
use crate::time::Date;

/// What decisions know of one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// What kind of credit.
    pub credit_kind: CreditKind,
    /// The credit.
    pub credit: CreditId,
    /// The day it counts from.
    pub effective_on: Date,
    /// What it takes of which items; empty once it is reversed.
    pub lines: Vec<ItemAmount>,
    /// Whether it counts no longer.
    pub reversed: bool,
    /// The customer whose debts it pays, when they are another's.
    pub for_customer: Option<CustomerCode>,
    /// The customer who paid, when it was another.
    pub paid_by: Option<CustomerCode>,
}

impl Decide for CreditApplied {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.application.is_empty() {
            self.application = super::next_id::<Application, _>(state, "application", "A")?;
        }
        if self.is_its_own_document() && self.credit.is_empty() {
            self.credit = super::composed("the credit's id", self.application.as_str())?;
        }
        let ours = self.for_customer.is_none() && self.paid_by.is_none();
        if ours && self.lines.is_empty() && self.method != ApplicationMethod::Explicit {
            let credit = credit::credit_of(state, self.credit_kind, self.credit.as_str())?;
            self.lines = shared_out(self, credit, state)?;
        }
        if self.effective_on.is_none() {
            // What another customer owes is not known here: its documents are of today at the latest.
            let today = self.is_its_own_document() || self.for_customer.is_some();
            let today = today.then(|| context.effective_on());
            let entity = self.entity(state);
            let day = today.max(self.earliest(state));
            self.effective_on = day.map(|day| context.book.open_day(day, entity.as_ref()));
        }
        self.require_approval(context, state)?;
        if self.for_customer.is_some() {
            return Ok(());
        }
        self.complete_exchange(context, state)
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.application.as_str();
        super::refuse_taken::<Application>(state, "application", id)?;
        let credit = self.check_credit(context, state)?;
        super::refuse_repeated("item", self.lines.iter().map(|line| line.item.as_str()))?;
        let effective_on = self
            .effective_on
            .ok_or(Rejection::Missing { what: "the day the application counts from" })?;
        let mut sum = 0i64;
        for line in &self.lines {
            self.check_line(line, credit, effective_on, state)?;
            sum = sum
                .checked_add(line.amount.minor)
                .ok_or(Rejection::SumTooLarge { what: "the sum of the lines" })?;
        }
        if let Some(earliest) = self.earliest(state).filter(|earliest| effective_on < *earliest) {
            return Err(Rejection::ApplicationBeforeDocument { effective_on, earliest });
        }
        if let Some(credit) = credit {
            let (on, unapplied) = credit.unapplied_from(effective_on);
            if sum > unapplied.minor {
                return Err(Rejection::CreditOverdrawn {
                    kind: kind_word(self.credit_kind),
                    credit: self.credit.as_str().into(),
                    unapplied,
                    what: "application",
                    asked: credit.money(sum),
                    on,
                });
            }
        }
        self.check_exchange(context)?;
        let what = "the day the application counts from";
        context.refuse_day_after(what, effective_on, credit.map(|credit| credit.counts_from))
    }

    fn fold(&self, envelope: &Envelope, state: &mut Draft<'_>) {
        // Completed before it was stored; the recorded day only guards against foreign logs.
        let effective_on =
            self.effective_on.unwrap_or_else(|| envelope.effective_at.date_in(chrono_tz::UTC));
        let application = Application {
            credit_kind: self.credit_kind,
            credit: self.credit.clone(),
            effective_on,
            lines: self.lines.clone(),
            reversed: false,
            for_customer: self.for_customer.clone(),
            paid_by: self.paid_by.clone(),
        };
        move_amounts(state, &application, effective_on, 1);
        let credit = credit::credit_mut(state, self.credit_kind, self.credit.as_str());
        if let Some(credit) = credit.filter(|_| self.paid_by.is_none()) {
            credit.applications.push(self.application.clone());
        }
        if self.credit_kind == CreditKind::WriteOff
            && let Some(write_off) = state.get_mut::<WriteOff>(self.credit.as_str())
        {
            write_off.applied = true;
        }
        state.insert(self.application.as_str(), application);
    }

    /// The same application in the account of the customer whose debts are paid (I-49).
    fn counterpart(&self, stream: &StreamId, state: &Draft<'_>) -> Counterpart {
        let (Some(debtor), Some(payer)) = (&self.for_customer, stream.customer()) else {
            return Ok(None);
        };
        let credit = credit::credit_of(state, self.credit_kind, self.credit.as_str())?;
        let half = CreditApplied {
            application: in_the_debtors_account(payer, &self.application)?,
            for_customer: None,
            paid_by: Some(payer.clone()),
            legal_entity: credit.legal_entity.clone(),
            exchange: Vec::new(),
            ..self.clone()
        };
        Ok(Some((StreamId::Customer(debtor.clone()), Body::from(half))))
    }
}

/// Returns what an application that a payer makes for another customer is called there.
fn in_the_debtors_account(
    payer: &CustomerCode,
    application: &ApplicationId,
) -> Result<ApplicationId, Rejection> {
    super::composed("the application's id", &format!("{payer}/{application}"))
}

impl CreditApplied {
    /// Returns our entity whose accounts it changes.
    pub(super) fn entity(&self, state: &Draft<'_>) -> Option<LegalEntity> {
        let credit = credit::credit_of(state, self.credit_kind, self.credit.as_str()).ok();
        if self.for_customer.is_some() {
            return credit.and_then(|credit| credit.legal_entity.clone());
        }
        let item = self.lines.first().and_then(|line| state.get::<Item>(line.item.as_str()));
        item.and_then(|item| item.legal_entity.clone())
    }

    /// Tells whether nothing but the application itself documents the credit.
    const fn is_its_own_document(&self) -> bool {
        matches!(self.credit_kind, CreditKind::Discount | CreditKind::Exchange)
    }

    /// Works out what the book's currency gains on a receipt in another, from the rates recorded for
    /// the documents' days. Where a rate is not recorded nothing is worked out.
    fn complete_exchange(
        &mut self,
        context: &Context<'_>,
        state: &Draft<'_>,
    ) -> Result<(), Rejection> {
        let (Some(quote), CreditKind::Receipt) =
            (context.book.functional_currency, self.credit_kind)
        else {
            return Ok(());
        };
        // Of another customer's receipt only the day it was applied from is known.
        let counts_from = match &self.paid_by {
            Some(_) => self.effective_on.unwrap_or_else(|| context.effective_on()),
            None => credit::credit_of(state, self.credit_kind, self.credit.as_str())?.counts_from,
        };
        let foreign = self.lines.first().map(|line| line.amount.currency);
        if let Some(base) = foreign.filter(|base| self.exchange.is_empty() && *base != quote) {
            let of = |line: &ItemAmount| ItemExchange {
                item: line.item.clone(),
                rate_item: None,
                rate_credit: None,
                realised: None,
            };
            self.exchange = self.lines.iter().map(of).collect();
            self.exchange.retain(|entry| {
                let item = state.get::<Item>(entry.item.as_str());
                let rate = |on| context.book.rate(base, quote, on);
                item.is_some_and(|item| rate(item.document_on).is_some())
                    && rate(counts_from).is_some()
            });
        }
        for entry in &mut self.exchange {
            let item = super::require::<Item>(state, "receivable item", entry.item.as_str())?;
            let rate = |on| context.book.rate(item.currency, quote, on).cloned();
            entry.rate_item = entry.rate_item.take().or_else(|| rate(item.document_on));
            entry.rate_credit = entry.rate_credit.take().or_else(|| rate(counts_from));
            let line = self.lines.iter().find(|line| line.item == entry.item);
            if let (None, Some(line), Some(before), Some(after)) =
                (entry.realised, line, &entry.rate_item, &entry.rate_credit)
            {
                entry.realised = Some(exchange::realised(line.amount, before, after, quote)?);
            }
        }
        Ok(())
    }

    /// Checks that each gain is that of its line at its rates (I-48), in the book's currency (R17).
    fn check_exchange(&self, context: &Context<'_>) -> Result<(), Rejection> {
        super::refuse_repeated("item", self.exchange.iter().map(|entry| entry.item.as_str()))?;
        for entry in &self.exchange {
            let id = entry.item.as_str();
            let line = self.lines.iter().find(|line| line.item == entry.item);
            let line = line.ok_or(Rejection::RecordUnknown { what: "line", id: id.into() })?;
            let quote = context.book.functional_currency;
            let quote = quote.ok_or(Rejection::Missing { what: "the book's currency" })?;
            if line.amount.currency == quote {
                return Err(Rejection::ExchangeNeedless { item: id.into(), currency: quote });
            }
            let (Some(before), Some(after)) = (&entry.rate_item, &entry.rate_credit) else {
                let (base, quote) = (line.amount.currency, quote);
                return Err(Rejection::RateMissing { base, quote, item: id.into() });
            };
            let gained = exchange::realised(line.amount, before, after, quote)?;
            let said = entry.realised.ok_or(Rejection::Missing { what: "the realised gain" })?;
            super::require_currency("the realised gain", quote, said)?;
            if said != gained {
                return Err(Rejection::GainDiffers { item: id.into(), gained, said });
            }
        }
        Ok(())
    }

    /// Returns the latest of the documents' days: the first the application may count from (R25).
    fn earliest(&self, state: &Draft<'_>) -> Option<Date> {
        let credit = credit::credit_of(state, self.credit_kind, self.credit.as_str()).ok();
        let credit = credit.filter(|_| self.paid_by.is_none());
        if self.for_customer.is_some() {
            return credit.map(|credit| credit.counts_from);
        }
        let items = self.lines.iter().filter_map(|line| state.get::<Item>(line.item.as_str()));
        items.map(|item| item.document_on).chain(credit.map(|credit| credit.counts_from)).max()
    }

    /// Checks what is applied, and returns it where it has an amount of its own to take from.
    fn check_credit<'s>(
        &self,
        context: &Context<'_>,
        state: &'s Draft<'_>,
    ) -> Result<Option<&'s Credit>, Rejection> {
        let credit = match self.credit_kind {
            // The credit is another customer's; it was checked in the other half.
            CreditKind::Receipt if self.paid_by.is_some() => None,
            CreditKind::CreditNote
            | CreditKind::WriteOff
            | CreditKind::Discount
            | CreditKind::Exchange
                if self.for_customer.is_some() =>
            {
                let kind = kind_word(self.credit_kind);
                return Err(Rejection::ThirdPartyKind { kind });
            }
            CreditKind::Receipt | CreditKind::CreditNote => {
                Some(credit::credit_of(state, self.credit_kind, self.credit.as_str())?)
            }
            CreditKind::WriteOff => {
                self.check_write_off(state)?;
                None
            }
            CreditKind::Discount | CreditKind::Exchange => {
                if self.credit.as_str() != self.application.as_str() {
                    let kind = self.credit_kind.as_str();
                    let credit = self.credit.as_str().into();
                    return Err(Rejection::CreditHoldsNothing { kind, credit });
                }
                context.require_reason(self.gift())?;
                None
            }
        };
        match self.lines.is_empty() {
            true => Err(Rejection::Missing { what: "the lines of the application" }),
            false => Ok(credit),
        }
    }

    /// Returns what is given when the application is its own document.
    const fn gift(&self) -> &'static str {
        match self.credit_kind {
            CreditKind::Exchange => "a difference of exchange",
            _ => "a discount",
        }
    }

    /// Refuses a discount or difference that nobody approved, beyond the tolerance (R13) and the
    /// discount the item's terms give for paying early. Asked when the request is completed and not
    /// on replay: the tolerance may have changed since.
    fn require_approval(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if !self.is_its_own_document() {
            return Ok(());
        }
        for line in &self.lines {
            let tolerance = context.book.tolerance(line.amount.currency);
            let earned = self.earned(line, state);
            let tolerance = [tolerance, earned].into_iter().flatten().max_by_key(|most| most.minor);
            let approved = self.approved_by.is_some();
            credit::require_approval(self.gift(), line.amount, tolerance, approved)?;
        }
        Ok(())
    }

    /// Returns what is left of the discount an item's terms give for paying early.
    fn earned(&self, line: &ItemAmount, state: &Draft<'_>) -> Option<Money> {
        let item = state.get::<Item>(line.item.as_str())?;
        let early = item.early.filter(|early| self.effective_on <= Some(early.until))?;
        let given = self.credit_kind == CreditKind::Discount;
        let left = early.of(item.amount()).minor.saturating_sub(item.discounted).max(0);
        given.then_some(item.money(left))
    }

    /// Checks that a write-off is applied once, in whole and to its own item.
    fn check_write_off(&self, state: &Draft<'_>) -> Result<(), Rejection> {
        let id = self.credit.as_str();
        let write_off = super::require::<WriteOff>(state, "write-off", id)?;
        let whole = [ItemAmount { item: write_off.item.clone(), amount: write_off.amount }];
        if write_off.applied || self.lines != whole || self.effective_on != Some(write_off.on) {
            return Err(Rejection::WriteOffApplied { write_off: id.into() });
        }
        Ok(())
    }

    fn check_line(
        &self,
        line: &ItemAmount,
        credit: Option<&Credit>,
        effective_on: Date,
        state: &Draft<'_>,
    ) -> Result<(), Rejection> {
        let id = line.item.as_str();
        super::require_positive("the amount applied", line.amount)?;
        if let (Some(credit), Some(_)) = (credit, &self.for_customer) {
            // The item is another customer's; it is checked in the other half.
            return super::require_currency("the amount applied", credit.currency, line.amount);
        }
        let item = super::require::<Item>(state, "receivable item", id)?;
        if self.paid_by.is_some() && item.legal_entity != self.legal_entity {
            let (what, credit) = (kind_word(self.credit_kind), self.credit.as_str().into());
            return Err(Rejection::LegalEntityDiffers { item: id.into(), what, credit });
        }
        if let Some(credit) = credit {
            super::require_currency("the amount applied", credit.currency, line.amount)?;
            super::require_currency("the item", credit.currency, item.money(0))?;
            if item.legal_entity != credit.legal_entity {
                let (what, credit) = (kind_word(self.credit_kind), self.credit.as_str().into());
                return Err(Rejection::LegalEntityDiffers { item: id.into(), what, credit });
            }
        } else {
            super::require_currency("the amount applied", item.currency, line.amount)?;
        }
        let (on, open) = item.open_from(effective_on);
        if line.amount.minor > open.minor {
            let (item, what, asked) = (id.into(), "application", line.amount);
            return Err(Rejection::ItemOverdrawn { item, open, what, asked, on });
        }
        Ok(())
    }
}

/// Finds the lines of an application by its method (rule R06).
fn shared_out(
    application: &CreditApplied,
    credit: &Credit,
    state: &Draft<'_>,
) -> Result<Vec<ItemAmount>, Rejection> {
    let given = application.effective_on;
    let (_, unapplied) = credit.unapplied_from(given.unwrap_or(credit.counts_from));
    let mut open: Vec<(&str, &Item, i64)> = Vec::new();
    for (id, item) in state.each::<Item>() {
        let same = item.currency == credit.currency && item.legal_entity == credit.legal_entity;
        if !same || given.is_some_and(|given| given < item.document_on) {
            continue;
        }
        let from = given.unwrap_or_else(|| credit.counts_from.max(item.document_on));
        let (_, left) = item.open_from(from);
        if left.minor > 0 {
            open.push((id, item, left.minor));
        }
    }
    // Numbers of one series grow by length before they grow by digits: AR-9 comes before AR-10.
    open.sort_by_key(|(id, item, _)| (item.due_on, item.document_on, id.len(), *id));
    let amounts = match application.method {
        ApplicationMethod::ProRata => in_proportion(unapplied.minor, open.iter().map(|o| o.2)),
        ApplicationMethod::Fifo | ApplicationMethod::Explicit => {
            one_after_the_other(unapplied.minor, open.iter().map(|o| o.2))
        }
    };
    let mut lines = Vec::new();
    for ((id, ..), minor) in open.iter().zip(amounts) {
        if minor > 0 {
            let amount = Money::new(minor, credit.currency);
            lines.push(ItemAmount { item: super::composed("the item's id", id)?, amount });
        }
    }
    if lines.is_empty() {
        let kind = kind_word(application.credit_kind);
        return Err(Rejection::NothingToApply { kind, credit: application.credit.as_str().into() });
    }
    Ok(lines)
}

fn one_after_the_other(credit: i64, open: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut left = credit.max(0);
    open.map(|open| {
        let taken = open.min(left);
        left -= taken;
        taken
    })
    .collect()
}

/// Shares a credit in proportion to what is open. The shares are differences of the rounded running
/// sum, so they add up to the credit exactly and none is larger than what is open.
fn in_proportion(credit: i64, open: impl Iterator<Item = i64> + Clone) -> Vec<i64> {
    let total: i128 = open.clone().map(i128::from).sum();
    let credit = i128::from(credit.max(0)).min(total);
    let mut running = 0i128;
    let mut shared = 0i128;
    open.map(|open| {
        running += i128::from(open);
        let until = if total == 0 { 0 } else { half_even(credit * running, total) };
        let share = until - shared;
        shared = until;
        i64::try_from(share).unwrap_or_default()
    })
    .collect()
}

/// Divides two numbers that are not negative and rounds half to even.
pub(super) const fn half_even(numerator: i128, denominator: i128) -> i128 {
    let quotient = numerator / denominator;
    let twice = 2 * (numerator % denominator);
    if twice > denominator || (twice == denominator && quotient % 2 == 1) {
        quotient + 1
    } else {
        quotient
    }
}

impl Decide for ApplicationReversed {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        let application =
            super::require::<Application>(state, "application", self.application.as_str())?;
        if self.lines.is_empty() {
            self.lines = application.lines.clone();
        }
        self.for_customer = self.for_customer.take().or_else(|| application.for_customer.clone());
        if self.effective_on.is_none() {
            let first = self.lines.first().and_then(|line| state.get::<Item>(line.item.as_str()));
            let entity = first.and_then(|item| item.legal_entity.as_ref());
            self.effective_on = Some(context.book.open_day(application.effective_on, entity));
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.application.as_str();
        let application = super::require::<Application>(state, "application", id)?;
        if application.reversed {
            return Err(Rejection::ApplicationAlreadyReversed { application: id.into() });
        }
        if self.lines != application.lines || self.for_customer != application.for_customer {
            return Err(Rejection::ReversalPartial { application: id.into() });
        }
        let what = "the day the reversal counts from";
        let effective_on = self.effective_on.ok_or(Rejection::Missing { what })?;
        if effective_on < application.effective_on {
            let (date, earliest) = (effective_on, application.effective_on);
            return Err(Rejection::DateOrder { what, date, earliest });
        }
        context.refuse_day_after(what, effective_on, Some(application.effective_on))?;
        // What follows from the reversal of the receipt has its reason there.
        let credit = application.credit.as_str();
        if application.credit_kind == CreditKind::Receipt
            && (application.paid_by.is_some()
                || state.get::<Receipt>(credit).is_some_and(|receipt| receipt.reversed))
        {
            return Ok(());
        }
        context.require_reason("reversing an application")
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let Some(application) = state.get_mut::<Application>(self.application.as_str()) else {
            return;
        };
        application.reversed = true;
        let lines = std::mem::take(&mut application.lines);
        let taken_back = Application { lines, ..application.clone() };
        let effective_on = self.effective_on.unwrap_or(taken_back.effective_on);
        move_amounts(state, &taken_back, effective_on, -1);
        let credit = credit::credit_mut(state, taken_back.credit_kind, taken_back.credit.as_str());
        if let Some(credit) = credit.filter(|_| taken_back.paid_by.is_none()) {
            credit.applications.retain(|live| *live != self.application);
        }
    }

    /// The same reversal in the account of the customer whose debts were paid.
    fn counterpart(&self, stream: &StreamId, state: &Draft<'_>) -> Counterpart {
        let application = state.get::<Application>(self.application.as_str());
        let debtor = application.and_then(|application| application.for_customer.clone());
        let (Some(debtor), Some(payer)) = (debtor, stream.customer()) else { return Ok(None) };
        let application = in_the_debtors_account(payer, &self.application)?;
        let half = ApplicationReversed { application, for_customer: None, ..self.clone() };
        Ok(Some((StreamId::Customer(debtor), Body::from(half))))
    }
}

/// Books the amounts of an application on both sides.
fn move_amounts(state: &mut Draft<'_>, application: &Application, on: Date, sign: i64) {
    let ours = application.lines.iter().filter(|_| application.for_customer.is_none());
    for line in ours {
        if let Some(item) = state.get_mut::<Item>(line.item.as_str()) {
            item.taken.add(on, sign * line.amount.minor);
            if application.credit_kind == CreditKind::Discount {
                item.discounted = item.discounted.saturating_add(sign * line.amount.minor);
            }
        }
    }
    let sum: i64 = application.lines.iter().map(|line| line.amount.minor).sum();
    let credit = credit::credit_mut(state, application.credit_kind, application.credit.as_str());
    if let Some(credit) = credit.filter(|_| application.paid_by.is_none()) {
        credit.used.add(on, sign * sum);
    }
}
