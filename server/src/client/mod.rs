//! A typed client of the interface: for the command line, and for other programs.
//!
//! Invariant: a call is sent again only where that cannot change anything twice: questions, and
//! requests, each of which carries an idempotency key of its own. What this module does not do: it
//! keeps no state about the ledger.
//!
//! ```no_run
//! use daybook_server::api::events::EventsQuery;
//! use daybook_server::api::feed::FeedQuery;
//! use daybook_server::client::{Client, ClientError, FeedItem, Transport};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // Whoever runs `daybook serve` has the token in the file that it names.
//! let token = std::fs::read_to_string("token")?;
//! let transport = Transport::tcp("127.0.0.1:7317".parse()?, &token)?;
//! let client = Client::over(transport, "U-07").through("api");
//!
//! let call = serde_json::json!({
//!     "customer": "ACME", "command": "record_interaction",
//!     "channel": "phone", "direction": "in", "started_at": "2026-03-02T09:30:00Z",
//!     "unknown_caller": true, "correspondence": { "summary": "asked for a quote" },
//! });
//! match client.commands(vec![vec![call]], false).await {
//!     Ok(answer) => println!("recorded; the ledger has {} events", answer.position),
//!     Err(ClientError::Problem(problem)) => println!("{}: {}", problem.code, problem.detail),
//!     Err(error) => return Err(error.into()),
//! }
//! let query = EventsQuery { customer: Some("ACME".to_owned()), ..EventsQuery::default() };
//! for event in client.events(&query).await?.events {
//!     println!("{} {}", event.position, event.summary.en);
//! }
//! // Everything from the beginning, then whatever happens, over as many connections as it takes.
//! let mut follower = client.follow(FeedQuery { from: Some(0), ..FeedQuery::default() });
//! while let FeedItem::Event(event) = follower.next().await? {
//!     println!("{} {}", event.position, event.kind);
//! }
//! # Ok(())
//! # }
//! ```

mod attachments;
mod export;
mod feed;
mod imports;
mod link;
mod mail;
mod transport;
mod upload;
mod views;

use axum::Router;
use axum::http::Method;
use daybook_core::position::Position;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::Problem;
use crate::api::basis::BasisQuery;
use crate::api::book::BookAnswer;
use crate::api::clock::{ClockAnswer, ConfirmCall};
use crate::api::commands::{CommandsAnswer, UnitAnswer};
use crate::api::customers::{CustomerAnswer, CustomersAnswer, CustomersQuery};
use crate::api::diff::{DiffAnswer, DiffQuery};
use crate::api::duplicates::{DuplicatesAnswer, DuplicatesQuery, LikeAnswer, LikeQuery};
use crate::api::events::{EventAnswer, EventsAnswer, EventsQuery};
use crate::api::handover::{Handover, HandoverAnswer, Recycle};
use crate::api::holdings::{HoldingsAnswer, HoldingsQuery};
use crate::api::lookup::{LookupAnswer, LookupQuery};
use crate::api::merges::{MergeCall, MergesAnswer, ReverseCall};
use crate::api::stats::StatsAnswer;

pub use attachments::Download;
pub use export::Export;
pub use feed::{FeedItem, Follower};
use link::{Call, Link};
pub use link::{Lost, Reconnect};
pub use transport::{InvalidToken, Transport, TransportError};
pub use upload::{Bytestream, Upload};

/// Why a call had no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server says no, or that something is broken.
    #[error("{}", .0.detail)]
    Problem(Box<Problem>),
    /// The answer could not be read.
    #[error("the answer of the interface could not be read: {what}")]
    Unreadable {
        /// Which part.
        what: String,
    },
    /// The server is not there, or was gone before it had answered.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server is gone and there is no other.
    #[error("the ledger's server is gone")]
    Lost {
        /// What became of looking for another.
        #[source]
        source: Lost,
    },
}

impl ClientError {
    /// Tells whether the server went away before it had answered, so that another may be asked.
    pub fn is_server_gone(&self) -> bool {
        match self {
            ClientError::Transport(_) => true,
            ClientError::Problem(problem) => matches!(problem.code.as_str(), "closed" | "stopping"),
            _ => false,
        }
    }
}

/// A caller of one ledger's interface. Cloning gives another handle to the same connections.
#[derive(Clone)]
pub struct Client {
    link: Link,
    actor: String,
    channel: &'static str,
    at_least: Option<Position>,
}

