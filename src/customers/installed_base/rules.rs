//! What may happen to the installed base. Pure.

use super::model::{InstalledBase, InstalledBasePatch, InstalledBaseSource, NewInstalledBase};
use crate::{
    error::{Error, Result},
    kernel::{
        Time,
        ids::{Id as _, InstalledBaseId},
    },
    references::distinct,
};

impl InstalledBase {
    /// A new one.
    ///
    /// # Errors
    /// 409 `contradiction` if it would end before it begins.
    pub fn new(new: &NewInstalledBase, source: InstalledBaseSource, now: Time) -> Result<Self> {
        let new = new.clone();
        Self {
            id: InstalledBaseId::at(now),
            account_id: new.account_id,
            product_id: new.product_id,
            territory_id: new.territory_id,
            since_on: new.since_on,
            ends_on: new.ends_on,
            quantity: new.quantity,
            partner_id: new.partner_id,
            source,
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
    pub fn patched(self, patch: &InstalledBasePatch, now: Time) -> Result<Self> {
        let patch = patch.clone();
        Self {
            account_id: patch.account_id.unwrap_or(self.account_id),
            product_id: patch.product_id.unwrap_or(self.product_id),
            territory_id: patch.territory_id.apply(self.territory_id),
            since_on: patch.since_on.apply(self.since_on),
            ends_on: patch.ends_on.apply(self.ends_on),
            quantity: patch.quantity.apply(self.quantity),
            partner_id: patch.partner_id.apply(self.partner_id),
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
    pub fn upserted(self, given: NewInstalledBase, now: Time) -> Result<Self> {
        let mut external_refs = self.external_refs;
        external_refs.extend(given.external_refs.unwrap_or_default());
        Self {
            account_id: given.account_id,
            product_id: given.product_id,
            territory_id: given.territory_id.or(self.territory_id),
            since_on: given.since_on.or(self.since_on),
            ends_on: given.ends_on.or(self.ends_on),
            quantity: given.quantity.or(self.quantity),
            partner_id: given.partner_id.or(self.partner_id),
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
        if matches!((self.since_on, self.ends_on), (Some(start), Some(end)) if end < start) {
            return Err(Error::contradicts(
                "#/ends_on",
                "before_start",
                "The end may not lie before the beginning, `since_on`.",
            ));
        }
        Ok(self)
    }
}
