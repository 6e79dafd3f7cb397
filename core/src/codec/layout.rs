//! The layout language: a description of stored fields that travels in the log itself.
//!
//! Every kind and schema version publishes its layout as an event before its first use, so that a
//! reader that knows only this page can decode the whole ledger. The grammar:
//!
//! ```text
//! layout  := "bool" | "u8" | "u16" | "u32" | "u64" | "i32" | "i64" | "str" | "bytes"
//!          | "bytes16" | "bytes32" | "date" | "instant" | "currency"
//!          | "opt<" layout ">" | "list<" layout ">"
//!          | "{" name ":" layout ("," name ":" layout)* "}"          a struct, fields in order
//!          | "[" name (":" layout)? ("|" name (":" layout)?)* "]"    a choice, numbered from 0
//!          | "sealed(" class "," layout ")"                          a personal section
//! ```
//!
//! The bytes of each form are those of bincode's standard configuration; `date` is an `i32` count
//! of days since 1970-01-01, `instant` an `i64` count of microseconds since 1970-01-01T00:00:00Z,
//! `currency` three ASCII bytes.

use std::fmt;

use serde_json::{Map, Value, json};

use super::{CodecError, decode_prefix};

/// The shape of a stored value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// A scalar named in the grammar above.
    Scalar(&'static str),
    /// A value that may be absent: one byte, 0 or 1, then the value.
    Opt(Box<Layout>),
    /// A length, then so many values.
    List(Box<Layout>),
    /// Fields in order.
    Struct(Vec<(String, Layout)>),
    /// One of several, numbered from 0, each with an optional content.
    Choice(Vec<(String, Option<Layout>)>),
    /// A personal section of this class; what lies inside after opening.
    Sealed(String, Box<Layout>),
}

/// A value that can describe its own stored shape.
pub trait Describe {
    /// Returns the layout of the type's canonical bytes.
    fn layout() -> Layout;
}

/// Why a layout text or a value by layout could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The text is not in the grammar.
    #[error("layout text breaks off or is wrong at byte {at}: {text:?}")]
    Syntax {
        /// Offset into the text.
        at: usize,
        /// The text.
        text: String,
    },
    /// The bytes do not follow the layout.
    #[error("the bytes do not follow the layout")]
    Bytes(#[source] CodecError),
    /// A choice number has no name in the layout.
    #[error("choice number {number} is not in the layout, which has {known}")]
    Choice {
        /// The number found.
        number: u32,
        /// How many the layout names.
        known: usize,
    },
}

const SCALARS: [&str; 14] = [
    "bool", "u8", "u16", "u32", "u64", "i32", "i64", "str", "bytes16", "bytes32", "bytes", "date",
    "instant", "currency",
];

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Layout::Scalar(name) => f.write_str(name),
            Layout::Opt(inner) => write!(f, "opt<{inner}>"),
            Layout::List(inner) => write!(f, "list<{inner}>"),
            Layout::Struct(fields) => {
                f.write_str("{")?;
                for (index, (name, inner)) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}{name}:{inner}")?;
                }
                f.write_str("}")
            }
            Layout::Choice(options) => {
                f.write_str("[")?;
                for (index, (name, inner)) in options.iter().enumerate() {
                    let bar = if index == 0 { "" } else { "|" };
                    match inner {
                        Some(inner) => write!(f, "{bar}{name}:{inner}")?,
                        None => write!(f, "{bar}{name}")?,
                    }
                }
                f.write_str("]")
            }
            Layout::Sealed(class, inner) => write!(f, "sealed({class},{inner})"),
        }
    }
}

impl Layout {
    /// Parses a layout text as published in the log.
    ///
    /// # Errors
    /// [`LayoutError::Syntax`] with the offset of the first byte that is not in the grammar.
    pub fn parse(text: &str) -> Result<Layout, LayoutError> {
        let mut parser = Parser { text, at: 0 };
        let layout = parser.layout(0)?;
        if parser.at == text.len() { Ok(layout) } else { Err(parser.wrong()) }
    }

