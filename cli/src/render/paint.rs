//! The few styles of the command. Colour is never the only carrier of a meaning: everything that is
//! painted says the same in words.
//!
//! Output passes through `anstream`, which takes the styles out again for a pipe, `NO_COLOR`,
//! `TERM=dumb` and `--color never`, and leaves them in for `CLICOLOR_FORCE` and `--color always`.

use anstyle::{AnsiColor, Style};

/// Headings of tables and sections.
pub const HEADING: Style = Style::new().bold();
/// The word before an error.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// The word before a hint.
pub const HINT: Style = AnsiColor::Cyan.on_default();
/// What is late, refused or otherwise wants attention.
pub const WARNING: Style = AnsiColor::Yellow.on_default();
/// What is there but does not count any more.
pub const FAINT: Style = Style::new().dimmed();

/// When output is coloured; automatically means on a terminal, unless the environment says
/// otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum When {
    #[allow(missing_docs)]
    Auto,
    #[allow(missing_docs)]
    Always,
    #[allow(missing_docs)]
    Never,
}

impl When {
    /// Returns the choice as the output streams take it.
    pub const fn choice(self) -> anstream::ColorChoice {
        match self {
            When::Auto => anstream::ColorChoice::Auto,
            When::Always => anstream::ColorChoice::Always,
            When::Never => anstream::ColorChoice::Never,
        }
    }
}
