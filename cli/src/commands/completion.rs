//! `daybook completion`: completion scripts for shells.

use clap::Args;
use clap_complete::Shell;

use super::{Done, Global};
use crate::error::CliError;

/// Print the completion script of a shell
#[derive(Debug, Args)]
pub struct Completion {
    /// Which shell
    shell: Shell,
}

impl Completion {
    /// Prints the script.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let mut command = crate::help::command(global.language());
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "daybook", &mut script);
        crate::render::write_out(&String::from_utf8_lossy(&script));
        Ok(Done::Wholly)
    }
}
