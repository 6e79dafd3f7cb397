//! Instalments whose debt is opened by what happens: goods leave, arrive, or are invoiced (R04).
//!
//! Several instalments with one trigger are reached one after the other. The last of them, and so
//! also a single one, waits until everything contracted has left or arrived; an invoice reaches
//! the next one at once. What was opened by hand before is not opened again.

use super::contract::{Contract, PlannedReceipt};
use crate::event::Body;
use crate::event::contract::{DebtOpenedBy, Trigger};
use crate::event::receivable::{ItemSource, ReceivableOpened};
use crate::id::{ContractNumber, ItemId};
use crate::money::Money;
use crate::time::Date;

/// How far the goods of a contract have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// A part.
    Part,
    /// All of them.
    Whole,
}

impl Progress {
    /// Compares what was contracted of every line with what has come so far.
    pub fn of(contract: &Contract, come: impl Fn(&super::contract::Line) -> i64) -> Progress {
        match contract.lines.iter().all(|line| come(line) >= line.contracted) {
            true => Progress::Whole,
            false => Progress::Part,
        }
    }
}

/// Returns the debts that are opened when goods leave or arrive.
pub(super) fn by_goods(
    number: &ContractNumber,
    contract: &Contract,
    trigger: Trigger,
    progress: Progress,
    on: Date,
) -> Vec<Body> {
    let waiting = waiting(contract, trigger);
    let reached = match progress {
        Progress::Whole => waiting.len(),
        Progress::Part => waiting.len().saturating_sub(1).min(1),
    };
    waiting.into_iter().take(reached).map(|planned| opened(number, contract, planned, on)).collect()
}

/// Returns the debt that is opened when an invoice names the contract.
pub(super) fn by_invoice(number: &ContractNumber, contract: &Contract, on: Date) -> Vec<Body> {
    let next = waiting(contract, Trigger::OnInvoice).into_iter().next();
    next.into_iter().map(|planned| opened(number, contract, planned, on)).collect()
}

/// Returns the instalments that wait for a trigger, in order of their numbers.
fn waiting(contract: &Contract, trigger: Trigger) -> Vec<&PlannedReceipt> {
    let opens = contract.debt_opened_by == DebtOpenedBy::Instalments;
    let waits = |planned: &&PlannedReceipt| {
        planned.trigger == trigger && !planned.opened && planned.minor > 0
    };
    let mut waiting: Vec<_> = contract.instalments.iter().filter(waits).collect();
    waiting.sort_by_key(|planned| planned.number);
    waiting.retain(|_| opens && contract.closed_on.is_none());
    waiting
}

fn opened(
    number: &ContractNumber,
    contract: &Contract,
    planned: &PlannedReceipt,
    on: Date,
) -> Body {
    Body::from(ReceivableOpened {
        item: ItemId::default(),
        source: ItemSource::ContractInstalment,
        document_on: on,
        due_on: None,
        amount: Money::new(planned.minor, contract.currency),
        contract: Some(number.clone()),
        instalment: Some(planned.number),
        legal_entity: contract.legal_entity.clone(),
    })
}
