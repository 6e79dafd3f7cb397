//! One message as it is read: parties, time, subject, text, parts, and what makes it itself.
//!
//! Nothing here fails because a message is badly made: what cannot be read is left out and noted.
//! Only bytes without any header are no message.

use std::borrow::Cow;

use daybook_core::time::Timestamp;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{
    Address, DateTime, Encoding, HeaderName, HeaderValue, Message, MessageParser, MessagePart,
    MimeHeaders, PartType,
};
use sha2::{Digest, Sha256};

use super::words::{decoded, unfolded};
use crate::directory::normal_email;

/// The earliest time a message is believed to be of: 1990-01-01.
const EARLIEST: Timestamp = Timestamp(631_152_000_000_000);
/// How far a sender's clock may be ahead.
const AHEAD_MICROS: i64 = 3_600_000_000;
/// The most parts of one message that are listed apart.
const PARTS_MAX: usize = 50;

/// Somebody a message names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The name shown with the address.
    pub name: Option<String>,
    /// The address as written.
    pub address: String,
}

/// A file a message carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The file's name, without folders.
    pub name: Option<String>,
    /// What it is said to be.
    pub media_type: String,
    /// Its bytes as the sender had them.
    pub bytes: Vec<u8>,
}

/// Something about a message that was not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// The `Date` is missing, unreadable, or not believable; that of `Received` counts.
    DateFromReceived,
    /// No date can be read or believed; the time of taking in counts.
    DateFromNow,
    /// The headers are in an encoding that nobody named.
    HeadersMended,
    /// The text is in an encoding that nobody named.
    TextMended,
    /// Nobody is named as the sender.
    SenderMissing,
    /// More files than are listed apart; all are in the message.
    PartsLeftOut,
}

impl Oddity {
    /// Returns the stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Oddity::DateFromReceived => "date_from_received",
            Oddity::DateFromNow => "date_from_now",
            Oddity::HeadersMended => "headers_mended",
            Oddity::TextMended => "text_mended",
            Oddity::SenderMissing => "sender_missing",
            Oddity::PartsLeftOut => "parts_left_out",
        }
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// What makes the message itself, in hexadecimal: equal for copies that went other ways.
    pub fingerprint: String,
    /// The `Message-ID`.
    pub message_id: Option<String>,
    /// The id of the conversation's first message, as far as this one tells.
    pub thread_root: Option<String>,
    /// Who wrote.
    pub from: Vec<Party>,
    /// To whom.
    pub to: Vec<Party>,
    /// Who got a copy, blind copies included.
    pub cc: Vec<Party>,
    /// The subject.
    pub subject: Option<String>,
    /// The text, as far as the message has one.
    pub text: Option<String>,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// The files it carries.
    pub parts: Vec<Part>,
    /// What was not as it should be.
    pub oddities: Vec<Oddity>,
}

impl Letter {
    /// Reads a message; nothing when the bytes have no header at all.
    pub fn read(raw: &[u8], now: Timestamp) -> Option<Letter> {
        let mut oddities = Vec::new();
        let mended = mended_headers(raw);
        if matches!(mended, Cow::Owned(_)) {
            oddities.push(Oddity::HeadersMended);
        }
        let raw: &[u8] = &mended;
        let message = MessageParser::default().parse(raw)?;
        let known = |header: &mail_parser::Header<'_>| !matches!(header.name, HeaderName::Other(_));
        if !message.headers().iter().any(known) {
            return None;
        }
        let parties = |address: Option<&Address<'_>>| address.map(parties).unwrap_or_default();
        let mut from = parties(message.from());
        if from.is_empty() {
            from = parties(message.sender());
        }
        if from.is_empty() {
            oddities.push(Oddity::SenderMissing);
        }
        let all = |each: Vec<&Address<'_>>| each.into_iter().flat_map(self::parties).collect();
        let to = all(message.all_to().collect());
        let mut cc: Vec<Party> = all(message.all_cc().collect());
        cc.extend(message.all_bcc().flat_map(self::parties));
        let sent_at = sent_at(&message, now, &mut oddities);
        let message_id = message.message_id().map(|id| format!("<{id}>"));
        Some(Letter {
            fingerprint: fingerprint(&message, raw),
            thread_root: thread_root(&message).or_else(|| message_id.clone()),
            message_id,
            from,
            to,
            cc,
            subject: message.subject().map(str::to_owned),
            text: text(&message, raw, &mut oddities),
            sent_at,
            parts: parts(&message, raw, &mut oddities),
            oddities,
        })
    }
}

