//! What a caller does with mail, vCards and calendars through the interface.

use axum::body::Body;
use axum::http::{Method, header};
use bytes::Bytes;
use daybook_core::id::CustomerCode;
use futures_util::{Stream, StreamExt};

use super::{Client, ClientError, escaped, problem, query_text};
use crate::api::calendar::{CALENDAR, CalendarQuery, GivenQuery};
use crate::api::commands::CommandsAnswer;
use crate::api::contacts::{ContactsQuery, VCARD};
use crate::api::mail::{AssignCall, HeldAnswer, HeldQuery, MailLine, MailQuery};
use crate::calendar::CalendarReport;
use crate::contacts::ContactsReport;
use crate::mail::MailNotice;

impl Client {
    /// Takes in mail of a media type such as `application/mbox`; `tell` hears what becomes of each
    /// message.
    ///
    /// # Errors
    /// [`ClientError`]; messages taken before stay taken and are recognised in the next run.
    pub async fn take_mail<S>(
        &self,
        kind: &str,
        query: &MailQuery,
        bytes: S,
        tell: &mut dyn FnMut(MailNotice),
    ) -> Result<(), ClientError>
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        let body = Body::from_stream(bytes);
        let response = self.stream(Method::POST, "/mail", query, kind, body).await?;
        let unreadable = |what: String| ClientError::Unreadable { what };
        let mut chunks = response.into_body().into_data_stream();
        let mut pending = Vec::new();
        while let Some(chunk) = chunks.next().await {
            pending.extend_from_slice(&chunk.map_err(|error| unreadable(error.to_string()))?);
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                match serde_json::from_slice(&line) {
                    Ok(MailLine::Notice(notice)) => tell(notice),
                    Ok(MailLine::Failed { failed }) => {
                        return Err(ClientError::Problem(Box::new(failed)));
                    }
                    Err(error) => return Err(unreadable(error.to_string())),
                }
            }
        }
        Ok(())
    }

    /// Returns the messages that wait for a customer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn held_mail(&self, query: &HeldQuery) -> Result<HeldAnswer, ClientError> {
        self.get("/mail/held", query).await
    }

    /// Gives a held message to a customer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn assign_mail(
        &self,
        mail: &str,
        call: &AssignCall,
    ) -> Result<CommandsAnswer, ClientError> {
        self.post(&format!("/mail/held/{}/assign", escaped(mail)), call).await
    }

    /// Says that a held message belongs to nobody.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn dismiss_mail(
        &self,
        mail: &str,
        reason: &str,
    ) -> Result<CommandsAnswer, ClientError> {
        let path = format!("/mail/held/{}/dismiss", escaped(mail));
        self.post(&path, &serde_json::json!({ "reason": reason })).await
    }

    /// Adds the contacts of a vCard file.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn take_contacts(
        &self,
        customer: Option<CustomerCode>,
        file: Vec<u8>,
    ) -> Result<ContactsReport, ClientError> {
        self.take_file("/contacts", &ContactsQuery { customer }, VCARD, file).await
    }

    /// Returns contacts as vCards.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn give_contacts(
        &self,
        customer: Option<CustomerCode>,
    ) -> Result<String, ClientError> {
        self.give_file("/contacts.vcf", &ContactsQuery { customer }, VCARD).await
    }

    /// Takes visits and tasks in from a calendar.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn take_calendar(
        &self,
        query: &CalendarQuery,
        file: Vec<u8>,
    ) -> Result<CalendarReport, ClientError> {
        self.take_file("/calendar", query, CALENDAR, file).await
    }

    /// Returns open tasks and visits as a calendar.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn give_calendar(&self, query: &GivenQuery) -> Result<String, ClientError> {
        self.give_file("/calendar.ics", query, CALENDAR).await
    }
}

impl Client {
    /// Sends a small file and returns what became of it.
    async fn take_file<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        query: &impl serde::Serialize,
        kind: &str,
        file: Vec<u8>,
    ) -> Result<T, ClientError> {
        let response = self.stream(Method::POST, path, query, kind, Body::from(file)).await?;
        let bytes = whole(response).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| ClientError::Unreadable { what: error.to_string() })
    }

    /// Returns a small file.
    async fn give_file(
        &self,
        path: &str,
        query: &impl serde::Serialize,
        kind: &str,
    ) -> Result<String, ClientError> {
        let response = self.stream(Method::GET, path, query, kind, Body::empty()).await?;
        let bytes = whole(response).await?;
        String::from_utf8(bytes.to_vec())
            .map_err(|error| ClientError::Unreadable { what: error.to_string() })
    }

    /// Sends a body of some media type and returns the answer unread, unless it is a problem.
    async fn stream(
        &self,
        method: Method,
        path: &str,
        query: &impl serde::Serialize,
        kind: &str,
        body: Body,
    ) -> Result<axum::response::Response, ClientError> {
        let path = format!("/v1{path}{}", query_text(query));
        let request = self.link.request(&method, &path, &self.actor, self.channel);
        let request = request.header(header::CONTENT_TYPE, kind).body(body);
        let request =
            request.map_err(|error| ClientError::Unreadable { what: error.to_string() })?;
        let response = self.link.open(request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(problem(&whole(response).await?))
    }
}

/// The largest answer that is read whole.
const ANSWER_SIZE_BYTES_MAX: usize = 256 << 20;

async fn whole(response: axum::response::Response) -> Result<Bytes, ClientError> {
    let read = axum::body::to_bytes(response.into_body(), ANSWER_SIZE_BYTES_MAX).await;
    read.map_err(|error| ClientError::Unreadable { what: error.to_string() })
}
