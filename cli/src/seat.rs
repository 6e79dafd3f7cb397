//! Who answers for a ledger: this process when it gets the directory's lock, otherwise whoever has
//! it, through the private socket in the directory.
//!
//! Invariant: while this process holds the ledger it answers for it, on a thread of its own that no
//! pager and no terminal can stop; it shuts the socket before it gives up the lock. Whoever finds
//! neither lock nor answer within [`PATIENCE`] refuses and names the holder.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use daybook_core::book::BookError;
use daybook_core::ledger::Ledger;
use daybook_core::store::local::{IndexState, OpenReport, StoreOpenError};
use daybook_server::client::{Lost, Reconnect, Transport};
use daybook_server::serve::{Door, Grace, Limits, PrivateSocket, Server, Watch, serve};
use daybook_server::{App, router};
use tokio::sync::oneshot;

use crate::error::CliError;
use crate::render::Lang;

/// How long a command waits for the lock or an answer.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait before looking again.
pub(crate) const PAUSE: Duration = Duration::from_millis(10);
/// What others may still finish when this command is done. Their imports are not waited for: they
/// go on by themselves, in a process of their own.
const GRACE: Grace = Grace { calls: Duration::from_secs(2), streams: Duration::ZERO };

/// This process's place at a ledger.
pub struct Seat {
    dir: PathBuf,
    command: String,
    lang: Lang,
    held: Mutex<Option<Held>>,
}

/// A ledger that is open here.
struct Held {
    app: App,
    counter: Option<Counter>,
}

/// The thread that answers other commands.
struct Counter {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Seat {
    /// Prepares to find out who answers for the ledger in a directory.
    pub const fn new(dir: PathBuf, command: String, lang: Lang) -> Seat {
        Seat { dir, command, lang, held: Mutex::new(None) }
    }

    /// Takes over a ledger that is open in this process already.
    pub fn taken(ledger: Ledger, dir: PathBuf, lang: Lang) -> Seat {
        let app = crate::book::app(ledger, &dir);
        let counter = Counter::open(&dir, &app);
        let held = Mutex::new(Some(Held { app, counter }));
        Seat { dir, command: String::new(), lang, held }
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds out who answers.
    async fn sit(&self) -> Result<Transport, CliError> {
        let started = Instant::now();
        let mut named = None;
        loop {
            match self.hold()? {
                Ok(transport) => return Ok(transport),
                Err(holder) => named = newer(named, holder),
            }
            let left = PATIENCE.saturating_sub(started.elapsed());
            if let Some(transport) = self.ask(left).await {
                return Ok(transport);
            }
            match named {
                Some(holder) if started.elapsed() >= PATIENCE => {
                    return Err(BookError::Log(holder).into());
                }
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Opens the ledger here; the inner error tells who has it open instead.
    fn hold(&self) -> Result<Result<Transport, StoreOpenError>, CliError> {
        let mut held = self.held();
        let app = match &*held {
            Some(held) => held.app.clone(),
            None => match crate::book::open(&self.dir, &self.command) {
                Ok(book) => {
                    if std::io::stderr().is_terminal() || !book.report.closed_in_order {
                        note(&book.report, self.lang);
                    }
                    let app = crate::book::app(book.ledger, &self.dir);
                    let counter = Counter::open(&self.dir, &app);
                    *held = Some(Held { app: app.clone(), counter });
                    app
                }
                Err(BookError::Log(holder @ StoreOpenError::Held { .. })) => {
                    return Ok(Err(holder));
                }
                Err(error) => return Err(error.into()),
            },
        };
        Ok(Ok(Transport::in_process(router(app))))
    }

    /// Asks whoever listens on the private socket whether they answer.
    async fn ask(&self, patience: Duration) -> Option<Transport> {
        let transport = Transport::private(&self.dir);
        let answer = tokio::time::timeout(patience, transport.is_alive()).await;
        answer.unwrap_or(false).then_some(transport)
    }

    /// Stops answering, and closes the ledger in order if it is held here.
    ///
    /// # Errors
    /// [`CliError`]; what was acknowledged is in the journal all the same.
    pub fn leave(&self) -> Result<(), CliError> {
        let Some(held) = self.held().take() else { return Ok(()) };
        if let Some(counter) = held.counter {
            counter.shut();
        }
        Ok(held.app.ledger.close()?)
    }
}

impl Drop for Seat {
    /// A command that ends with an error closes the ledger in order all the same.
    fn drop(&mut self) {
        let _ = self.leave();
    }
}

/// Keeps the better name: the file is empty for a moment when its holder changes.
fn newer(named: Option<StoreOpenError>, holder: StoreOpenError) -> Option<StoreOpenError> {
    match (&named, &holder) {
        (Some(_), StoreOpenError::Held { pid: 0, .. }) => named,
        _ => Some(holder),
    }
}

#[async_trait::async_trait]
impl Reconnect for Seat {
    async fn again(&self) -> Result<Transport, Lost> {
        Ok(self.sit().await?)
    }
}

impl Counter {
    /// Starts answering others. Without a socket, on a file system that has none say, they have to
    /// wait until this command is done.
    fn open(dir: &Path, app: &App) -> Option<Counter> {
        let socket = PrivateSocket::bind(dir).ok()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let app = app.clone();
        let (stop, stopped) = oneshot::channel();
        let answer = move || {
            let stopped = async {
                // The sender that is gone means the same as one that has spoken.
                let _ = stopped.await;
            };
            let watch = Arc::new(Watch::over(app.ledger.clone(), None));
            let server =
                Server { router: router(app), limits: Limits::trusted(), grace: GRACE, watch };
            let served = runtime.block_on(serve(vec![Door::Private(socket)], server, stopped));
            // Reads that were cut off end by themselves with the process.
            runtime.shutdown_background();
            drop(served);
        };
        let thread = std::thread::Builder::new().name("daybook-serve".to_owned()).spawn(answer);
        Some(Counter { stop, thread: thread.ok()? })
    }

    fn shut(self) {
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}

/// Says on standard error what opening the ledger had to repair.
pub(crate) fn note(report: &OpenReport, lang: Lang) {
    if let Some(cut) = &report.quarantined {
        match lang {
            Lang::En => {
                crate::note!(
                    "note: a write was cut off when the ledger last stopped; nothing acknowledged \
                     is lost"
                );
                crate::note!("note: its bytes were moved aside: {cut:?}");
            }
            Lang::Zh => {
                crate::note!("注意：账簿上次停止时有一次写入中断；已确认的内容没有丢失");
                crate::note!("注意：其字节已移到一旁：{cut:?}");
            }
        }
    }
    if let IndexState::Rebuilt { reason } = &report.index {
        match lang {
            Lang::En => crate::note!("note: the index was rebuilt from the journal ({reason})"),
            Lang::Zh => crate::note!("注意：索引已由日志重建（{reason}）"),
        }
    }
}
