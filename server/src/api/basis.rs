//! The basis of a question, as a caller writes it and as every answer repeats it.

use daybook_core::id::ImportId;
use daybook_core::ledger::Reader;
use daybook_core::position::Position;
use daybook_core::time::{Date, Timestamp};
use daybook_projections::{Basis, Voided};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ApiError;

/// The parameters of a question about the past. A plain date means the end of that day in the
/// book's zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BasisQuery {
    /// Only what had happened by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Only what was known by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<String>,
}

/// The basis an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BasisView {
    /// Only what had happened by then; everything when absent.
    pub as_of: Option<Timestamp>,
    /// Only what was known by then; everything when absent.
    pub known_at: Option<Timestamp>,
    /// The answer reflects the events before this position.
    pub position: Position,
    /// The zone in which days begin and end.
    pub zone: String,
    /// What the answer leaves out because it was learned after `known_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned_later: Option<LearnedLater>,
}

/// Events that an answer about an earlier knowledge leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LearnedLater {
    /// How many.
    pub events: u64,
    /// When the first of them was recorded.
    pub first_recorded_at: Timestamp,
    /// The import it came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportId>,
}

/// A basis that has been worked out against a ledger.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// What folds ask.
    pub basis: Basis,
    /// What the answer repeats.
    pub view: BasisView,
    /// The book's zone.
    pub zone: chrono_tz::Tz,
}

/// Reads an instant, or a date as the end (or start) of its day in the zone.
///
/// # Errors
/// [`ApiError`] naming the field.
pub fn instant(
    field: &str,
    text: &str,
    zone: chrono_tz::Tz,
    end_of_day: bool,
) -> Result<Timestamp, ApiError> {
    let text = text.trim();
    if let Ok(date) = text.parse::<Date>() {
        return Ok(if end_of_day { date.end_in(zone) } else { date.start_in(zone) });
    }
    text.parse::<Timestamp>().map_err(|_| {
        let problem = (
            format!("{field} {text:?} is neither a date nor an instant"),
            format!("{field} {text:?} 既不是日期也不是时刻"),
        );
        let hint = (
            "write a date such as 2026-03-31, or an instant such as 2026-03-31T09:30:00+08:00",
            "请写 2026-03-31 这样的日期，或 2026-03-31T09:30:00+08:00 这样的时刻",
        );
        ApiError::malformed(field, problem, hint)
    })
}

impl BasisQuery {
    /// Works the basis out against a ledger.
    ///
    /// # Errors
    /// [`ApiError`] for a text that is no time, or when the log cannot be read.
    pub fn resolve(&self, reader: &Reader) -> Result<Resolved, ApiError> {
        let zone = reader.book()?.zone;
        let parse = |field, text: &Option<String>| {
            text.as_deref().map(|text| instant(field, text, zone, true)).transpose()
        };
        let as_of = parse("as_of", &self.as_of)?;
        let known_at = parse("known_at", &self.known_at)?;
        let position = match known_at {
            Some(known_at) => reader.position_at(known_at)?,
            None => reader.head().next,
        };
        let learned_later = match known_at {
            Some(_) => learned_from(reader, position)?,
            None => None,
        };
        let zone_name = zone.name().to_owned();
        Ok(Resolved {
            basis: Basis { as_of, before: position },
            view: BasisView { as_of, known_at, position, zone: zone_name, learned_later },
            zone,
        })
    }
}

/// Says what is in the log from a position on.
fn learned_from(reader: &Reader, position: Position) -> Result<Option<LearnedLater>, ApiError> {
    let events = reader.head().next.0.saturating_sub(position.0);
    let Some((first, _)) = reader.event(position)?.filter(|_| events > 0) else { return Ok(None) };
    let envelope = first.envelope;
    let first_recorded_at = envelope.recorded_at;
    Ok(Some(LearnedLater { events, first_recorded_at, import: envelope.source.import }))
}

impl Resolved {
    /// Collects what is void at the basis.
    ///
    /// # Errors
    /// [`ApiError::Submit`] when the log cannot be read.
    pub fn voided(&self, reader: &Reader) -> Result<Voided, ApiError> {
        Ok(Voided::known(reader.voids()?, self.basis.before))
    }
}