impl Client {
    /// Starts calling a router of this process as somebody, through the command line.
    pub fn new(router: Router, actor: String) -> Client {
        Client::over(Transport::in_process(router), actor)
    }

    /// Starts calling as somebody, by a short id such as `U-01`, through the command line.
    pub fn over(transport: Transport, actor: impl Into<String>) -> Client {
        Client { link: Link::new(transport), actor: actor.into(), channel: "cli", at_least: None }
    }

    /// Says through what the calls come: `cli`, `api`, `ui` or `migration`.
    #[must_use]
    pub fn through(mut self, channel: &'static str) -> Client {
        self.channel = channel;
        self
    }

    /// Says that answers must reflect at least the events before a position, such as one that an
    /// answer to commands named.
    #[must_use]
    pub const fn at_least(mut self, position: Position) -> Client {
        self.at_least = Some(position);
        self
    }

    /// Says in which language problems are told, as a tag (BCP 47) such as `zh`.
    #[must_use]
    pub fn speaking(mut self, language: &'static str) -> Client {
        self.link.speak(language);
        self
    }

    /// Says where to go on when the server is gone.
    #[must_use]
    pub fn reconnecting(mut self, reconnect: std::sync::Arc<dyn Reconnect>) -> Client {
        self.link.reconnect_with(reconnect);
        self
    }

    /// Looks for the server again, after a call that must not be repeated by itself was cut off.
    ///
    /// # Errors
    /// [`ClientError::Lost`].
    pub async fn reconnect(&self) -> Result<(), ClientError> {
        self.link.renew().await
    }

    async fn call<T: DeserializeOwned>(&self, call: &Call) -> Result<(T, bool), ClientError> {
        let (status, bytes, again) = self.link.call(call, &self.actor, self.channel).await?;
        if status.is_success() {
            let read = serde_json::from_slice(&bytes);
            let answer = read.map_err(|error| ClientError::Unreadable { what: error.to_string() });
            Ok((answer?, again))
        } else {
            Err(problem(&bytes))
        }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &impl Serialize,
    ) -> Result<T, ClientError> {
        let mut path = format!("/v1{path}{}", query_text(query));
        if let Some(position) = self.at_least {
            let joint = if path.contains('?') { '&' } else { '?' };
            path.push_str(&format!("{joint}at_least={position}"));
        }
        let call = Call { method: Method::GET, path, body: Default::default() };
        Ok(self.call(&call).await?.0)
    }

