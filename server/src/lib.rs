//! Daybook's interface: the HTTP API over a ledger, and the import engine behind it.
//!
//! Everything a command line or a page can do goes through [`router`]; whoever holds the ledger
//! calls it in process ([`client`]) or over a socket. No business rule lives here: rules are decided
//! by the ledger, views are folded by the projections.

pub mod api;
pub mod calendar;
pub mod client;
pub mod consumers;
pub mod contacts;
pub mod directory;
pub mod export;
pub mod import;
pub mod mail;
pub mod pages;
pub mod serve;
pub mod suggest;
pub mod text;
pub mod when;

use std::path::Path;
use std::sync::Arc;

use daybook_core::ledger::Ledger;
use daybook_core::time::Clock;
use daybook_projections::engine::Views;

pub use api::router;

/// What the handlers share; made by [`App::new`] and nowhere else.
#[derive(Clone)]
#[non_exhaustive]
pub struct App {
    /// The open ledger.
    pub ledger: Ledger,
    /// The time, for questions about now.
    pub clock: Arc<dyn Clock>,
    /// Who has which address.
    pub directory: Arc<directory::Directory>,
    /// Which messages the ledger has.
    pub known_mail: Arc<mail::known::KnownMail>,
    /// How far other programs have come with the feed.
    pub consumers: consumers::Consumers,
    /// Customers' pages that are still as they were.
    pub pages: Arc<pages::Pages>,
    /// The views kept as columns.
    pub views: Arc<Views>,
}

impl App {
    /// Puts together what the handlers need over an open ledger.
    pub fn new(ledger: Ledger, clock: Arc<dyn Clock>) -> App {
        App {
            ledger,
            clock,
            directory: Arc::default(),
            known_mail: Arc::default(),
            pages: Arc::default(),
            consumers: consumers::Consumers::default(),
            views: Arc::new(Views::new(None, 1)),
        }
    }

    /// Keeps what outlives the process, besides the ledger itself, in the ledger's directory.
    #[must_use]
    pub fn beside(mut self, dir: &Path) -> App {
        self.consumers = consumers::Consumers::beside(dir);
        self
    }

    /// Keeps views in the ledger's directory, and folds and asks them on so many threads.
    #[must_use]
    pub fn keeping_views(self, dir: &Path, threads: usize) -> App {
        App { views: Arc::new(Views::new(Some(dir), threads)), ..self }
    }
}
