//! Decisions about reminders: E52.
//!
//! Each item has a level of its own, which rises by at most one with each notice (rule R30). A
//! notice is about the items of one currency and entity; its level is the highest among them. The
//! figures are those of the end of the notice's day, as now known, and stay what they were.

use super::commitment::refuse_promised;
use super::credit::{Credit, CreditNote};
use super::receivable::{Item, Receipt};
use super::{Context, Decide, Draft, Rejection};
use crate::event::book::ReceivableRules;
use crate::event::dunning::{DunnedItem, DunningNoticeSent};
use crate::event::receivable::{ItemSource, ReceivableOpened};
use crate::event::{Body, Envelope};
use crate::id::LegalEntity;
use crate::money::{Currency, Money};
use crate::time::Date;

/// What decisions know of one notice: that it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {}

/// Returns the days an item is overdue on a day; on the day it is due, none.
fn overdue_days(item: &Item, on: Date) -> u32 {
    u32::try_from(on.0.saturating_sub(item.due_on.0)).unwrap_or(0)
}

/// Returns the highest level an item may be reminded at, or 0.
fn reachable(item: &Item, rules: Option<&ReceivableRules>, overdue: u32) -> u8 {
    let next = item.reminded.map_or(1, |(level, _)| level.saturating_add(1));
    let Some(rules) = rules else { return if overdue > 0 { next } else { 0 } };
    if overdue <= rules.grace_days {
        return 0;
    }
    let reached = rules.level_days.iter().take_while(|days| **days <= overdue).count();
    next.min(u8::try_from(reached).unwrap_or(u8::MAX))
}

/// Why an item is not reminded of on a day, apart from its level.
fn refuse_excluded(
    id: &str,
    item: &Item,
    rules: Option<&ReceivableRules>,
    on: Date,
) -> Result<(), Rejection> {
    if item.disputed {
        return Err(Rejection::ItemDisputed { item: id.into() });
    }
    if item.open_on(on).minor <= 0 || on < item.document_on {
        return Err(Rejection::ItemSettled { item: id.into(), on });
    }
    let overdue = overdue_days(item, on);
    let grace = rules.map_or(0, |rules| rules.grace_days);
    if overdue == 0 || overdue <= grace {
        let due_on = item.due_on;
        return Err(Rejection::NotOverdue { item: id.into(), due_on, overdue, grace });
    }
    let interval = rules.map_or(0, |rules| rules.interval_days);
    if let Some((_, last)) = item.reminded {
        let interval = i32::try_from(interval).unwrap_or(i32::MAX);
        let earliest = Date(last.0.saturating_add(interval));
        if on < earliest {
            return Err(Rejection::NoticeTooSoon { item: id.into(), last, earliest });
        }
    }
    Ok(())
}

impl DunningNoticeSent {
    fn rules<'b>(&self, context: &'b Context<'_>) -> Option<&'b ReceivableRules> {
        self.rules_version.and_then(|version| context.book.receivable_rules_at(version))
    }

    /// Takes every item that may be reminded of.
    fn take_all(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        for (id, item) in state.each::<Item>() {
            let ours =
                Some(item.currency) == self.currency && item.legal_entity == self.legal_entity;
            let rules = self.rules(context);
            if !ours
                || refuse_excluded(id, item, rules, self.sent_on).is_err()
                || refuse_promised(context, state, id, self.sent_on).is_err()
            {
                continue;
            }
            if reachable(item, rules, overdue_days(item, self.sent_on)) > 0 {
                let item = super::composed("the item's id", id)?;
                self.items.push(DunnedItem { item, level: None, open: None, overdue_days: None });
            }
        }
        if self.items.is_empty() {
            return Err(Rejection::NothingOverdue { on: self.sent_on });
        }
        Ok(())
    }

    /// Refuses a notice to somebody who on balance owes nothing.
    fn require_debit_balance(&self, state: &Draft<'_>) -> Result<(), Rejection> {
        let Some(currency) = self.currency else { return Ok(()) };
        let (open, unapplied) = balance(state, currency, self.legal_entity.as_ref(), self.sent_on);
        if open > unapplied {
            return Ok(());
        }
        let amount = |minor| Money::new(minor, currency);
        Err(Rejection::NetCredit { open: amount(open), unapplied: amount(unapplied) })
    }
}

/// Returns what is open and what is unapplied at the end of a day, in minor units (rule R01).
pub(super) fn balance(
    state: &Draft<'_>,
    currency: Currency,
    entity: Option<&LegalEntity>,
    on: Date,
) -> (i64, i64) {
    let add = |sum: i64, amount: Money| sum.saturating_add(amount.minor);
    let items = state.each::<Item>().map(|(_, item)| item);
    let items = items.filter(|item| {
        item.currency == currency && item.legal_entity.as_ref() == entity && item.document_on <= on
    });
    let open = items.map(|item| item.open_on(on)).fold(0, add);
    let ours =
        |credit: &&Credit| credit.currency == currency && credit.legal_entity.as_ref() == entity;
    let receipts = state.each::<Receipt>().map(|(_, receipt)| receipt);
    let receipts = receipts.filter(|receipt| !receipt.reversed).map(|receipt| &receipt.credit);
    let notes = state.each::<CreditNote>().map(|(_, note)| &note.credit);
    let credits = receipts.chain(notes).filter(ours);
    (open, credits.map(|credit| credit.unapplied_on(on)).fold(0, add))
}

