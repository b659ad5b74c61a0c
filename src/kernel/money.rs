//! Money: whole minor units of one currency, never a float, never added across currencies.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{ObjectBuilder, RefOr, Type, schema::Schema};

/// The largest amount, in minor units, that is taken: beyond it a mistake is likelier than a deal.
pub const LARGEST: i64 = 1_000_000_000_000_000;

/// The currencies that are taken: ISO 4217 codes in circulation, with how many digits stand after the point.
pub const CURRENCIES: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BHD", "BIF", "BMD", "BND",
    "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC", "CUP", "CVE",
    "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD",
    "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY",
    "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LYD", "MAD",
    "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO",
    "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF",
    "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SOS", "SRD", "SSP", "STN", "SYP", "SZL", "THB", "TJS", "TMT",
    "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VES", "VND", "VUV", "WST", "XAF",
    "XCD", "XOF", "XPF", "YER", "ZAR", "ZMW",
];

/// A currency, ISO 4217.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub struct Currency(&'static str);

crate::text_code!(
    Currency,
    CURRENCIES,
    "expected a currency code of ISO 4217 with three capital letters, as in EUR"
);

impl Currency {
    /// Digits after the decimal point: 2 for most, 0 for JPY, 3 for KWD (ISO 4217).
    pub fn digits(self) -> u32 {
        iso_currency::Currency::from_code(self.0)
            .and_then(iso_currency::Currency::exponent)
            .map_or(2, u32::from)
    }
}

impl utoipa::PartialSchema for Currency {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A currency, ISO 4217."))
            .enum_values(Some(CURRENCIES.iter().copied()))
            .examples(["EUR"])
            .into()
    }
}

impl utoipa::ToSchema for Currency {
    fn name() -> std::borrow::Cow<'static, str> {
        super::schemas::note::<Self>("Currency")
    }
}

/// An amount of one currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// Whole minor units (cents for EUR, yen for JPY).
    pub minor: i64,
    /// The currency that the amount is in.
    pub currency: Currency,
}

impl Money {
    /// An amount in minor units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// The amount from its two columns.
    pub fn from_columns(minor: Option<i64>, currency: Option<Currency>) -> Option<Self> {
        Some(Self {
            minor: minor?,
            currency: currency?,
        })
    }

    /// Both amounts together, if they are of one currency and the sum is not beyond [`LARGEST`].
    pub fn plus(self, other: Self) -> Option<Self> {
        let minor = self
            .minor
            .checked_add(other.minor)
            .filter(|sum| sum.unsigned_abs() <= LARGEST.unsigned_abs())?;
        (self.currency == other.currency).then_some(Self { minor, ..self })
    }

    /// So many times this amount.
    pub fn times(self, quantity: i64) -> Option<Self> {
        let minor = self
            .minor
            .checked_mul(quantity)
            .filter(|product| product.unsigned_abs() <= LARGEST.unsigned_abs())?;
        Some(Self { minor, ..self })
    }

    /// The amount as decimal text with exactly the currency's digits.
    pub fn amount(self) -> String {
        let digits = self.currency.digits();
        let unit = 10_u64.pow(digits);
        let (whole, rest) = (self.minor.unsigned_abs() / unit, self.minor.unsigned_abs() % unit);
        let sign = if self.minor < 0 { "-" } else { "" };
        if digits == 0 {
            format!("{sign}{whole}")
        } else {
            format!(
                "{sign}{whole}.{rest:0width$}",
                width = usize::try_from(digits).unwrap_or(2)
            )
        }
    }

    /// Reads decimal text; zeros beyond the currency's digits are taken, other digits there are not.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the text.
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, String> {
        let fault = || {
            format!(
                "expected an amount as in 1250.00, with at most {} digits after the point in {currency}",
                currency.digits()
            )
        };
        let (negative, digits) = amount.strip_prefix('-').map_or((false, amount), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let places = usize::try_from(currency.digits()).unwrap_or(2);
        let kept: String = fraction.chars().take(places).collect();
        let dropped_is_zero = fraction.chars().skip(places).all(|digit| digit == '0');
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty()
            || !plain(whole)
            || !plain(fraction)
            || !dropped_is_zero
            || (digits.contains('.') && fraction.is_empty())
        {
            return Err(fault());
        }
        let minor: i64 = format!("{whole}{kept:0<places$}").parse().map_err(|_beyond| fault())?;
        if minor > LARGEST {
            return Err(format!(
                "the amount is beyond what is taken, {}",
                Self::new(LARGEST, currency).amount()
            ));
        }
        Ok(Self {
            minor: if negative { -minor } else { minor },
            currency,
        })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    amount: String,
    currency: Currency,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire {
            amount: self.amount(),
            currency: self.currency,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        Self::parse(&wire.amount, wire.currency).map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Money {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(
                "An amount of money: exact decimal text with the currency's own digits, and the currency.",
            ))
            .property(
                "amount",
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some(
                        "The amount as decimal text; at most as many digits after the point as the currency has.",
                    ))
                    .pattern(Some("^(0|[1-9][0-9]{0,11})(\\.[0-9]{1,3})?$"))
                    .max_length(Some(16))
                    .examples(["12500.00"]),
            )
            .property("currency", utoipa::openapi::Ref::from_schema_name("Currency"))
            .required("amount")
            .required("currency")
            .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(false)))
            .examples([serde_json::json!({"amount": "12500.00", "currency": "EUR"})])
            .into()
    }
}

impl utoipa::ToSchema for Money {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("Currency".to_owned(), <Currency as utoipa::PartialSchema>::schema()));
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::from_str(code).unwrap()
    }

    #[test]
    fn the_digits_follow_the_currency() {
        assert_eq!(Money::parse("1234.5", currency("USD")).unwrap().minor, 123_450);
        assert_eq!(Money::parse("1234", currency("JPY")).unwrap().minor, 1234);
        assert_eq!(Money::parse("1.005", currency("KWD")).unwrap().minor, 1005);
        assert_eq!(Money::parse("10.00", currency("JPY")).unwrap().minor, 10);
        assert!(Money::parse("1.005", currency("USD")).is_err());
        assert!(Money::parse("10.50", currency("JPY")).is_err());
        for bad in ["", ".5", "5.", "1e3", "1,000", "+1", " 1", "١", "99999999999999999999"] {
            assert!(Money::parse(bad, currency("USD")).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn an_amount_is_read_back_as_it_was_written(minor in -LARGEST..=LARGEST, index in 0..CURRENCIES.len()) {
            let money = Money::new(minor, currency(CURRENCIES[index]));
            prop_assert_eq!(Money::parse(&money.amount(), money.currency), Ok(money));
        }

        #[test]
        fn currencies_are_never_added_to_each_other(a in 0..LARGEST / 2, b in 0..LARGEST / 2) {
            let (euro, dollar) = (Money::new(a, currency("EUR")), Money::new(b, currency("USD")));
            prop_assert_eq!(euro.plus(dollar), None);
            prop_assert_eq!(euro.plus(Money::new(b, currency("EUR"))).unwrap().minor, a + b);
        }
    }
}
