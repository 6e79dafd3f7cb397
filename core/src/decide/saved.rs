//! A decision state as bytes, so that a long history need not be folded again.
//!
//! Invariant: a state that is read back is the one that was written, by a release that folds alike; any
//! doubt is a refusal, and the state is folded from the log. States hold marks and ids, never personal
//! content, so these bytes may be kept beside the log. What this module does not do: it does not know
//! whether the state still stands for the stream's history; `ledger` checks that against the log.
//!
//! ```text
//! format u16 = 1 │ release text │ shape u64 │ stream │ version u64 │ position u64 │ hash 32 bytes
//! │ profile │ records ever made, a u32 a family │ records │ requests │ key slots │ voided
//! ```
//! all in bincode's standard configuration. `shape` is a hash of the field lists below, so that bytes
//! written before a field was added are refused without anybody having to think of it.

use std::collections::BTreeMap;
use std::hash::Hasher;

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use compact_str::CompactString;
use siphasher::sip::SipHasher13;

use super::complaint::FirstResponse;
use super::opportunity::Standing;
use super::state::{
    CustomerState, DetailValue, FAMILY_COUNT, Profile, Record, RecordKey, SeenRequest,
};
use crate::codec::CodecError;
use crate::event::StreamId;
use crate::id::Note;
use crate::position::Position;
use crate::proof::Hash;

/// Raise it when folding an event gives another state than before; a change of fields is noticed.
const FORMAT: u16 = 1;

/// The most bytes a state may claim; guards against hostile lengths.
const STATE_SIZE_BYTES_MAX: usize = 1 << 30;

const WHAT: &str = "a saved state";

/// Gives structs their bytes: the fields in this order. A field that is missing here does not compile.
macro_rules! saved {
    ($( $type:path { $( $field:tt ),* } )*) => {
        $(
            impl Encode for $type {
                fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
                    let _ = &encoder;
                    $( self.$field.encode(encoder)?; )*
                    Ok(())
                }
            }
            impl<C> Decode<C> for $type {
                fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
                    let _ = &decoder;
                    Ok(Self { $( $field: Decode::decode(decoder)? ),* })
                }
            }
        )*
        const SHAPES: &str = concat!(
            $( stringify!($type), " { ", $( stringify!($field), " ", )* "} ", )*
        );
    };
}

saved! {
    super::application::Application {
        credit_kind, credit, effective_on, lines, reversed, for_customer, paid_by
    }
    super::commitment::Commitment { made_at, due_at, settled, items, responsible }
    super::complaint::Complaint {
        kind, severity, response, paused, closed, received_at, changed_at, handlers, responsible
    }
    super::confirmation::Confirmation {}
    super::contract::Contract {
        currency, total, tax, last_on, amendments, closed_on, debt_opened_by, legal_entity, opened,
        payment, lines, instalments
    }
    super::contract::Line { line, contracted, shipped, dispatched, arrived }
    super::contract::PlannedReceipt { number, minor, trigger, planned_on, opened }
    super::credit::Credit {
        minor, currency, counts_from, legal_entity, used, refunded, applications
    }
    super::credit::CreditNote { credit }
    super::credit::Refund { bank_ref }
    super::credit::WriteOff { item, amount, on, applied }
    super::customer::Contact {}
    super::dunning::Notice {}
    super::interaction::Interaction { voided }
    super::invoice::Invoice { total, issued_on, covers, red_letter, reverses }
    super::mail::HeldMail { outcome, assigned_to }
    super::movements::Movements { 0 }
    super::opportunity::Opportunity {
        pipeline, pipeline_version, stage, standing, changed_at, forecast, owner
    }
    super::quote::Quote { outcomes }
    super::receivable::Item {
        minor, amended, currency, document_on, due_on, covered, early, discounted, disputed,
        reminded, contract, instalment, legal_entity, taken
    }
    super::receivable::Receipt { credit, reversed, bank_ref, from_suspense, identified }
    super::shipment::Line { line, shipped, returned }
    super::shipment::Shipment { contract, dispatched_at, signed, lines }
    super::limit::CreditLimit { limit, valid_until, hold }
    super::assignment::Pooled { from, at }
    super::share::Share { rights, until }
    super::merge::Fact { event, position, kind_tag }
    super::merge::Merge { merged, facts }
    super::state::Profile {
        kind, currency, owner, pooled, merges, merged_into, main_contact, details, credit_limit
    }
    super::state::SeenRequest { content, position }
    super::survey::Survey {}
    super::task::Task { due_at, closed, assignee }
    super::terms::EarlyDiscount { until, basis_points }
    super::terms::Investment {}
    super::terms::Terms { payment, valid_from, valid_until }
}

/// Gives closed lists their bytes: the place in this list.
macro_rules! saved_choices {
    ($( $type:path { $( $option:ident ),* } )*) => { $(
        impl Encode for $type {
            fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
                (*self as u8).encode(encoder)
            }
        }
        impl<C> Decode<C> for $type {
            fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
                let number = u8::decode(decoder)?;
                $( if number == Self::$option as u8 { return Ok(Self::$option); } )*
                Err(DecodeError::Other(concat!("not one of ", stringify!($type))))
            }
        }
    )* };
}

