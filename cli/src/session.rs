//! One call of the command: the ledger it has open, its client, and how it speaks.

use std::io::IsTerminal;
use std::sync::Arc;

use daybook_core::store::local::IndexState;
use daybook_server::client::Client;
use daybook_server::{App, router};

use crate::commands::Global;
use crate::error::{CliError, Exit};
use crate::system::SystemClock;
use crate::text::Text;

/// An open ledger and a client of its interface.
pub struct Session {
    /// The client.
    pub client: Client,
    /// Runs the calls.
    runtime: tokio::runtime::Runtime,
    ledger: daybook_core::ledger::Ledger,
}

impl Session {
    /// Opens the ledger a command is about.
    ///
    /// # Errors
    /// [`CliError`].
    pub fn open(global: &Global, command: &str) -> Result<Session, CliError> {
        let book = crate::book::open(global.dir(), command)?;
        if std::io::stderr().is_terminal() || !book.report.closed_in_order {
            note(&book.report);
        }
        Session::over(book.ledger, &global.actor)
    }

    /// Wraps a ledger that is open already.
    ///
    /// # Errors
    /// [`CliError`].
    pub fn over(ledger: daybook_core::ledger::Ledger, actor: &str) -> Result<Session, CliError> {
        let app = App::new(ledger.clone(), Arc::new(SystemClock));
        let client = Client::new(router(app), actor.to_owned());
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| CliError {
            exit: Exit::Broken,
            code: "runtime".to_owned(),
            message: Text::new(
                format!("the command could not start its threads: {error}"),
                format!("命令无法启动线程：{error}"),
            ),
            hint: Text::from((
                "try again when the machine has more memory free",
                "请在机器有更多空闲内存时再试",
            )),
        })?;
        Ok(Session { client, runtime, ledger })
    }

    /// Runs calls to their end.
    pub fn wait<T>(&self, calls: impl Future<Output = T>) -> T {
        self.runtime.block_on(calls)
    }

    /// Closes the ledger in order.
    ///
    /// # Errors
    /// [`CliError`]; what was acknowledged is in the journal all the same.
    pub fn close(self) -> Result<(), CliError> {
        let Session { client, runtime, ledger } = self;
        drop(client);
        drop(runtime);
        Ok(ledger.close()?)
    }
}

/// Says on standard error what opening the ledger had to repair.
fn note(report: &daybook_core::store::local::OpenReport) {
    if let Some(cut) = &report.quarantined {
        eprintln!(
            "note: a write was cut off when the ledger last stopped; nothing acknowledged is lost"
        );
        eprintln!("note: its bytes were moved aside: {cut:?}");
    }
    if let IndexState::Rebuilt { reason } = &report.index {
        eprintln!("note: the index was rebuilt from the journal ({reason})");
    }
}
