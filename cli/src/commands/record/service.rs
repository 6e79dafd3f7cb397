//! Complaints, voids, and any command in its JSON form.

use std::io::Read;

use clap::Args;
use daybook_core::id::EventId;
use daybook_server::client::Client;
use serde_json::{Value, json};

use super::{Desk, Fact, given};
use crate::error::CliError;

/// Take in a complaint, enquiry, request or suggestion
#[derive(Debug, Args)]
pub(super) struct Complaint {
    /// The customer
    customer: String,
    /// What was said
    text: Option<String>,
    /// What it is: complaint, enquiry, service or suggestion
    #[arg(long, default_value = "complaint")]
    kind: String,
    /// What it is about: quality, transport, attitude, service, billing or other
    #[arg(long, default_value = "other")]
    subject: String,
    /// How bad it is: low, normal or severe
    #[arg(long, default_value = "normal")]
    severity: String,
    /// The way it came: phone, email, visit_in, web and others
    #[arg(long, default_value = "phone")]
    channel: String,
    /// The contact who said it
    #[arg(long)]
    contact: Option<String>,
    /// The contract it is about
    #[arg(long)]
    contract: Option<String>,
}

impl Complaint {
    pub(super) fn fact(&self, desk: &Desk) -> Fact {
        let said = self.text.as_ref().map(|text| json!({ "summary": text }));
        let command = given(json!({
            "command": "receive_complaint", "kind": self.kind, "subject": self.subject,
            "severity": self.severity, "channel": self.channel, "contact": self.contact,
            "contract": self.contract, "received_at": desk.at().to_string(),
            "correspondence": said,
        }));
        Fact { customer: Some(self.customer.clone()), command }
    }
}

/// Make an event count nowhere from now on; it stays in the log, and needs a --reason
#[derive(Debug, Args)]
pub(super) struct Void {
    /// The customer
    customer: String,
    /// The event's id or position
    event: String,
}

impl Void {
    pub(super) async fn fact(&self, client: &Client) -> Result<Fact, CliError> {
        let event = match self.event.parse::<EventId>() {
            Ok(event) => event,
            Err(_) => client.event(&self.event).await?.event.event_id,
        };
        let command = json!({ "command": "void_event", "event": event });
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Record any command in its JSON form
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  daybook record json ACME '{\"command\": \"add_contact\", \
    \"identity\": {\"name\": \"Jane\"}}'\n  daybook record json --book '{\"command\": ...}'")]
pub(super) struct Json {
    /// The customer, unless the command concerns the book itself
    #[arg(required_unless_present = "book")]
    customer: Option<String>,
    /// The command and its fields; - reads them from standard input
    #[arg(value_name = "JSON", required_unless_present = "book")]
    command: Option<String>,
    /// A command to the book itself, such as publish_policy_version
    #[arg(long, value_name = "JSON", conflicts_with_all = ["customer", "command"])]
    book: Option<String>,
}

impl Json {
    pub(super) fn fact(&self) -> Result<Fact, CliError> {
        let text = self.book.as_ref().or(self.command.as_ref()).cloned().unwrap_or_default();
        let text = if text == "-" { standard_input()? } else { text };
        let hint = "quote it as one argument: '{\"command\": \"...\"}'";
        let command: Value = serde_json::from_str(&text)
            .map_err(|error| CliError::usage(format!("the command is not JSON: {error}"), hint))?;
        if !command.is_object() {
            return Err(CliError::usage("the command is not a JSON object", hint));
        }
        Ok(Fact { customer: self.customer.clone(), command })
    }
}

fn standard_input() -> Result<String, CliError> {
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text).map_err(|error| {
        CliError::usage(
            format!("standard input could not be read: {error}"),
            "give the JSON as an argument",
        )
    })?;
    Ok(text)
}
