//! Decisions about a contract after it was signed: E36, E37.
//!
//! An amendment leaves the instalments adding up to the total (I-38). Where the debt of an
//! instalment is open already, its item changes by as much on the day of the amendment and never
//! below what was applied or invoiced of it; its due day is changed by E42 alone.

use super::contract::{Contract, Line, PlannedReceipt};
use super::receivable::Item;
use super::{Context, Decide, Draft, Rejection};
use crate::event::contract::{
    ContractAmended, ContractClosed, ContractEnd, DebtOpenedBy, InstalmentChange, LineChange,
    Trigger,
};
use crate::event::receivable::{ItemSource, ReceivableOpened};
use crate::event::{Body, Envelope};
use crate::id::{ContractNumber, ItemId};
use crate::money::Money;
use crate::time::Date;

/// Finds the item of an instalment's debt.
fn item_of<'s>(
    state: &'s Draft<'_>,
    contract: &ContractNumber,
    number: u32,
) -> Option<(String, &'s Item)> {
    let id = format!("{contract}/{number}");
    let named = state.get::<Item>(&id).filter(|item| item.is_instalment(contract, number));
    if let Some(item) = named {
        return Some((id, item));
    }
    // An id of its own was given when the debt was opened.
    let mut all = state.each::<Item>();
    all.find(|(_, item)| item.is_instalment(contract, number))
        .map(|(id, item)| (id.to_owned(), item))
}

