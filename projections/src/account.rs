//! One customer's receivables account: every fact counts from its own day (rule R05).
//!
//! The account is folded from what was known at a basis; every question then names a day, and what
//! counts from a later day is left out, whenever it was recorded. Invariant (rule R34): for every
//! item and day, amount = open + collected + credited + written off.

use std::collections::BTreeMap;

use daybook_core::event::confirmation::BalanceConfirmed;
use daybook_core::event::contract::ContractAmended;
use daybook_core::event::receivable::{
    CreditApplied, CreditKind, IdentificationStep, ReceivableOpened,
};
use daybook_core::event::{Body, Event};
use daybook_core::id::{ApplicationId, ConfirmationId, CreditId, ItemId, LegalEntity};
use daybook_core::money::{Currency, Money};
use daybook_core::time::Date;

use crate::Amounts;

/// Amounts in minor units by the day they count from.
type Dated = Vec<(Date, i64)>;

fn until(amounts: &Dated, on: Date) -> i64 {
    amounts.iter().filter(|(day, _)| *day <= on).map(|(_, minor)| minor).sum()
}

/// One debt.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Debt {
    amount: Money,
    document_on: Date,
    legal_entity: Option<LegalEntity>,
    /// Due days with the day from which each was agreed.
    due: Vec<(Date, Date)>,
    amended: Dated,
    taken: Vec<(CreditKind, Date, i64)>,
}

/// One receipt or credit note.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Credit {
    amount: Money,
    legal_entity: Option<LegalEntity>,
    counts_from: Date,
    reversed_on: Option<Date>,
    used: Dated,
    refunded: Dated,
}

/// What was applied, kept for its reversal.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Applied {
    kind: CreditKind,
    credit: CreditId,
    lines: Vec<(ItemId, i64)>,
    /// Whether the items, and whether the credit, are this customer's.
    ours: (bool, bool),
}

/// One item on one day, as the three control tables show it (rules R34, S002).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// The item.
    pub item: ItemId,
    /// What it amounts to.
    pub amount: Money,
    /// What is open.
    pub open: Money,
    /// What was paid.
    pub collected: Money,
    /// What was credited: by credit notes, discounts and differences of exchange.
    pub credited: Money,
    /// What was given up.
    pub written_off: Money,
    /// The day of its document.
    pub document_on: Date,
    /// The day it is due.
    pub due_on: Date,
    /// Our entity.
    pub legal_entity: Option<LegalEntity>,
}

/// The account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    debts: BTreeMap<ItemId, Debt>,
    credits: BTreeMap<(CreditKind, CreditId), Credit>,
    applications: BTreeMap<ApplicationId, Applied>,
    confirmed: Vec<BalanceConfirmed>,
}

/// A confirmed balance that no longer is what it was (rule R28).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discrepancy {
    /// The confirmation.
    pub confirmation: ConfirmationId,
    /// The day at whose end the balance stood.
    pub confirmed_on: Date,
    /// The balance by our books when it was confirmed.
    pub confirmed: Money,
    /// The balance of that day by what is known now.
    pub now: Money,
}

impl Account {
    /// Takes in the next event that counts, in the order of the log.
    pub fn take(&mut self, event: &Event, zone: chrono_tz::Tz) {
        match &event.body {
            Body::ReceivableOpened(opened) => self.open_debt(opened),
            Body::ReceivableRescheduled(moved) => {
                let agreed_on = event.envelope.effective_at.date_in(zone);
                if let Some(debt) = self.debts.get_mut(&moved.item) {
                    debt.due.push((agreed_on, moved.new_due_on));
                }
            }
            Body::ContractAmended(amended) => self.amend(amended),
            Body::PaymentReceived(payment) => {
                let id = (CreditKind::Receipt, payment.receipt.as_str());
                let entity = payment.legal_entity.as_ref();
                self.open_credit(id, payment.amount, payment.value_on, entity);
            }
            Body::ReceiptIdentified(identified) => {
                if let (Some(IdentificationStep::Arrives), Some(amount), Some(on)) =
                    (identified.step, identified.amount, identified.value_on)
                {
                    let id = (CreditKind::Receipt, identified.receipt.as_str());
                    self.open_credit(id, amount, on, identified.legal_entity.as_ref());
                }
            }
            Body::BalanceConfirmed(confirmed) => self.confirmed.push(confirmed.clone()),
            Body::CreditNoteIssued(note) => {
                let id = (CreditKind::CreditNote, note.credit_note.as_str());
                self.open_credit(id, note.amount, note.issued_on, note.legal_entity.as_ref());
            }
            Body::PaymentReversed(reversed) => {
                let credit = self.credit(CreditKind::Receipt, reversed.receipt.as_str());
                if let Some(credit) = credit {
                    credit.reversed_on = Some(reversed.effective_on);
                }
            }
            Body::RefundPaid(refund) => {
                if let Some(credit) = self.credit(refund.credit_kind, refund.credit.as_str()) {
                    credit.refunded.push((refund.value_on, refund.amount.minor));
                }
            }
            Body::CreditApplied(applied) => self.apply(applied),
            Body::ApplicationReversed(reversed) => {
                let applied = self.applications.get(&reversed.application).cloned();
                if let (Some(applied), Some(on)) = (applied, reversed.effective_on) {
                    self.move_amounts(&applied, on, -1);
                }
            }
            _ => {}
        }
    }

