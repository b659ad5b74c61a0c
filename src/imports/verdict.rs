//! The verdicts.

crate::words! {
    /// What became of a row.
    pub ImportVerdict {
        /// Its record was made.
        Created = "created",
        /// Its record was changed.
        Updated = "updated",
        /// Its record says already what the row says.
        Unchanged = "unchanged",
        /// Its deal was kept as a draft that says what is missing.
        Draft = "draft",
        /// The mapping leaves it out.
        Skipped = "skipped",
        /// It is wrong; nothing of it was taken.
        Rejected = "rejected",
    }
}
