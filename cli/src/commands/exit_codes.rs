//! `daybook exit-codes`: what the exit codes mean, for those who write scripts.

use clap::Args;
use serde_json::json;

use super::{Done, Global};
use crate::error::CliError;
use crate::help::examples::EXIT_CODES;
use crate::render::print_json;

/// Say what the exit codes mean
#[derive(Debug, Args)]
pub struct ExitCodes {}

impl ExitCodes {
    /// Prints them.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        if global.json {
            print_json(&json!({ "0": "done", "1": "refused", "2": "usage", "3": "broken" }));
        } else {
            crate::out!("{}", global.language().pick(EXIT_CODES.0, EXIT_CODES.1));
        }
        Ok(Done::Wholly)
    }
}
