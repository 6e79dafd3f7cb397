//! Taking an export of another ledger in: its events are recorded here as they were there.
//!
//! Every event goes through the rules again, as of the instant at which the other ledger learned it,
//! in the order of its positions; what followed from it there must follow here, and does not come
//! twice. Kept are the facts with their ids, effective times, actors, reasons, corrections and voids,
//! and attached files whose content the export carries. New are the positions, the ids of events,
//! and the time of recording. An event of the import's own closes it, so that it is listed like any
//! other.
//!
//! Invariant: an event that was taken is recognised by its id there, so that running it again, or
//! going on after it was cut off, adds only what is missing.

mod fact;
mod lines;
mod origin;
mod work;

use std::io::BufRead;

use daybook_core::event::{Actor, Kind};
use daybook_core::id::TextError;
use daybook_core::ledger::{Ledger, Refusal, SubmitError};
use daybook_core::position::Position;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::export::jsonl::{END_MARK, Last};
use crate::export::row::Row;
use crate::export::{Holds, Origin};
use crate::text::{Language, Spoken, Text};
pub(crate) use fact::command_of;
use lines::Lines;
use origin::fit;
use work::{Read, Work};

/// Who takes over.
#[derive(Debug, Clone)]
pub struct Job {
    /// Who.
    pub actor: Actor,
    /// In which language refused events say why.
    pub language: Language,
}

/// What taking over tells while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// An event that was not taken.
    Refused(RefusedEvent),
    /// How far it is.
    Progress(Events),
    /// It is done.
    Done(Box<TakenOver>),
}

/// An event that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusedEvent {
    /// The line of the file.
    pub line: u64,
    /// Its position there.
    pub position: Position,
    /// Its kind.
    pub kind: String,
    /// Its stream.
    pub stream: String,
    /// Why, in a sentence.
    pub reason: Spoken,
    /// The stable code.
    pub code: String,
}

/// How many events of the file became what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Events {
    /// Events in the file.
    pub read: u64,
    /// Recorded now, with what followed from them.
    pub taken: u64,
    /// Recorded by an earlier run, or there from the beginning, as the first policies are.
    pub known: u64,
    /// Refused, each named.
    pub refused: u64,
    /// Left out: what the other ledger noted of itself (its opening, layouts, imports, exports), and
    /// attached files whose content the export does not carry.
    pub left_out: u64,
}

/// What taking over did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TakenOver {
    /// The source under which its events are recognised.
    pub import: String,
    /// What the file was made of.
    pub export: Origin,
    /// The events.
    pub events: Events,
    /// Attached files whose content the export does not carry.
    pub attachments_left_out: u64,
    /// Whether the file was whole: its rows are as many as it says.
    pub whole: bool,
    /// The answer reflects the events before this position.
    pub position: Position,
}

/// Why taking over stopped. What was taken before stays, and is recognised in the next run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TakeOverError {
    /// The file is no export, or not one that can be taken over.
    #[error("{}", problem.en)]
    Unfit {
        /// What is wrong.
        problem: Text,
        /// What to do.
        hint: Text,
    },
    /// The file could not be read.
    #[error("the file could not be read any further (line {line})")]
    Read {
        /// The line.
        line: u64,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The ledger is broken.
    #[error(transparent)]
    Ledger(#[from] SubmitError),
    /// The ledger refused the event that closes the import.
    #[error("the import's own event was refused: {}", refusal.rejection)]
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// A name that cannot be stored.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// What to do with a file that is not whole.
pub const CHECK: Text = Text::fixed(
    "check the file with `daybook export --check FILE`",
    "请用 `daybook export --check 文件` 检查该文件",
);

/// Takes an export in.
///
/// # Errors
/// [`TakeOverError`].
pub fn take_over(
    ledger: &Ledger,
    job: &Job,
    input: impl BufRead,
    tell: &mut dyn FnMut(Told),
) -> Result<TakenOver, TakeOverError> {
    let mut lines = Lines::new(input);
    let read = |line| move |source| TakeOverError::Read { line, source };
    lines.next().map_err(read(1))?;
    let origin = fit(ledger, lines.text())?;
    let mut work = Work::new(ledger, job, &origin, tell)?;
    let mut said: Option<Holds> = None;
    loop {
        let there = lines.next();
        let number = lines.number();
        if !there.map_err(read(number))? {
            break;
        }
        if lines.is_content() {
            // Of a file that was left out or refused.
            continue;
        }
        if lines.text().starts_with(END_MARK) {
            said = serde_json::from_slice::<Last>(lines.text()).ok().map(|last| last.export_end);
            continue;
        }
        let row = serde_json::from_slice::<Row>(lines.text());
        let row = row.map_err(|error| TakeOverError::Unfit {
            problem: Text::from((
                format!("line {number} is no event of an export: {error}"),
                format!("第 {number} 行不是导出的事件：{error}"),
            )),
            hint: CHECK,
        })?;
        let read = Read { line: number, row };
        if read.row.kind == Kind::AttachmentAdded.name() {
            work.attached(read, &mut lines)?;
        } else {
            work.row(read)?;
        }
    }
    work.flush()?;
    work.close(origin, said.as_ref(), lines.size_bytes())
}
