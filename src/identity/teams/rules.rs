//! What may happen to teams. Pure.

use super::model::{NewTeam, Team, TeamPatch};
use crate::kernel::{
    Time,
    ids::{Id as _, TeamId},
    words::fold,
};

impl Team {
    /// A new team.
    pub fn new(new: &NewTeam, now: Time) -> Self {
        Self {
            id: TeamId::at(now),
            name: new.name.trim().to_owned(),
            name_key: fold(&new.name),
            lead_id: new.lead_id,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The team with the changes made.
    #[must_use]
    pub fn patched(self, patch: &TeamPatch, now: Time) -> Self {
        let name = patch
            .name
            .as_deref()
            .map(str::trim)
            .map(str::to_owned)
            .unwrap_or(self.name);
        Self {
            name_key: fold(&name),
            name,
            lead_id: patch.lead_id.apply(self.lead_id),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }
}
