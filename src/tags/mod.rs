//! Tags: short labels that the vendor's people put on records to find them again. Partners do not see them.
//!
//! Two tags that differ only in case or accents are one tag; the first spelling on a record stays.

mod queries;

use std::collections::BTreeMap;

pub use queries::{by_records, set, tagged};

/// The tags of several records by the record's id, each list sorted.
pub type ByRecord = BTreeMap<String, Vec<String>>;
