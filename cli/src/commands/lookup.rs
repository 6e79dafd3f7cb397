//! Finding what somebody means: a customer by code, name or a part of either, and the nearest known
//! name when a refusal says that one is not known.

use daybook_server::api::customers::{CustomerAnswer, CustomerView, CustomersQuery};
use daybook_server::api::events::EventsQuery;
use daybook_server::client::{Client, ClientError};
use serde_json::Value;

use crate::error::{CliError, Exit};
use crate::help::usage::did_you_mean;
use crate::suggest::{CANDIDATES_MAX, nearest};
use crate::text::Text;

/// Candidates that are named.
const NAMED_MAX: usize = 8;
/// Events of a ledger up to which customers are listed only to help with a refusal.
const EVENTS_MAX: u64 = 500_000;

/// Returns the customer with this code, or the only one whose code or name holds the text.
pub async fn customer(
    client: &Client,
    who: &str,
    query: &CustomersQuery,
) -> Result<CustomerAnswer, CliError> {
    let refused = match client.customer(who, query).await {
        Ok(answer) => return Ok(answer),
        Err(ClientError::Problem(problem)) if problem.status == 404 || problem.status == 400 => {
            problem
        }
        Err(error) => return Err(error.into()),
    };
    // A malformed date is no question of who is meant.
    if refused.field.as_deref().is_some_and(|field| field == "as_of" || field == "known_at") {
        return Err(ClientError::Problem(refused).into());
    }
    let known = customers(client, query).await?;
    match fitting(who, &known).as_slice() {
        [one] => Ok(client.customer(&one.code, query).await?),
        [] => Err(nobody(who, &known)),
        several => Err(which(who, several)),
    }
}

/// Returns the customers of a ledger, at most so many as are compared.
async fn customers(client: &Client, query: &CustomersQuery) -> Result<Vec<CustomerView>, CliError> {
    let mut query = CustomersQuery { after: None, limit: None, ..query.clone() };
    let mut known = Vec::new();
    while known.len() < CANDIDATES_MAX {
        let page = client.customers(&query).await?;
        known.extend(page.customers);
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    Ok(known)
}

/// Returns who fits: by the exact name, else by a part of the code or name.
fn fitting<'a>(who: &str, known: &'a [CustomerView]) -> Vec<&'a CustomerView> {
    let who = who.trim().to_lowercase();
    let names = |customer: &CustomerView| {
        let name = customer.name.as_deref().unwrap_or_default().to_lowercase();
        (customer.code.to_lowercase(), name)
    };
    let exact = known.iter().filter(|customer| {
        let (code, name) = names(customer);
        code == who || name == who
    });
    let exact: Vec<&CustomerView> = exact.collect();
    if !exact.is_empty() || who.is_empty() {
        return exact;
    }
    let part = |customer: &&CustomerView| {
        let (code, name) = names(customer);
        code.contains(&who) || name.contains(&who)
    };
    known.iter().filter(part).collect()
}

fn named(customer: &CustomerView) -> String {
    match &customer.name {
        Some(name) => format!("{} {name}", customer.code),
        None => customer.code.clone(),
    }
}

fn refused(message: Text, hint: Text) -> CliError {
    CliError { exit: Exit::Refused, code: "not_found".to_owned(), message, hint }
}

fn nobody(who: &str, known: &[CustomerView]) -> CliError {
    let hint = near(who, known).unwrap_or_else(|| {
        Text::from((
            "see `daybook show` for the customers on file",
            "已建档的客户见 `daybook show`",
        ))
    });
    let message = Text::new(
        format!("no customer's code or name holds {who:?}"),
        format!("没有客户的代码或名称含有 {who:?}"),
    );
    refused(message, hint)
}

fn which(who: &str, several: &[&CustomerView]) -> CliError {
    let names: Vec<String> = several.iter().take(NAMED_MAX).map(|one| named(one)).collect();
    let (count, more) = (several.len(), several.len().saturating_sub(NAMED_MAX));
    let (mut en, mut zh) = (names.join(", "), names.join("、"));
    if more > 0 {
        en.push_str(&format!(" and {more} more"));
        zh.push_str(&format!(" 等，另有 {more} 个"));
    }
    let message = Text::new(
        format!("{count} customers fit {who:?}: {en}"),
        format!("{count} 个客户符合 {who:?}：{zh}"),
    );
    let first = several.first().map(|one| one.code.as_str()).unwrap_or_default();
    let hint = Text::new(
        format!("name one by its code, such as `{first}`"),
        format!("请用代码指明一个，例如 `{first}`"),
    );
    refused(message, hint)
}

/// Returns the customer whose code or name is most like a text.
fn near(who: &str, known: &[CustomerView]) -> Option<Text> {
    let codes = known.iter().map(|customer| customer.code.as_str());
    let names = known.iter().filter_map(|customer| customer.name.as_deref());
    let near = nearest(who, codes.chain(names))?;
    let customer = known
        .iter()
        .find(|customer| customer.code == near || customer.name.as_deref() == Some(near))?;
    let name = named(customer);
    Some(Text::new(format!("did you mean {name}?"), format!("您是指 {name} 吗？")))
}

/// Turns a refusal into an error whose hint names what is nearest to the name that is not known.
pub async fn explain(client: &Client, error: ClientError, given: &Value) -> CliError {
    let ClientError::Problem(problem) = &error else { return error.into() };
    let text = |field: &str| given.get(field).and_then(Value::as_str).unwrap_or_default();
    let hint = match problem.code.as_str() {
        "customer_unknown" | "customer_not_registered" | "not_found" => {
            near_customer(client, text("customer")).await
        }
        "stage_unknown" => {
            let stage = if text("to").is_empty() { text("stage") } else { text("to") };
            near_policy_name(client, stage, "stages").await
        }
        "lost_reason_unknown" => {
            near_policy_name(client, text("lost_reason"), "lost_reasons").await
        }
        _ => None,
    };
    let mut error = CliError::from(error);
    if let Some(hint) = hint {
        error.hint = hint;
    }
    error
}

/// Returns the customer nearest to a code, in a ledger small enough to be looked through for it.
pub async fn near_customer(client: &Client, who: &str) -> Option<Text> {
    let book = client.book().await.ok()?;
    if book.position.0 > EVENTS_MAX || who.is_empty() {
        return None;
    }
    near(who, &customers(client, &CustomersQuery::default()).await.ok()?)
}

/// Returns the names a list of the published pipelines has, as a hint.
async fn near_policy_name(client: &Client, given: &str, list: &str) -> Option<Text> {
    let query = EventsQuery {
        kind: Some("policy_version.published".to_owned()),
        order: Some("desc".to_owned()),
        ..EventsQuery::default()
    };
    let events = client.events(&query).await.ok()?.events;
    let names: Vec<String> = events
        .iter()
        .filter_map(|event| event.body.get("pipeline")?.get(list)?.as_array())
        .flatten()
        .filter_map(|name| name.as_str().or_else(|| name.get("name")?.as_str()))
        .map(str::to_owned)
        .collect();
    match nearest(given, &names) {
        Some(near) => Some(did_you_mean(near)),
        None if names.is_empty() => None,
        None => Some(Text::new(
            format!("use one of {}", names.join(", ")),
            format!("请用 {} 之一", names.join("、")),
        )),
    }
}
