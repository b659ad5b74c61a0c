//! Facts worth telling. Each is written in the transaction of its effect, with its audit record.
//!
//! `seq` is the order in which events were inserted; on PostgreSQL they may be committed in another. So the feed goes by
//! `position`, without gaps, which the [`sequencer`] gives to events that are committed. Events about one record are inserted
//! after the record's lock is held, so that a later change of it is never told before an earlier one.

pub mod marks;
pub mod queries;
pub mod sequencer;

use hmac::digest::Digest as _;
use serde_json::{Map, Value, json};
use sha2::Sha256;

use crate::{
    http::Resource,
    kernel::{hex, ids::PartnerId},
};

/// Something that happened to a record.
#[derive(Debug, Clone)]
pub struct Fact {
    /// `deal.approved`: the resource and a verb in the past.
    pub kind: &'static str,
    /// The type of the record.
    pub resource_type: &'static str,
    /// The record.
    pub resource_id: String,
    /// The record's revision after it.
    pub revision: i64,
    /// The partners that may learn of it, besides the vendor.
    pub audience: Vec<PartnerId>,
    /// The record after it.
    pub data: Value,
    /// What the changed fields held before; nothing for a new record.
    pub previous: Option<Value>,
    /// The names of the changed fields.
    pub changed: Vec<String>,
    /// Whether the record is gone.
    pub deleted: bool,
    /// Why, for the audit trail.
    pub reason: Option<String>,
}

impl Fact {
    /// A record came to be.
    pub fn created<T: Resource>(kind: &'static str, record: &T) -> Self {
        let data = serde_json::to_value(record).unwrap_or_default();
        let changed = data
            .as_object()
            .map(|fields| fields.keys().cloned().collect())
            .unwrap_or_default();
        Self::about(kind, record, data, None, changed)
    }

    /// A record changed.
    pub fn changed<T: Resource>(kind: &'static str, before: &T, after: &T) -> Self {
        let (old, data) = (
            serde_json::to_value(before).unwrap_or_default(),
            serde_json::to_value(after).unwrap_or_default(),
        );
        let (previous, changed) = difference(&old, &data);
        Self::about(kind, after, data, Some(Value::Object(previous)), changed)
    }

    /// A record is gone; the fact is its tombstone.
    pub fn deleted<T: Resource>(kind: &'static str, record: &T) -> Self {
        let data = serde_json::to_value(record).unwrap_or_default();
        let mut fact = Self::about(kind, record, Value::Null, Some(data), Vec::new());
        fact.revision += 1;
        fact.deleted = true;
        fact
    }

    /// The same fact with a reason for the audit trail.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    fn about<T: Resource>(
        kind: &'static str,
        record: &T,
        data: Value,
        previous: Option<Value>,
        changed: Vec<String>,
    ) -> Self {
        Self {
            kind,
            resource_type: T::TYPE,
            resource_id: record.id(),
            revision: record.revision(),
            audience: record.audience(),
            data,
            previous,
            changed,
            deleted: false,
            reason: None,
        }
    }
}

/// The fields that differ: what they held, and their names. Book-keeping fields do not count.
fn difference(old: &Value, new: &Value) -> (Map<String, Value>, Vec<String>) {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else {
        return (Map::new(), Vec::new());
    };
    let changed: Vec<String> = new
        .iter()
        .filter(|(name, value)| !matches!(name.as_str(), "revision" | "updated_at") && old.get(*name) != Some(value))
        .map(|(name, _)| name.clone())
        .collect();
    let previous = changed
        .iter()
        .map(|name| (name.clone(), old.get(name).cloned().unwrap_or_default()))
        .collect();
    (previous, changed)
}

/// What an event says, as its row holds it: what the audit chain covers by its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said<'e> {
    /// Random, and gone with the payload at an erasure.
    pub salt: &'e str,
    /// What happened.
    pub event_type: &'e str,
    /// The type of the record.
    pub resource_type: &'e str,
    /// The record.
    pub resource_id: &'e str,
    /// The record's revision after it.
    pub revision: i64,
    /// When, in microseconds since 1970.
    pub occurred_at: i64,
    /// The names of the changed fields, as a JSON list.
    pub changed_fields: &'e str,
    /// The record after it, as JSON.
    pub data: Option<&'e str>,
    /// What the changed fields held before, as JSON.
    pub previous: Option<&'e str>,
    /// The partners that may read it, as a JSON list.
    pub audience: &'e str,
    /// Whether the record is gone.
    pub deleted: bool,
}

impl Said<'_> {
    /// SHA-256 over all of it, as hexadecimal digits. A JSON list keeps apart what stands side by side.
    pub fn digest(&self) -> String {
        let all = json!([
            self.salt,
            self.event_type,
            self.resource_type,
            self.resource_id,
            self.revision,
            self.occurred_at,
            self.changed_fields,
            self.data,
            self.previous,
            self.audience,
            self.deleted,
        ]);
        hex::encode(&Sha256::digest(all.to_string()))
    }
}
