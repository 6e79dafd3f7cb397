//! A sentence in both languages, kept together until it is known who reads it; one without its
//! Chinese does not compile.

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

    /// Takes a sentence that was asked for in the reader's language and came in it.
    pub fn spoken(text: &str) -> Text {
        Text::new(text, text)
    }

    /// Returns the sentence in a language.
    pub fn pick(&self, lang: Lang) -> &str {
        lang.pick(&self.en, &self.zh)
    }
}

/// Takes what the interface's part says in both languages.
impl From<daybook_server::text::Text> for Text {
    fn from(text: daybook_server::text::Text) -> Text {
        Text::new(text.en, text.zh)
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
