//! The `daybook` command, its parts open to other programs and tests.
//!
//! Every verb calls the interface of the server, in process while nobody else holds the ledger. What
//! the command can do, the interface can do. Data goes to standard output, everything else to
//! standard error; exit codes are 0 done, 1 refused, 2 wrong usage, 3 broken.

pub mod book;
mod called;
pub mod commands;
pub mod demo;
pub mod error;
pub mod form;
pub mod help;
pub mod render;
pub mod seat;
pub mod session;
pub mod settings;
pub mod system;
pub mod text;

pub use daybook_server::suggest;
pub use error::CliError;
