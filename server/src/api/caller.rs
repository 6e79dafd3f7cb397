//! Who calls, and through what.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use daybook_core::event::{Actor, Assurance, Channel, Source};
use daybook_core::id::ActorId;

use super::ApiError;
use super::describe::{Describe, Operation};

/// The header that names the acting user.
pub const ACTOR_HEADER: &str = "x-daybook-actor";
/// The header that names the way in: `cli`, `api`, `ui` or `migration`; `api` when absent.
pub const CHANNEL_HEADER: &str = "x-daybook-channel";

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
        let malformed = |field: &str, problem: String, hint| ApiError::Malformed {
            field: field.to_owned(),
            problem,
            hint,
        };
        let user = text(ACTOR_HEADER).ok_or_else(|| {
            let problem = "the call does not say who acts".to_owned();
            malformed(ACTOR_HEADER, problem, "send the header x-daybook-actor")
        })?;
        let user = ActorId::new(user).map_err(|error| {
            malformed(ACTOR_HEADER, error.to_string(), "use a short id such as U-01, not a name")
        })?;
        let channel = text(CHANNEL_HEADER).unwrap_or("api");
        let allowed = [Channel::Cli, Channel::Api, Channel::Ui, Channel::Migration];
        let channel = allowed.into_iter().find(|known| known.as_str() == channel);
        let channel = channel.ok_or_else(|| {
            let problem = "the header x-daybook-channel holds no known channel".to_owned();
            malformed(CHANNEL_HEADER, problem, "use cli, api, ui or migration")
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
