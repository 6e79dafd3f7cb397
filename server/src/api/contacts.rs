//! `/v1/contacts`: contacts as vCards, in and out.

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use daybook_core::id::CustomerCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::caller::Caller;
use super::describe::Operation;
use super::extract::Params;
use super::route::{Routes, get, post};
use super::{ApiError, blocking};
use crate::App;
use crate::contacts::{ContactsError, ContactsReport, give_out, take_in};
use crate::text::Language;

/// The media type of vCards (RFC 6350, 10.1).
pub const VCARD: &str = "text/vcard";
/// The most bytes of vCards one call takes.
const CARDS_SIZE_BYTES_MAX: usize = 16 << 20;

/// Whose contacts.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactsQuery {
    /// The customer; left out, each card goes to the one it names, or all customers are given out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerCode>,
}

pub(super) fn routes() -> Routes {
    let take = post("/contacts", "Add the contacts of a vCard file", take)
        .describe(cards)
        .around(|route| route.layer(DefaultBodyLimit::max(CARDS_SIZE_BYTES_MAX)));
    let give = get("/contacts.vcf", "Give contacts out as vCards", give).describe(given);
    Routes::of("contacts", [take, give])
}

fn cards(operation: &mut Operation<'_>) {
    operation.takes(VCARD, json!({ "type": "string", "description": "vCards 2.1, 3.0 or 4.0." }));
    operation.problem(StatusCode::INSUFFICIENT_STORAGE);
}

fn given(operation: &mut Operation<'_>) {
    let schema = json!({ "type": "string" });
    operation.answer(StatusCode::OK, VCARD, schema, "vCards 4.0 (RFC 6350).");
}

async fn take(
    State(app): State<App>,
    caller: Caller,
    language: Language,
    Params(query): Params<ContactsQuery>,
    body: Bytes,
) -> Result<Json<ContactsReport>, ApiError> {
    blocking(move || {
        let who = (caller.actor, caller.source);
        let taken = take_in(&app, &body, query.customer.as_ref(), &who, language);
        let report = taken.map_err(|error| match error {
            ContactsError::Ledger(error) => ApiError::Submit(error),
            ContactsError::Text(error) => {
                let hint = ("report the card that caused it", "请报告引起此问题的名片");
                ApiError::malformed("body", &error, hint)
            }
        })?;
        if report.read == 0 {
            let problem = ("there is no card in the body", "请求体中没有名片");
            let hint =
                ("send cards that begin with BEGIN:VCARD", "请发送以 BEGIN:VCARD 开头的名片");
            return Err(ApiError::malformed("body", problem, hint));
        }
        Ok(report)
    })
    .await
    .map(Json)
}

async fn give(
    State(app): State<App>,
    Params(query): Params<ContactsQuery>,
) -> Result<Response, ApiError> {
    let text = blocking(move || Ok(give_out(&app, query.customer.as_ref())?)).await?;
    Ok(([(header::CONTENT_TYPE, "text/vcard; charset=utf-8")], text).into_response())
}