impl Decide for DunningNoticeSent {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.notice.is_empty() {
            self.notice = super::next_id::<Notice, _>(state, "dunning notice", "D")?;
        }
        if self.rules_version.is_none() {
            self.rules_version = context.book.receivable_rules().map(|(version, _)| version);
        }
        let first = self.items.first().and_then(|line| state.get::<Item>(line.item.as_str()));
        if self.currency.is_none() {
            let usual = state.profile().currency.or(context.book.functional_currency);
            self.currency = first.map(|item| item.currency).or(usual);
        }
        if self.legal_entity.is_none() {
            let ours = context.book.legal_entities.first();
            self.legal_entity =
                first.map_or_else(|| ours.cloned(), |item| item.legal_entity.clone());
        }
        if self.items.is_empty() {
            self.take_all(context, state)?;
        }
        let (rules, asked, on) = (self.rules(context).cloned(), self.level, self.sent_on);
        for line in &mut self.items {
            let item = super::require::<Item>(state, "receivable item", line.item.as_str())?;
            let overdue = overdue_days(item, on);
            let level = reachable(item, rules.as_ref(), overdue);
            line.level.get_or_insert(asked.map_or(level, |asked| asked.min(level)));
            line.open.get_or_insert(item.open_on(on));
            line.overdue_days.get_or_insert(overdue);
        }
        if self.level.is_none() {
            self.level = self.items.iter().filter_map(|line| line.level).max();
        }
        for (number, fee) in self.fees.iter_mut().enumerate() {
            if fee.item.is_empty() {
                let id = format!("{}/fee-{}", self.notice, number + 1);
                fee.item = super::composed("the fee's item id", &id)?;
            }
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_taken::<Notice>(state, "dunning notice", self.notice.as_str())?;
        context.refuse_future_day("the notice's day", self.sent_on)?;
        context.require_legal_entity(self.legal_entity.as_ref())?;
        if self.items.is_empty() {
            return Err(Rejection::NothingOverdue { on: self.sent_on });
        }
        super::refuse_repeated("item", self.items.iter().map(|line| line.item.as_str()))?;
        let currency = self.currency.ok_or(Rejection::Missing { what: "the currency" })?;
        let mut total = 0i64;
        for line in &self.items {
            total = total.saturating_add(self.check_item(line, currency, context, state)?.minor);
        }
        let highest = self.items.iter().filter_map(|line| line.level).max().unwrap_or(0);
        if self.level != Some(highest) {
            let asked = self.level.unwrap_or(0);
            return Err(Rejection::NoticeLevel { asked, highest });
        }
        self.require_debit_balance(state)?;
        let minimums = self.rules(context).map(|rules| rules.notice_minimums.as_slice());
        let mut minimums = minimums.unwrap_or_default().iter();
        if let Some(minimum) = minimums.find(|m| m.currency == currency && m.minor > total) {
            let (total, minimum) = (Money::new(total, currency), *minimum);
            return Err(Rejection::BelowMinimum { total, minimum });
        }
        self.check_fees(currency, state)
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        for line in &self.items {
            if let Some(item) = state.get_mut::<Item>(line.item.as_str()) {
                item.reminded = Some((line.level.unwrap_or(1), self.sent_on));
            }
        }
        state.insert(self.notice.as_str(), Notice {});
    }

    /// Opens every fee as an item of its own.
    fn consequences(
        &self,
        _context: &Context<'_>,
        _state: &Draft<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        let opened = self.fees.iter().map(|fee| ReceivableOpened {
            item: fee.item.clone(),
            source: ItemSource::DunningFee,
            document_on: self.sent_on,
            due_on: Some(fee.due_on),
            amount: fee.amount,
            contract: None,
            instalment: None,
            legal_entity: self.legal_entity.clone(),
        });
        Ok(opened.map(Body::from).collect())
    }
}

impl DunningNoticeSent {
    /// Checks one item and returns what is open of it.
    fn check_item(
        &self,
        line: &DunnedItem,
        currency: Currency,
        context: &Context<'_>,
        state: &Draft<'_>,
    ) -> Result<Money, Rejection> {
        let id = line.item.as_str();
        let item = super::require::<Item>(state, "receivable item", id)?;
        super::require_currency("the item", currency, item.money(0))?;
        if item.legal_entity != self.legal_entity {
            let notice = self.notice.as_str().into();
            let what = "dunning notice";
            return Err(Rejection::LegalEntityDiffers { item: id.into(), what, credit: notice });
        }
        let rules = self.rules(context);
        refuse_excluded(id, item, rules, self.sent_on)?;
        refuse_promised(context, state, id, self.sent_on)?;
        let (open, overdue) = (item.open_on(self.sent_on), overdue_days(item, self.sent_on));
        if line.open != Some(open) || line.overdue_days != Some(overdue) {
            return Err(Rejection::NoticeFigures { item: id.into(), open, overdue });
        }
        let (level, most) = (line.level.unwrap_or(0), reachable(item, rules, overdue));
        if level == 0 || level > most {
            let last = item.reminded.map_or(0, |(level, _)| level);
            return Err(Rejection::LevelBeyond { item: id.into(), level, last, overdue, most });
        }
        Ok(open)
    }

    fn check_fees(&self, currency: Currency, state: &Draft<'_>) -> Result<(), Rejection> {
        super::refuse_repeated("item", self.fees.iter().map(|fee| fee.item.as_str()))?;
        for fee in &self.fees {
            super::refuse_taken::<Item>(state, "receivable item", fee.item.as_str())?;
            super::require_positive("the fee", fee.amount)?;
            super::require_currency("the fee", currency, fee.amount)?;
            if fee.due_on < self.sent_on {
                let (due_on, document_on) = (fee.due_on, self.sent_on);
                return Err(Rejection::DueBeforeDocument { due_on, document_on });
            }
        }
        Ok(())
    }
}
