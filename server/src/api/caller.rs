//! Who calls, and through what.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use daybook_core::event::{Actor, Assurance, Channel, Source};
use daybook_core::id::{ActorId, RequestKey};

use super::ApiError;
use super::describe::{Describe, Operation};
use crate::text::Language;

/// The header that names the acting user.
pub const ACTOR_HEADER: &str = "x-daybook-actor";
/// The header that names the way in: `cli`, `api`, `ui` or `migration`; `api` when absent.
pub const CHANNEL_HEADER: &str = "x-daybook-channel";

/// The header that recognises a retry of a call of one request.
pub const KEY_HEADER: &str = "idempotency-key";

/// The caller of a changing request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// Through what.
    pub source: Source,
}

impl Describe for Caller {
    fn describe(operation: &mut Operation<'_>) {
        let actor = operation.schemas.requests.subschema_for::<ActorId>().to_value();
        operation.header(ACTOR_HEADER, true, "Who acts: a short id, never a name.", actor);
        let channels = serde_json::json!({ "enum": ["cli", "api", "ui", "migration"] });
        operation.header(CHANNEL_HEADER, false, "The way in; `api` when left out.", channels);
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let text = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap_or(""));
        let user = text(ACTOR_HEADER).ok_or_else(|| {
            let problem = ("the call does not say who acts", "调用没有说明由谁执行");
            let hint = ("send the header x-daybook-actor", "请发送请求头 x-daybook-actor");
            ApiError::malformed(ACTOR_HEADER, problem, hint)
        })?;
        let user = ActorId::new(user).map_err(|error| {
            let hint =
                ("use a short id such as U-01, not a name", "请用 U-01 这样的短编号，不用姓名");
            ApiError::malformed(ACTOR_HEADER, &error, hint)
        })?;
        let channel = text(CHANNEL_HEADER).unwrap_or("api");
        let allowed = [Channel::Cli, Channel::Api, Channel::Ui, Channel::Migration];
        let channel = allowed.into_iter().find(|known| known.as_str() == channel);
        let channel = channel.ok_or_else(|| {
            let problem = (
                "the header x-daybook-channel holds no known channel",
                "请求头 x-daybook-channel 不是已知的渠道",
            );
            let hint = ("use cli, api, ui or migration", "请用 cli、api、ui 或 migration");
            ApiError::malformed(CHANNEL_HEADER, problem, hint)
        })?;
        Ok(Caller {
            actor: Actor {
                user,
                on_behalf_of: None,
                role: None,
                unit: None,
                assurance: Assurance::Declared,
            },
            source: Source { channel, session: None, import: None },
        })
    }
}

/// The key of a call of one request, where its header has one.
#[derive(Debug, Clone)]
pub struct KeyHeader(pub Option<RequestKey>);

impl Describe for KeyHeader {
    fn describe(operation: &mut Operation<'_>) {
        let key = operation.schemas.requests.subschema_for::<RequestKey>().to_value();
        operation.header(KEY_HEADER, false, "Recognises a retry of the one request.", key);
    }
}

impl<S: Send + Sync> FromRequestParts<S> for KeyHeader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let key = parts.headers.get(KEY_HEADER);
        let key = key.map(|key| RequestKey::new(key.to_str().unwrap_or_default()));
        key.transpose().map(KeyHeader).map_err(|error| {
            let hint = ("send a key of up to 256 characters", "请发送不超过 256 个字符的键");
            ApiError::malformed(KEY_HEADER, &error, hint)
        })
    }
}

/// The language problems inside an answer are told in.
impl Describe for Language {
    fn describe(_: &mut Operation<'_>) {}
}

impl<S: Send + Sync> FromRequestParts<S> for Language {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Language::preferred(&parts.headers))
    }
}
