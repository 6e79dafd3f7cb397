//! What an export tells of one event.
//!
//! Invariant: a row holds what is needed to record the fact again, and nothing that is derived but
//! the event's own amount, which makes files summable.

use daybook_core::event::{Actor, Event};
use daybook_core::id::{EventId, ImportId};
use daybook_core::ledger::OpenedEvent;
use daybook_core::money::Money;
use daybook_core::position::{Position, StreamVersion};
use daybook_core::proof::Hash;
use daybook_core::time::Timestamp;
use daybook_projections::Voided;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One event as other programs get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// Its place in the log.
    pub position: Position,
    /// Its id.
    pub event_id: EventId,
    /// Its kind.
    pub kind: String,
    /// Its stream.
    pub stream: String,
    /// Its place in the stream.
    pub version: StreamVersion,
    /// When it was so.
    pub effective_at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who acted.
    pub actor: Actor,
    /// Through what it came in.
    pub channel: String,
    /// The import it came in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportId>,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The event that made it happen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<EventId>,
    /// The event it corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<EventId>,
    /// Where it was voided; it counts nowhere then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voided_by: Option<Position>,
    /// Its leaf hash.
    pub hash: Hash,
    /// Personal sections that stayed sealed, not being asked for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sealed_sections: u32,
    /// Personal sections whose key was destroyed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub erased_sections: u32,
    /// The event's own amount: its field `amount`, `total` or `total_change`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// What happened.
    pub body: Value,
}

const fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Row {
    /// Tells an event whose sections were opened, as far as that was asked for.
    ///
    /// # Errors
    /// Never for the kinds of the catalogue.
    pub fn new(opened: &mut OpenedEvent, voided: &Voided) -> Result<Row, serde_json::Error> {
        let sealed = sealed_sections(&mut opened.event);
        let erased = u32::try_from(opened.erased_sections).unwrap_or(u32::MAX);
        let Event { envelope, body } = &opened.event;
        let kind = body.kind().name().to_owned();
        let body = body.to_json()?;
        Ok(Row {
            position: envelope.position,
            event_id: envelope.event_id,
            kind,
            stream: envelope.stream.to_string(),
            version: envelope.version,
            effective_at: envelope.effective_at,
            recorded_at: envelope.recorded_at,
            actor: envelope.actor.clone(),
            channel: envelope.source.channel.as_str().to_owned(),
            import: envelope.source.import.clone(),
            reason: envelope.reason.as_ref().map(ToString::to_string),
            causation: envelope.causation,
            corrects: envelope.corrects,
            voided_by: voided.by(envelope.position),
            hash: opened.hash,
            sealed_sections: sealed.saturating_sub(erased),
            erased_sections: erased,
            amount: own_amount(&body),
            body,
        })
    }
}

fn sealed_sections(event: &mut Event) -> u32 {
    let mut sealed = 0;
    let counted: Result<(), std::convert::Infallible> = event.body.sections(&mut |_, section| {
        sealed += u32::from(section.sealed().is_some());
        Ok(())
    });
    counted.unwrap_or_else(|never| match never {});
    sealed
}

/// Returns the amount an event is about, where it is about one.
fn own_amount(body: &Value) -> Option<Money> {
    let named = ["amount", "total", "total_change"];
    let amount = named.iter().find_map(|name| body.get(name).filter(|value| value.is_object()))?;
    serde_json::from_value(amount.clone()).ok()
}
