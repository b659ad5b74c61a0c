//! What may happen to territories. Pure.

use super::model::{NewTerritory, Territory, TerritoryPatch, TerritoryStatus};
use crate::kernel::{
    Time,
    ids::{Id as _, TerritoryId},
    words::fold,
};

impl Territory {
    /// A new territory.
    pub fn new(new: &NewTerritory, now: Time) -> Self {
        Self {
            id: TerritoryId::at(now),
            code: new.code.clone(),
            name: new.name.clone(),
            name_key: fold(&new.name),
            kind: new.kind,
            parent_id: new.parent_id,
            status: TerritoryStatus::Active,
            calendar_id: new.calendar_id,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The territory with the changes made.
    #[must_use]
    pub fn patched(self, patch: &TerritoryPatch, now: Time) -> Self {
        let name = patch.name.clone().unwrap_or(self.name);
        Self {
            name_key: fold(&name),
            name,
            parent_id: patch.parent_id.apply(self.parent_id),
            calendar_id: patch.calendar_id.apply(self.calendar_id),
            status: patch.status.unwrap_or(self.status),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }
}
