//! Promise: the bytes of every kind of event stay what they are. One example each is pinned in
//! `golden/events.txt`; set `DAYBOOK_BLESS=1` to write the file anew after a deliberate change.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::disallowed_methods)]

use std::fmt::Write as _;
use std::path::Path;

use daybook_core::codec::CodecError;
use daybook_core::codec::layout::{Layout, hex};
use daybook_core::event::examples::example;
use daybook_core::event::{Event, Header, Kind};
use daybook_core::proof::leaf_hash;

fn stored(kind: Kind) -> Vec<u8> {
    let mut bytes = Vec::new();
    example(kind).encode_into(&mut bytes).expect("an example encodes");
    bytes
}

#[test]
fn the_bytes_of_every_kind_are_pinned() {
    let mut actual = String::from("# kind, schema version, layout, stored bytes, leaf hash\n");
    for kind in Kind::ALL.iter().copied() {
        let bytes = stored(kind);
        let (schema, layout) = (kind.schema(), kind.layout());
        let hash = leaf_hash(&bytes);
        writeln!(actual, "\n{kind} v{schema}\n{layout}\n{}\n{hash}", hex(&bytes)).expect("written");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/events.txt");
    if std::env::var_os("DAYBOOK_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&path, &actual).expect("written");
    }
    let expected = std::fs::read_to_string(&path).expect("the pinned file");
    for (expected, actual) in expected.split("\n\n").zip(actual.split("\n\n")) {
        assert_eq!(expected, actual);
    }
    assert_eq!(expected.len(), actual.len(), "a kind was added or removed");
}

#[test]
fn every_example_comes_back_as_it_was() {
    for kind in Kind::ALL.iter().copied() {
        assert_eq!(Event::decode(&stored(kind)).expect("decodes"), example(kind), "{kind}");
    }
}

#[test]
fn a_byte_too_many_is_refused() {
    for kind in Kind::ALL.iter().copied() {
        let mut bytes = stored(kind);
        bytes.push(0);
        let error = Event::decode(&bytes).expect_err("one byte is left over");
        assert!(matches!(error, CodecError::TrailingBytes { .. }), "{kind}: {error}");
    }
}

#[test]
fn a_reader_with_only_the_layout_reads_the_whole_body() {
    for kind in Kind::ALL.iter().copied() {
        let bytes = stored(kind);
        let header = Header::decode(&bytes).expect("a header");
        let layout = Layout::parse(&kind.layout().to_string()).expect("a layout");
        assert_eq!(layout, kind.layout(), "{kind}");
        let body = bytes.get(header.body_at..).expect("a body");
        let (_, used) = layout.decode(body).expect("decodes by layout");
        assert_eq!(used, body.len(), "{kind}");
    }
}
