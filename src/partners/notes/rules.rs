//! Who reads and writes notes. Pure.

use super::model::{NewNote, Note, NotePatch, NoteSide, NoteVisibility};
use crate::{
    error::{Error, Result, codes},
    kernel::{
        Time,
        ids::{Id as _, NoteId, PartnerId},
    },
};

impl NoteSide {
    /// The side of a caller.
    pub const fn of(is_vendor: bool) -> Self {
        if is_vendor { Self::Vendor } else { Self::Partner }
    }

    /// What the side reads.
    pub const fn reads(self) -> [NoteVisibility; 2] {
        match self {
            Self::Vendor => [NoteVisibility::Internal, NoteVisibility::Shared],
            Self::Partner => [NoteVisibility::Partner, NoteVisibility::Shared],
        }
    }

    /// Checks that the side may write for these readers.
    ///
    /// # Errors
    /// 403 `field_forbidden` for the other side's own notes.
    pub fn may_write(self, visibility: NoteVisibility) -> Result<()> {
        if self.reads().contains(&visibility) {
            return Ok(());
        }
        let [own, _] = self.reads();
        let detail = format!("Only the other side writes `{visibility}` notes; use `{own}` or `shared`.");
        Err(Error::new(&codes::FIELD_FORBIDDEN).fault("#/visibility", "field_forbidden", detail))
    }
}

impl Note {
    /// A new note on a partner.
    pub fn new(partner: PartnerId, new: &NewNote, side: NoteSide, author: String, now: Time) -> Self {
        Self {
            id: NoteId::at(now),
            resource_type: "partner".to_owned(),
            resource_id: partner.to_string(),
            partner_id: Some(partner),
            visibility: new.visibility,
            body: new.body.clone(),
            author_type: side,
            author_id: author,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The note with the changes made.
    #[must_use]
    pub fn patched(self, patch: &NotePatch, now: Time) -> Self {
        Self {
            visibility: patch.visibility.unwrap_or(self.visibility),
            body: patch.body.clone().unwrap_or(self.body),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// Checks that the caller wrote the note; an administrator of the vendor may also remove what the vendor's people wrote.
    ///
    /// # Errors
    /// 403 `forbidden` otherwise.
    pub fn is_by(&self, author: &str, is_admin: bool) -> Result<()> {
        if self.author_id == author || (is_admin && self.author_type == NoteSide::Vendor) {
            return Ok(());
        }
        Err(Error::new(&codes::FORBIDDEN).detail("Only its author changes a note; write one of your own."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_side_writes_the_others_own_notes() {
        assert!(NoteSide::Vendor.may_write(NoteVisibility::Internal).is_ok());
        assert!(NoteSide::Vendor.may_write(NoteVisibility::Partner).is_err());
        assert!(NoteSide::Partner.may_write(NoteVisibility::Internal).is_err());
        assert!(NoteSide::Partner.may_write(NoteVisibility::Shared).is_ok());
    }
}