    fn open_debt(&mut self, opened: &ReceivableOpened) {
        let debt = Debt {
            amount: opened.amount,
            document_on: opened.document_on,
            legal_entity: opened.legal_entity.clone(),
            due: vec![(opened.document_on, opened.due_on.unwrap_or(opened.document_on))],
            amended: Vec::new(),
            taken: Vec::new(),
        };
        self.debts.insert(opened.item.clone(), debt);
    }

    fn open_credit(
        &mut self,
        (kind, id): (CreditKind, &str),
        amount: Money,
        counts_from: Date,
        entity: Option<&LegalEntity>,
    ) {
        let Ok(id) = CreditId::new(id) else { return };
        let credit = Credit {
            amount,
            legal_entity: entity.cloned(),
            counts_from,
            reversed_on: None,
            used: Vec::new(),
            refunded: Vec::new(),
        };
        self.credits.insert((kind, id), credit);
    }

    fn credit(&mut self, kind: CreditKind, id: &str) -> Option<&mut Credit> {
        self.credits.get_mut(&(kind, CreditId::new(id).ok()?))
    }

    fn amend(&mut self, amended: &ContractAmended) {
        for change in &amended.instalments {
            let debt = change.item.as_ref().and_then(|id| self.debts.get_mut(id));
            if let (Some(debt), Some(old)) = (debt, change.old_amount) {
                debt.amended.push((amended.amended_on, change.amount.minor - old.minor));
            }
        }
    }

    fn apply(&mut self, applied: &CreditApplied) {
        let lines = applied.lines.iter().map(|line| (line.item.clone(), line.amount.minor));
        let kept = Applied {
            kind: applied.credit_kind,
            credit: applied.credit.clone(),
            lines: lines.collect(),
            ours: (applied.for_customer.is_none(), applied.paid_by.is_none()),
        };
        if let Some(on) = applied.effective_on {
            self.move_amounts(&kept, on, 1);
        }
        self.applications.insert(applied.application.clone(), kept);
    }

    fn move_amounts(&mut self, applied: &Applied, on: Date, sign: i64) {
        let (items, credits) = applied.ours;
        for (item, minor) in applied.lines.iter().filter(|_| items) {
            if let Some(debt) = self.debts.get_mut(item) {
                debt.taken.push((applied.kind, on, sign * minor));
            }
        }
        let sum: i64 = applied.lines.iter().map(|(_, minor)| minor).sum();
        let credit = self.credit(applied.kind, applied.credit.as_str());
        if let Some(credit) = credit.filter(|_| credits) {
            credit.used.push((on, sign * sum));
        }
    }

