//! What the command takes from the machine: the time, randomness, and where a user's files live.

use std::path::PathBuf;

use daybook_core::time::{Clock, Entropy, Steady, Timestamp};

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_chrono(chrono::Utc::now())
    }

    /// Linux says how long it has been up, sleep included, and which start of it this is. Elsewhere
    /// nothing measures time but the clock itself.
    fn steady(&self) -> Option<Steady> {
        let read = |path| std::fs::read_to_string(path).ok();
        let start = read("/proc/sys/kernel/random/boot_id")?.trim().parse().ok()?;
        let uptime = read("/proc/uptime")?;
        let seconds: f64 = uptime.split_whitespace().next()?.parse().ok()?;
        Some(Steady { start, micros: (seconds * 1e6) as i64 })
    }
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, buffer: &mut [u8]) {
        if let Err(error) = getrandom::fill(buffer) {
            // Keys made without randomness would protect nothing; there is no way on.
            eprintln!("error: the operating system gives no randomness: {error}");
            eprintln!("hint: nothing was written; try again when the system has started up");
            std::process::exit(3);
        }
    }
}

/// Returns the folder outside the ledger where tree heads are kept as well: `DAYBOOK_HEADS`, or
/// `daybook/heads` in the user's state folder.
pub fn heads_outside() -> Option<PathBuf> {
    if let Some(folder) = variable("DAYBOOK_HEADS") {
        return Some(PathBuf::from(folder));
    }
    Some(state_folder()?.join("heads"))
}

/// Returns the folder for what belongs to this user and machine and is no part of a ledger.
pub fn state_folder() -> Option<PathBuf> {
    let home = || variable("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let state = variable("XDG_STATE_HOME").map(PathBuf::from).or_else(home);
    state.map(|state| state.join("daybook"))
}

/// Returns the file of settings: `DAYBOOK_CONFIG`, or `daybook/config.toml` in the user's
/// configuration folder; and whether it was named and so must be there.
pub fn config_file() -> Option<(PathBuf, bool)> {
    if let Some(file) = variable("DAYBOOK_CONFIG") {
        return Some((PathBuf::from(file), true));
    }
    let home = || variable("HOME").map(|home| PathBuf::from(home).join(".config"));
    let folder = variable("XDG_CONFIG_HOME").map(PathBuf::from).or_else(home);
    folder.map(|folder| (folder.join("daybook/config.toml"), false))
}

/// Returns a variable of the environment that is set to something.
pub fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Returns the machine's time zone by its IANA name, or UTC.
pub fn zone() -> String {
    let known = |name: &str| name.parse::<chrono_tz::Tz>().ok().map(|zone| zone.name().to_owned());
    let variable = std::env::var("TZ").ok().and_then(|name| known(name.trim_start_matches(':')));
    variable
        .or_else(|| {
            let link = std::fs::read_link("/etc/localtime").ok()?;
            let (_, name) = link.to_str()?.split_once("zoneinfo/")?;
            known(name)
        })
        .unwrap_or_else(|| "UTC".to_owned())
}

/// Returns the program as it was called, so that a command shown can be copied: a plain `daybook`
/// when it was found on the path.
pub fn program() -> String {
    std::env::args().next().filter(|name| !name.is_empty()).unwrap_or_else(|| "daybook".to_owned())
}
