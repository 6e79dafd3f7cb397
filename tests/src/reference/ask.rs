//! The language in which the reference model is asked and answers.

use std::collections::BTreeMap;

/// What is asked for. Records are known by small numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Ask {
    City { city: u8, on: i32 },
    Open { deal: u8, on: i32 },
    Stage { deal: u8, to: u8, on: i32 },
    Close { deal: u8, won: Option<i64>, on: i32 },
    Reopen { deal: u8, to: u8, on: i32 },
    Item { item: u8, amount: i64, document: i32, due: i32 },
    Postpone { item: u8, due: i32 },
    Receipt { receipt: u8, amount: i64, value: i32 },
    Apply { receipt: u8, lines: Vec<(u8, i64)>, on: Option<i32> },
    Share { receipt: u8, in_proportion: bool },
    Undo { application: String, on: Option<i32> },
    Bounce { receipt: u8, on: i32 },
    Note { note: u8, amount: i64, against: Option<u8>, on: i32 },
    WriteOff { item: u8, amount: i64, approved: bool, on: i32 },
    Refund { receipt: u8, amount: i64, on: i32 },
}

/// What is known of one customer at a basis; an item as open, collected, credited, written off, due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Answer {
    pub city: Option<u8>,
    pub deals_open: usize,
    pub won: i64,
    pub items: BTreeMap<u8, [i64; 5]>,
    pub overdue: i64,
    pub received: i64,
    pub unapplied: i64,
}
