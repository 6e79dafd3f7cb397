//! `daybook void`: makes an event count nowhere from now on.

use clap::Args;
use serde_json::{Value, json};

use super::record::{rehearsed, tell_all};
use super::{Done, Global};
use crate::error::CliError;
use crate::render::print_json;
use crate::session::Session;
use crate::text::Text;

/// Make an event count nowhere from now on; it stays in the log
#[derive(Debug, Args)]
pub struct Void {
    /// The event's id or position
    event: String,
    /// Why, in words that name nobody
    #[arg(long)]
    reason: String,
    /// Recognises a retry: the same key and fact are recorded once
    #[arg(long)]
    key: Option<String>,
    /// Say which events would be added, and keep nothing
    #[arg(long)]
    dry_run: bool,
}

impl Void {
    /// Voids the event and says what was recorded.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "void")?;
        let voided = session.wait(self.void(&session, global));
        session.close()?;
        voided.map(|()| Done::Wholly)
    }

    async fn void(&self, session: &Session, global: &Global) -> Result<(), CliError> {
        let client = &session.client;
        let event = client.event(&self.event).await?.event;
        let Some(customer) = event.stream.strip_prefix("customer/") else {
            let (position, stream) = (event.position, &event.stream);
            return Err(CliError::usage(
                Text::new(
                    format!("the event at position {position} is of {stream}, not of a customer"),
                    format!("位置 {position} 的事件属于 {stream}，不属于客户"),
                ),
                (
                    "events of the book itself are followed by newer ones instead",
                    "账簿自身的事件由更新的事件取代",
                ),
            ));
        };
        let mut request = json!({
            "customer": customer, "command": "void_event", "event": event.event_id,
            "reason": self.reason,
        });
        if let (Some(key), Some(fields)) = (&self.key, request.as_object_mut()) {
            fields.insert("idempotency_key".to_owned(), Value::from(key.as_str()));
        }
        let unit = vec![request];
        let answer = client.commands(vec![unit.clone()], self.dry_run).await?;
        if global.json {
            print_json(&answer);
            return Ok(());
        }
        if self.dry_run {
            rehearsed(&answer, &unit, global.language());
            return Ok(());
        }
        tell_all(client, &answer, global.language(), global).await
    }
}
