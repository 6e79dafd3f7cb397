//! The first events of a ledger: the book's opening, the first layouts, the default policies.

use std::sync::Arc;

use super::Parts;
use super::attach::Lent;
use super::batch::SubmitError;
use super::prepare::{Asker, Desk, Sheet, book_marks};
use super::read::{Reader, now_or_block};
use super::states::States;
use crate::decide::book::default_policies;
use crate::decide::{BookState, Rejection};
use crate::event::book::BookOpened;
use crate::event::{Actor, Source};
use crate::id::{BookId, Label, LegalEntity, Line};
use crate::money::Currency;
use crate::proof::head::HeadSigner;
use crate::store::Group;
use crate::vault::{FIRST_SUBJECT_SLOT, SIGNING_SLOT};

/// What `init` decides once and for all.
#[derive(Debug, Clone)]
pub struct Genesis {
    /// The book's id.
    pub book: BookId,
    /// Its name.
    pub name: Line,
    /// The IANA zone in which days begin and end.
    pub zone: Label,
    /// The owner's currency.
    pub functional_currency: Currency,
    /// The owner's legal entities.
    pub legal_entities: Vec<LegalEntity>,
    /// First month of the fiscal year.
    pub fiscal_year_start_month: u8,
    /// Country calling code for phone numbers given without one.
    pub default_calling_code: Option<Label>,
    /// Who founds the book.
    pub actor: Actor,
    /// Through what.
    pub source: Source,
}

/// Why a book was not founded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FoundError {
    /// The log already holds events.
    #[error("the log already holds {events} events")]
    NotEmpty {
        /// How many.
        events: u64,
    },
    /// What was asked for is against the rules.
    #[error("the book cannot be opened like this")]
    Refused(#[from] Rejection),
    /// Something is broken.
    #[error("the first events could not be written")]
    Broken(#[from] SubmitError),
}

/// Writes the first events of a ledger, durably.
///
/// # Errors
/// [`FoundError`]; nothing is written then.
pub fn found(parts: &mut Parts, genesis: &Genesis) -> Result<(), FoundError> {
    let events = parts.store.head().next.0;
    if events > 0 {
        return Err(FoundError::NotEmpty { events });
    }
    let broken = |error: crate::vault::VaultError| SubmitError::from(error);
    parts.vault.provision(FIRST_SUBJECT_SLOT, &mut *parts.entropy).map_err(broken)?;
    let seed = parts.vault.key(SIGNING_SLOT).map_err(broken)?;
    let opened = BookOpened {
        book: genesis.book,
        name: genesis.name.clone(),
        zone: genesis.zone.clone(),
        functional_currency: genesis.functional_currency,
        legal_entities: genesis.legal_entities.clone(),
        fiscal_year_start_month: genesis.fiscal_year_start_month,
        default_calling_code: genesis.default_calling_code.clone(),
        signing_key: HeadSigner::new(&seed).public_key(),
    };
    let entropy = std::mem::replace(&mut parts.entropy, Box::new(Spent));
    let mut desk = Desk {
        reader: Reader::of(parts),
        store: Arc::clone(&parts.store),
        book_marks: book_marks(&*parts.vault).map_err(broken)?,
        vault: Arc::clone(&parts.vault),
        attachments: Arc::clone(&parts.attachments),
        lent: Lent::default(),
        entropy,
        book: BookState::default(),
        states: States::new(1 << 20),
        published: Vec::new(),
        series: std::collections::HashMap::new(),
        scratch: Vec::new(),
        arena: bytes::BytesMut::new(),
        spare: Sheet::default(),
    };
    let now = parts.clock.now();
    let asker = Asker { actor: &genesis.actor, source: &genesis.source, now };
    let written = desk.found(opened, default_policies(), &asker);
    parts.entropy = desk.entropy;
    let pending = written??;
    let group = Group {
        first: pending.first,
        records: pending.records,
        next_key_slot: pending.next_key_slot,
    };
    now_or_block(parts.store.append(group)).map_err(SubmitError::from)?;
    Ok(())
}

/// Stands in while the real source is lent out; never asked.
struct Spent;

impl crate::time::Entropy for Spent {
    fn fill(&mut self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}
