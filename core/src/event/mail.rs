//! E-mail: what a message carries wherever it is recorded, and messages that await a customer
//! (X31, X32).
//!
//! Whoever wrote, to whom and what is personal and stands only in sealed sections. In the open are
//! opaque ids: the mail's own, made of a keyed mark of the message, and the thread's, made of a
//! keyed mark of the conversation's first message. Neither says anything without the book's key.

use super::interaction::Direction;
use super::{Class, EventBody, Personal, Section, SectionVisitor, Subject};
use crate::id::{ContactId, CustomerCode, InteractionId, Line, MailId, Note, ThreadId};

crate::record! {
    /// One party of a message.
    pub struct MailParty {
        /// The name shown with the address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<Line>,
        /// The address as written.
        pub address: Line,
    }
}

crate::record! {
    /// Sealed: the headers people read, and the beginning of the text. The message itself is kept
    /// as it was received, as an attachment.
    pub struct MailContent {
        /// The `Message-ID` (RFC 5322, 3.6.4).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub message_id: Option<Note>,
        /// The id of the conversation's first message, as far as the message tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub thread_root: Option<Note>,
        /// The subject.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub subject: Option<Note>,
        /// Who wrote.
        #[serde(default)]
        pub from: Vec<MailParty>,
        /// To whom.
        #[serde(default)]
        pub to: Vec<MailParty>,
        /// Who got a copy, blind copies included.
        #[serde(default)]
        pub cc: Vec<MailParty>,
        /// The beginning of the text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub text: Option<Note>,
    }
}

impl Personal for MailContent {
    const CLASS: Class = Class::Correspondence;
}

crate::record! {
    /// What makes an interaction an e-mail that was taken in.
    pub struct MailPart {
        /// The mail's id; the same at every customer it concerns.
        pub mail: MailId,
        /// The conversation, shared by its messages within one customer.
        pub thread: ThreadId,
        /// Whether the message was held before it came to this customer.
        #[serde(default)]
        pub held: bool,
        /// The message.
        pub content: Section<MailContent>,
    }
}

crate::choice! {
    /// Why a message awaits a customer.
    pub enum HeldReason {
        /// None of its parties is known.
        Unknown = "unknown" "未知",
        /// Its parties are known at several customers.
        Ambiguous = "ambiguous" "多个匹配",
    }
}

crate::record! {
    /// X31: a message came in that belongs to no customer for certain.
    pub struct MailHeld {
        /// The mail's id.
        pub mail: MailId,
        /// Who began.
        pub direction: Direction,
        /// Why it waits.
        pub held_because: HeldReason,
        /// Size of the message as received, in bytes.
        pub size_bytes: u64,
        /// The message; it belongs to the mail alone and can be erased alone.
        pub content: Section<MailContent>,
    }
}

crate::choice! {
    /// What became of a held message.
    pub enum MailOutcome {
        /// It belongs to a customer.
        Assigned = "assigned" "已认领",
        /// It belongs to none: advertising, private, a mistake.
        Dismissed = "dismissed" "已排除",
    }
}

crate::record! {
    /// X32: a held message waits no longer. When it belongs to a customer, its interaction is
    /// recorded there in the same unit, each naming the other.
    pub struct MailAssigned {
        /// The mail.
        pub mail: MailId,
        /// What became of it.
        pub outcome: MailOutcome,
        /// Whose it is.
        pub assigned_to: Option<CustomerCode>,
        /// The interaction it became in that customer's stream.
        pub interaction: Option<InteractionId>,
        /// The contact its sender is, or was made.
        pub contact: Option<ContactId>,
    }
}

impl EventBody for MailHeld {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        visit(Subject::Mail(self.mail.clone()), &mut self.content)
    }
}

impl EventBody for MailAssigned {}
