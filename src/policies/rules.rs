//! What may become of a policy, and what one must say to be published. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    model::{Document, RegistrationPolicy},
    resource::{NewPolicy, Part, Parts, PolicyPatch, PolicyPublication, PolicyStatus},
    rows::PolicyRow,
};
use crate::{
    error::{Error, Result},
    kernel::{
        Stored, Time,
        ids::{Id as _, PolicyId},
        states::{FailingGuard, Machine, Transition, guard},
    },
};

use PolicyStatus::{Draft, InForce, Scheduled, Withdrawn};

/// The machine of policies. What time does needs no step: a scheduled one holds once its moment has come, and is past once
/// another one's has.
pub const MACHINE: Machine<PolicyStatus> = Machine {
    name: "policy.status",
    transitions: &[
        Transition {
            action: "update",
            operation: Some("updatePolicy"),
            from: &[Draft],
            to: &[Draft],
            guards: &[],
        },
        Transition {
            action: "publish",
            operation: Some("publishPolicy"),
            from: &[Draft],
            to: &[InForce, Scheduled],
            guards: &[
                "it does not begin in the past, nor before a version that was published already",
                "no other version was published since it was begun, or that version was looked at",
                "it says nothing twice",
                "its scores of matching leave room for a person between two customers and one",
                "each list of reasons has one that can be given, and all of its own have a label",
                "the stages of a sale have labels, and lead to stages that there are",
                "the segments of partners have labels, and approval chains ask by segments that there are",
            ],
        },
        Transition {
            action: "withdraw",
            operation: Some("withdrawPolicy"),
            from: &[Scheduled],
            to: &[Withdrawn],
            guards: &[],
        },
        Transition {
            action: "delete",
            operation: Some("deletePolicy"),
            from: &[Draft],
            to: &[Draft],
            guards: &[],
        },
    ],
};

/// A merge patch (RFC 7396) over a part of a document.
fn merged<T: serde::Serialize + serde::de::DeserializeOwned>(
    pointer: &'static str,
    base: &T,
    part: Option<&Part>,
) -> Result<Option<T>> {
    let Some(Part(patch)) = part else { return Ok(None) };
    let mut whole = serde_json::to_value(base).map_err(Error::internal)?;
    merge(&mut whole, patch);
    serde_json::from_value(whole)
        .map(Some)
        .map_err(|error| Error::contradicts(pointer, "invalid_value", error.to_string()))
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    if let Value::Object(fields) = target {
        for (name, change) in changes {
            if change.is_null() {
                fields.remove(name);
            } else {
                merge(fields.entry(name.clone()).or_insert(Value::Null), change);
            }
        }
    }
}

fn changed(base: Document, parts: Parts<'_>) -> Result<Document> {
    let (registration, conflict) = (parts.registration, parts.conflict);
    Ok(Document {
        registration: merged("#/registration", &base.registration, registration)?.unwrap_or(base.registration),
        conflict: merged("#/conflict", &base.conflict, conflict)?.unwrap_or(base.conflict),
        partners: merged("#/partners", &base.partners, parts.partners)?.unwrap_or(base.partners),
        reasons: merged("#/reasons", &base.reasons, parts.reasons)?.unwrap_or(base.reasons),
        pipeline: merged("#/pipeline", &base.pipeline, parts.pipeline)?.unwrap_or(base.pipeline),
        notices: merged("#/notices", &base.notices, parts.notices)?.unwrap_or(base.notices),
    })
}

/// A new draft that begins from that document, after the version that was published last.
///
/// # Errors
/// 422 for a part that is none.
pub fn draft(new: &NewPolicy, base: Document, last: i64, by: String, now: Time) -> Result<PolicyRow> {
    Ok(PolicyRow {
        id: PolicyId::at(now),
        version: None,
        base_version: last,
        valid_from: None,
        document: Stored(changed(base, new.parts())?),
        note: new.note.clone(),
        created_by: by,
        published_by: None,
        published_at: None,
        withdrawn_by: None,
        withdrawn_at: None,
        revision: 1,
        created_at: now,
        updated_at: now,
    })
}

