//! References of our records in other systems: what an integration and an import recognise their own by.
//!
//! One system and id name at most one record of a type, by a constraint of the database. Every module that lets callers
//! use their own ids keeps them here: the references of a record are part of it, and change with it.

mod queries;
mod upserts;

use std::collections::BTreeMap;

pub use queries::{by_records, give, holder, holders, holders_of, move_all, named, set};
use serde::{Deserialize, Serialize};
pub use upserts::{add, put, unseen};
use utoipa::{IntoParams, ToSchema};

/// The same record in another system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalRef {
    /// The other system, by the name that this deployment gives it.
    #[schema(
        example = "salesforce",
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z0-9][a-z0-9_.-]{0,63}$"
    )]
    pub system: String,
    /// The record's id there, exactly as that system writes it.
    #[schema(example = "0018d00000abcdeAAB", min_length = 1, max_length = 255)]
    pub id: String,
}

/// A record's address by its id in another system, as in the path of an upsert.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ExternalPath {
    /// The other system, by the name that this deployment gives it.
    #[param(
        example = "salesforce",
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z0-9][a-z0-9_.-]{0,63}$"
    )]
    pub system: String,
    /// The record's id there, percent-encoded.
    #[param(example = "0018d00000abcdeAAB", min_length = 1, max_length = 255)]
    pub external_id: String,
}

impl ExternalPath {
    /// The address as a reference.
    ///
    /// # Errors
    /// 404 if it cannot be one: no record has such an id.
    pub fn reference(&self) -> crate::error::Result<ExternalRef> {
        let system_fits = !self.system.is_empty()
            && self.system.len() <= 64
            && self
                .system
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte))
            && self
                .system
                .bytes()
                .next()
                .is_some_and(|byte| byte.is_ascii_alphanumeric());
        let length = self.external_id.chars().count();
        if !system_fits || !(1..=255).contains(&length) || self.external_id.contains('\0') {
            return Err(crate::error::Error::not_found());
        }
        Ok(ExternalRef {
            system: self.system.clone(),
            id: self.external_id.clone(),
        })
    }
}

/// One of each, in the order in which they are always shown.
pub fn distinct(mut given: Vec<ExternalRef>) -> Vec<ExternalRef> {
    given.sort();
    given.dedup();
    given
}

/// The references of several records by the record's id.
pub type ByRecord = BTreeMap<String, Vec<ExternalRef>>;
