//! Exchange rates and what they realise: X15, rules R17 to R19.
//!
//! A rate counts from its day until the next one. The gain of an application is the applied amount
//! times the difference of two rates, rounded half to even to the minor unit of the book's
//! currency; it is part of no balance.

use std::collections::BTreeMap;

use super::{BookState, Context, Decide, Draft, Rejection, application};
use crate::event::Envelope;
use crate::event::accounting::ExchangeRateRecorded;
use crate::id::Label;
use crate::money::{Currency, Money};
use crate::time::Date;

/// Digits behind the point of a rate.
const DECIMALS: usize = 9;
/// One, as a rate is kept.
const ONE: i128 = 1_000_000_000;

/// A rate above zero, in thousand millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(i64);

impl Rate {
    /// Reads a plain decimal above zero with at most nine digits on either side of the point.
    ///
    /// # Errors
    /// [`Rejection::RateUnreadable`] for anything else.
    pub fn read(text: &Label) -> Result<Rate, Rejection> {
        let unreadable = || Rejection::RateUnreadable { rate: text.clone() };
        let (whole, fraction) = text.as_str().split_once('.').unwrap_or((text.as_str(), "0"));
        let digits = |part: &str| {
            (1..=DECIMALS).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole) || !digits(fraction) {
            return Err(unreadable());
        }
        let kept = format!("{whole}{fraction:0<DECIMALS$}");
        match kept.parse() {
            Ok(rate) if rate > 0 => Ok(Rate(rate)),
            _ => Err(unreadable()),
        }
    }

    /// Returns what an amount is worth in another currency at this rate.
    ///
    /// # Errors
    /// [`Rejection::SumTooLarge`] when that is beyond 64 bits.
    pub fn value(self, amount: Money, quote: Currency) -> Result<Money, Rejection> {
        worth(amount, i128::from(self.0), quote)
    }

    /// Returns what an amount in the quoted currency is worth in the base one.
    ///
    /// # Errors
    /// [`Rejection::SumTooLarge`] when that is beyond 64 bits.
    pub fn divide(self, amount: Money, base: Currency) -> Result<Money, Rejection> {
        let too_large = || Rejection::SumTooLarge { what: "the amount at this rate" };
        let product = i128::from(amount.minor)
            .checked_mul(ONE * 10i128.pow(base.exponent()))
            .ok_or_else(too_large)?;
        let divisor = i128::from(self.0) * 10i128.pow(amount.currency.exponent());
        rounded(product, divisor, base).ok_or_else(too_large)
    }
}

impl BookState {
    /// Returns the rate of a currency in another that counts on a day, as now known.
    pub fn rate(&self, base: Currency, quote: Currency, on: Date) -> Option<&Label> {
        let (_, rate) = self.rates.get(&(base, quote))?.range(..=on).next_back()?;
        Some(rate)
    }
}

/// Rates of one currency in another by the day from which they count.
pub type Rates = BTreeMap<(Currency, Currency), BTreeMap<Date, Label>>;

/// Returns what is gained on an amount between two rates, in the quoted currency (rule R17).
///
/// # Errors
/// [`Rejection::RateUnreadable`] and [`Rejection::SumTooLarge`].
pub fn realised(
    amount: Money,
    at_document: &Label,
    at_credit: &Label,
    quote: Currency,
) -> Result<Money, Rejection> {
    let (before, after) = (Rate::read(at_document)?, Rate::read(at_credit)?);
    worth(amount, i128::from(after.0) - i128::from(before.0), quote)
}

/// Multiplies an amount by a rate, or a difference of rates, in thousand millionths.
fn worth(amount: Money, rate: i128, quote: Currency) -> Result<Money, Rejection> {
    let too_large = || Rejection::SumTooLarge { what: "the amount at this rate" };
    let power = |exponent: u32| 10i128.pow(exponent);
    let product = i128::from(amount.minor)
        .checked_mul(rate)
        .and_then(|product| product.checked_mul(power(quote.exponent())))
        .ok_or_else(too_large)?;
    rounded(product, ONE * power(amount.currency.exponent()), quote).ok_or_else(too_large)
}

/// Divides and rounds half to even, on both sides of zero.
fn rounded(product: i128, divisor: i128, currency: Currency) -> Option<Money> {
    let magnitude = i64::try_from(application::half_even(product.abs(), divisor)).ok()?;
    Some(Money::new(if product < 0 { -magnitude } else { magnitude }, currency))
}

impl Decide for ExchangeRateRecorded {
    fn complete(&mut self, context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        self.quote = self.quote.or(context.book.functional_currency);
        Ok(())
    }

    fn check(&self, context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        let (base, rate_on) = (self.base, self.rate_on);
        let quote =
            self.quote.ok_or(Rejection::Missing { what: "the currency it is valued in" })?;
        if base == quote {
            return Err(Rejection::RateOfItself { currency: base });
        }
        Rate::read(&self.rate)?;
        context.refuse_future_day("the day of the rate", rate_on)?;
        let known = context.book.rates.get(&(base, quote)).and_then(|rates| rates.get(&rate_on));
        match known {
            Some(rate) if *rate == self.rate => {
                Err(Rejection::RateKnown { base, quote, rate: rate.clone(), on: rate_on })
            }
            Some(_) => context.require_reason("another rate for the same day"),
            None => Ok(()),
        }
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(amount: (i64, &str), rates: (&str, &str), quote: &str, expected: i64) {
        let currency = |code: &str| code.parse::<Currency>().expect("a currency");
        let label = |text: &str| Label::new(text).expect("a label");
        let (quote, amount) = (currency(quote), Money::new(amount.0, currency(amount.1)));
        let gained = realised(amount, &label(rates.0), &label(rates.1), quote);
        assert_eq!(gained, Ok(Money::new(expected, quote)), "{amount} {rates:?}");
    }

    #[test]
    fn the_worked_gains() {
        // 110 USD at 531, paid at 600: 7,590 (a currency without minor units).
        check((11_000, "USD"), ("531", "600"), "CLP", 7_590);
        // 100.00 EUR at 7.80, paid 40.00 at 7.75 and 60.00 at 7.90.
        check((4_000, "EUR"), ("7.80", "7.75"), "CNY", -200);
        check((6_000, "EUR"), ("7.80", "7.90"), "CNY", 600);
    }

    #[test]
    fn gains_are_rounded_half_to_even_on_both_sides_of_zero() {
        for (after, expected) in [("1.005", 0), ("1.015", 2), ("0.995", 0), ("0.985", -2)] {
            check((100, "EUR"), ("1", after), "CNY", expected);
        }
        // From a currency without minor units into one with two.
        check((1_000, "JPY"), ("0.046", "0.0475"), "CNY", 150);
    }

    #[test]
    fn a_rate_is_a_plain_decimal_above_zero() {
        for text in ["7,21", "0.00", "-7", ".5", "7.", "seven", "1e3", "1234567890", "1.0123456789"]
        {
            assert!(Rate::read(&Label::new(text).expect("a label")).is_err(), "{text}");
        }
    }
}