/// Returns the message with its headers in UTF-8 when they were in no encoding that was named.
fn mended_headers(raw: &[u8]) -> Cow<'_, [u8]> {
    let end = raw.windows(2).position(|pair| pair == b"\n\n");
    let end_crlf = raw.windows(4).position(|four| four == b"\r\n\r\n");
    let end = [end, end_crlf].into_iter().flatten().min().unwrap_or(raw.len());
    let (head, rest) = raw.split_at(end);
    if std::str::from_utf8(head).is_ok() {
        return Cow::Borrowed(raw);
    }
    match decoded(head, first_charset(raw).as_deref()) {
        Some(text) => Cow::Owned([text.as_bytes(), rest].concat()),
        None => Cow::Borrowed(raw),
    }
}

/// Returns the first encoding a message names: that of its text, which is most likely that of its
/// headers too. ASCII is no hint, for there are other bytes.
fn first_charset(raw: &[u8]) -> Option<String> {
    const NAMED: &[u8] = b"charset=";
    let searched = raw.get(..raw.len().min(64 << 10)).unwrap_or_default();
    let named = searched
        .windows(NAMED.len())
        .position(|window| window.eq_ignore_ascii_case(NAMED))
        .and_then(|at| searched.get(at + NAMED.len()..))?;
    let name: String = named
        .iter()
        .skip_while(|byte| **byte == b'"')
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
        .map(|byte| char::from(*byte))
        .collect();
    (!name.is_empty() && !name.to_ascii_lowercase().ends_with("ascii")).then_some(name)
}

fn parties(address: &Address<'_>) -> Vec<Party> {
    let party = |found: &mail_parser::Addr<'_>| {
        let address = found.address.as_deref()?.trim();
        let name = found.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        normal_email(address)?;
        Some(Party { name: name.map(str::to_owned), address: address.to_owned() })
    };
    address.iter().filter_map(party).collect()
}

/// Returns when a message was sent: its `Date`, else the newest believable time on its way, else
/// now.
fn sent_at(message: &Message<'_>, now: Timestamp, oddities: &mut Vec<Oddity>) -> Timestamp {
    let believable = |date: &DateTime| {
        let at = Timestamp(date.to_timestamp().saturating_mul(1_000_000));
        let latest = Timestamp(now.0.saturating_add(AHEAD_MICROS));
        (date.is_valid() && (EARLIEST..=latest).contains(&at)).then(|| at.min(now))
    };
    if let Some(at) = message.date().and_then(believable) {
        return at;
    }
    let received = message.received_all().filter_map(|hop| hop.date());
    match received.filter_map(|date| believable(&date)).next() {
        Some(at) => {
            oddities.push(Oddity::DateFromReceived);
            at
        }
        None => {
            oddities.push(Oddity::DateFromNow);
            now
        }
    }
}

/// Returns the first id of `References`, else that of `In-Reply-To` (RFC 5322, 3.6.4).
fn thread_root(message: &Message<'_>) -> Option<String> {
    let first = |value: &HeaderValue<'_>| {
        let id = match value {
            HeaderValue::Text(id) => Some(id.trim().to_owned()),
            HeaderValue::TextList(ids) => ids.first().map(|id| id.trim().to_owned()),
            _ => None,
        };
        id.filter(|id| !id.is_empty()).map(|id| format!("<{id}>"))
    };
    first(message.references()).or_else(|| first(message.in_reply_to()))
}

