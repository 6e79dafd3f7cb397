//! Customers, their details and contacts, and what was talked about with them.

use clap::Args;
use daybook_core::event::customer::{CustomerKind, CustomerSource};
use daybook_core::event::interaction::Verdict;
use daybook_core::event::merge::DuplicateCandidate;
use daybook_server::api::duplicates::LikeQuery;
use daybook_server::client::Client;
use serde_json::{Map, Value, json};

use super::{Desk, Fact, given, one_of};
use crate::error::{CliError, Exit};
use crate::text::Text;

/// Put a customer on file
#[derive(Debug, Args)]
pub(super) struct Customer {
    /// The code it gets, for good
    code: String,
    /// Its name
    #[arg(long)]
    name: String,
    /// What it is to us
    #[arg(long, default_value = "company", value_parser = one_of!(CustomerKind))]
    kind: String,
    /// How it came to us
    #[arg(long, default_value = "other", value_parser = one_of!(CustomerSource))]
    source: String,
    /// Its city
    #[arg(long)]
    city: Option<String>,
    /// Its country
    #[arg(long)]
    country: Option<String>,
    /// Its telephone number
    #[arg(long)]
    phone: Option<String>,
    /// Its e-mail address
    #[arg(long)]
    email: Option<String>,
    /// Its industry
    #[arg(long)]
    industry: Option<String>,
    /// Who looks after it
    #[arg(long)]
    owner: Option<String>,
    /// The currency it usually uses
    #[arg(long)]
    currency: Option<String>,
    /// Put it on file although it may be there already
    #[arg(long)]
    despite_duplicates: bool,
    /// A further detail, such as --set tax_number=9131; may be given several times
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<String>,
}

impl Customer {
    /// Looks for customers that it may be, before it is put on file, and notes what was found; one
    /// that is most probably there already is refused unless it was said to be another.
    pub(super) async fn check(&self, fact: &mut Fact, client: &Client) -> Result<(), CliError> {
        let Some(fields) = fact.command.as_object_mut() else { return Ok(()) };
        let detail = |name: &str| fields.get("details")?.get(name)?.as_str().map(str::to_owned);
        let query = LikeQuery {
            name: detail("name"),
            phone: detail("phone"),
            email: detail("email"),
            tax_number: detail("tax_number"),
        };
        let mut like = client.like(&query).await?;
        // Said again, it is recognised by its key and by its code, not as a duplicate of itself.
        like.candidates.retain(|one| one.customer.as_str() != self.code);
        let sure = like.candidates.iter().find(|one| one.score_percent >= like.sure_percent);
        if let (Some(sure), false) = (sure, self.despite_duplicates) {
            return Err(suspected(sure, &self.code));
        }
        let decision = if like.candidates.is_empty() { "none_found" } else { "kept_apart" };
        let check = json!({
            "position": like.position, "candidates": like.candidates, "decision": decision,
        });
        fields.insert("duplicates".to_owned(), check);
        Ok(())
    }

    pub(super) fn fact(&self, _desk: &Desk) -> Result<Fact, CliError> {
        let mut details = details(&self.set)?;
        let known = [
            ("city", &self.city),
            ("country", &self.country),
            ("phone", &self.phone),
            ("email", &self.email),
            ("industry", &self.industry),
        ];
        for (field, value) in known {
            if let Some(value) = value {
                details.insert(field.to_owned(), Value::from(value.as_str()));
            }
        }
        details.insert("name".to_owned(), Value::from(self.name.as_str()));
        let command = given(json!({
            "command": "register_customer", "kind": self.kind, "source": self.source,
            "owner": self.owner, "currency": self.currency, "details": details,
        }));
        Ok(Fact { customer: Some(self.code.clone()), command })
    }
}

fn suspected(candidate: &DuplicateCandidate, code: &str) -> CliError {
    let (customer, score) = (&candidate.customer, candidate.score_percent);
    let reasons = || candidate.reasons.iter();
    let en: Vec<String> = reasons().map(|reason| reason.as_str().replace('_', " ")).collect();
    let zh: Vec<&str> = reasons().map(|reason| reason.label_zh()).collect();
    CliError {
        exit: Exit::Refused,
        code: "duplicate_suspected".to_owned(),
        message: Text::new(
            format!("{code} is most probably {customer} ({score}%): same {}", en.join(", ")),
            format!("{code} 很可能就是 {customer}（{score}%）：{}", zh.join("、")),
        ),
        hint: Text::new(
            format!("use {customer}, or add --despite-duplicates if it is another customer"),
            format!("请用 {customer}；若确是另一客户，请加 --despite-duplicates"),
        ),
    }
}

