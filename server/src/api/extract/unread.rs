//! What a reader of JSON or of a query says about a value, taken apart so that it can be told in
//! both languages and with the field at fault.
//!
//! serde gives its errors as sentences; the forms it uses are few and stable, and a test pins them.
//! A sentence of another form is told as it is.

use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use crate::api::problem::{Code, Told, pointer_step};
use crate::suggest::nearest;
use crate::text::Text;

/// What a reader could not read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// A field or a name of a list that is not known, and the known ones.
    Unknown { name: String, known: Vec<String>, variant: bool },
    /// A field that must be there.
    Missing { name: String },
    /// A field twice.
    Twice { name: String },
    /// A value of another form.
    Unfit { found: String, expected: String },
    /// Anything else.
    Other(String),
}

impl Unread {
    /// Takes a sentence of serde apart.
    pub(crate) fn of(message: &str) -> Unread {
        let quoted = |text: &str| {
            let name = text.strip_prefix('`')?.split_once('`')?;
            Some((name.0.to_owned(), name.1.to_owned()))
        };
        let unknown = |text: &str, variant| {
            let (name, rest) = quoted(text)?;
            let known = rest.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            Some(Unread::Unknown { name, known, variant })
        };
        let unfit = |text: &str| {
            let (found, expected) = text.rsplit_once(", expected ")?;
            Some(Unread::Unfit { found: found.to_owned(), expected: expected.to_owned() })
        };
        let read = |form: &str| message.strip_prefix(form);
        let taken = None
            .or_else(|| read("unknown field ").and_then(|text| unknown(text, false)))
            .or_else(|| read("unknown variant ").and_then(|text| unknown(text, true)))
            .or_else(|| {
                let (name, _) = quoted(read("missing field ")?)?;
                Some(Unread::Missing { name })
            })
            .or_else(|| {
                let (name, _) = quoted(read("duplicate field ")?)?;
                Some(Unread::Twice { name })
            })
            .or_else(|| read("invalid type: ").and_then(unfit))
            .or_else(|| read("invalid value: ").and_then(unfit))
            .or_else(|| read("invalid length ").and_then(unfit));
        taken.unwrap_or_else(|| Unread::Other(message.to_owned()))
    }

    /// Tells it about a field, called `name`, that stands `at` somewhere.
    pub(crate) fn tell(self, at: &str, name: &str) -> Told {
        match self {
            Unread::Unknown { name: unknown, known, variant } => {
                let (en, zh) = if variant {
                    let what = if name.is_empty() { "" } else { " in the field " };
                    (
                        format!("{unknown:?}{what}{name} is not one of the names it can have"),
                        format!("{unknown:?} 不是字段{name}可取的名称"),
                    )
                } else {
                    (format!("the field {unknown} is not known"), format!("不认识字段 {unknown}"))
                };
                let at = if variant || at.ends_with(&pointer_step(&unknown)) || !is_pointer(at) {
                    at.to_owned()
                } else {
                    at.to_owned() + &pointer_step(&unknown)
                };
                meant(Told::new(Code::FieldUnknown, (en, zh)).at(at), &unknown, &known)
            }
            Unread::Missing { name } => {
                let at = if is_pointer(at) {
                    at.to_owned() + &pointer_step(&name)
                } else {
                    name.clone()
                };
                let detail = (format!("the field {name} is missing"), format!("缺少字段 {name}"));
                Told::new(Code::FieldRequired, detail).at(at)
            }
            Unread::Twice { name } => {
                let detail = (
                    format!("the field {name} stands there twice"),
                    format!("字段 {name} 出现了两次"),
                );
                Told::new(Code::FieldUnfit, detail).at(at)
            }
            Unread::Unfit { found, expected } => {
                let en = format!("{} is {found}; expected is {expected}", the(name));
                let zh = format!(
                    "{}是 {}，应为 {}",
                    the_zh(name),
                    in_chinese(&found),
                    in_chinese(&expected)
                );
                Told::new(Code::FieldUnfit, (en, zh)).at(at)
            }
            Unread::Other(problem) => {
                let en = format!("{} cannot be read: {problem}", the(name));
                let zh = format!("{}无法读取：{}", the_zh(name), in_chinese(&problem));
                Told::new(Code::FieldUnfit, (en, zh)).at(at)
            }
        }
    }
}

fn is_pointer(at: &str) -> bool {
    at.is_empty() || at.starts_with('/')
}

fn the(name: &str) -> String {
    if name.is_empty() { "the body".to_owned() } else { format!("the field {name}") }
}

fn the_zh(name: &str) -> String {
    if name.is_empty() { "请求体".to_owned() } else { format!("字段 {name} ") }
}