/// Hashes what makes a message itself. What is added on the way (`Received`, `Status`), how headers
/// are folded, how lines end and how a line beginning with `From ` was kept does not count.
fn fingerprint(message: &Message<'_>, raw: &[u8]) -> String {
    let mut digest = Sha256::new();
    let mut add = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    };
    for name in [HeaderName::MessageId, HeaderName::Date, HeaderName::From, HeaderName::Subject] {
        let header = message.headers().iter().find(|header| header.name == name);
        let bytes = header.and_then(|header| {
            raw.get(header.offset_start() as usize..header.offset_end() as usize)
        });
        add(&unfolded(bytes.unwrap_or_default()));
    }
    let body = raw.get(message.root_part().raw_body_offset() as usize..).unwrap_or_default();
    let trimmed = body.trim_ascii_end();
    for line in trimmed.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let quotes = line.iter().take_while(|byte| **byte == b'>').count();
        let rest = line.get(quotes..).unwrap_or_default();
        add(if rest.starts_with(b"From ") { rest } else { line });
    }
    daybook_core::codec::layout::hex(&digest.finalize())
}

fn text(message: &Message<'_>, raw: &[u8], oddities: &mut Vec<Oddity>) -> Option<String> {
    let text = message.body_text(0)?;
    if !text.contains('\u{fffd}') {
        return Some(text.into_owned());
    }
    let mend = || {
        let part = message.text_part(0)?;
        let bytes = original(part, raw)?;
        let label = part.content_type().and_then(|kind| kind.attribute("charset"));
        decoded(&bytes, label)
    };
    match mend() {
        Some(mended) => {
            oddities.push(Oddity::TextMended);
            Some(mended)
        }
        None => Some(text.into_owned()),
    }
}

/// Returns a part's bytes as the sender had them.
fn original<'a>(part: &MessagePart<'_>, raw: &'a [u8]) -> Option<Cow<'a, [u8]>> {
    let (start, end) = (part.raw_body_offset() as usize, part.raw_end_offset() as usize);
    let bytes = raw.get(start..end.max(start).min(raw.len()))?;
    // A part that is cut off before its end is left as it came by the parser.
    let said = part.content_transfer_encoding().unwrap_or_default().to_ascii_lowercase();
    let encoding = match (part.encoding, part.is_encoding_problem, said.as_str()) {
        (Encoding::None, true, "base64") => Encoding::Base64,
        (Encoding::None, true, "quoted-printable") => Encoding::QuotedPrintable,
        (encoding, ..) => encoding,
    };
    match encoding {
        Encoding::None => Some(Cow::Borrowed(bytes)),
        Encoding::QuotedPrintable => quoted_printable_decode(bytes).map(Cow::Owned),
        Encoding::Base64 => base64_decode(bytes.trim_ascii_end()).map(Cow::Owned),
    }
}

/// Returns the files a message carries: what has a name, or is said to be attached.
fn parts(message: &Message<'_>, raw: &[u8], oddities: &mut Vec<Oddity>) -> Vec<Part> {
    let mut found = Vec::new();
    for part in message.attachments() {
        let name = part.attachment_name().and_then(file_name);
        let attached = part.content_disposition().is_some_and(|how| how.is_attachment());
        if name.is_none() && !attached && !part.is_message() {
            continue;
        }
        let bytes = match &part.body {
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes.to_vec(),
            PartType::Message(inner) => inner.raw_message().to_vec(),
            _ => original(part, raw).map(Cow::into_owned).unwrap_or_default(),
        };
        if bytes.is_empty() {
            continue;
        }
        if found.len() == PARTS_MAX {
            oddities.push(Oddity::PartsLeftOut);
            break;
        }
        found.push(Part { name, media_type: media_type(part), bytes });
    }
    found
}

fn media_type(part: &MessagePart<'_>) -> String {
    let Some(kind) = part.content_type() else { return "application/octet-stream".to_owned() };
    let essence = match &kind.c_subtype {
        Some(subtype) => format!("{}/{subtype}", kind.c_type),
        None => return "application/octet-stream".to_owned(),
    };
    match kind.attribute("charset") {
        Some(charset) if kind.c_type.eq_ignore_ascii_case("text") => {
            format!("{essence}; charset={charset}")
        }
        _ => essence,
    }
}

/// Returns a file's name without folders.
fn file_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    super::words::fitted(last, 250, false)
}
