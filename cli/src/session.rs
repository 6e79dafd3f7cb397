//! One call of the command: the way to the ledger it is about, its client, and how it speaks.
//!
//! Invariant: a command needs not know whether it holds the ledger itself or calls whoever does, nor
//! whether that changes while it runs; [`crate::seat`] decides.

use std::sync::Arc;

use daybook_server::client::{Client, Reconnect as _};

use crate::commands::Global;
use crate::error::{CliError, Exit};
use crate::seat::Seat;
use crate::text::Text;

/// A way to a ledger and a client of its interface.
pub struct Session {
    /// The client.
    pub client: Client,
    /// Runs the calls.
    runtime: tokio::runtime::Runtime,
    seat: Arc<Seat>,
}

impl Session {
    /// Finds the way to the ledger a command is about: opens it, or calls whoever has it open.
    ///
    /// # Errors
    /// [`CliError`].
    pub fn open(global: &Global, command: &str) -> Result<Session, CliError> {
        Session::at(
            Seat::new(global.dir().to_owned(), command.to_owned(), global.language()),
            global,
        )
    }

    /// Wraps a ledger that is open already.
    ///
    /// # Errors
    /// [`CliError`].
    pub fn over(
        ledger: daybook_core::ledger::Ledger,
        global: &Global,
    ) -> Result<Session, CliError> {
        Session::at(Seat::taken(ledger, global.dir().to_owned(), global.language()), global)
    }

    fn at(seat: Seat, global: &Global) -> Result<Session, CliError> {
        let seat = Arc::new(seat);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
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
        let transport = runtime.block_on(seat.again());
        let transport = transport.map_err(CliError::from_lost)?;
        let client = Client::over(transport, global.actor.clone());
        let client = client.speaking(global.language().tag());
        let client = client.reconnecting(Arc::<Seat>::clone(&seat));
        Ok(Session { client, runtime, seat })
    }

    /// Runs calls to their end.
    pub fn wait<T>(&self, calls: impl Future<Output = T>) -> T {
        self.runtime.block_on(calls)
    }

    /// Closes the ledger in order, if it is held here.
    ///
    /// # Errors
    /// [`CliError`]; what was acknowledged is in the journal all the same.
    pub fn close(self) -> Result<(), CliError> {
        let Session { client, runtime, seat } = self;
        drop(client);
        drop(runtime);
        seat.leave()
    }
}
