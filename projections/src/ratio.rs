//! Quotients of whole numbers, rounded once, when they are written.

/// A quotient; written with two decimals, half to even.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    numerator: i128,
    denominator: i128,
}

impl Ratio {
    /// Makes a quotient; nothing when it would be over nothing.
    pub fn new(numerator: i128, denominator: i128) -> Option<Ratio> {
        let flip = if denominator < 0 { -1 } else { 1 };
        (denominator != 0)
            .then_some(Ratio { numerator: numerator * flip, denominator: denominator * flip })
    }

    /// Returns it in hundredths, rounded half to even.
    pub const fn hundredths(&self) -> i128 {
        let scaled = self.numerator * 100;
        let (quotient, rest) =
            (scaled.div_euclid(self.denominator), scaled.rem_euclid(self.denominator));
        let twice = rest * 2;
        if twice > self.denominator || (twice == self.denominator && quotient % 2 != 0) {
            quotient + 1
        } else {
            quotient
        }
    }

    /// Returns the sum with a whole number.
    pub const fn plus(self, whole: i128) -> Ratio {
        Ratio {
            numerator: self.numerator + whole * self.denominator,
            denominator: self.denominator,
        }
    }

    /// Returns the difference to another.
    pub const fn minus(self, other: Ratio) -> Ratio {
        Ratio {
            numerator: self.numerator * other.denominator - other.numerator * self.denominator,
            denominator: self.denominator * other.denominator,
        }
    }
}

impl std::fmt::Display for Ratio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hundredths = self.hundredths();
        let sign = if hundredths < 0 { "-" } else { "" };
        let size = hundredths.unsigned_abs();
        f.pad(&format!("{sign}{}.{:02}", size / 100, size % 100))
    }
}

impl Ratio {
    /// Returns a share in percent; nothing when it would be of nothing.
    pub fn percent(part: i128, whole: i128) -> Option<Ratio> {
        Ratio::new(part * 100, whole)
    }
}
