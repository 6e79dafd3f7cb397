//! Customers' pages, kept as they were given out for as long as nothing about them changes.
//!
//! A page at the basis now follows from its customer's stream and the time. It is kept until the moment
//! at which the passing of time changes it, and let go when an event comes to its customer's stream; an
//! event outside customers' streams, which pages may rest on too, lets all go.
//!
//! Invariant: what is given out is byte for byte what would be made anew, at the position it names.
//! What this module does not do: pages of the past are not kept, and nothing of it is written down.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use daybook_core::id::CustomerCode;
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{Reader, SubmitError};
use daybook_core::position::Position;
use daybook_core::time::Timestamp;

/// What all pages together may take; beyond it all are let go.
const SIZE_BYTES_MAX: usize = 64 << 20;
/// So many events since the last look are looked through; after more of them all pages are let go.
const FOLLOWED_MAX: u64 = 1000;

/// The pages of one ledger.
#[derive(Default)]
pub struct Pages {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The pages hold at every position up to this one.
    next: Position,
    pages: HashMap<CustomerCode, Vec<Page>>,
    size_bytes: usize,
}

/// A page without its basis.
#[derive(Clone)]
struct Page {
    limit: usize,
    until: Timestamp,
    rest: Bytes,
}

impl Pages {
    /// Returns a page and the position it holds at, when that needs no look at the log.
    pub fn at_once(
        &self,
        reader: &Reader,
        customer: &CustomerCode,
        limit: usize,
        now: Timestamp,
    ) -> Option<(Position, Bytes)> {
        let kept = self.kept.try_lock().ok()?;
        if kept.next == reader.head().next { kept.page(customer, limit, now) } else { None }
    }

    /// Returns a page and the position it holds at, after a look at what came since.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub fn look_up(
        &self,
        reader: &Reader,
        customer: &CustomerCode,
        limit: usize,
        now: Timestamp,
    ) -> Result<Option<(Position, Bytes)>, SubmitError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.follow(reader)?;
        Ok(kept.page(customer, limit, now))
    }

    /// Keeps a page that was made at a position.
    pub fn keep(
        &self,
        customer: CustomerCode,
        limit: usize,
        position: Position,
        until: Timestamp,
        rest: Bytes,
    ) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // What came between the two positions was looked through already.
        if kept.next > position {
            return;
        }
        if kept.size_bytes + rest.len() > SIZE_BYTES_MAX {
            kept.let_go();
        }
        kept.size_bytes += rest.len();
        let pages = kept.pages.entry(customer).or_default();
        let before = pages.iter().position(|page| page.limit == limit);
        let before = before.map(|at| pages.swap_remove(at).rest.len());
        pages.push(Page { limit, until, rest });
        kept.size_bytes -= before.unwrap_or(0);
    }
}

impl Kept {
    fn page(
        &self,
        customer: &CustomerCode,
        limit: usize,
        now: Timestamp,
    ) -> Option<(Position, Bytes)> {
        let pages = self.pages.get(customer)?;
        let page = pages.iter().find(|page| page.limit == limit && now <= page.until)?;
        Some((self.next, page.rest.clone()))
    }

    fn let_go(&mut self) {
        self.pages.clear();
        self.size_bytes = 0;
    }

    fn follow(&mut self, reader: &Reader) -> Result<(), SubmitError> {
        let head = reader.head().next;
        if head.0.saturating_sub(self.next.0) > FOLLOWED_MAX {
            self.let_go();
        }
        if !self.pages.is_empty() {
            let query = Query { from: Some(self.next), before: Some(head), ..Query::default() };
            for found in reader.events(query) {
                let event = match found {
                    Ok((event, _)) => event,
                    Err(error) => {
                        self.let_go();
                        return Err(error);
                    }
                };
                match event.envelope.stream.customer() {
                    Some(customer) => {
                        let gone = self.pages.remove(customer).unwrap_or_default();
                        let gone: usize = gone.iter().map(|page| page.rest.len()).sum();
                        self.size_bytes -= gone;
                    }
                    None => self.let_go(),
                }
            }
        }
        self.next = self.next.max(head);
        Ok(())
    }
}