/// Words of serde and of our own values, as far as they are a closed list.
const WORDS: &[(&str, &str)] = &[
    ("invalid digit found in string", "不是整数"),
    ("cannot parse integer from empty string", "不是整数"),
    ("number too large to fit in target type", "数字过大"),
    ("provided string was not `true` or `false`", "不是 true 或 false"),
    ("floating point", "小数"),
    ("a sequence", "数组"),
    ("sequence", "数组"),
    ("struct ", "对象 "),
    ("a map", "对象"),
    ("map", "对象"),
    ("a string", "文本"),
    ("string", "文本"),
    ("integer", "整数"),
    ("a boolean", "true 或 false"),
    ("boolean", "布尔值"),
    ("null", "null"),
    ("control character", "控制字符"),
    (" is empty", " 为空"),
    (" bytes long; at most ", " 字节长；最多允许 "),
    (" are allowed", ""),
    ("u64", "非负整数"),
    ("u32", "非负整数"),
    ("usize", "非负整数"),
    ("i64", "整数"),
];

fn in_chinese(text: &str) -> String {
    WORDS.iter().fold(text.to_owned(), |text, (en, zh)| text.replace(en, zh))
}

/// Adds what was probably meant, or the names there are.
pub(crate) fn meant<T: AsRef<str>>(told: Told, name: &str, known: &[T]) -> Told {
    /// The most names a hint lists.
    const NAMED_MAX: usize = 24;
    let names = || known.iter().map(AsRef::as_ref);
    let hint: Text = match nearest(name, names()) {
        Some(meant) => (format!("did you mean {meant}?"), format!("您是想写 {meant} 吗？")).into(),
        None if known.is_empty() || known.len() > NAMED_MAX => return told,
        None => {
            let all = names().collect::<Vec<_>>().join(", ");
            (format!("the names are {all}"), format!("可用的名称有 {all}")).into()
        }
    };
    told.hint(hint)
}

/// Writes a path as a pointer (RFC 6901).
pub(crate) fn pointer(path: &Path) -> String {
    let steps = path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Map { key } => Some(pointer_step(key)),
        Segment::Enum { variant } => Some(pointer_step(variant)),
        Segment::Unknown => None,
    });
    steps.collect()
}

/// Tells what is wrong with a JSON document at a place of it.
pub(crate) fn json(pointer: &str, error: &serde_json::Error) -> Told {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let text = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    if error.classify() == Category::Data {
        return value(pointer, text);
    }
    let en = format!("the body is not JSON: line {line}, column {column}: {text}");
    let zh = format!("请求体不是 JSON：第 {line} 行第 {column} 列（{text}）");
    Told::new(Code::JsonUnreadable, (en, zh)).at("")
}

/// Tells what is wrong with a value at a place of a document.
pub(crate) fn value(pointer: &str, message: &str) -> Told {
    let name = pointer.trim_start_matches('/').replace('/', ".");
    Unread::of(message).tell(pointer, &name)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use crate::api::extract::read_json;
    use crate::text::Language;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Outer {
        lines: Vec<Line>,
        choice: Option<Choice>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Line {
        amount: u64,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Choice {
        Forward,
        Backward,
    }

    /// The forms of serde's sentences that are taken apart.
    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        for (body, code, field, en) in [
            (
                "{\"lines\": [{\"amount\": 1, \"amuont\": 2}]}",
                "field_unknown",
                "/lines/0/amuont",
                "the field amuont is not known",
            ),
            (
                "{\"lines\": [{}]}",
                "field_required",
                "/lines/0/amount",
                "the field amount is missing",
            ),
            (
                "{\"lines\": [{\"amount\": \"x\"}]}",
                "field_unfit",
                "/lines/0/amount",
                "the field lines.0.amount is string \"x\"; expected is u64",
            ),
            (
                "{\"lines\": [{\"amount\": -1}]}",
                "field_unfit",
                "/lines/0/amount",
                "the field lines.0.amount is integer `-1`; expected is u64",
            ),
            (
                "{\"lines\": [], \"choice\": \"forwrad\"}",
                "field_unknown",
                "/choice",
                "\"forwrad\" in the field choice is not one of the names it can have",
            ),
            ("{}", "field_required", "/lines", "the field lines is missing"),
            ("[]", "field_required", "/lines", ""),
            ("7", "field_unfit", "", "the body is integer `7`; expected is struct Outer"),
            ("{\"lines\": [", "json_unreadable", "", ""),
            ("{} {}", "field_required", "/lines", ""),
            ("{\"lines\": []} x", "json_unreadable", "", ""),
            ("", "json_unreadable", "", ""),
        ] {
            let told = read_json::<Outer>(body.as_bytes()).unwrap_err().told();
            let problem = told.told(Language::En);
            if body != "[]" {
                assert_eq!(
                    (&*problem.code, problem.field.as_deref()),
                    (code, Some(field)),
                    "{body}"
                );
            }
            assert!(en.is_empty() || problem.detail == en, "{body}: {}", problem.detail);
            assert!(!told.told(Language::Zh).detail.is_ascii());
        }
        let told = read_json::<Outer>(b"{\"lines\": [{\"amuont\": 2}]}").unwrap_err().told();
        assert_eq!(told.hint.en, "did you mean amount?");
        assert_eq!(told.hint.zh, "您是想写 amount 吗？");
    }
}
