//! What criteria compare: counts, days, percentages and amounts alike, as exact decimals of three digits.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use utoipa::openapi::{ObjectBuilder, RefOr, Type, schema::Schema};

use crate::kernel::Money;

/// The largest figure there is, in thousandths: fifteen digits before the point.
const LARGEST: i64 = 999_999_999_999_999_999;

/// A figure of a metric, never negative: thousandths, so that the smallest unit of every currency fits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Figure(i64);

impl Figure {
    /// So many whole ones.
    pub const fn whole(count: i64) -> Self {
        Self::thousandths(count.saturating_mul(1_000))
    }

    /// So many thousandths.
    pub const fn thousandths(count: i64) -> Self {
        Self(if count < 0 {
            0
        } else if count > LARGEST {
            LARGEST
        } else {
            count
        })
    }

    /// An amount in whole units of its currency.
    pub fn amount(money: Money) -> Self {
        Self::thousandths(
            money
                .minor
                .saturating_mul(10_i64.pow(3_u32.saturating_sub(money.currency.digits()))),
        )
    }

    /// How far the two are apart.
    #[must_use]
    pub const fn apart(self, other: Self) -> Self {
        Self((self.0 - other.0).abs())
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000, self.0 % 1_000);
        if rest == 0 {
            write!(f, "{whole}")
        } else {
            f.write_str(format!("{whole}.{rest:03}").trim_end_matches('0'))
        }
    }
}

impl fmt::Debug for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Figure {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FAULT: &str =
            "expected a number as in 250000 or 12.5, at most fifteen digits before the point and three after it";
        let (whole, fraction) = text
            .split_once('.')
            .map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
        let digits = |part: &str, most: usize| {
            !part.is_empty() && part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole, 15) || fraction.is_some_and(|fraction| !digits(fraction, 3)) {
            return Err(FAULT);
        }
        format!("{whole}{:0<3}", fraction.unwrap_or_default())
            .parse()
            .map(Self)
            .map_err(|_beyond| FAULT)
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl utoipa::PartialSchema for Figure {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A figure in the unit of its metric, as exact decimal text: a count, days, a percentage, or an amount in whole units of its currency."))
            .pattern(Some("^(0|[1-9][0-9]{0,14})(\\.[0-9]{1,3})?$"))
            .max_length(Some(19))
            .examples(["250000"])
            .into()
    }
}

impl utoipa::ToSchema for Figure {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_whole_units_of_their_currency() {
        let money = |amount: &str, code: &str| Money::parse(amount, code.parse().unwrap()).unwrap();
        assert_eq!(Figure::amount(money("1234.50", "EUR")).to_string(), "1234.5");
        assert_eq!(Figure::amount(money("1234", "JPY")).to_string(), "1234");
        assert_eq!(Figure::amount(money("1.005", "KWD")).to_string(), "1.005");
    }

    proptest! {
        #[test]
        fn a_figure_is_read_back_as_it_was_written(thousandths in 0..=LARGEST) {
            let figure = Figure::thousandths(thousandths);
            prop_assert_eq!(figure.to_string().parse(), Ok(figure));
        }
    }
}
