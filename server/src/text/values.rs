//! What the core's small values say about a text that is none of them, in both languages.

use daybook_core::id::TextError;
use daybook_core::money::MoneyError;
use daybook_core::time::TimeError;

use super::Text;

impl From<&TextError> for Text {
    fn from(error: &TextError) -> Text {
        let zh = match error {
            TextError::Empty { .. } => "内容为空".to_owned(),
            TextError::TooLong { actual, max, .. } => {
                format!("内容有 {actual} 字节，最多允许 {max} 字节")
            }
            TextError::Control { character, at, .. } => {
                format!("第 {at} 字节处有控制字符 U+{character:04X}")
            }
            other => format!("内容无法存储（{other}）"),
        };
        Text::from((error.to_string(), zh))
    }
}

impl From<&MoneyError> for Text {
    fn from(error: &MoneyError) -> Text {
        let zh = match error {
            MoneyError::UnknownCurrency { text } => {
                format!("{text:?} 不是 CNY 这样的 ISO 4217 货币代码")
            }
            MoneyError::NotANumber { text } => format!("{text:?} 不是 1234.50 这样的金额"),
            MoneyError::TooManyDecimals { text, allowed, currency } => {
                format!("{text:?} 的小数位多于 {currency} 所允许的 {allowed} 位")
            }
            MoneyError::Overflow => "金额过大".to_owned(),
            MoneyError::Mixed { left, right } => format!("{left} 与 {right} 不能相加"),
            other => format!("金额无法使用（{other}）"),
        };
        Text::from((error.to_string(), zh))
    }
}

impl From<&TimeError> for Text {
    fn from(error: &TimeError) -> Text {
        let zh = match error {
            TimeError::Instant { text } => {
                format!("{text:?} 不是 2026-03-31T09:30:00+08:00 这样的时刻")
            }
            TimeError::Date { text } => format!("{text:?} 不是 2026-03-31 这样的日期"),
            other => format!("时间无法理解（{other}）"),
        };
        Text::from((error.to_string(), zh))
    }
}