/// Reads `field=value` pairs; an empty value takes the detail away.
fn details(set: &[String]) -> Result<Map<String, Value>, CliError> {
    let pair = |text: &String| {
        let (field, value) = text.split_once('=').ok_or_else(|| {
            let message = Text::new(
                format!("{text:?} is not of the form FIELD=VALUE"),
                format!("{text:?} 不是 字段=值 的形式"),
            );
            let hint = ("write for instance --set city=Shanghai", "例如写成 --set city=上海");
            CliError::usage(message, hint)
        })?;
        let value = if value.is_empty() { Value::Null } else { Value::from(value) };
        Ok((field.trim().to_owned(), value))
    };
    set.iter().map(pair).collect()
}

/// Change details of a customer
#[derive(Debug, Args)]
pub(super) struct Details {
    /// The customer
    customer: String,
    /// A detail, such as --set city=Shanghai; an empty value takes it away
    #[arg(long, value_name = "FIELD=VALUE", required = true)]
    set: Vec<String>,
}

impl Details {
    pub(super) fn fact(&self) -> Result<Fact, CliError> {
        let command = json!({ "command": "change_customer_details", "set": details(&self.set)? });
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Add a contact of a customer
#[derive(Debug, Args)]
pub(super) struct Contact {
    /// The customer
    customer: String,
    /// The contact's name
    name: String,
    /// Its function, such as purchasing
    #[arg(long)]
    role: Option<String>,
    /// A phone number; may be given several times
    #[arg(long)]
    phone: Vec<String>,
    /// An e-mail address; may be given several times
    #[arg(long)]
    email: Vec<String>,
    /// Whether it is the main contact
    #[arg(long)]
    main: bool,
    /// Whether marketing messages may be sent
    #[arg(long)]
    consent: bool,
    /// The id it gets; the next one when left out
    #[arg(long)]
    id: Option<String>,
}

impl Contact {
    pub(super) fn fact(&self) -> Fact {
        let command = given(json!({
            "command": "add_contact", "contact": self.id, "role": self.role, "main": self.main,
            "consent": self.consent,
            "identity": { "name": self.name, "phones": self.phone, "emails": self.email },
        }));
        Fact { customer: Some(self.customer.clone()), command }
    }
}

/// Something said or written between a customer and us
#[derive(Debug, Args)]
pub(super) struct Talk {
    /// The customer: code, name, pinyin, phone number, or a part of one
    customer: String,
    /// What was said
    text: Option<String>,
    /// They came to us; otherwise we went to them
    #[arg(long = "in")]
    inward: bool,
    /// A contact who took part; may be given several times, nobody known when left out
    #[arg(long, value_name = "CONTACT")]
    with: Vec<String>,
    /// Where
    #[arg(long)]
    place: Option<String>,
    /// What comes next
    #[arg(long)]
    next: Option<String>,
    /// By when; what comes next becomes a task of whoever records it
    #[arg(long, value_name = "WHEN", requires = "next")]
    due: Option<String>,
    /// How it went
    #[arg(long, value_parser = one_of!(Verdict))]
    verdict: Option<String>,
    /// The opportunity it was about
    #[arg(long)]
    opportunity: Option<String>,
}

impl Talk {
    /// Returns the task that comes next, when it is said by when.
    pub(super) fn task(&self, desk: &Desk) -> Result<Option<Value>, CliError> {
        let (Some(next), Some(due)) = (&self.next, &self.due) else { return Ok(None) };
        let about = self.opportunity.as_ref().map(|id| json!({ "opportunity": id }));
        Ok(Some(given(json!({
            "command": "plan_task", "due_at": desk.due(due)?, "assignee": desk.actor,
            "about": about, "text": { "subject": next },
        }))))
    }

    pub(super) fn fact(&self, desk: &Desk, inward: &str, outward: &str) -> Fact {
        let (channel, direction) = if self.inward { (inward, "in") } else { (outward, "out") };
        let said = self.text.is_some() || self.place.is_some() || self.next.is_some();
        let said = said.then(|| {
            json!({
                "summary": self.text, "place": self.place, "next_step": self.next,
            })
        });
        let about = self.opportunity.as_ref().map(|id| json!({ "opportunity": id }));
        let command = given(json!({
            "command": "record_interaction", "channel": channel, "direction": direction,
            "started_at": desk.at().to_string(), "contacts": self.with,
            "unknown_caller": self.with.is_empty(), "staff": [desk.actor], "about": about,
            "verdict": self.verdict, "correspondence": said,
        }));
        Fact { customer: Some(self.customer.clone()), command }
    }
}

/// Keep a note among ourselves
#[derive(Debug, Args)]
pub(super) struct Note {
    /// The customer
    customer: String,
    /// The note
    text: String,
}

impl Note {
    pub(super) fn fact(&self, desk: &Desk) -> Fact {
        let command = json!({
            "command": "record_interaction", "channel": "internal_note", "direction": "out",
            "started_at": desk.at().to_string(), "unknown_caller": true, "staff": [desk.actor],
            "correspondence": { "summary": self.text },
        });
        Fact { customer: Some(self.customer.clone()), command }
    }
}
