//! What may happen to the relations of distributors with resellers. Pure.

use super::model::{NewResellerRelation, ResellerRelation, ResellerRelationPatch};
use crate::{
    error::{Error, Result},
    kernel::{
        Time,
        ids::{Id as _, PartnerId, ResellerRelationId},
        states::guard,
    },
    partners::PartnerType,
};

impl ResellerRelation {
    /// A new relation.
    pub fn new(distributor: PartnerId, new: &NewResellerRelation, now: Time) -> Self {
        Self {
            id: ResellerRelationId::at(now),
            distributor_id: distributor,
            reseller_id: new.reseller_id,
            starts_on: new.starts_on.unwrap_or_else(|| now.date()),
            ends_on: new.ends_on,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The relation with the changes made.
    #[must_use]
    pub fn patched(self, patch: &ResellerRelationPatch, now: Time) -> Self {
        Self {
            ends_on: patch.ends_on.apply(self.ends_on),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The relation, over as of today, or before it began.
    #[must_use]
    pub fn ended(self, now: Time) -> Self {
        Self {
            ends_on: Some(now.date().max(self.starts_on)),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// Checks that it makes sense: a distributor serves another firm, and does not stop before it begins.
    ///
    /// # Errors
    /// 409 `guard_failed` naming what does not.
    pub fn checked(self, distributor_types: &[PartnerType]) -> Result<Self> {
        let mut failing = Vec::new();
        if !distributor_types.contains(&PartnerType::Distributor) {
            failing.push(guard(
                "not_a_distributor",
                "#",
                "The partner is no distributor; add the type to its profile first.",
            ));
        }
        if self.reseller_id == self.distributor_id {
            failing.push(guard(
                "own_reseller",
                "#/reseller_id",
                "A distributor does not serve itself.",
            ));
        }
        if self.ends_on.is_some_and(|end| end < self.starts_on) {
            failing.push(guard(
                "ends_before_start",
                "#/ends_on",
                "It cannot end before it begins.",
            ));
        }
        if failing.is_empty() {
            Ok(self)
        } else {
            Err(Error::guards("distributor", "serve", failing))
        }
    }
}
