//! A code that the program's owner gives to something of its own: a reason, a stage.

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    serialize::{self, Output, ToSql},
    sql_types::Text,
};
use serde::{Deserialize, Serialize};

/// A code of the program's own: a lower-case letter, then up to 63 lower-case letters, digits and underscores. What of it exists
/// is the policy's to say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
#[serde(try_from = "String")]
pub struct PolicyCode(String);

impl PolicyCode {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for PolicyCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PolicyCode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut letters = text.chars();
        let begins = letters.next().is_some_and(|first| first.is_ascii_lowercase());
        let goes_on = letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if begins && goes_on && text.len() <= 64 {
            Ok(Self(text))
        } else {
            Err("a code begins with a lower-case letter and has up to 64 lower-case letters, digits and underscores")
        }
    }
}

impl std::str::FromStr for PolicyCode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.to_owned().try_into()
    }
}

impl<DB: Backend> ToSql<Text, DB> for PolicyCode
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        <str as ToSql<Text, DB>>::to_sql(&self.0, out)
    }
}

impl<DB: Backend> FromSql<Text, DB> for PolicyCode
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(String::from_sql(bytes)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_word_of_small_letters() {
        for good in ["a", "price", "no_budget_2027", &"a".repeat(64)] {
            assert!(good.parse::<PolicyCode>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "_a",
            "1a",
            "Price",
            "no budget",
            "preis-zu-hoch",
            "prëis",
            &"a".repeat(65),
        ] {
            assert!(bad.parse::<PolicyCode>().is_err(), "{bad}");
        }
    }
}
