//! Finding what somebody means: a customer by code, name, pinyin, telephone number or a part of one,
//! and the nearest known name when a refusal says that one is not known.

use daybook_server::api::customers::{CustomerAnswer, CustomersQuery};
use daybook_server::api::events::EventsQuery;
use daybook_server::api::lookup::{FoundView, LookupAnswer};
use daybook_server::client::{Client, ClientError};
use serde_json::Value;

use crate::error::{CliError, Exit};
use crate::help::usage::did_you_mean;
use crate::render::Lang;
use crate::suggest::nearest;
use crate::text::Text;

/// Candidates that are named.
const NAMED_MAX: usize = 8;

/// Returns the customer that is meant, as it is at a basis.
pub async fn customer(
    client: &Client,
    who: &str,
    query: &CustomersQuery,
) -> Result<CustomerAnswer, CliError> {
    let found = one(client, who).await?;
    Ok(client.customer(&found.customer, query).await?)
}

/// Returns the one customer that a text means.
pub async fn one(client: &Client, who: &str) -> Result<FoundView, CliError> {
    let LookupAnswer { found, total, .. } = client.lookup(who).await?;
    match found.as_slice() {
        [one] if one.by != "likeness" => Ok(one.clone()),
        [] | [_] => Err(nobody(who, found.first())),
        several => Err(which(who, several, total)),
    }
}

/// Says on standard error who was found, when that was not said by code.
pub fn say_found(found: &FoundView, lang: Lang) {
    if found.by == "code" {
        return;
    }
    let by = found.by.replace('_', " ");
    match lang {
        Lang::En => crate::note!("customer {}, found by {by}", named(found)),
        Lang::Zh => crate::note!("客户 {}（按{}找到）", named(found), found.by_zh),
    }
}

fn named(customer: &FoundView) -> String {
    match &customer.name {
        Some(name) => format!("{} {name}", customer.customer),
        None => customer.customer.clone(),
    }
}

fn refused(message: Text, hint: Text) -> CliError {
    CliError { exit: Exit::Refused, code: "not_found".to_owned(), message, hint }
}

fn meant(near: &FoundView) -> Text {
    let name = named(near);
    Text::new(format!("did you mean {name}?"), format!("您是指 {name} 吗？"))
}

fn nobody(who: &str, near: Option<&FoundView>) -> CliError {
    let hint = near.map(meant).unwrap_or_else(|| {
        Text::from((
            "see `daybook show` for the customers on file",
            "已建档的客户见 `daybook show`",
        ))
    });
    let message = Text::new(
        format!("no customer's code, name, pinyin or phone number is {who:?} or holds it"),
        format!("没有客户的代码、名称、拼音或电话是 {who:?} 或含有它"),
    );
    refused(message, hint)
}

fn which(who: &str, several: &[FoundView], total: usize) -> CliError {
    let names: Vec<String> = several.iter().take(NAMED_MAX).map(named).collect();
    let more = total.saturating_sub(names.len());
    let (mut en, mut zh) = (names.join(", "), names.join("、"));
    if more > 0 {
        en.push_str(&format!(" and {more} more"));
        zh.push_str(&format!(" 等，另有 {more} 个"));
    }
    let message = Text::new(
        format!("{total} customers fit {who:?}: {en}"),
        format!("{total} 个客户符合 {who:?}：{zh}"),
    );
    let first = several.first().map(|one| one.customer.as_str()).unwrap_or_default();
    let hint = Text::new(
        format!("name one by its code, such as `{first}`"),
        format!("请用代码指明一个，例如 `{first}`"),
    );
    refused(message, hint)
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

/// Returns the customer nearest to what was said.
async fn near_customer(client: &Client, who: &str) -> Option<Text> {
    match client.lookup(who).await.ok()?.found.as_slice() {
        [one] if one.customer != who => Some(meant(one)),
        _ => None,
    }
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
