//! One row as it stands in a file, and what may be wrong with it.

use crate::text::Text;

/// Where something stands in a file, counted from 1; the column counts characters of a line, in a
/// sheet its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The character in the line.
    pub column: u64,
}

/// What is wrong with one record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// More or fewer fields than the header.
    #[error("the row has {actual} fields, the header has {expected}")]
    FieldCount {
        /// The header's fields.
        expected: usize,
        /// The row's fields.
        actual: usize,
    },
    /// A NUL byte.
    #[error("the row holds a NUL byte; is the file damaged?")]
    Nul,
    /// Bytes that no text of the file's encoding has.
    #[error("the row holds bytes that are not text in the encoding that was found or said")]
    NotText,
    /// Something after a closing quote.
    #[error("something follows a closing quote; write a quote inside a field twice")]
    AfterQuote,
    /// A carriage return that ends no line.
    #[error("a carriage return stands alone; put the field in quotes or remove it")]
    BareCarriageReturn,
    /// A field beyond the limit.
    #[error("the field starting here is larger than {max} bytes; is a quote not closed?")]
    FieldTooLarge {
        /// The limit.
        max: usize,
    },
    /// A row beyond the limit.
    #[error("the row is larger than {max} bytes")]
    RowTooLarge {
        /// The limit.
        max: usize,
    },
    /// A record with too many fields.
    #[error("the row has more than {max} fields; is the delimiter right?")]
    TooManyFields {
        /// The limit.
        max: usize,
    },
    /// A line that is not one JSON object.
    #[error("the line is not a JSON object: {problem}")]
    Json {
        /// What the reader says.
        problem: String,
    },
    /// A cell that holds an error of the spreadsheet.
    #[error("the cell holds the error {error}")]
    CellError {
        /// Such as `#N/A`.
        error: String,
    },
}

impl Malformed {
    /// Says it in both languages.
    pub fn text(&self) -> Text {
        let zh = match self {
            Malformed::FieldCount { expected, actual } => {
                format!("该行有 {actual} 个字段，而表头有 {expected} 个")
            }
            Malformed::Nul => "该行含有 NUL 字节；文件是否损坏？".to_owned(),
            Malformed::NotText => "该行有些字节不是所认出或所说编码的文字".to_owned(),
            Malformed::AfterQuote => "结束的引号之后还有内容；字段内的引号请写两遍".to_owned(),
            Malformed::BareCarriageReturn => {
                "有单独的回车符；请给字段加上引号，或去掉它".to_owned()
            }
            Malformed::FieldTooLarge { max } => {
                format!("从此处开始的字段超过 {max} 字节；是否有引号没有结束？")
            }
            Malformed::RowTooLarge { max } => format!("该行超过 {max} 字节"),
            Malformed::TooManyFields { max } => {
                format!("该行的字段超过 {max} 个；分隔符是否正确？")
            }
            Malformed::Json { problem } => format!("该行不是 JSON 对象：{problem}"),
            Malformed::CellError { error } => format!("该单元格含有错误值 {error}"),
        };
        Text::from((self.to_string(), zh))
    }
}

/// One record as it stands in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The line it starts on.
    pub line: u64,
    pub(super) text: Vec<u8>,
    /// Per field the end of its content in `text`, and the column it starts at on its line.
    pub(super) ends: Vec<(usize, u64)>,
    pub(super) problem: Option<(Place, Malformed)>,
}

impl Record {
    /// Returns how many fields there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Tells whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns a field's text; empty when there is none.
    pub fn field(&self, index: usize) -> &str {
        std::str::from_utf8(self.bytes(index)).unwrap_or_default()
    }

    fn bytes(&self, index: usize) -> &[u8] {
        let Some((end, _)) = self.ends.get(index) else { return &[] };
        let previous = index.checked_sub(1).and_then(|index| self.ends.get(index));
        let start = previous.map_or(0, |(end, _)| *end);
        self.text.get(start..*end).unwrap_or_default()
    }

    /// Returns all fields, whatever is wrong with them.
    pub fn fields_lossy(&self) -> Vec<String> {
        let field = |index| String::from_utf8_lossy(self.bytes(index)).into_owned();
        (0..self.len()).map(field).collect()
    }

    /// Tells whether another record has the same fields.
    pub fn same_fields(&self, other: &Record) -> bool {
        self.text == other.text
            && self.ends.iter().map(|end| end.0).eq(other.ends.iter().map(|end| end.0))
    }

    /// Starts a record anew.
    pub(super) fn start(&mut self, line: u64) {
        self.line = line;
        self.text.clear();
        self.ends.clear();
        self.problem = None;
    }

    /// Adds a field that starts at a column.
    pub(super) fn push(&mut self, field: &str, column: u64) {
        self.text.extend_from_slice(field.as_bytes());
        self.ends.push((self.text.len(), column));
    }

    /// Takes the last field away.
    pub(super) fn pop(&mut self) {
        self.ends.pop();
        self.text.truncate(self.ends.last().map_or(0, |end| end.0));
    }

    /// Notes what is wrong, unless something was before.
    pub(super) fn wrong(&mut self, place: Place, malformed: Malformed) {
        self.problem.get_or_insert((place, malformed));
    }

    /// Returns what is wrong with the record, if anything, and where.
    pub fn problem(&self, fields: usize) -> Option<(Place, Malformed)> {
        if let Some(problem) = &self.problem {
            return Some(problem.clone());
        }
        if std::str::from_utf8(&self.text).is_err() || self.text.contains(&0) {
            return self.not_text();
        }
        let actual = self.len();
        (actual != fields).then(|| {
            let column = self.ends.last().map_or(1, |(_, column)| *column);
            let place = Place { line: self.line, column };
            (place, Malformed::FieldCount { expected: fields, actual })
        })
    }

    fn not_text(&self) -> Option<(Place, Malformed)> {
        for index in 0..self.len() {
            let bytes = self.bytes(index);
            let column = self.ends.get(index).map_or(1, |(_, column)| *column);
            let at = |offset: usize| {
                let before = String::from_utf8_lossy(bytes.get(..offset).unwrap_or_default());
                Place { line: self.line, column: column + before.chars().count() as u64 }
            };
            if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
                return Some((at(offset), Malformed::Nul));
            }
            if let Err(error) = std::str::from_utf8(bytes) {
                return Some((at(error.valid_up_to()), Malformed::NotText));
            }
        }
        None
    }
}
