//! A real `daybook serve` that is killed, stopped and started again while others call it.
//!
//! Half of the time there is a pause before the next start: then whichever command comes by holds the
//! ledger, and answers the others, until the next server takes over.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::child::built;
use super::{Dice, TortureError, io};

/// The server of one run.
pub(super) struct Served {
    pub(super) dir: PathBuf,
    program: PathBuf,
    heads: PathBuf,
    token_file: PathBuf,
    errors: PathBuf,
    address: Mutex<Option<String>>,
    over: AtomicBool,
    pub(super) killed: AtomicU64,
    pub(super) stopped: AtomicU64,
}

impl Served {
    /// Prepares to serve the ledger in `dir`, with files of its own beside it.
    pub(super) fn new(dir: &Path) -> Result<Served, TortureError> {
        let folder = dir.parent().unwrap_or(dir);
        Ok(Served {
            dir: dir.to_owned(),
            program: built("daybook")?,
            heads: folder.join("heads-outside"),
            token_file: folder.join("token"),
            errors: folder.join("errors"),
            address: Mutex::new(None),
            over: AtomicBool::new(false),
            killed: AtomicU64::new(0),
            stopped: AtomicU64::new(0),
        })
    }

    /// Returns a command on the ledger.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let folder = self.dir.parent().unwrap_or(&self.dir);
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", folder)
            .env("LC_ALL", "C.UTF-8")
            .env("DAYBOOK_DIR", &self.dir)
            .env("DAYBOOK_HEADS", &self.heads)
            .stdin(Stdio::null());
        command
    }

    /// Returns where the server listens, if one does.
    pub(super) fn address(&self) -> Option<String> {
        self.address.lock().ok()?.clone()
    }

    /// Returns the token callers show.
    pub(super) fn token(&self) -> String {
        std::fs::read_to_string(&self.token_file).unwrap_or_default().trim().to_owned()
    }

    /// Ends [`Served::keep`] after the server that runs now.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Starts servers and ends them, one after the other, until told to stop.
    pub(super) fn keep(&self, mut dice: Dice) -> Result<(), TortureError> {
        while !self.is_over() {
            let mut server = self.start()?;
            let life = Duration::from_millis(30 + dice.below(900));
            let begun = std::time::Instant::now();
            while begun.elapsed() < life && !self.is_over() {
                std::thread::sleep(Duration::from_millis(2));
            }
            let gone = io("ending the server");
            if self.is_over() || dice.below(5) == 0 {
                self.stopped.fetch_add(1, Ordering::SeqCst);
                let pid = Pid::from_child(&server);
                kill_process(pid, Signal::TERM).map_err(|error| gone(error.into()))?;
                let ended = server.wait().map_err(io("waiting for the server"))?;
                self.forget();
                if !ended.success() {
                    let source = std::io::Error::other(format!("it ended with {ended}"));
                    return Err(TortureError::Io { what: "stopping the server in order", source });
                }
            } else {
                self.killed.fetch_add(1, Ordering::SeqCst);
                server.kill().map_err(gone)?;
                server.wait().map_err(io("waiting for the server"))?;
                self.forget();
            }
            if dice.below(2) == 0 {
                std::thread::sleep(Duration::from_millis(dice.below(250)));
            }
        }
        Ok(())
    }

    /// Serves while `call` runs, and stops in order.
    pub(super) fn undisturbed(
        &self,
        call: impl FnOnce(&str, &str) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut server = self.start().map_err(|error| error.to_string())?;
        let done = call(&self.address().unwrap_or_default(), &self.token());
        self.forget();
        let stopped = kill_process(Pid::from_child(&server), Signal::TERM);
        stopped.map_err(|error| error.to_string())?;
        server.wait().map_err(|error| error.to_string())?;
        done
    }

    fn forget(&self) {
        if let Ok(mut address) = self.address.lock() {
            *address = None;
        }
    }

    /// Starts a server and returns when it has said where it listens.
    fn start(&self) -> Result<Child, TortureError> {
        let starting = io("starting the server");
        let errors = std::fs::OpenOptions::new().create(true).append(true).open(&self.errors);
        let token_file = self.token_file.display().to_string();
        let words =
            ["serve", "--listen", "127.0.0.1:0", "--log", "off", "--token-file", &token_file];
        let mut server = self
            .command(&words)
            .stdout(Stdio::piped())
            .stderr(errors.map_err(&starting)?)
            .spawn()
            .map_err(&starting)?;
        let mut first = String::new();
        if let Some(out) = server.stdout.take() {
            let mut out = BufReader::new(out);
            out.read_line(&mut first).map_err(&starting)?;
            // What it says later must not find a closed pipe.
            std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        }
        let Some((_, address)) = first.trim_end().rsplit_once("http://") else {
            drop(server.kill());
            drop(server.wait());
            let said = std::fs::read_to_string(&self.errors).unwrap_or_default();
            return Err(starting(std::io::Error::other(format!("it said {first:?} {said}"))));
        };
        let address = address.split(' ').next().unwrap_or(address).to_owned();
        if let Ok(mut place) = self.address.lock() {
            *place = Some(address);
        }
        Ok(server)
    }
}