    /// Decodes the value at the start of `bytes` without knowing its Rust type; returns it and the
    /// bytes it took. Sealed sections come back as their key slot, tag and ciphertext in hex.
    ///
    /// # Errors
    /// [`LayoutError`] when the bytes do not follow the layout.
    pub fn decode(&self, bytes: &[u8]) -> Result<(Value, usize), LayoutError> {
        match self {
            Layout::Scalar(name) => decode_scalar(name, bytes),
            Layout::Opt(inner) => match take::<u8>(bytes)? {
                (0, used) => Ok((Value::Null, used)),
                (_, used) => {
                    let (value, more) = inner.decode(bytes.get(used..).unwrap_or_default())?;
                    Ok((value, used + more))
                }
            },
            Layout::List(inner) => {
                let (count, mut used) = take::<u64>(bytes)?;
                let mut values = Vec::new();
                for _ in 0..count {
                    let (value, more) = inner.decode(bytes.get(used..).unwrap_or_default())?;
                    values.push(value);
                    used += more;
                }
                Ok((Value::Array(values), used))
            }
            Layout::Struct(fields) => {
                let (mut map, mut used) = (Map::new(), 0);
                for (name, inner) in fields {
                    let (value, more) = inner.decode(bytes.get(used..).unwrap_or_default())?;
                    map.insert(name.clone(), value);
                    used += more;
                }
                Ok((Value::Object(map), used))
            }
            Layout::Choice(options) => {
                let (number, used) = take::<u32>(bytes)?;
                match options.get(number as usize) {
                    None => Err(LayoutError::Choice { number, known: options.len() }),
                    Some((name, None)) => Ok((Value::String(name.clone()), used)),
                    Some((name, Some(inner))) => {
                        let (value, more) = inner.decode(bytes.get(used..).unwrap_or_default())?;
                        Ok((json!({ name.as_str(): value }), used + more))
                    }
                }
            }
            Layout::Sealed(class, _) => {
                let ((slot, tag, text), used) = take::<(u64, [u8; 32], Vec<u8>)>(bytes)?;
                let sealed = json!({
                    "class": class, "key_slot": slot, "tag": hex(&tag), "ciphertext": hex(&text),
                });
                Ok((json!({ "sealed": sealed }), used))
            }
        }
    }
}

fn take<T: bincode::Decode<()>>(bytes: &[u8]) -> Result<(T, usize), LayoutError> {
    decode_prefix("a value of the layout", bytes).map_err(LayoutError::Bytes)
}

fn decode_scalar(name: &str, bytes: &[u8]) -> Result<(Value, usize), LayoutError> {
    Ok(match name {
        "bool" => take::<bool>(bytes).map(|(v, n)| (json!(v), n))?,
        "u8" => take::<u8>(bytes).map(|(v, n)| (json!(v), n))?,
        "u16" => take::<u16>(bytes).map(|(v, n)| (json!(v), n))?,
        "u32" => take::<u32>(bytes).map(|(v, n)| (json!(v), n))?,
        "u64" => take::<u64>(bytes).map(|(v, n)| (json!(v), n))?,
        "i32" | "date" => take::<i32>(bytes).map(|(v, n)| (json!(v), n))?,
        "i64" | "instant" => take::<i64>(bytes).map(|(v, n)| (json!(v), n))?,
        "str" => take::<String>(bytes).map(|(v, n)| (json!(v), n))?,
        "bytes" => take::<Vec<u8>>(bytes).map(|(v, n)| (json!(hex(&v)), n))?,
        "bytes16" => take::<[u8; 16]>(bytes).map(|(v, n)| (json!(hex(&v)), n))?,
        "bytes32" => take::<[u8; 32]>(bytes).map(|(v, n)| (json!(hex(&v)), n))?,
        _ => {
            let (code, used) = take::<[u8; 3]>(bytes)?;
            (json!(String::from_utf8_lossy(&code)), used)
        }
    })
}