    /// Returns the items whose documents are of the day or earlier, in order of their ids.
    pub fn rows(&self, on: Date) -> impl Iterator<Item = ItemRow> + '_ {
        let counts = move |(_, debt): &(&ItemId, &Debt)| debt.document_on <= on;
        self.debts.iter().filter(counts).map(move |(item, debt)| debt.row(item, on))
    }

    /// Returns the confirmed balances that facts recorded since have changed.
    pub fn discrepancies(&self) -> Vec<Discrepancy> {
        let broken = self.confirmed.iter().filter_map(|confirmed| {
            let balance = confirmed.balance?;
            let (on, entity) = (confirmed.confirmed_on, confirmed.legal_entity.as_ref());
            let now = Money::new(self.balance(on, balance.currency, entity), balance.currency);
            let discrepancy = Discrepancy {
                confirmation: confirmed.confirmation.clone(),
                confirmed_on: on,
                confirmed: balance,
                now,
            };
            (now != balance).then_some(discrepancy)
        });
        broken.collect()
    }

    /// Returns open items less unapplied credits on a day, of one entity and currency (rule R01).
    fn balance(&self, on: Date, currency: Currency, entity: Option<&LegalEntity>) -> i64 {
        let ours =
            |row: &ItemRow| row.open.currency == currency && row.legal_entity.as_ref() == entity;
        let open: i64 = self.rows(on).filter(ours).map(|row| row.open.minor).sum();
        let credits = self.credits.values().filter(|credit| {
            credit.amount.currency == currency && credit.legal_entity.as_ref() == entity
        });
        let left = credits.map(|credit| credit.standing(on).minor - until(&credit.used, on));
        open - left.sum::<i64>()
    }

    /// Returns what is owed on a day, and the part of it that was due before.
    pub fn owed(&self, on: Date) -> (Amounts, Amounts) {
        let (mut open, mut overdue) = (Amounts::default(), Amounts::default());
        for row in self.rows(on) {
            open.add(&row.open);
            if row.due_on < on {
                overdue.add(&row.open);
            }
        }
        (open, overdue)
    }

    /// Returns the first due day of what is open on a day and was due before.
    pub fn overdue_since(&self, on: Date) -> Option<Date> {
        let late = self.rows(on).filter(|row| row.due_on < on && row.open.minor > 0);
        late.map(|row| row.due_on).min()
    }

    /// Returns what came in until a day and was neither taken back nor refunded.
    pub fn received(&self, on: Date) -> Amounts {
        let mut received = Amounts::default();
        for ((kind, _), credit) in &self.credits {
            if *kind == CreditKind::Receipt {
                received.add(&credit.standing(on));
            }
        }
        received
    }

    /// Returns what is neither applied nor paid back of receipts and credit notes on a day.
    pub fn unapplied(&self, on: Date) -> Amounts {
        let mut unapplied = Amounts::default();
        for credit in self.credits.values() {
            let used = Money::new(until(&credit.used, on), credit.amount.currency);
            unapplied.add(&credit.standing(on));
            unapplied.subtract(&used);
        }
        unapplied
    }
}

impl Debt {
    fn row(&self, item: &ItemId, on: Date) -> ItemRow {
        let money = |minor| Money::new(minor, self.amount.currency);
        let amount = self.amount.minor + until(&self.amended, on);
        let taken = |counts: fn(CreditKind) -> bool| -> i64 {
            let until = self.taken.iter().filter(|(kind, day, _)| *day <= on && counts(*kind));
            until.map(|(_, _, minor)| minor).sum()
        };
        let collected = taken(|kind| kind == CreditKind::Receipt);
        let written_off = taken(|kind| kind == CreditKind::WriteOff);
        let credited = taken(|kind| !matches!(kind, CreditKind::Receipt | CreditKind::WriteOff));
        let mut agreed = self.due.iter().filter(|(agreed_on, _)| *agreed_on <= on);
        let first = self.due.first().map(|(_, due_on)| *due_on);
        let due_on = agreed.next_back().map(|(_, due_on)| *due_on).or(first);
        ItemRow {
            item: item.clone(),
            amount: money(amount),
            open: money(amount - collected - written_off - credited),
            collected: money(collected),
            credited: money(credited),
            written_off: money(written_off),
            document_on: self.document_on,
            due_on: due_on.unwrap_or(self.document_on),
            legal_entity: self.legal_entity.clone(),
        }
    }
}

impl Credit {
    /// What it is worth on a day, before anything is applied of it.
    fn standing(&self, on: Date) -> Money {
        let counts = self.counts_from <= on && self.reversed_on.is_none_or(|day| on < day);
        let minor = if counts { self.amount.minor - until(&self.refunded, on) } else { 0 };
        Money::new(minor, self.amount.currency)
    }
}
