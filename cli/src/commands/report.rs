//! Commands that ask for a report and show it: as a table, as JSON, as comma-separated values.

use daybook_server::api::basis::BasisView;
use daybook_server::client::Client;
use serde::Serialize;

use super::{Done, Global, say_basis};
use crate::error::CliError;
use crate::render::sheet::Sheet;
use crate::render::{Lang, print_json, write_out};
use crate::session::Session;

/// Calls the interface and closes the ledger.
pub(super) fn answer<T>(
    global: &Global,
    verb: &'static str,
    ask: impl AsyncFnOnce(&Client) -> Result<T, CliError>,
) -> Result<T, CliError> {
    let session = Session::open(global, verb)?;
    let answer = session.wait(ask(&session.client));
    session.close()?;
    answer
}

/// Prints an answer in the form that was asked for; for people, by `print`.
pub(super) fn show<T: Serialize>(
    answer: &T,
    basis: &BasisView,
    global: &Global,
    as_csv: bool,
    sheet: impl FnOnce(Lang) -> Sheet,
    print: impl FnOnce(Lang),
) -> Done {
    let lang = global.language();
    if global.json {
        print_json(answer);
    } else if as_csv {
        write_out(&sheet(lang).csv());
    } else {
        print(lang);
        say_basis(basis, lang);
    }
    Done::Wholly
}

/// Says that there is more than is shown.
pub(super) fn say_more(next: Option<&str>, lang: Lang) {
    let Some(next) = next else { return };
    match lang {
        Lang::En => crate::note!("there is more: go on with --after {next}"),
        Lang::Zh => crate::note!("还有更多：用 --after {next} 继续"),
    }
}

/// Draws a bar: `part` of `whole` as so many cells, rounded up.
pub(super) fn bar(part: i128, whole: i128, cells_max: i128) -> String {
    let cells = (part.max(0) * cells_max + whole.max(1) - 1) / whole.max(1);
    "▇".repeat(usize::try_from(cells).unwrap_or_default())
}
