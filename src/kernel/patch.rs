//! The three states of a field in a merge patch (RFC 7396): absent, null, a value.

use serde::{Deserialize, Deserializer};

/// One field of a merge patch. Use with `#[serde(default)]`; for a field that cannot be cleared use `Option<T>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// The field was not sent: it stays as it is.
    #[default]
    Keep,
    /// The field was sent as null: it is emptied.
    Clear,
    /// The field was sent with a value.
    Set(T),
}

impl<T> Patch<T> {
    /// What the field holds afterwards, given what it holds now.
    pub fn apply(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Whether the field was sent at all.
    pub const fn is_sent(&self) -> bool {
        !matches!(self, Self::Keep)
    }

    /// The value that was sent, if one was.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }
}

impl<T: PartialEq> Patch<T> {
    /// The field, if it says something else than what is there already; otherwise it is left as it is.
    #[must_use]
    pub fn unless_same(self, present: Option<&T>) -> Self {
        match self {
            Self::Set(value) if Some(&value) == present => Self::Keep,
            Self::Clear if present.is_none() => Self::Keep,
            sent => sent,
        }
    }
}

/// As [`Patch::unless_same`], of a field that cannot be emptied.
pub fn unless_same<T: PartialEq>(sent: Option<T>, present: &T) -> Option<T> {
    sent.filter(|value| value != present)
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Change {
        #[serde(default)]
        note: Patch<String>,
    }

    #[test]
    fn absent_null_and_value_are_told_apart() {
        let read = |text: &str| serde_json::from_str::<Change>(text).unwrap().note;
        assert_eq!(read("{}"), Patch::Keep);
        assert_eq!(read(r#"{"note":null}"#), Patch::Clear);
        assert_eq!(read(r#"{"note":"x"}"#), Patch::Set("x".to_owned()));
        assert_eq!(Patch::Keep.apply(Some(1)), Some(1));
        assert_eq!(Patch::Clear.apply(Some(1)), None);
        assert_eq!(Patch::Set(2).apply(Some(1)), Some(2));
    }

    #[test]
    fn what_says_the_same_says_nothing() {
        assert_eq!(Patch::Set(1).unless_same(Some(&1)), Patch::Keep);
        assert_eq!(Patch::Set(2).unless_same(Some(&1)), Patch::Set(2));
        assert_eq!(Patch::<i32>::Clear.unless_same(None), Patch::Keep);
        assert_eq!(Patch::Clear.unless_same(Some(&1)), Patch::Clear);
        assert_eq!((unless_same(Some(1), &1), unless_same(Some(2), &1)), (None, Some(2)));
    }
}
