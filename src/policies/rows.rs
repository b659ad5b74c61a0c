//! The row of a policy as it stands in the database.

use diesel::prelude::*;

use super::{
    model::Document,
    resource::{Policy, PolicyStatus},
};
use crate::{
    kernel::{Stored, Time, ids::PolicyId},
    schema::policies,
};

/// A policy as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = policies, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct PolicyRow {
    pub id: PolicyId,
    pub version: Option<i64>,
    pub base_version: i64,
    pub valid_from: Option<Time>,
    pub document: Stored<Document>,
    pub note: Option<String>,
    pub created_by: String,
    pub published_by: Option<String>,
    pub published_at: Option<Time>,
    pub withdrawn_by: Option<String>,
    pub withdrawn_at: Option<Time>,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

impl PolicyRow {
    /// Where it stands, given the version in force at the same moment; 0 if there is none.
    pub fn status(&self, in_force: i64, at: Time) -> PolicyStatus {
        match (self.version, self.valid_from) {
            (None, _) | (_, None) => PolicyStatus::Draft,
            _ if self.withdrawn_at.is_some() => PolicyStatus::Withdrawn,
            (_, Some(from)) if from > at => PolicyStatus::Scheduled,
            (Some(version), _) if version == in_force => PolicyStatus::InForce,
            _ => PolicyStatus::Past,
        }
    }

    /// The policy as it is read at a moment.
    pub fn seen(self, in_force: i64, at: Time) -> Policy {
        let status = self.status(in_force, at);
        let Document {
            registration,
            conflict,
            partners,
            reasons,
            pipeline,
            notices,
        } = self.document.0;
        Policy {
            id: self.id,
            status,
            version: self.version,
            base_version: self.base_version,
            valid_from: self.valid_from,
            note: self.note,
            created_by: self.created_by,
            published_by: self.published_by,
            published_at: self.published_at,
            withdrawn_by: self.withdrawn_by,
            withdrawn_at: self.withdrawn_at,
            registration,
            conflict,
            partners,
            reasons,
            pipeline,
            notices,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
