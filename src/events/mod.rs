//! Facts worth telling. Each is written in the transaction of its effect, with its audit record.
//!
//! `seq` is the order in which events were inserted; on PostgreSQL they may be committed in another. So the feed goes by
//! `position`, without gaps, which the [`sequencer`] gives to events that are committed. Events about one record are inserted
//! after the record's lock is held, so that a later change of it is never told before an earlier one.
//!
//! Which events there are, and who may read them, stands in the [`catalogue`].

pub mod append_queries;
pub mod catalogue;
pub mod feed;
pub mod marks;
mod partner_view;
pub mod queries;
pub mod record_queries;
pub mod request_queries;
pub mod sequencer;

pub use partner_view::PartnerView;

use catalogue::Change;
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
    /// The partners that see the record no more because of it: they learn that, and nothing else.
    pub lost: Vec<PartnerId>,
    /// The record after it, as the vendor reads it.
    pub data: Value,
    /// What the changed fields held before; nothing for a new record.
    pub previous: Option<Value>,
    /// The names of the changed fields.
    pub changed: Vec<String>,
    /// What partners read in place of it, where that is less.
    pub partner_view: Option<PartnerView>,
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
        let mut fact = Self::about(kind, after, data, Some(Value::Object(previous)), changed);
        fact.lost = before.audience();
        fact.lost.retain(|partner| !fact.audience.contains(partner));
        fact
    }

    /// A record came to be that each side sees in a way of its own: `seen(true)` is what the vendor sees, `seen(false)` what
    /// partners see.
    pub fn created_as<T: Resource>(kind: &'static str, seen: impl Fn(bool) -> T) -> Self {
        Self::created(kind, &seen(true)).for_partners(&Self::created(kind, &seen(false)))
    }

    /// A record changed that each side sees in a way of its own, as in [`Fact::created_as`]: as it was, and as it is.
    pub fn changed_as<T: Resource>(kind: &'static str, before: impl Fn(bool) -> T, after: impl Fn(bool) -> T) -> Self {
        let fact = |vendor| Self::changed(kind, &before(vendor), &after(vendor));
        fact(true).for_partners(&fact(false))
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

    /// The same fact, of which partners read no more than another fact says: the same one about what they see of the record.
    #[must_use]
    pub fn for_partners(mut self, seen: &Self) -> Self {
        self.partner_view = PartnerView::of(&self, seen);
        self
    }

    /// Whether the catalogue has such an event of such a record.
    pub fn is_catalogued(&self) -> bool {
        catalogue::find(self.kind).is_some_and(|known| {
            known.resource.name == self.resource_type
                && self.deleted == (known.change == Change::Gone)
                && (known.change != Change::New || self.previous.is_none())
        })
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
            lost: Vec::new(),
            data,
            previous,
            changed,
            partner_view: None,
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
    /// What partners read in place of it, as JSON.
    pub partner_view: Option<&'e str>,
    /// The partners that may read it, as a JSON list.
    pub audience: &'e str,
    /// Whether the record is gone.
    pub deleted: bool,
}

impl Said<'_> {
    /// SHA-256 over all of it, as hexadecimal digits. A JSON list keeps apart what stands side by side.
    pub fn digest(&self) -> String {
        let mut all = vec![
            json!(self.salt),
            json!(self.event_type),
            json!(self.resource_type),
            json!(self.resource_id),
            json!(self.revision),
            json!(self.occurred_at),
            json!(self.changed_fields),
            json!(self.data),
            json!(self.previous),
            json!(self.audience),
            json!(self.deleted),
        ];
        // Left out where there is none, so that what was written before there were any keeps its digest.
        all.extend(self.partner_view.map(|view| json!(view)));
        hex::encode(&Sha256::digest(Value::Array(all).to_string()))
    }
}
