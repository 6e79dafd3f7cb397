//! Calls that are turned away before the interface sees them.
//!
//! Invariant: each is a problem document (RFC 9457) with a stable code, in the caller's language.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

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
    /// Returns the stable code.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Refusal::TokenMissing => "token_missing",
            Refusal::TokenWrong => "token_wrong",
            Refusal::HostRefused => "host_refused",
            Refusal::Encoded => "content_encoding_unsupported",
            Refusal::BodyTooLarge { .. } => "body_too_large",
            Refusal::TooDeep { .. } => "json_too_deep",
            Refusal::NumberTooLong { .. } => "number_too_long",
            Refusal::BodyTooSlow => "body_too_slow",
            Refusal::CallTooSlow => "call_too_slow",
            Refusal::BodyCut => "body_cut",
            Refusal::Busy => "busy",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Refusal::TokenMissing | Refusal::TokenWrong => StatusCode::UNAUTHORIZED,
            Refusal::HostRefused => StatusCode::FORBIDDEN,
            Refusal::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Refusal::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::TooDeep { .. } | Refusal::NumberTooLong { .. } | Refusal::BodyCut => {
                StatusCode::BAD_REQUEST
            }
            Refusal::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Refusal::CallTooSlow => StatusCode::GATEWAY_TIMEOUT,
            Refusal::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Tells whether the same call may succeed later.
    const fn helps_to_retry(self) -> bool {
        matches!(
            self,
            Refusal::BodyTooSlow | Refusal::CallTooSlow | Refusal::BodyCut | Refusal::Busy
        )
    }

    /// Returns what happened and what to do next, in English and Chinese.
    fn texts(self) -> [(String, &'static str); 2] {
        let (en, zh, hint_en, hint_zh) = match self {
            Refusal::TokenMissing => (
                "the call carries no token".into(),
                "调用没有携带令牌".into(),
                "send the header `Authorization: Bearer TOKEN`; `daybook serve` names the token's file",
                "请发送请求头 `Authorization: Bearer 令牌`；令牌文件由 `daybook serve` 指明",
            ),
            Refusal::TokenWrong => (
                "the token is not the one of this server".into(),
                "令牌不是此服务的令牌".into(),
                "read the token again from the file that `daybook serve` names",
                "请从 `daybook serve` 指明的文件中重新读取令牌",
            ),
            Refusal::HostRefused => (
                "the call was not meant for this server: its Host is not this machine and port"
                    .into(),
                "调用的 Host 不是本机及此端口".into(),
                "call it as localhost, 127.0.0.1 or [::1] with its port",
                "请以 localhost、127.0.0.1 或 [::1] 及其端口调用",
            ),
            Refusal::Encoded => (
                "compressed bodies are not taken".into(),
                "不接受压缩的请求体".into(),
                "send the body as it is, without Content-Encoding",
                "请直接发送原文，不用 Content-Encoding",
            ),
            Refusal::BodyTooLarge { max } => (
                format!("the body is larger than {max} bytes"),
                format!("请求体超过 {max} 字节"),
                "send less at once, or use POST /v1/imports",
                "请分批发送，或使用 POST /v1/imports",
            ),
            Refusal::TooDeep { max } => (
                format!("arrays and objects lie in each other more than {max} deep"),
                format!("数组与对象的嵌套超过 {max} 层"),
                "send what the interface describes; nothing there is that deep",
                "请按接口说明发送；其中没有这样深的内容",
            ),
            Refusal::NumberTooLong { max } => (
                format!("a number has more than {max} characters"),
                format!("有一个数字超过 {max} 个字符"),
                "send amounts as whole minor units",
                "金额请以最小货币单位的整数发送",
            ),
            Refusal::BodyTooSlow => (
                "the body did not arrive in time".into(),
                "请求体没有及时到达".into(),
                "send it again, faster",
                "请重新发送，并加快速度",
            ),
            Refusal::CallTooSlow => (
                "the call took too long and was given up; whether it was carried out is not known"
                    .into(),
                "调用耗时过长，已放弃；是否已执行尚不可知".into(),
                "send it again with the same idempotency key, or ask for less",
                "请以同一幂等键重新发送，或减少所求内容",
            ),
            Refusal::BodyCut => (
                "the body broke off".into(),
                "请求体中断".into(),
                "send it again whole",
                "请重新完整发送",
            ),
            Refusal::Busy => (
                "as many connections are open as the server takes".into(),
                "连接数已达服务的上限".into(),
                "wait a moment and try again, and keep fewer connections open",
                "请稍后再试，并减少同时打开的连接",
            ),
        };
        [(en, hint_en), (zh, hint_zh)]
    }

    /// Writes the problem document.
    pub(super) fn document(self, chinese: bool) -> Value {
        let [en, zh] = self.texts();
        let (detail, hint) = if chinese { zh } else { en };
        json!({
            "status": self.status().as_u16(), "code": self.code(), "detail": detail, "hint": hint,
            "retry": self.helps_to_retry(),
        })
    }

    /// Answers with the problem. The connection ends: what is left of the call is not read.
    pub(super) fn respond(self, chinese: bool) -> Response<Body> {
        let mut response = Response::new(Body::from(self.document(chinese).to_string()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem);
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Tells whether a caller would rather read Chinese.
pub(super) fn reads_chinese(headers: &HeaderMap) -> bool {
    let language = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    language.is_some_and(|language| language.trim_start().to_ascii_lowercase().starts_with("zh"))
}
