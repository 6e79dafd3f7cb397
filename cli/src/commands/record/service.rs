//! Complaints, and any command in its JSON form.

use std::io::Read;

use clap::Args;
use daybook_core::event::complaint::{ComplaintKind, ComplaintSubject, Severity};
use daybook_core::event::interaction::InteractionChannel;
use serde_json::{Value, json};

use super::{Desk, Fact, given, one_of};
use crate::error::CliError;
use crate::text::Text;

/// Take in a complaint, enquiry, request or suggestion
#[derive(Debug, Args)]
pub(super) struct Complaint {
    /// The customer
    customer: String,
    /// What was said
    text: Option<String>,
    /// What it is
    #[arg(long, default_value = "complaint", value_parser = one_of!(ComplaintKind))]
    kind: String,
    /// What it is about
    #[arg(long, default_value = "other", value_parser = one_of!(ComplaintSubject))]
    subject: String,
    /// How bad it is
    #[arg(long, default_value = "normal", value_parser = one_of!(Severity))]
    severity: String,
    /// The way it came
    #[arg(long, default_value = "phone", value_parser = one_of!(InteractionChannel))]
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

/// Record any command in its JSON form
#[derive(Debug, Args)]
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
        let hint = (
            "quote it as one argument: '{\"command\": \"...\"}'",
            "请把它作为一个参数加引号：'{\"command\": \"...\"}'",
        );
        let command: Value = serde_json::from_str(&text).map_err(|error| {
            let message = Text::new(
                format!("the command is not JSON: {error}"),
                format!("命令不是 JSON：{error}"),
            );
            CliError::usage(message, hint)
        })?;
        if !command.is_object() {
            let message = ("the command is not a JSON object", "命令不是 JSON 对象");
            return Err(CliError::usage(message, hint));
        }
        Ok(Fact { customer: self.customer.clone(), command })
    }
}

fn standard_input() -> Result<String, CliError> {
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text).map_err(|error| {
        CliError::usage(
            Text::new(
                format!("standard input could not be read: {error}"),
                format!("无法读取标准输入：{error}"),
            ),
            ("give the JSON as an argument", "请把 JSON 作为参数给出"),
        )
    })?;
    Ok(text)
}
