//! What a saved view holds, and whose it is. Pure.

use super::model::{NewSavedView, SavedView, SavedViewPatch, SavedViewVisibility};
use crate::{
    error::{Error, Result, codes},
    kernel::{
        Stored, Time,
        ids::{Id as _, PartnerId, SavedViewId, UserId},
        words::fold,
    },
};

/// Query parameters that are no filters: paging, and what has a field of its own.
pub const NO_FILTERS: [&str; 6] = ["cursor", "limit", "include_total", "sort", "fields", "expand"];

impl SavedView {
    /// A new view.
    pub fn new(new: NewSavedView, owner: UserId, partner: Option<PartnerId>, now: Time) -> Self {
        Self {
            id: SavedViewId::at(now),
            name_key: fold(&new.name),
            name: new.name,
            operation: new.operation,
            filters: Stored(new.filters),
            sort: new.sort,
            columns: Stored(new.columns),
            visibility: new.visibility.unwrap_or(SavedViewVisibility::Private),
            owner_id: owner,
            partner_id: partner,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Checks that the view is the caller's.
    ///
    /// # Errors
    /// 403 `forbidden` otherwise.
    pub fn is_of(&self, user: UserId) -> Result<()> {
        if self.owner_id == user {
            return Ok(());
        }
        Err(Error::new(&codes::FORBIDDEN).detail("Only its owner changes a view; save one of your own."))
    }

    /// The view with the changes made.
    #[must_use]
    pub fn patched(self, patch: &SavedViewPatch, now: Time) -> Self {
        let name = patch.name.clone().unwrap_or(self.name);
        Self {
            name_key: fold(&name),
            name,
            filters: patch.filters.clone().map_or(self.filters, Stored),
            sort: patch.sort.clone().apply(self.sort),
            columns: patch.columns.clone().map_or(self.columns, Stored),
            visibility: patch.visibility.unwrap_or(self.visibility),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// The query that the view stands for, or the filter that is none.
    ///
    /// # Errors
    /// 409 `unknown_reference` for a parameter that has another place or none in a view.
    pub fn query(&self) -> Result<Vec<(String, String)>> {
        if let Some(name) = self.filters.0.0.keys().find(|name| NO_FILTERS.contains(&name.as_str())) {
            return Err(Error::unknown_reference(
                format!("#/filters/{name}"),
                format!("`{name}` is no filter; leave it out."),
            ));
        }
        let filters = self.filters.0.0.iter().map(|(name, text)| (name.clone(), text.clone()));
        let sort = self.sort.iter().map(|sort| ("sort".to_owned(), sort.clone()));
        let columns = (!self.columns.is_empty()).then(|| ("fields".to_owned(), self.columns.join(",")));
        Ok(filters.chain(sort).chain(columns).collect())
    }
}
