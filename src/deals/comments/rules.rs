//! Who reads and writes comments. Pure.

use super::model::{CommentSide, CommentVisibility, DealComment, DealCommentPatch, NewDealComment};
use crate::{
    error::{Error, Result, codes},
    kernel::{
        Time,
        ids::{CommentId, DealId, Id as _, PartnerId},
    },
};

impl CommentSide {
    /// The side of a caller.
    pub const fn of(is_vendor: bool) -> Self {
        if is_vendor { Self::Vendor } else { Self::Partner }
    }

    /// What the side reads: its own, and what is for both.
    pub const fn reads(self) -> [CommentVisibility; 2] {
        match self {
            Self::Vendor => [CommentVisibility::Vendor, CommentVisibility::Both],
            Self::Partner => [CommentVisibility::Partner, CommentVisibility::Both],
        }
    }

    /// Checks that the side may write for these readers.
    ///
    /// # Errors
    /// 403 `field_forbidden` for what the other side alone would read.
    pub fn may_write(self, visibility: CommentVisibility) -> Result<()> {
        if self.reads().contains(&visibility) {
            return Ok(());
        }
        let [own, _] = self.reads();
        let detail = format!("Only the other side writes comments for `{visibility}` alone; use `{own}` or `both`.");
        Err(Error::new(&codes::FIELD_FORBIDDEN).fault("#/visibility", "field_forbidden", detail))
    }
}

impl DealComment {
    /// A new comment on a registration of that partner.
    ///
    /// # Errors
    /// 403 `field_forbidden` for what the other side alone would read.
    pub fn new(
        deal: DealId,
        partner: PartnerId,
        new: &NewDealComment,
        side: CommentSide,
        author: String,
        now: Time,
    ) -> Result<Self> {
        let visibility = new.visibility.unwrap_or(CommentVisibility::Both);
        side.may_write(visibility)?;
        Ok(Self {
            id: CommentId::at(now),
            deal_id: deal,
            partner_id: partner,
            visibility,
            author_side: side,
            author_id: author,
            body: new.body.clone(),
            revision: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// The comment with the changes made.
    #[must_use]
    pub fn patched(self, patch: &DealCommentPatch, now: Time) -> Self {
        Self {
            body: patch.body.clone().unwrap_or(self.body),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// Checks that the caller wrote the comment, or may remove what others wrote.
    ///
    /// # Errors
    /// 403 `forbidden` otherwise.
    pub fn is_by(&self, author: &str, moderates: bool) -> Result<()> {
        if self.author_id == author || moderates {
            return Ok(());
        }
        Err(Error::new(&codes::FORBIDDEN).detail("Only its author changes a comment; write one of your own."))
    }

    /// The comment as events tell of it. The vendor hears every event, so what the partner alone reads is told without its
    /// words.
    #[must_use]
    pub fn told(&self) -> Self {
        let mut told = self.clone();
        if told.visibility == CommentVisibility::Partner {
            told.body.clear();
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Resource as _;

    fn comment(side: CommentSide, visibility: Option<CommentVisibility>) -> Result<DealComment> {
        let new = NewDealComment {
            body: "The trial begins in January.".to_owned(),
            visibility,
        };
        let (deal, partner) = (DealId::example(1), PartnerId::example(2));
        DealComment::new(deal, partner, &new, side, "user_1".to_owned(), Time::from_micros(1))
    }

    #[test]
    fn neither_side_writes_what_the_other_alone_would_read() {
        use CommentVisibility::{Both, Partner, Vendor};
        for (side, own, other) in [
            (CommentSide::Vendor, Vendor, Partner),
            (CommentSide::Partner, Partner, Vendor),
        ] {
            assert!(comment(side, Some(own)).is_ok() && comment(side, Some(Both)).is_ok());
            assert!(comment(side, Some(other)).is_err());
            assert_eq!(comment(side, None).unwrap().visibility, Both);
        }
    }

    #[test]
    fn events_follow_the_readers() {
        let own = comment(CommentSide::Vendor, Some(CommentVisibility::Vendor)).unwrap();
        assert!(own.audience().is_empty() && !own.told().body.is_empty());
        let theirs = comment(CommentSide::Partner, Some(CommentVisibility::Partner)).unwrap();
        assert_eq!(theirs.audience(), [theirs.partner_id]);
        assert!(theirs.told().body.is_empty());
        let shared = comment(CommentSide::Partner, None).unwrap();
        assert_eq!(shared.told(), shared);
    }

    #[test]
    fn only_its_author_changes_a_comment() {
        let one = comment(CommentSide::Vendor, None).unwrap();
        assert!(one.is_by("user_1", false).is_ok());
        assert!(one.is_by("user_2", false).is_err());
        assert!(one.is_by("user_2", true).is_ok());
    }
}