impl Decide for ContractAmended {
    fn complete(&mut self, _context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        let contract = super::require::<Contract>(state, "contract", self.contract.as_str())?;
        if self.amendment == 0 {
            self.amendment = contract.amendments.saturating_add(1);
        }
        for change in &mut self.instalments {
            let planned = contract.instalments.iter().find(|i| i.number == change.number);
            let trigger = planned.map_or(Trigger::Date, |planned| planned.trigger);
            change.trigger.get_or_insert(trigger);
            change.planned_on = change.planned_on.or(planned.map(|planned| planned.planned_on));
            if change.old_amount.is_none() {
                change.old_amount = planned.map(|i| Money::new(i.minor, contract.currency));
            }
            if change.item.is_none()
                && planned.is_some_and(|planned| planned.opened)
                && let Some((id, _)) = item_of(state, &self.contract, change.number)
            {
                change.item = Some(super::composed("the item's id", &id)?);
            }
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.contract.as_str();
        let contract = super::require::<Contract>(state, "contract", id)?;
        contract.require_open(&self.contract)?;
        let expected = contract.amendments.saturating_add(1);
        if self.amendment != expected {
            let (contract, actual) = (id.into(), self.amendment);
            return Err(Rejection::AmendmentOutOfTurn { contract, expected, actual });
        }
        let what = "the day of the amendment";
        if self.amended_on < contract.last_on {
            let (date, earliest) = (self.amended_on, contract.last_on);
            return Err(Rejection::DateOrder { what, date, earliest });
        }
        context.refuse_future_day(what, self.amended_on)?;
        if self.lines.is_empty() && self.instalments.is_empty() && self.total_change.minor == 0 {
            return Err(Rejection::NothingChanges { what: "the contract" });
        }
        self.check_lines(contract)?;
        let total = self.check_total(contract)?;
        self.check_instalments(contract, total, state)?;
        context.require_reason("an amendment")
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let mut opened = 0i64;
        for change in &self.instalments {
            let (Some(id), Some(old)) = (&change.item, change.old_amount) else { continue };
            let more = change.amount.minor.saturating_sub(old.minor);
            opened = opened.saturating_add(more);
            if let Some(item) = state.get_mut::<Item>(id.as_str()) {
                item.amend(self.amended_on, more);
            }
        }
        let Some(contract) = state.get_mut::<Contract>(self.contract.as_str()) else { return };
        contract.total = contract.total.saturating_add(self.total_change.minor);
        contract.opened = contract.opened.saturating_add(opened);
        let tax = self.tax_change.map_or(0, |tax| tax.minor);
        contract.tax = contract.tax.saturating_add(tax);
        contract.amendments = self.amendment;
        contract.last_on = self.amended_on;
        for change in &self.lines {
            change_line(&mut contract.lines, change);
        }
        for change in &self.instalments {
            change_instalment(&mut contract.instalments, change);
        }
    }

    /// Opens the debt of instalments that are now due by date (rule R02).
    fn consequences(
        &self,
        _context: &Context<'_>,
        state: &Draft<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        let contract = super::require::<Contract>(state, "contract", self.contract.as_str())?;
        if contract.debt_opened_by != DebtOpenedBy::Instalments {
            return Ok(Vec::new());
        }
        let due_by_date = |planned: &&PlannedReceipt| {
            let named = self.instalments.iter().any(|change| change.number == planned.number);
            named && !planned.opened && planned.trigger == Trigger::Date
        };
        let opened = contract.instalments.iter().filter(due_by_date).map(|planned| {
            Body::from(ReceivableOpened {
                item: ItemId::default(),
                source: ItemSource::ContractInstalment,
                document_on: self.amended_on,
                due_on: Some(planned.planned_on),
                amount: Money::new(planned.minor, contract.currency),
                contract: Some(self.contract.clone()),
                instalment: Some(planned.number),
                legal_entity: contract.legal_entity.clone(),
            })
        });
        Ok(opened.collect())
    }
}

fn change_line(lines: &mut Vec<Line>, change: &LineChange) {
    let by = change.quantity_change_thousandths;
    match lines.iter_mut().find(|line| line.line == change.line) {
        Some(line) => line.contracted = line.contracted.saturating_add(by),
        None => lines.push(Line {
            line: change.line,
            contracted: by,
            shipped: 0,
            dispatched: 0,
            arrived: 0,
        }),
    }
}

fn change_instalment(instalments: &mut Vec<PlannedReceipt>, change: &InstalmentChange) {
    let (Some(trigger), Some(planned_on)) = (change.trigger, change.planned_on) else { return };
    let opened = instalments.iter().any(|i| i.number == change.number && i.opened);
    instalments.retain(|planned| planned.number != change.number);
    if change.amount.minor > 0 || opened {
        instalments.push(PlannedReceipt {
            number: change.number,
            minor: change.amount.minor,
            trigger,
            planned_on,
            opened,
        });
    }
    instalments.sort_by_key(|planned| planned.number);
}

impl ContractAmended {
    fn check_lines(&self, contract: &Contract) -> Result<(), Rejection> {
        super::refuse_repeated("line", self.lines.iter().map(|change| change.line))?;
        for change in &self.lines {
            super::require_currency("the unit price", contract.currency, change.unit_price)?;
            super::require_currency("the line's amount", contract.currency, change.amount_change)?;
            super::refuse_negative("the unit price", Some(&change.unit_price))?;
            super::refuse_negative("the unit cost", change.unit_cost.as_ref())?;
            let (contracted, shipped) =
                contract.line(change.line).map_or((0, 0), |line| (line.contracted, line.shipped));
            let contracted = contracted.saturating_add(change.quantity_change_thousandths);
            if contracted < shipped.max(0) {
                let (line, id) = (change.line, self.contract.as_str().into());
                return Err(Rejection::LineBelowShipped {
                    contract: id,
                    line,
                    contracted,
                    shipped,
                });
            }
        }
        Ok(())
    }

    /// Checks the new total and its tax, and returns the total.
    fn check_total(&self, contract: &Contract) -> Result<Money, Rejection> {
        super::require_currency("the change of the total", contract.currency, self.total_change)?;
        let total = contract
            .total
            .checked_add(self.total_change.minor)
            .ok_or(Rejection::SumTooLarge { what: "the new total" })?;
        let total = Money::new(total, contract.currency);
        super::require_positive("the new total", total)?;
        if let Some(change) = self.tax_change {
            super::require_currency("the change of the tax", contract.currency, change)?;
            let tax = Money::new(contract.tax.saturating_add(change.minor), contract.currency);
            super::require_tax_within(Some(tax), total)?;
        }
        Ok(total)
    }

    /// Checks that the instalments add up to the new total (I-38), and each change.
    fn check_instalments(
        &self,
        contract: &Contract,
        total: Money,
        state: &Draft<'_>,
    ) -> Result<(), Rejection> {
        super::refuse_repeated("instalment", self.instalments.iter().map(|i| i.number))?;
        let mut after = contract.instalments.clone();
        for change in &self.instalments {
            self.check_change(change, contract, state)?;
            change_instalment(&mut after, change);
        }
        if after.is_empty() && contract.debt_opened_by == DebtOpenedBy::Invoices {
            return Ok(());
        }
        let sum = after.iter().fold(0i64, |sum, planned| sum.saturating_add(planned.minor));
        let sum = Money::new(sum, contract.currency);
        if sum == total {
            return Ok(());
        }
        Err(Rejection::InstalmentSum { contract: self.contract.as_str().into(), sum, total })
    }

