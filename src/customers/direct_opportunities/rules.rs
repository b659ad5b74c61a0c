//! What may happen to direct opportunities. Pure.

use super::model::{
    DirectOpportunity, DirectOpportunityPatch, NewDirectOpportunity, OpportunityStatus, OpportunityType,
};
use crate::{
    custom_fields::CustomFields,
    kernel::{
        Time,
        ids::{Id as _, OpportunityId},
    },
    references::distinct,
};

/// The stage of an opportunity of which nothing more is known.
const UNKNOWN_STAGE: &str = "unknown";

/// When it was closed, if it is: what is said of it, else what was known, else now.
fn closed(status: OpportunityStatus, said: Option<Time>, known: Option<Time>, now: Time) -> Option<Time> {
    (status != OpportunityStatus::Open).then(|| said.or(known).unwrap_or(now))
}

impl DirectOpportunity {
    /// A new opportunity.
    pub fn new(new: &NewDirectOpportunity, number: String, custom: CustomFields, now: Time) -> Self {
        let new = new.clone();
        let status = new.status.unwrap_or(OpportunityStatus::Open);
        let opened_at = new.opened_at.unwrap_or(now);
        Self {
            id: OpportunityId::at(now),
            number,
            account_id: new.account_id,
            title: new.title,
            product_id: new.product_id,
            territory_id: new.territory_id,
            deal_type: new.deal_type.unwrap_or(OpportunityType::NetNew),
            status,
            stage: new.stage.unwrap_or_else(|| UNKNOWN_STAGE.to_owned()),
            amount: new.amount,
            expected_close_on: new.expected_close_on,
            owner_id: new.owner_id,
            owner_name: new.owner_name,
            opened_at,
            last_activity_at: new.last_activity_at.unwrap_or(opened_at),
            closed_at: closed(status, new.closed_at, None, now),
            custom,
            external_refs: distinct(new.external_refs.unwrap_or_default()),
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The opportunity with the changes made.
    #[must_use]
    pub fn patched(self, patch: &DirectOpportunityPatch, custom: CustomFields, now: Time) -> Self {
        let patch = patch.clone();
        let status = patch.status.unwrap_or(self.status);
        let stage = patch.stage.unwrap_or_else(|| self.stage.clone());
        let moved = status != self.status || stage != self.stage;
        Self {
            account_id: patch.account_id.unwrap_or(self.account_id),
            title: patch.title.unwrap_or(self.title),
            product_id: patch.product_id.apply(self.product_id),
            territory_id: patch.territory_id.apply(self.territory_id),
            deal_type: patch.deal_type.unwrap_or(self.deal_type),
            amount: patch.amount.apply(self.amount),
            expected_close_on: patch.expected_close_on.apply(self.expected_close_on),
            owner_id: patch.owner_id.apply(self.owner_id),
            owner_name: patch.owner_name.apply(self.owner_name),
            last_activity_at: patch
                .last_activity_at
                .unwrap_or(if moved { now } else { self.last_activity_at }),
            closed_at: closed(status, patch.closed_at, self.closed_at, now),
            status,
            stage,
            custom,
            external_refs: patch.external_refs.map_or(self.external_refs, distinct),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The opportunity with what another system says of it: what that leaves out stays, and references are added.
    #[must_use]
    pub fn upserted(self, given: NewDirectOpportunity, custom: CustomFields, now: Time) -> Self {
        let status = given.status.unwrap_or(self.status);
        let mut external_refs = self.external_refs;
        external_refs.extend(given.external_refs.unwrap_or_default());
        Self {
            account_id: given.account_id,
            title: given.title,
            product_id: given.product_id.or(self.product_id),
            territory_id: given.territory_id.or(self.territory_id),
            deal_type: given.deal_type.unwrap_or(self.deal_type),
            status,
            stage: given.stage.unwrap_or(self.stage),
            amount: given.amount.or(self.amount),
            expected_close_on: given.expected_close_on.or(self.expected_close_on),
            owner_id: given.owner_id.or(self.owner_id),
            owner_name: given.owner_name.or(self.owner_name),
            opened_at: given.opened_at.unwrap_or(self.opened_at),
            last_activity_at: given.last_activity_at.unwrap_or(self.last_activity_at),
            closed_at: closed(status, given.closed_at, self.closed_at, now),
            custom,
            external_refs: distinct(external_refs),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// Whether nothing differs but the book-keeping.
    pub fn same_as(&self, other: &Self) -> bool {
        Self {
            revision: other.revision,
            updated_at: other.updated_at,
            ..self.clone()
        } == *other
    }
}
