//! Calls that are turned away before the interface sees them.
//!
//! Invariant: each is a problem document (RFC 9457) with a stable code, in the caller's language.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

use crate::api::problem::{Code, Told};
use crate::text::{Language, Text};

/// Why a call is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    TokenMissing,
    TokenWrong,
    HostRefused,
    Encoded,
    BodyTooLarge { max: usize },
    TooDeep { max: usize },
    NumberTooLong { max: usize },
    BodyTooSlow,
    CallTooSlow,
    BodyCut,
    Busy,
}

impl Refusal {
    /// Returns the code.
    pub(super) const fn code(self) -> Code {
        match self {
            Refusal::TokenMissing => Code::TokenMissing,
            Refusal::TokenWrong => Code::TokenWrong,
            Refusal::HostRefused => Code::HostRefused,
            Refusal::Encoded => Code::ContentEncodingUnsupported,
            Refusal::BodyTooLarge { .. } => Code::BodyTooLarge,
            Refusal::TooDeep { .. } => Code::JsonTooDeep,
            Refusal::NumberTooLong { .. } => Code::NumberTooLong,
            Refusal::BodyTooSlow => Code::BodyTooSlow,
            Refusal::CallTooSlow => Code::CallTooSlow,
            Refusal::BodyCut => Code::BodyCut,
            Refusal::Busy => Code::Busy,
        }
    }

    /// Tells it, with the limit where there is one.
    pub(super) fn told(self) -> Told {
        let detail: Text = match self {
            Refusal::BodyTooLarge { max } => {
                (format!("the body is larger than {max} bytes"), format!("请求体超过 {max} 字节"))
                    .into()
            }
            Refusal::TooDeep { max } => (
                format!("arrays and objects lie in each other more than {max} deep"),
                format!("数组与对象的嵌套超过 {max} 层"),
            )
                .into(),
            Refusal::NumberTooLong { max } => (
                format!("a number has more than {max} characters"),
                format!("有一个数字超过 {max} 个字符"),
            )
                .into(),
            plain => plain.code().entry().meaning,
        };
        Told::new(self.code(), detail)
    }

    /// Answers with the problem. The connection ends: what is left of the call is not read.
    pub(super) fn respond(self, language: Language) -> Response<Body> {
        let mut response = self.told().respond(language);
        let unauthorized = response.status() == StatusCode::UNAUTHORIZED;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        if unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
