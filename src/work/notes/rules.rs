//! Who reads and writes notes. Pure.

use super::model::{NewNote, Note, NotePatch, NoteVisibility};
use crate::{
    error::{Error, Result, codes},
    kernel::{
        Time,
        ids::{Id as _, NoteId, PartnerId},
    },
    work::{WorkSide, records::no_partner},
};

impl WorkSide {
    /// The notes that the side reads: its own, and those for both.
    pub const fn reads(self) -> [NoteVisibility; 2] {
        match self {
            Self::Vendor => [NoteVisibility::Internal, NoteVisibility::Shared],
            Self::Partner => [NoteVisibility::Partner, NoteVisibility::Shared],
        }
    }

    /// Checks that the side may write for these readers on a record of that partner.
    ///
    /// # Errors
    /// 403 `field_forbidden` for the other side's own notes; 409 `conflict` for notes to be shared on what belongs to no
    /// partner.
    fn may_write(self, visibility: NoteVisibility, partner: Option<PartnerId>) -> Result<()> {
        if !self.reads().contains(&visibility) {
            let [own, _] = self.reads();
            let detail = format!("Only the other side writes `{visibility}` notes; use `{own}` or `shared`.");
            return Err(Error::new(&codes::FIELD_FORBIDDEN).fault("#/visibility", "field_forbidden", detail));
        }
        if visibility != NoteVisibility::Internal && partner.is_none() {
            return Err(no_partner());
        }
        Ok(())
    }
}

impl Note {
    /// A new note on a record of that partner.
    ///
    /// # Errors
    /// 403 and 409 for readers whom the side may not, or cannot, write it for.
    pub fn new(new: &NewNote, partner: Option<PartnerId>, side: WorkSide, author: String, now: Time) -> Result<Self> {
        side.may_write(new.visibility, partner)?;
        Ok(Self {
            id: NoteId::at(now),
            resource_type: new.resource_type,
            resource_id: new.resource_id.clone(),
            partner_id: partner,
            visibility: new.visibility,
            body: new.body.clone(),
            author_type: side,
            author_id: author,
            revision: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// The note with the changes made.
    ///
    /// # Errors
    /// As for a new one.
    pub fn patched(self, patch: &NotePatch, now: Time) -> Result<Self> {
        let visibility = patch.visibility.unwrap_or(self.visibility);
        self.author_type.may_write(visibility, self.partner_id)?;
        Ok(Self {
            visibility,
            body: patch.body.clone().unwrap_or(self.body),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        })
    }

    /// Checks that the caller wrote the note; an administrator of the vendor may also remove what the vendor's people wrote.
    ///
    /// # Errors
    /// 403 `forbidden` otherwise.
    pub fn is_by(&self, author: &str, is_admin: bool) -> Result<()> {
        if self.author_id == author || (is_admin && self.author_type == WorkSide::Vendor) {
            return Ok(());
        }
        Err(Error::new(&codes::FORBIDDEN).detail("Only its author changes a note; write one of your own."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_side_writes_the_others_own_notes_and_only_what_has_a_partner_is_shared() {
        let partner = Some(PartnerId::example(1));
        assert!(WorkSide::Vendor.may_write(NoteVisibility::Internal, None).is_ok());
        assert!(WorkSide::Vendor.may_write(NoteVisibility::Partner, partner).is_err());
        assert!(WorkSide::Vendor.may_write(NoteVisibility::Shared, None).is_err());
        assert!(WorkSide::Partner.may_write(NoteVisibility::Internal, partner).is_err());
        assert!(WorkSide::Partner.may_write(NoteVisibility::Shared, partner).is_ok());
    }
}
