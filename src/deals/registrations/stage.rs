//! Where a sale stands: a stage of the program's own while it goes on, and one of two ends.
//!
//! Which stages there are while a sale goes on, and which leads where, the policy says ([`crate::policies::PipelinePolicy`]).
//! `won` and `closed_lost` are everybody's ends: win rates, tiers and protections rest on them.

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    serialize::{self, Output, ToSql},
    sql_types::Text,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{ObjectBuilder, RefOr, Type, schema::Schema};

use crate::words;

words! {
    /// How a sale stands, whatever the program calls its stages.
    pub DealStanding {
        /// It goes on, in one of the program's stages.
        Open = "open",
        /// Sold.
        Won = "won",
        /// Not sold.
        ClosedLost = "closed_lost",
    }
}

/// The most letters of a stage's code.
const LENGTH: usize = 32;

/// Where a sale stands, as a code: `won`, `closed_lost`, or a stage of the program's own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct DealStage([u8; LENGTH]);

impl DealStage {
    /// Sold.
    pub const WON: Self = Self(padded("won"));
    /// Not sold.
    pub const CLOSED_LOST: Self = Self(padded("closed_lost"));
    /// Somebody may buy: the first of the built-in stages.
    pub const PROSPECT: Self = Self(padded("prospect"));
    /// There is need, money and a time.
    pub const QUALIFIED: Self = Self(padded("qualified"));
    /// The customer tries whether it works.
    pub const TECHNICAL_VALIDATION: Self = Self(padded("technical_validation"));
    /// The customer reckons whether it pays.
    pub const BUSINESS_VALIDATION: Self = Self(padded("business_validation"));
    /// The customer has said yes; the papers are on their way: the last of the built-in stages.
    pub const COMMITTED: Self = Self(padded("committed"));

    /// What a code may be.
    pub const PATTERN: &str = "^[a-z][a-z0-9_]{0,31}$";

    /// The text.
    pub fn as_str(&self) -> &str {
        let text = self.0.split(|letter| *letter == 0).next().unwrap_or_default();
        // Only text is ever put in.
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// How the sale stands, whatever the stage is called.
    pub const fn standing(self) -> DealStanding {
        match self {
            Self::WON => DealStanding::Won,
            Self::CLOSED_LOST => DealStanding::ClosedLost,
            _ => DealStanding::Open,
        }
    }

    /// Whether the sale has ended, one way or the other.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::WON | Self::CLOSED_LOST)
    }
}

#[expect(
    clippy::indexing_slicing,
    reason = "worked out when the program is compiled, which fails beyond the end"
)]
const fn padded(text: &str) -> [u8; LENGTH] {
    let mut letters = [0; LENGTH];
    let mut rest = text.as_bytes();
    let mut at = 0;
    while let Some((first, others)) = rest.split_first() {
        letters[at] = *first;
        at += 1;
        rest = others;
    }
    letters
}

impl std::fmt::Display for DealStage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Debug for DealStage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for DealStage {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut letters = text.bytes();
        let begins = letters.next().is_some_and(|first| first.is_ascii_lowercase());
        let goes_on = letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_');
        if !begins || !goes_on || text.len() > LENGTH {
            return Err(
                "a stage begins with a lower-case letter and has up to 32 lower-case letters, digits and underscores",
            );
        }
        let mut stage = [0; LENGTH];
        for (to, from) in stage.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        Ok(Self(stage))
    }
}

impl Serialize for DealStage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for DealStage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<DB: Backend> ToSql<Text, DB> for DealStage
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        <str as ToSql<Text, DB>>::to_sql(self.as_str(), out)
    }
}

impl<DB: Backend> FromSql<Text, DB> for DealStage
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(String::from_sql(bytes)?.parse()?)
    }
}

impl utoipa::PartialSchema for DealStage {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "Where a sale stands: `won`, `closed_lost`, or while it goes on a stage of the program's own. `GET /v1/schema/deals` \
                 lists them with their labels. Built in are `prospect`, `qualified`, `technical_validation`, \
                 `business_validation` and `committed`.",
            ))
            .min_length(Some(1))
            .max_length(Some(LENGTH))
            .pattern(Some(Self::PATTERN))
            .examples(["qualified"])
            .into()
    }
}

impl utoipa::ToSchema for DealStage {
    fn name() -> std::borrow::Cow<'static, str> {
        crate::kernel::schemas::note::<Self>("DealStage")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_a_word_of_small_letters_and_two_are_ends() {
        for good in ["a", "prospect", "no_budget_2027", &"a".repeat(32)] {
            assert_eq!(good.parse::<DealStage>().unwrap().as_str(), good);
        }
        for bad in ["", "_a", "1a", "Won", "no budget", "prëis", "a\0b", &"a".repeat(33)] {
            assert!(bad.parse::<DealStage>().is_err(), "{bad}");
        }
        assert_eq!("won".parse(), Ok(DealStage::WON));
        let closed = [
            DealStage::PROSPECT,
            DealStage::COMMITTED,
            DealStage::WON,
            DealStage::CLOSED_LOST,
        ];
        assert_eq!(closed.map(DealStage::is_closed), [false, false, true, true]);
    }
}
