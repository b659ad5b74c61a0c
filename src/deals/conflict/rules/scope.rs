//! What is asked for and what is held, as places in two trees and a stretch of time; and how two of them meet.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::model::{ProductOverlap, TerritoryOverlap};
use crate::{
    deals::{protection::DealTypeClass, registrations::DealType},
    kernel::Time,
};

/// A stretch of time, from `from` up to but without `until`; without `until` it has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its first moment.
    pub from: Time,
    /// The first moment after it.
    pub until: Option<Time>,
}

impl Window {
    /// From `from` up to but without `until`.
    pub const fn new(from: Time, until: Time) -> Self {
        Self {
            from,
            until: Some(until),
        }
    }

    /// From `from` on, without an end.
    pub const fn open(from: Time) -> Self {
        Self { from, until: None }
    }

    /// Whether the two share a moment. Stretches that only touch do not.
    pub fn meets(self, other: Self) -> bool {
        let begins_before = |from: Time, until: Option<Time>| until.is_none_or(|until| from < until);
        begins_before(self.from, other.until) && begins_before(other.from, self.until)
    }

    /// The moments that both have, if there are any.
    pub fn shared(self, other: Self) -> Option<Self> {
        let until = match (self.until, other.until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.meets(other).then(|| Self {
            from: self.from.max(other.from),
            until,
        })
    }

    /// The same length of time, begun at `from`.
    #[must_use]
    pub fn moved_to(self, from: Time) -> Self {
        let length = self.until.map(|until| until.since(self.from));
        Self {
            from,
            until: length.map(|micros| Time::from_micros(from.micros().saturating_add(micros))),
        }
    }
}

/// How one node lies to another in its tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// They are one node.
    Same,
    /// It is above the other: it contains it.
    Above,
    /// It is below the other: it is contained in it.
    Below,
}

impl Position {
    /// How the other lies to the one.
    #[must_use]
    pub const fn turned(self) -> Self {
        match self {
            Self::Same => Self::Same,
            Self::Above => Self::Below,
            Self::Below => Self::Above,
        }
    }
}

impl From<Position> for ProductOverlap {
    fn from(position: Position) -> Self {
        match position {
            Position::Same => Self::Equal,
            Position::Above => Self::Ancestor,
            Position::Below => Self::Descendant,
        }
    }
}

impl From<Position> for TerritoryOverlap {
    fn from(position: Position) -> Self {
        match position {
            Position::Same => Self::Equal,
            Position::Above => Self::Contains,
            Position::Below => Self::Contained,
        }
    }
}

/// The part of a tree that a check looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(serialize = "I: Ord + Serialize", deserialize = "I: Ord + Deserialize<'de>"))]
pub struct Tree<I> {
    /// Each node with its ancestors, the nearest first, itself left out.
    pub above: BTreeMap<I, Vec<I>>,
    /// The children of nodes in which a narrower scope may be looked for, in the order in which they are told.
    pub below: BTreeMap<I, Vec<I>>,
    /// What people call the nodes.
    pub labels: BTreeMap<I, String>,
}

impl<I> Default for Tree<I> {
    fn default() -> Self {
        Self {
            above: BTreeMap::new(),
            below: BTreeMap::new(),
            labels: BTreeMap::new(),
        }
    }
}

impl<I: Copy + Ord + std::fmt::Display> Tree<I> {
    /// Whether `upper` is above `lower`.
    fn contains(&self, upper: I, lower: I) -> bool {
        self.above.get(&lower).is_some_and(|above| above.contains(&upper))
    }

    /// How `held` lies to `asked`; nothing if they do not meet. No node stands for the whole tree.
    pub fn position(&self, held: Option<I>, asked: Option<I>) -> Option<Position> {
        match (held, asked) {
            (None, None) => Some(Position::Same),
            (None, Some(_)) => Some(Position::Above),
            (Some(_), None) => Some(Position::Below),
            (Some(held), Some(asked)) if held == asked => Some(Position::Same),
            (Some(held), Some(asked)) if self.contains(held, asked) => Some(Position::Above),
            (Some(held), Some(asked)) if self.contains(asked, held) => Some(Position::Below),
            _ => None,
        }
    }

    /// The node with its ancestors, itself first.
    pub fn with_above(&self, node: I) -> Vec<I> {
        let above = self.above.get(&node).into_iter().flatten().copied();
        std::iter::once(node).chain(above).collect()
    }

    /// The children of a node, where the check knows them.
    pub fn children(&self, node: I) -> &[I] {
        self.below.get(&node).map_or(&[], Vec::as_slice)
    }

    /// What people call the node.
    pub fn label(&self, node: I) -> String {
        self.labels.get(&node).cloned().unwrap_or_else(|| node.to_string())
    }
}

impl DealTypeClass {
    /// The class of deals of that type. Where the policy lets renewals and new business meet, there is but one.
    pub const fn of(deal_type: DealType, renewals_meet_new_business: bool) -> Self {
        match deal_type {
            _ if renewals_meet_new_business => Self::Any,
            DealType::Renewal => Self::Renewal,
            DealType::NetNew | DealType::Expansion => Self::NewBusiness,
        }
    }

    /// Whether deals of the two classes shut each other out: the same test as the database's guard makes.
    pub fn meets(self, other: Self) -> bool {
        self == other || self == Self::Any || other == Self::Any
    }
}
