//! What a caller does with mail and vCards through the interface.

use axum::body::Body;
use axum::http::{Method, header};
use bytes::Bytes;
use daybook_core::id::CustomerCode;
use futures_util::{Stream, StreamExt};

use super::{Client, ClientError, escaped, problem, query_text};
use crate::api::commands::CommandsAnswer;
use crate::api::contacts::{ContactsQuery, VCARD};
use crate::api::mail::{AssignCall, HeldAnswer, HeldQuery, MailLine, MailQuery};
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
        let query = ContactsQuery { customer };
        let body = Body::from(file);
        let response = self.stream(Method::POST, "/contacts", &query, VCARD, body).await?;
        let bytes = whole(response).await?;
        let unreadable = |what: String| ClientError::Unreadable { what };
        serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))
    }

    /// Returns contacts as vCards.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn give_contacts(
        &self,
        customer: Option<CustomerCode>,
    ) -> Result<String, ClientError> {
        let query = ContactsQuery { customer };
        let body = Body::empty();
        let response = self.stream(Method::GET, "/contacts.vcf", &query, VCARD, body).await?;
        let bytes = whole(response).await?;
        String::from_utf8(bytes.to_vec())
            .map_err(|error| ClientError::Unreadable { what: error.to_string() })
    }
}

impl Client {
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
