//! A sentence in both languages, kept together until it is known who reads it.
//!
//! Invariant: whatever a caller is told in words is a [`Text`] or was one ([`Spoken`]), so that a
//! sentence without its Chinese does not compile.

mod values;

use std::borrow::Cow;
use std::fmt;

use axum::http::{HeaderMap, header};
use daybook_core::decide::Rejection;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A language people are told things in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Language {
    /// Returns the language's tag (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Zh => "zh",
        }
    }

    /// Returns the one a caller would rather read, by `Accept-Language` (RFC 9110, 12.5.4); English
    /// when it says nothing about either.
    pub fn preferred(headers: &HeaderMap) -> Language {
        let mut best = (0.0, Language::En);
        let said = headers.get_all(header::ACCEPT_LANGUAGE).iter();
        for range in said.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')) {
            let (range, weight) = range.split_once(';').unwrap_or((range, ""));
            let weight = weight.trim().strip_prefix("q=").map_or(1.0, |q| q.parse().unwrap_or(0.0));
            let language = match range.trim().split('-').next().unwrap_or_default() {
                primary if primary.eq_ignore_ascii_case("zh") => Language::Zh,
                primary if primary.eq_ignore_ascii_case("en") || primary == "*" => Language::En,
                _ => continue,
            };
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }
}

/// A sentence in English and Chinese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// In English.
    pub en: Cow<'static, str>,
    /// In Chinese.
    pub zh: Cow<'static, str>,
}

impl Text {
    /// Puts both languages side by side.
    pub const fn fixed(en: &'static str, zh: &'static str) -> Text {
        Text { en: Cow::Borrowed(en), zh: Cow::Borrowed(zh) }
    }

    /// Returns the sentence in a language.
    pub fn pick(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Zh => &self.zh,
        }
    }

    /// Says it to somebody.
    pub fn spoken(&self, language: Language) -> Spoken {
        Spoken(self.pick(language).to_owned())
    }
}

/// A sentence in the language of whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Spoken(String);

impl Spoken {
    /// Says why a rule refuses something.
    pub fn refusal(rejection: &Rejection, language: Language) -> Spoken {
        Spoken(match language {
            Language::En => rejection.to_string(),
            Language::Zh => rejection.message_zh(),
        })
    }
}

impl std::ops::Deref for Spoken {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Takes English and Chinese.
impl<En: Into<Cow<'static, str>>, Zh: Into<Cow<'static, str>>> From<(En, Zh)> for Text {
    fn from((en, zh): (En, Zh)) -> Text {
        Text { en: en.into(), zh: zh.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_with_the_greatest_weight_is_spoken() {
        for (said, language) in [
            ("", Language::En),
            ("zh", Language::Zh),
            ("ZH-Hant-TW", Language::Zh),
            ("fr, zh;q=0.4, en;q=0.9", Language::En),
            ("fr, zh;q=0.9, en;q=0.4", Language::Zh),
            ("en-GB,en;q=0.8,zh;q=0.7", Language::En),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Zh),
            ("zh;q=0, *", Language::En),
            ("zhuang", Language::En),
            ("zh;q=nonsense", Language::En),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, said.parse().unwrap());
            assert_eq!(Language::preferred(&headers), language, "{said}");
        }
    }
}