    fn check_change(
        &self,
        change: &InstalmentChange,
        contract: &Contract,
        state: &Draft<'_>,
    ) -> Result<(), Rejection> {
        let (instalment, amount) = (change.number, change.amount);
        let id = || self.contract.as_str().into();
        super::require_currency("the instalment", contract.currency, amount)?;
        super::refuse_negative("the instalment", Some(&amount))?;
        let planned = contract.instalments.iter().find(|i| i.number == instalment);
        let Some((trigger, planned_on)) = change.trigger.zip(change.planned_on) else {
            return Err(Rejection::Missing { what: "the planned day of the instalment" });
        };
        let known = planned.map(|planned| Money::new(planned.minor, contract.currency));
        if change.old_amount != known {
            let planned = known.unwrap_or(Money::new(0, contract.currency));
            let amount = change.old_amount.unwrap_or(Money::new(0, contract.currency));
            return Err(Rejection::InstalmentDiffers {
                contract: id(),
                instalment,
                planned,
                amount,
            });
        }
        let Some(planned) = planned.filter(|planned| planned.opened) else {
            if planned.is_none() {
                super::require_positive("the instalment", amount)?;
            }
            if trigger == Trigger::Date && planned_on < self.amended_on && amount.minor > 0 {
                let (due_on, document_on) = (planned_on, self.amended_on);
                return Err(Rejection::DueBeforeDocument { due_on, document_on });
            }
            return Ok(());
        };
        if planned.trigger != trigger || planned.planned_on != planned_on {
            return Err(Rejection::InstalmentFixed { contract: id(), instalment });
        }
        let Some((name, item)) = item_of(state, &self.contract, instalment) else { return Ok(()) };
        if change.item.as_ref().is_none_or(|said| said.as_str() != name) {
            return Err(Rejection::RecordUnknown { what: "receivable item", id: name.into() });
        }
        let less = planned.minor.saturating_sub(amount.minor);
        let (on, open) = item.open_from(self.amended_on.max(item.document_on));
        if less > open.minor {
            let applied = item.money(planned.minor.saturating_sub(open.minor));
            let (contract, asked) = (id(), amount);
            return Err(Rejection::InstalmentShrunk { contract, instalment, applied, asked, on });
        }
        if item.covered > amount.minor {
            let covered = item.money(item.covered);
            return Err(Rejection::CoveredBeyondItem { item: name.into(), amount, covered });
        }
        Ok(())
    }
}

impl Decide for ContractClosed {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.contract.as_str();
        let contract = super::require::<Contract>(state, "contract", id)?;
        contract.require_open(&self.contract)?;
        let what = "the day the contract ended";
        if self.closed_on < contract.last_on {
            let (date, earliest) = (self.closed_on, contract.last_on);
            return Err(Rejection::DateOrder { what, date, earliest });
        }
        context.refuse_future_day(what, self.closed_on)?;
        for (item_id, item) in state.each::<Item>() {
            if item.contract.as_ref() != Some(&self.contract) {
                continue;
            }
            let open = item.open_on(Date(i32::MAX));
            if open.minor > 0 {
                let (contract, item) = (id.into(), item_id.into());
                return Err(Rejection::ContractOwes { contract, item, open });
            }
        }
        let ahead = contract.instalments.iter().find(|planned| !planned.opened);
        match (self.outcome, ahead) {
            (ContractEnd::Completed, Some(ahead))
                if contract.debt_opened_by == DebtOpenedBy::Instalments =>
            {
                let (contract, instalment) = (id.into(), ahead.number);
                Err(Rejection::InstalmentAhead { contract, instalment })
            }
            (ContractEnd::Terminated, _) => context.require_reason("ending a contract early"),
            (ContractEnd::Completed, _) => Ok(()),
        }
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(contract) = state.get_mut::<Contract>(self.contract.as_str()) {
            contract.closed_on = Some(self.closed_on);
        }
    }
}
