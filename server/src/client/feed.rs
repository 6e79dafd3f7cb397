//! Following the log through the client: every event from a position on, once each, over as many
//! connections and servers as it takes.

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::{Method, header};
use daybook_core::position::Position;
use futures_util::StreamExt;

use super::upload::cut_off;
use super::{Client, ClientError, escaped, problem, query_text};
use crate::api::consumers::{
    AcknowledgeCall, ConsumerCall, ConsumerView, ConsumersAnswer, PositionCall,
};
use crate::api::events::EventView;
use crate::api::feed::{FEED_TYPE, FeedQuery, LAST_EVENT_HEADER};

/// The most bytes of one event as it is sent.
const ITEM_SIZE_BYTES_MAX: usize = 64 << 20;
/// The most bytes of a refusal that are read.
const PROBLEM_SIZE_BYTES_MAX: usize = 1 << 20;
/// How often a feed is taken up again without anything having come of it.
const RENEWALS_MAX: u32 = 20;

/// What a feed gives.
#[derive(Debug, Clone)]
pub enum FeedItem {
    /// An event.
    Event(Box<EventView>),
    /// Nothing more has happened before this position, as far as the feed's filter goes.
    CaughtUp(Position),
}

/// A place in the log that moves forward.
pub struct Follower {
    client: Client,
    query: FeedQuery,
    arriving: Option<BodyDataStream>,
    pending: Vec<u8>,
    /// The last position that was heard of.
    last: Option<u64>,
    renewals: u32,
}

impl Client {
    /// Follows the log. Events come from the query's position on, or are those still to come.
    pub fn follow(&self, query: FeedQuery) -> Follower {
        let client = self.clone();
        Follower { client, query, arriving: None, pending: Vec::new(), last: None, renewals: 0 }
    }

    /// Lists the consumers.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn consumers(&self) -> Result<ConsumersAnswer, ClientError> {
        self.get("/consumers", &()).await
    }

    /// Says how far a consumer is.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn consumer(&self, name: &str) -> Result<ConsumerView, ClientError> {
        self.get(&format!("/consumers/{}", escaped(name)), &()).await
    }

    /// Makes a consumer; the same again changes nothing.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_consumer(
        &self,
        name: &str,
        call: &ConsumerCall,
    ) -> Result<ConsumerView, ClientError> {
        self.send(Method::PUT, &format!("/consumers/{}", escaped(name)), call).await
    }

    /// Acknowledges an event and all before it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn acknowledge(
        &self,
        name: &str,
        position: Position,
    ) -> Result<ConsumerView, ClientError> {
        let path = format!("/consumers/{}/acknowledge", escaped(name));
        self.send(Method::POST, &path, &AcknowledgeCall { position: position.0 }).await
    }

    /// Sets which event a consumer gets next.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn set_consumer(
        &self,
        name: &str,
        next: Position,
    ) -> Result<ConsumerView, ClientError> {
        let path = format!("/consumers/{}/position", escaped(name));
        self.send(Method::PUT, &path, &PositionCall { next: next.0 }).await
    }

    /// Forgets a consumer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn remove_consumer(&self, name: &str) -> Result<ConsumerView, ClientError> {
        self.send(Method::DELETE, &format!("/consumers/{}", escaped(name)), &()).await
    }
}

impl Follower {
    /// Returns what comes next. A connection that ends is taken up again where it was; another
    /// server is looked for where the client knows how.
    ///
    /// # Errors
    /// [`ClientError`] when the server refuses, or is gone and stays so.
    pub async fn next(&mut self) -> Result<FeedItem, ClientError> {
        loop {
            if let Some(item) = self.take_item()? {
                self.renewals = 0;
                return Ok(item);
            }
            if let Err(error) = self.read_on().await {
                if !error.is_server_gone() || self.renewals >= RENEWALS_MAX {
                    return Err(error);
                }
                self.arriving = None;
                self.pending.clear();
                self.renewals += 1;
                self.client.link.renew_after(self.renewals).await?;
            }
        }
    }

    /// Tells whether more has arrived already, so that the next item comes at once.
    pub fn has_more(&self) -> bool {
        end_of_item(&self.pending).is_some()
    }

    async fn read_on(&mut self) -> Result<(), ClientError> {
        if self.arriving.is_none() {
            self.arriving = Some(self.connect().await?);
        }
        let Some(arriving) = &mut self.arriving else { return Ok(()) };
        let part: Bytes = match arriving.next().await {
            Some(Ok(part)) => part,
            Some(Err(error)) => return Err(cut_off(error)),
            None => return Err(cut_off("the feed ended")),
        };
        self.pending.extend_from_slice(&part);
        if self.pending.len() > ITEM_SIZE_BYTES_MAX && !self.has_more() {
            return Err(ClientError::Unreadable { what: "an event is too large".to_owned() });
        }
        Ok(())
    }

    async fn connect(&self) -> Result<BodyDataStream, ClientError> {
        let Client { link, actor, channel, .. } = &self.client;
        let path = format!("/v1/feed{}", query_text(&self.query));
        let request = link.request(&Method::GET, &path, actor, channel);
        let request = request.header(header::ACCEPT, FEED_TYPE);
        let request = match self.last {
            Some(last) => request.header(LAST_EVENT_HEADER, last),
            None => request,
        };
        let request = request.body(Body::empty());
        let request =
            request.map_err(|error| ClientError::Unreadable { what: error.to_string() })?;
        let response = link.open(request).await?;
        if response.status().is_success() {
            return Ok(response.into_body().into_data_stream());
        }
        let bytes = axum::body::to_bytes(response.into_body(), PROBLEM_SIZE_BYTES_MAX).await;
        Err(problem(&bytes.map_err(cut_off)?))
    }

    /// Takes the next item out of what has arrived.
    fn take_item(&mut self) -> Result<Option<FeedItem>, ClientError> {
        while let Some(end) = end_of_item(&self.pending) {
            let item: Vec<u8> = self.pending.drain(..end).collect();
            let item = String::from_utf8_lossy(&item);
            let (mut kind, mut data, mut id, mut comment) = ("", None, None, false);
            for line in item.lines() {
                match line.split_once(": ").unwrap_or((line, "")) {
                    ("event", value) => kind = value,
                    ("data", value) => data = Some(value),
                    ("id", value) => id = value.parse().ok(),
                    ("", _) if line.starts_with(':') => comment = true,
                    _ => {}
                }
            }
            if let (Some(data), "failed") = (data, kind) {
                return Err(problem(data.as_bytes()));
            }
            self.last = id.or(self.last);
            if let Some(data) = data {
                let event = serde_json::from_str(data);
                let event =
                    event.map_err(|error| ClientError::Unreadable { what: error.to_string() })?;
                return Ok(Some(FeedItem::Event(Box::new(event))));
            }
            if comment {
                let next = self.last.map_or(0, |last| last.saturating_add(1));
                return Ok(Some(FeedItem::CaughtUp(Position(next))));
            }
        }
        Ok(None)
    }
}

/// Returns where the first item ends.
fn end_of_item(pending: &[u8]) -> Option<usize> {
    pending.windows(2).position(|pair| pair == b"\n\n").map(|at| at + 2)
}