saved_choices! {
    FirstResponse { None, Automatic, Human }
    Standing { Open, Won, Lost }
}

impl Encode for DetailValue {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        match self {
            DetailValue::Public(text) => (Some(text), None::<[u8; 16]>).encode(encoder),
            DetailValue::Mark(mark) => (None::<Note>, Some(*mark)).encode(encoder),
        }
    }
}

impl<C> Decode<C> for DetailValue {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        match <(Option<Note>, Option<[u8; 16]>)>::decode(decoder)? {
            (Some(text), None) => Ok(DetailValue::Public(text)),
            (None, Some(mark)) => Ok(DetailValue::Mark(mark)),
            _ => Err(DecodeError::Other("a detail is neither public nor a mark")),
        }
    }
}

/// The fields of a state that have bytes of their own; the rest is its head.
struct Content<'a>(&'a CustomerState);

impl Encode for Content<'_> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let CustomerState {
            version: _,
            last: _,
            profile,
            counts,
            records,
            requests,
            key_slots,
            voided,
            taken_back,
        } = self.0;
        profile.encode(encoder)?;
        counts.encode(encoder)?;
        (records.len() as u64).encode(encoder)?;
        for ((_, id), record) in records {
            id.as_str().encode(encoder)?;
            record.encode(encoder)?;
        }
        requests.encode(encoder)?;
        key_slots.encode(encoder)?;
        voided.encode(encoder)?;
        taken_back.encode(encoder)
    }
}

/// Returns a state as bytes.
///
/// # Errors
/// [`CodecError`] for a state of no event, or one that holds something unfit to be stored.
pub fn encode(stream: &StreamId, state: &CustomerState) -> Result<Vec<u8>, CodecError> {
    let Some((position, hash)) = state.last else {
        return Err(CodecError::Encode(EncodeError::Other("a state of no event")));
    };
    let head = (FORMAT, env!("CARGO_PKG_VERSION"), shape());
    let stands_for = (stream, state.version, position, hash.0);
    let mut bytes = Vec::with_capacity(256 + state.records.len() * 64 + state.requests.len() * 40);
    bincode::encode_into_std_write(
        (head, stands_for, Content(state)),
        &mut bytes,
        bincode::config::standard(),
    )
    .map_err(CodecError::Encode)?;
    Ok(bytes)
}

/// Reads a stream's state.
///
/// # Errors
/// [`CodecError`] when the bytes are not a state of this stream, or were not written by a release that
/// folds and encodes as this one does.
pub fn decode(stream: &StreamId, bytes: &[u8]) -> Result<CustomerState, CodecError> {
    let config = bincode::config::standard().with_limit::<STATE_SIZE_BYTES_MAX>();
    let (Saved(owner, state), used) = bincode::decode_from_slice(bytes, config)
        .map_err(|source| CodecError::Decode { what: WHAT, source })?;
    if used != bytes.len() {
        return Err(CodecError::TrailingBytes { what: WHAT, used, total: bytes.len() });
    }
    if owner != *stream {
        let source = DecodeError::Other("it is the state of another stream");
        return Err(CodecError::Decode { what: WHAT, source });
    }
    Ok(state)
}

struct Saved(StreamId, CustomerState);

impl<C> Decode<C> for Saved {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let (format, release, written_shape) = <(u16, String, u64)>::decode(decoder)?;
        if (format, release.as_str(), written_shape) != (FORMAT, env!("CARGO_PKG_VERSION"), shape())
        {
            return Err(DecodeError::Other("it is of another release"));
        }
        let (stream, version, position, hash) = <(_, _, Position, [u8; 32])>::decode(decoder)?;
        let state = CustomerState {
            version,
            last: Some((position, Hash(hash))),
            profile: Profile::decode(decoder)?,
            counts: Decode::decode(decoder)?,
            records: records(decoder)?,
            requests: <BTreeMap<[u8; 16], SeenRequest>>::decode(decoder)?,
            key_slots: Decode::decode(decoder)?,
            voided: Decode::decode(decoder)?,
            taken_back: Decode::decode(decoder)?,
        };
        Ok(Saved(stream, state))
    }
}

/// Reads the records; they stand in the map's order, which makes building it cheap.
fn records<D: Decoder>(decoder: &mut D) -> Result<BTreeMap<RecordKey, Record>, DecodeError> {
    let count = u64::decode(decoder)?;
    // Each takes at least a byte; nothing is reserved on the word of the count alone.
    decoder.claim_bytes_read(usize::try_from(count).unwrap_or(usize::MAX))?;
    decoder.unclaim_bytes_read(usize::try_from(count).unwrap_or(usize::MAX));
    let mut records = Vec::new();
    for _ in 0..count {
        let id = CompactString::from(String::decode(decoder)?);
        let record = Record::decode(decoder)?;
        records.push(((record.family(), id), record));
    }
    Ok(records.into_iter().collect())
}

/// Returns a hash of what the bytes consist of.
fn shape() -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(SHAPES.as_bytes());
    hasher.write_u64(FAMILY_COUNT as u64);
    hasher.finish()
}
