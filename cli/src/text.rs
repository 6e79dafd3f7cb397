//! A sentence in both languages, kept together until it is known who reads it.

use crate::render::Lang;

/// A sentence in English and Chinese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// In English.
    pub en: Box<str>,
    /// In Chinese.
    pub zh: Box<str>,
}

impl Text {
    /// Puts both languages side by side.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Text {
        Text { en: en.into().into(), zh: zh.into().into() }
    }

    /// Returns the sentence in a language.
    pub fn pick(&self, lang: Lang) -> &str {
        lang.pick(&self.en, &self.zh)
    }
}

/// Takes a text that is in the reader's language already, or a name that needs none.
impl From<String> for Text {
    fn from(text: String) -> Text {
        Text::new(text.clone(), text)
    }
}

/// Takes a text that is in the reader's language already, or a name that needs none.
impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text::from(text.to_owned())
    }
}

/// Takes English and Chinese.
impl From<(&str, &str)> for Text {
    fn from((en, zh): (&str, &str)) -> Text {
        Text::new(en, zh)
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.en)
    }
}