/// Returns lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// How deep layouts may nest; deeper text is refused rather than recursed into.
const DEPTH_MAX: usize = 16;

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn wrong(&self) -> LayoutError {
        LayoutError::Syntax { at: self.at, text: self.text.to_owned() }
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), LayoutError> {
        if self.eat(token) { Ok(()) } else { Err(self.wrong()) }
    }

    fn name(&mut self) -> Result<String, LayoutError> {
        let end = self
            .rest()
            .find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
            .unwrap_or(self.rest().len());
        let name = self.rest().get(..end).unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(self.wrong());
        }
        self.at += end;
        Ok(name)
    }

    fn layout(&mut self, depth: usize) -> Result<Layout, LayoutError> {
        if depth > DEPTH_MAX {
            return Err(self.wrong());
        }
        if self.eat("opt<") {
            let inner = self.layout(depth + 1)?;
            self.expect(">")?;
            return Ok(Layout::Opt(Box::new(inner)));
        }
        if self.eat("list<") {
            let inner = self.layout(depth + 1)?;
            self.expect(">")?;
            return Ok(Layout::List(Box::new(inner)));
        }
        if self.eat("sealed(") {
            let class = self.name()?;
            self.expect(",")?;
            let inner = self.layout(depth + 1)?;
            self.expect(")")?;
            return Ok(Layout::Sealed(class, Box::new(inner)));
        }
        if self.eat("{") {
            let mut fields = Vec::new();
            while !self.eat("}") {
                if !fields.is_empty() {
                    self.expect(",")?;
                }
                let name = self.name()?;
                self.expect(":")?;
                fields.push((name, self.layout(depth + 1)?));
            }
            return Ok(Layout::Struct(fields));
        }
        if self.eat("[") {
            let mut options = Vec::new();
            while !self.eat("]") {
                if !options.is_empty() {
                    self.expect("|")?;
                }
                let name = self.name()?;
                let inner = if self.eat(":") { Some(self.layout(depth + 1)?) } else { None };
                options.push((name, inner));
            }
            return Ok(Layout::Choice(options));
        }
        match SCALARS.iter().find(|name| self.rest().starts_with(**name)) {
            Some(name) => {
                self.at += name.len();
                Ok(Layout::Scalar(name))
            }
            None => Err(self.wrong()),
        }
    }
}

macro_rules! scalar_layouts {
    ($($type:ty => $name:literal),* $(,)?) => {
        $(impl Describe for $type {
            fn layout() -> Layout { Layout::Scalar($name) }
        })*
    };
}

scalar_layouts! {
    bool => "bool", u8 => "u8", u16 => "u16", u32 => "u32", u64 => "u64", i32 => "i32",
    i64 => "i64", String => "str", [u8; 16] => "bytes16", [u8; 32] => "bytes32", Vec<u8> => "bytes",
}

impl<T: Describe> Describe for Option<T> {
    fn layout() -> Layout {
        Layout::Opt(Box::new(T::layout()))
    }
}

/// Types of which lists are stored. `Vec<u8>` is `bytes`, so bytes are not among them.
pub trait Item: Describe {}

impl<T: Item> Describe for Vec<T> {
    fn layout() -> Layout {
        Layout::List(Box::new(T::layout()))
    }
}

impl Item for String {}
impl Item for u32 {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) {
        let layout = Layout::parse(text).expect("the layout parses");
        assert_eq!(layout.to_string(), text);
    }

    #[test]
    fn texts_come_back_as_they_were() {
        check("{contact:str,main:bool,phones:list<{number:str,kind:[mobile|office]}>}");
        check("opt<sealed(identity,{name:str})>");
        check("[none|some:{a:u8}]");
        check("bytes32");
    }

    #[test]
    fn wrong_texts_name_the_offset() {
        for (text, offset) in [("{a:u9}", 3), ("opt<u8", 6), ("u8,", 2), ("", 0)] {
            match Layout::parse(text) {
                Err(LayoutError::Syntax { at, .. }) => assert_eq!(at, offset, "{text}"),
                other => panic!("{text} gave {other:?}"),
            }
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let text = "opt<".repeat(100_000);
        assert!(Layout::parse(&text).is_err());
    }
}
