//! Money as integer minor units with its ISO 4217 currency. There is no floating point here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 4217 currency code; three ASCII bytes when stored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

crate::record! {
    /// An amount in minor units (cents, fen) of one currency.
    pub struct Money {
        /// Minor units; negative only where a rule says so.
        pub minor: i64,
        /// The currency.
        pub currency: Currency,
    }
}

impl Copy for Money {}

/// Why a text or a sum is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// Not an ISO 4217 code.
    #[error("{text:?} is not an ISO 4217 currency code such as CNY")]
    UnknownCurrency {
        /// The text.
        text: String,
    },
    /// Not a decimal number.
    #[error("{text:?} is not an amount such as 1234.50")]
    NotANumber {
        /// The text.
        text: String,
    },
    /// More decimals than the currency has.
    #[error("{text:?} has more than the {allowed} decimals {currency} allows")]
    TooManyDecimals {
        /// The text.
        text: String,
        /// Decimals of the currency.
        allowed: u32,
        /// The currency.
        currency: Currency,
    },
    /// Beyond 64-bit minor units.
    #[error("the amount is beyond {} minor units", i64::MAX)]
    Overflow,
    /// Two currencies met in one sum.
    #[error("{left} and {right} cannot be added")]
    Mixed {
        /// One currency.
        left: Currency,
        /// The other.
        right: Currency,
    },
}

impl Currency {
    /// Returns the three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Returns every code the ledger takes, in order.
    pub fn codes() -> Vec<String> {
        let letters = || (b'A'..=b'Z').map(char::from);
        let codes = letters().flat_map(|a| {
            letters().flat_map(move |b| letters().map(move |c| String::from_iter([a, b, c])))
        });
        codes.filter(|code| code.parse::<Currency>().is_ok()).collect()
    }

    /// Returns how many decimals the currency has (CNY 2, JPY 0).
    pub fn exponent(self) -> u32 {
        match &self.0 {
            b"CNY" | b"USD" | b"EUR" | b"HKD" | b"GBP" | b"BRL" => 2,
            _ => iso_currency::Currency::from_code(self.as_str())
                .and_then(|currency| currency.exponent())
                .map_or(2, u32::from),
        }
    }
}

impl Money {
    /// Builds an amount from minor units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Money { minor, currency }
    }

    /// Adds two amounts of one currency.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] or [`MoneyError::Overflow`].
    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed { left: self.currency, right: other.currency });
        }
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Money { minor, ..self })
    }

    /// Reads a plain decimal such as `1234.5` or `-0.07`; no grouping marks, no sign of currency.
    ///
    /// # Errors
    /// [`MoneyError`] when it is no number, has too many decimals that are not zero, or is too large.
    pub fn parse(text: &str, currency: Currency) -> Result<Money, MoneyError> {
        let not_a_number = || MoneyError::NotANumber { text: shortened(text) };
        let trimmed = text.trim();
        let (negative, digits) = match trimmed.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(not_a_number());
        }
        let allowed = currency.exponent();
        let (kept, dropped) = fraction.split_at(fraction.len().min(allowed as usize));
        if dropped.bytes().any(|byte| byte != b'0') {
            return Err(MoneyError::TooManyDecimals { text: shortened(text), allowed, currency });
        }
        let mut minor: i64 = 0;
        let padding = std::iter::repeat_n(b'0', allowed as usize - kept.len());
        for digit in whole.bytes().chain(kept.bytes()).chain(padding) {
            minor = minor
                .checked_mul(10)
                .and_then(|m| m.checked_add(i64::from(digit - b'0')))
                .ok_or(MoneyError::Overflow)?;
        }
        Ok(Money { minor: if negative { -minor } else { minor }, currency })
    }

    /// Returns the decimal text without the currency, such as `1234.50`.
    pub fn decimal(&self) -> String {
        let exponent = self.currency.exponent();
        let sign = if self.minor < 0 { "-" } else { "" };
        let magnitude = self.minor.unsigned_abs();
        if exponent == 0 {
            return format!("{sign}{magnitude}");
        }
        let unit = 10u64.pow(exponent);
        format!(
            "{sign}{}.{:0width$}",
            magnitude / unit,
            magnitude % unit,
            width = exponent as usize
        )
    }
}

/// Cuts a hostile text to something an error message can carry.
fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}", self.decimal(), self.currency))
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let unknown = || MoneyError::UnknownCurrency { text: shortened(text) };
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| unknown())?;
        match &code {
            b"CNY" | b"USD" | b"EUR" | b"HKD" | b"GBP" | b"BRL" => Ok(Currency(code)),
            _ => {
                iso_currency::Currency::from_code(text).map(|_| Currency(code)).ok_or_else(unknown)
            }
        }
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl bincode::Encode for Currency {
    fn encode<E: bincode::enc::Encoder>(
        &self,
        encoder: &mut E,
    ) -> Result<(), bincode::error::EncodeError> {
        bincode::Encode::encode(&self.0, encoder)
    }
}

impl<C> bincode::Decode<C> for Currency {
    fn decode<D: bincode::de::Decoder<Context = C>>(
        decoder: &mut D,
    ) -> Result<Self, bincode::error::DecodeError> {
        let code: [u8; 3] = bincode::Decode::decode(decoder)?;
        std::str::from_utf8(&code)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or(bincode::error::DecodeError::Other("not an ISO 4217 currency code"))
    }
}

impl crate::codec::layout::Describe for Currency {
    fn layout() -> crate::codec::layout::Layout {
        crate::codec::layout::Layout::Scalar("currency")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, code: &str, expected: Result<i64, &str>) {
        let currency: Currency = code.parse().expect("a currency");
        let actual = Money::parse(text, currency);
        match expected {
            Ok(minor) => assert_eq!(actual, Ok(Money { minor, currency }), "{text}"),
            Err(part) => {
                let message = actual.expect_err(text).to_string();
                assert!(message.contains(part), "{text}: {message}");
            }
        }
    }

    #[test]
    fn decimals_become_minor_units() {
        check("55.94", "USD", Ok(5594));
        check("94", "USD", Ok(9400));
        check("199.0", "BRL", Ok(19900));
        check("-0.07", "CNY", Ok(-7));
        check("120", "JPY", Ok(120));
        check("120.00", "JPY", Ok(120));
        check("1.005", "CNY", Err("decimals"));
        check("1,000.00", "CNY", Err("not an amount"));
        check("1e3", "CNY", Err("not an amount"));
        check("", "CNY", Err("not an amount"));
        check("92233720368547758.08", "CNY", Err("beyond"));
        assert!("CNX".parse::<Currency>().is_err());
    }

    #[test]
    fn minor_units_become_decimals() {
        let cny = "CNY".parse().expect("a currency");
        assert_eq!(Money::new(-7, cny).to_string(), "-0.07 CNY");
        assert_eq!(Money::new(123_450, cny).to_string(), "1234.50 CNY");
    }
}