impl PolicyRow {
    /// The draft with the changes.
    ///
    /// # Errors
    /// 422 for a part that is none.
    pub fn patched(self, patch: &PolicyPatch, now: Time) -> Result<Self> {
        let document = changed(self.document.0, patch.parts())?;
        Ok(Self {
            document: Stored(document),
            note: patch.note.clone().apply(self.note),
            base_version: patch.base_version.unwrap_or(self.base_version),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// The draft as the version that follows the others.
    ///
    /// # Errors
    /// 409 `invalid_state` if it is no draft; 409 `guard_failed` naming what stands in the way.
    pub fn published(self, how: &PolicyPublication, others: &Published, by: String, now: Time) -> Result<Self> {
        let from = how.valid_from.unwrap_or(now);
        let status = self.status(0, now);
        let to = if from > now { Scheduled } else { InForce };
        MACHINE.go_to(status, "publish", to)?;
        let mut failing = Vec::new();
        if how.valid_from.is_some_and(|from| from < now) {
            failing.push(guard(
                "not_in_past",
                "#/valid_from",
                "What has been decided stays; name a moment to come, or none to begin now.",
            ));
        }
        if let Some(last) = others.last_from.filter(|last| from < *last) {
            let detail = format!(
                "Version {} holds from {last} on; begin at that moment or later, or withdraw that version first.",
                others.last
            );
            failing.push(guard("after_last_published", "#/valid_from", detail));
        }
        if self.base_version != others.last {
            let detail = format!(
                "The draft was begun after version {}, and version {} is the last one now; look at it, and set base_version to it.",
                self.base_version, others.last
            );
            failing.push(guard("base_is_last", "#/base_version", detail));
        }
        failing.extend(said_twice(&self.document.registration));
        failing.extend(self.document.partners.unsound());
        failing.extend(unknown_segments(&self.document));
        failing.extend(self.document.reasons.unsound());
        failing.extend(self.document.conflict.matching.unsound());
        failing.extend(self.document.pipeline.unsound());
        failing.extend(self.document.notices.unsound());
        if !failing.is_empty() {
            return Err(Error::guards(status, "publish", failing));
        }
        Ok(Self {
            version: Some(others.highest + 1),
            valid_from: Some(from),
            note: how.note.clone().or(self.note),
            published_by: Some(by),
            published_at: Some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// The version taken back before it holds.
    ///
    /// # Errors
    /// 409 `invalid_state` if it holds already, or is a draft.
    pub fn withdrawn(self, status: PolicyStatus, by: String, now: Time) -> Result<Self> {
        MACHINE.go(status, "withdraw")?;
        Ok(Self {
            withdrawn_by: Some(by),
            withdrawn_at: Some(now),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }
}

/// The versions that there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Published {
    /// The last one that was not withdrawn; 0 if there is none.
    pub last: i64,
    /// From when that one holds.
    pub last_from: Option<Time>,
    /// The highest number that was given, to a withdrawn one too.
    pub highest: i64,
}

/// The conditions of approval chains that name a segment which the policy does not have.
fn unknown_segments(document: &Document) -> Vec<FailingGuard> {
    let (rules, partners) = (&document.registration, &document.partners);
    let chains = [
        ("approval_chain", &rules.approval_chain),
        ("extension_chain", &rules.extension_chain),
        ("reopening_chain", &rules.reopening_chain),
    ];
    let mut failing = Vec::new();
    for (name, chain) in chains {
        for (step, rule) in chain.iter().enumerate() {
            for (place, segment) in rule.segments.iter().enumerate() {
                if !partners.has_segment(segment) {
                    let pointer = format!("#/registration/{name}/{step}/segments/{place}");
                    let detail = format!(
                        "There is no segment {segment}; there are: {}.",
                        partners.listed_segments()
                    );
                    failing.push(guard("segment_offered", &pointer, detail));
                }
            }
        }
    }
    failing
}

/// What a policy says twice, so that it would depend on the order which of the two counts.
fn said_twice(policy: &RegistrationPolicy) -> Vec<FailingGuard> {
    let lists = [
        (
            "open_registrations_by_tier",
            twice(policy.open_registrations_by_tier.iter().map(|one| one.tier_rank)),
        ),
        (
            "protection_days_by_type",
            twice(policy.protection_days_by_type.iter().map(|one| one.deal_type)),
        ),
        (
            "evidence_weights",
            twice(policy.evidence_weights.iter().map(|one| one.kind)),
        ),
        (
            "auto_approval/below",
            twice(policy.auto_approval.below.iter().map(|one| one.currency.to_string())),
        ),
    ];
    lists
        .into_iter()
        .filter_map(|(list, index)| {
            let pointer = format!("#/registration/{list}/{}", index?);
            Some(guard(
                "said_once",
                &pointer,
                "The list says this a second time; which of the two counts would be chance.",
            ))
        })
        .collect()
}

fn twice<T: Ord>(values: impl Iterator<Item = T>) -> Option<usize> {
    let mut seen = BTreeSet::new();
    let mut indexed = values.enumerate();
    indexed.find_map(|(index, value)| (!seen.insert(value)).then_some(index))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(day: i64) -> Time {
        Time::from_micros(1_770_000_000_000_000).plus_days(day)
    }

    fn begun(body: Value) -> PolicyRow {
        let new: NewPolicy = serde_json::from_value(body).unwrap();
        draft(&new, Document::default(), 0, "user".to_owned(), at(0)).unwrap()
    }

    fn failing(row: PolicyRow, how: &PolicyPublication, others: &Published) -> Vec<String> {
        let error = row.published(how, others, "user".to_owned(), at(1)).unwrap_err();
        error.all_faults().iter().map(|fault| fault.code.to_string()).collect()
    }

    #[test]
    fn what_is_left_out_stays_and_lists_are_replaced() {
        let row = begun(json!({"registration": {"protection_days": 120, "auto_approval": {"tier_rank": 1}}}));
        let base = Document::default().registration;
        assert_eq!(row.document.registration.protection_days, 120);
        assert_eq!(row.document.registration.auto_approval.below, base.auto_approval.below);
        assert_eq!(row.document.registration.auto_approval.tier_rank, 1);
        let patch = serde_json::from_value(json!({"registration": {"extension_evidence": ["meeting"]}})).unwrap();
        let row = row.patched(&patch, at(1)).unwrap();
        assert_eq!(row.document.registration.extension_evidence.len(), 1);
        assert_eq!(row.document.registration.protection_days, 120);
    }

    #[test]
    fn every_guard_that_fails_is_named_at_once() {
        let twice = json!([{"deal_type": "renewal", "days": 1}, {"deal_type": "renewal", "days": 2}]);
        let row = begun(json!({"registration": {"protection_days_by_type": twice}}));
        let how = PolicyPublication {
            valid_from: Some(at(0)),
            note: None,
        };
        let others = Published {
            last: 2,
            last_from: Some(at(5)),
            highest: 3,
        };
        assert_eq!(
            failing(row, &how, &others),
            ["not_in_past", "after_last_published", "base_is_last", "said_once"]
        );
    }

    #[test]
    fn numbers_of_withdrawn_versions_are_not_given_again() {
        let others = Published {
            last: 0,
            last_from: None,
            highest: 4,
        };
        let published = begun(json!({}))
            .published(&PolicyPublication::default(), &others, "user".to_owned(), at(1))
            .unwrap();
        assert_eq!((published.version, published.valid_from), (Some(5), Some(at(1))));
        assert!(
            published
                .clone()
                .withdrawn(PolicyStatus::InForce, "user".to_owned(), at(2))
                .is_err()
        );
    }
}
