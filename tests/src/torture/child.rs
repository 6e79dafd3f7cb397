//! Running the child under the recorder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use daybook_core::store::local::OpenReport;
use serde_json::Value;

use super::tortured::What;
use super::{TortureError, io};

/// What must be free in memory for a trial to run there; the largest takes a tenth of it.
const IN_MEMORY_SIZE_BYTES: u64 = 4 << 30;

/// One trial's files: a folder with the ledger, the outside tree heads, the acks and the log.
#[derive(Debug)]
pub struct Trial {
    folder: tempfile::TempDir,
    variables: BTreeMap<&'static str, String>,
    seed: u64,
    what: What,
}

impl Trial {
    /// Makes the folder.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(what: What, seed: u64) -> Result<Trial, TortureError> {
        // Memory is as good as a disk here, if there is enough: what matters is recorded, and nothing
        // is cut off. In a container there may be next to none.
        let memory = Path::new("/dev/shm");
        let builder = tempfile::Builder::new().prefix("daybook-torture-").to_owned();
        let roomy = free_size_bytes(memory) >= IN_MEMORY_SIZE_BYTES;
        let folder = if roomy { builder.tempdir_in(memory) } else { builder.tempdir() };
        let folder = folder.map_err(io("making a folder for a trial"))?;
        std::fs::create_dir(folder.path().join("root")).map_err(io("making a folder"))?;
        Ok(Trial { folder, variables: BTreeMap::new(), seed, what })
    }

    /// Returns the watched folder.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// Returns the ledger's directory.
    pub fn book(&self) -> PathBuf {
        self.root().join("book")
    }

    /// Returns the recorder's log.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Returns the file whose being there means that the disk is full.
    pub fn full(&self) -> PathBuf {
        self.folder.path().join("full")
    }

    /// Returns the ack file.
    pub fn acks(&self) -> PathBuf {
        self.folder.path().join("acks")
    }

    /// Sets one of the recorder's variables for the next runs.
    pub fn set(&mut self, name: &'static str, value: impl std::fmt::Display) -> &mut Self {
        self.variables.insert(name, value.to_string());
        self
    }

    /// Forgets the recorder's variables.
    pub fn unset(&mut self) -> &mut Self {
        self.variables.clear();
        self
    }

    /// Records from now on.
    pub fn record(&mut self) -> &mut Self {
        let log = self.log().display().to_string();
        self.set("DAYBOOK_REC_LOG", log)
    }

    /// Starts the child, which is to append so many groups.
    ///
    /// # Errors
    /// What is missing or the system says.
    pub fn start(&self, groups: u64) -> Result<Child, TortureError> {
        let (child, recorder) = (built("torture_child")?, built("libdaybook_recorder.so")?);
        let full = self.full();
        Command::new(child)
            .arg(self.what.word())
            .arg(self.book())
            .arg(groups.to_string())
            .arg(self.seed.to_string())
            .arg(self.acks())
            .arg(full)
            .env("LD_PRELOAD", recorder)
            .env("DAYBOOK_REC_ROOT", self.root())
            .env("DAYBOOK_REC_ACKS", self.acks())
            .envs(&self.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(io("starting the child"))
    }

    /// Runs the child to its end and returns what it said; nothing when it was killed.
    ///
    /// # Errors
    /// What is missing or the system says.
    pub fn run(&self, groups: u64) -> Result<Option<Value>, TortureError> {
        let output = self.start(groups)?.wait_with_output().map_err(io("waiting for the child"))?;
        Ok(said(&output))
    }

    /// Returns how many groups were acknowledged.
    pub fn acked(&self) -> u64 {
        let text = std::fs::read_to_string(self.acks()).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| text.get(..end).unwrap_or_default());
        whole.lines().last().and_then(|line| line.parse::<u64>().ok()).map_or(0, |last| last + 1)
    }

    /// Opens what is left, checks it, sends everything again and appends one more group.
    ///
    /// # Errors
    /// What does not hold.
    pub fn check_left(&self) -> Result<OpenReport, String> {
        let acked = self.acked();
        self.what.check_left(&self.book(), acked..=acked + 1, self.seed)
    }

    /// Tells whether nothing was made yet, and nothing acknowledged.
    pub fn is_unborn(&self) -> bool {
        !self.book().exists() && self.acked() == 0
    }

    /// Keeps the files and returns the broken promise.
    pub fn broken(self, bar: &'static str, trial: String, problem: String) -> TortureError {
        let kept = self.folder.keep().display().to_string();
        TortureError::Broken { bar, trial, problem, kept }
    }
}

fn free_size_bytes(folder: &Path) -> u64 {
    rustix::fs::statvfs(folder).map_or(0, |found| found.f_bavail.saturating_mul(found.f_frsize))
}

/// Returns the line the child ended with.
pub fn said(output: &Output) -> Option<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().last().and_then(|line| serde_json::from_str(line).ok())
}

/// Returns a program or library built beside the running program.
pub(super) fn built(name: &str) -> Result<PathBuf, TortureError> {
    let running = std::env::current_exe().map_err(io("finding the running program"))?;
    let folder = running.parent().unwrap_or(Path::new("."));
    let places = [folder.to_owned(), folder.parent().unwrap_or(folder).to_owned()];
    places
        .iter()
        .map(|place| place.join(name))
        .find(|path| path.exists())
        .ok_or_else(|| TortureError::NotBuilt { path: folder.join(name) })
}
