//! What may happen to named accounts. Pure.

use super::model::{NamedAccount, NamedAccountPatch, NewNamedAccount};
use crate::{
    error::{Error, Result},
    kernel::{
        Time,
        ids::{Id as _, NamedAccountId},
    },
    references::distinct,
};

impl NamedAccount {
    /// A new one.
    ///
    /// # Errors
    /// 409 `contradiction` if it would end before it begins.
    pub fn new(new: &NewNamedAccount, now: Time) -> Result<Self> {
        let new = new.clone();
        Self {
            id: NamedAccountId::at(now),
            account_id: new.account_id,
            product_id: new.product_id,
            territory_id: new.territory_id,
            starts_on: new.starts_on.unwrap_or_else(|| now.date()),
            ends_on: new.ends_on,
            owner_id: new.owner_id,
            reason: new.reason,
            external_refs: distinct(new.external_refs.unwrap_or_default()),
            revision: 1,
            created_at: now,
            updated_at: now,
        }
        .checked()
    }

    /// It with the changes made.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn patched(self, patch: &NamedAccountPatch, now: Time) -> Result<Self> {
        let patch = patch.clone();
        Self {
            account_id: patch.account_id.unwrap_or(self.account_id),
            product_id: patch.product_id.apply(self.product_id),
            territory_id: patch.territory_id.apply(self.territory_id),
            starts_on: patch.starts_on.unwrap_or(self.starts_on),
            ends_on: patch.ends_on.apply(self.ends_on),
            owner_id: patch.owner_id.apply(self.owner_id),
            reason: patch.reason.apply(self.reason),
            external_refs: patch.external_refs.map_or(self.external_refs, distinct),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
        .checked()
    }

    /// It with what another system says: what that leaves out stays, and references are added.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn upserted(self, given: NewNamedAccount, now: Time) -> Result<Self> {
        let mut external_refs = self.external_refs;
        external_refs.extend(given.external_refs.unwrap_or_default());
        Self {
            account_id: given.account_id,
            product_id: given.product_id.or(self.product_id),
            territory_id: given.territory_id.or(self.territory_id),
            starts_on: given.starts_on.unwrap_or(self.starts_on),
            ends_on: given.ends_on.or(self.ends_on),
            owner_id: given.owner_id.or(self.owner_id),
            reason: given.reason.or(self.reason),
            external_refs: distinct(external_refs),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
        .checked()
    }

    /// Whether nothing differs but the book-keeping.
    pub fn same_as(&self, other: &Self) -> bool {
        Self {
            revision: other.revision,
            updated_at: other.updated_at,
            ..self.clone()
        } == *other
    }

    fn checked(self) -> Result<Self> {
        if self.ends_on.is_some_and(|end| end < self.starts_on) {
            return Err(Error::contradicts(
                "#/ends_on",
                "before_start",
                "The end may not lie before the beginning, `starts_on`.",
            ));
        }
        Ok(self)
    }
}
