//! What may happen to product authorisations. Pure.

use super::model::{Authorisation, AuthorisationPatch, NewAuthorisation};
use crate::{
    error::{Error, Result},
    kernel::{
        Time,
        ids::{AuthorisationId, Id as _, PartnerId},
        states::guard,
    },
};

impl Authorisation {
    /// A new right.
    pub fn new(partner: PartnerId, new: &NewAuthorisation, by: String, now: Time) -> Self {
        Self {
            id: AuthorisationId::at(now),
            partner_id: partner,
            product_id: new.product_id,
            territory_id: new.territory_id,
            starts_on: new.starts_on.unwrap_or_else(|| now.date()),
            ends_on: new.ends_on,
            reason: new.reason.clone(),
            granted_by: by,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The right with the changes made.
    #[must_use]
    pub fn patched(self, patch: &AuthorisationPatch, now: Time) -> Self {
        Self {
            ends_on: patch.ends_on.apply(self.ends_on),
            reason: patch.reason.clone().apply(self.reason),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The right, ended today; one that has not begun never holds.
    #[must_use]
    pub fn ended(self, now: Time) -> Self {
        Self {
            ends_on: Some(now.date().max(self.starts_on)),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// Checks that it does not end before it begins.
    ///
    /// # Errors
    /// 409 `guard_failed` if it does.
    pub fn checked(self) -> Result<Self> {
        if self.ends_on.is_none_or(|end| end >= self.starts_on) {
            return Ok(self);
        }
        let failing = guard(
            "ends_before_start",
            "#/ends_on",
            format!("It begins on {}; the end cannot be before.", self.starts_on),
        );
        Err(Error::guards("granted", "set_end", vec![failing]))
    }
}
