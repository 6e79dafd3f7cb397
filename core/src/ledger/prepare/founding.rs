//! The first unit of all: the book's own event at position 0, the first layouts, the policies.

use super::super::batch::SubmitError;
use super::{Asker, Desk, Pending, Said, Sheet, Stop, Work};
use crate::decide::{Command, Rejection, Request};
use crate::event::{Body, BookStream, Kind, StreamId, book};
use crate::position::ExpectedVersion;
use crate::vault;

impl Desk {
    /// Opens the book: its own event at position 0, the first layouts, the policies.
    pub(in crate::ledger) fn found(
        &mut self,
        opened: book::BookOpened,
        policies: Vec<book::PolicyVersionPublished>,
        asker: &Asker<'_>,
    ) -> Result<Result<Pending, Rejection>, SubmitError> {
        let mut pending =
            Pending { next_key_slot: vault::FIRST_SUBJECT_SLOT, ..Pending::default() };
        let mut sheet = Sheet::starting_at(pending.next_key_slot);
        let result = self.founding(opened, policies, asker, &pending, &mut sheet);
        pending.records = sheet.records;
        match result {
            Ok(()) => Ok(Ok(pending)),
            Err(Stop::Refused(rejection)) => Ok(Err(rejection)),
            Err(Stop::Broken(error)) => Err(error),
        }
    }

    fn founding(
        &mut self,
        opened: book::BookOpened,
        policies: Vec<book::PolicyVersionPublished>,
        asker: &Asker<'_>,
        pending: &Pending,
        sheet: &mut Sheet,
    ) -> Result<(), Stop> {
        let mut work = Work { desk: self, asker, pending, sheet, keep_events: false };
        let request_of = |command| Request {
            customer: None,
            effective_at: None,
            expected_version: ExpectedVersion::Any,
            idempotency_key: None,
            reason: None,
            corrects: None,
            command,
        };
        let stream = StreamId::Book(BookStream::Book);
        work.ready(&stream)?;
        let said = Said::nothing(asker.now);
        let body = Body::BookOpened(opened);
        work.decide(&stream, &said, None, |context, draft| body.check(context, draft))?;
        work.emit(&stream, &said, None, body, &mut Vec::new())?;
        work.publish_layout(Kind::EventLayoutPublished)?;
        work.emit_layout(Kind::BookOpened)?;
        work.sheet.published.push(Kind::BookOpened);
        for policy in policies {
            work.request(request_of(Command::PublishPolicyVersion(policy)), None)?;
        }
        Ok(())
    }
}
