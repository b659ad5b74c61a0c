//! Whom something can be told: active people, with how they are reached.

mod queries;

pub use queries::{of_partner, those};

use crate::kernel::ids::UserId;

/// Somebody who can be told something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// The person.
    pub id: UserId,
    /// The person's name.
    pub name: String,
    /// Where mail reaches them.
    pub email: String,
    /// The language that they read best, BCP 47.
    pub locale: Option<String>,
    /// Their time zone.
    pub time_zone: Option<String>,
}