    /// Sends a JSON document that may be sent again, for its requests carry keys of their own.
    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        call: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.send(Method::POST, path, call).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        call: &impl Serialize,
    ) -> Result<T, ClientError> {
        let body = serde_json::to_string(call)
            .map_err(|error| ClientError::Unreadable { what: error.to_string() })?;
        let call = Call { method, path: format!("/v1{path}"), body: body.into() };
        Ok(self.call(&call).await?.0)
    }

    /// Returns which ledger this is.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn book(&self) -> Result<BookAnswer, ClientError> {
        self.get("/book", &()).await
    }

    /// Returns what the ledger thinks of its clock.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn clock(&self) -> Result<ClockAnswer, ClientError> {
        self.get("/clock", &()).await
    }

    /// Says that the clock is right.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn confirm_clock(&self, call: &ConfirmCall) -> Result<ClockAnswer, ClientError> {
        self.post("/clock", call).await
    }

    /// Returns what is in the ledger.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn stats(&self, query: &BasisQuery) -> Result<StatsAnswer, ClientError> {
        self.get("/stats", query).await
    }

    /// Returns a part of the log.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn events(&self, query: &EventsQuery) -> Result<EventsAnswer, ClientError> {
        self.get("/events", query).await
    }

    /// Returns one event by its position or id.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn event(&self, id: &str) -> Result<EventAnswer, ClientError> {
        self.get(&format!("/events/{}", escaped(id)), &()).await
    }

    /// Returns the customers.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn customers(&self, query: &CustomersQuery) -> Result<CustomersAnswer, ClientError> {
        self.get("/customers", query).await
    }

    /// Returns one customer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn customer(
        &self,
        code: &str,
        query: &CustomersQuery,
    ) -> Result<CustomerAnswer, ClientError> {
        self.get(&format!("/customers/{}", escaped(code)), query).await
    }

    /// Returns who holds what.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn holdings(&self, query: &HoldingsQuery) -> Result<HoldingsAnswer, ClientError> {
        self.get("/holdings", query).await
    }

    /// Hands everything of one user over to another. Sent again, it finds nothing left to hand
    /// over.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn hand_over(&self, handover: &Handover) -> Result<HandoverAnswer, ClientError> {
        self.post("/handovers", handover).await
    }

    /// Gives the customers that nobody deals with to the pool. Sent again, it finds none left.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn recycle(&self, dry_run: bool) -> Result<HandoverAnswer, ClientError> {
        self.post("/pool/recycle", &Recycle { dry_run }).await
    }

    /// Returns the customers that may be one.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn duplicates(
        &self,
        query: &DuplicatesQuery,
    ) -> Result<DuplicatesAnswer, ClientError> {
        self.get("/duplicates", query).await
    }

    /// Tells whom a new customer may be.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn like(&self, query: &LikeQuery) -> Result<LikeAnswer, ClientError> {
        self.get("/duplicates/like", query).await
    }

    /// Returns the merges of a customer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn merges(&self, code: &str) -> Result<MergesAnswer, ClientError> {
        self.get(&format!("/customers/{}/merges", escaped(code)), &()).await
    }

    /// Merges customers into one. Sent again, it finds them merged.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn merge(&self, call: &MergeCall) -> Result<CommandsAnswer, ClientError> {
        self.post("/merges", call).await
    }

    /// Undoes a merge. Sent again, it finds none that stands.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn reverse_merge(&self, call: &ReverseCall) -> Result<CommandsAnswer, ClientError> {
        self.post("/merges/reverse", call).await
    }

    /// Returns what is not the same on a customer's page at two bases.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn diff(&self, code: &str, query: &DiffQuery) -> Result<DiffAnswer, ClientError> {
        self.get(&format!("/customers/{}/diff", escaped(code)), query).await
    }

    /// Returns the customers that a text fits best.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn lookup(&self, who: &str) -> Result<LookupAnswer, ClientError> {
        self.get("/lookup", &LookupQuery { who: who.to_owned() }).await
    }

    /// Submits units of requests in their JSON form. Requests without an idempotency key get a
    /// fresh one, so that the call can be sent again when the server is gone before it answered.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn commands(
        &self,
        mut units: Vec<Vec<serde_json::Value>>,
        dry_run: bool,
    ) -> Result<CommandsAnswer, ClientError> {
        let mut own_keys = true;
        if !dry_run {
            for request in units.iter_mut().flatten().filter_map(|request| request.as_object_mut())
            {
                own_keys &= !request.contains_key(KEY_FIELD);
                let fresh = || uuid::Uuid::new_v4().simple().to_string().into();
                request.entry(KEY_FIELD).or_insert_with(fresh);
            }
        }
        let body = serde_json::json!({ "units": units, "dry_run": dry_run }).to_string();
        let path = "/v1/commands".to_owned();
        let call = Call { method: Method::POST, path, body: body.into() };
        let (mut answer, again): (CommandsAnswer, bool) = self.call(&call).await?;
        if again && own_keys {
            // What was taken before was taken from this very call.
            for unit in &mut answer.units {
                if let UnitAnswer::Taken(outcomes) = unit {
                    outcomes.iter_mut().for_each(|outcome| outcome.repeated = false);
                }
            }
        }
        Ok(answer)
    }
}

/// The field of a request that recognises a retry.
const KEY_FIELD: &str = "idempotency_key";

fn problem(bytes: &[u8]) -> ClientError {
    match serde_json::from_slice(bytes) {
        Ok(problem) => ClientError::Problem(Box::new(problem)),
        Err(_) => {
            let text = String::from_utf8_lossy(bytes).chars().take(200).collect();
            ClientError::Unreadable { what: text }
        }
    }
}

/// Writes a query's fields that are there as `?a=b&c=d`.
fn query_text(query: &impl Serialize) -> String {
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(query) else {
        return String::new();
    };
    let pairs = fields.iter().filter_map(|(name, value)| {
        let value = match value {
            serde_json::Value::Null => return None,
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(format!("{name}={}", escaped(&value)))
    });
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// Escapes a text for a path or query (RFC 3986).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}
