//! What waits because records are not in step with another system.

use super::{
    model::WorkItemKind,
    sources::{NOBODY, Source, WHENEVER},
};
use crate::{
    auth::{Caller, Rows},
    db::Clause,
};

/// What other systems refused, what was changed on both sides, and what may be one of ours: for those who see everyone's rows.
pub fn out_of_step(caller: &Caller) -> Vec<Source> {
    if *caller.rows() != Rows::All {
        return Vec::new();
    }
    let standing = |condition: &'static str| {
        let mut clause = Clause::all();
        clause.and(condition);
        clause
    };
    let of = |kind, title, from, since, clause| Source {
        kind,
        id: "x.id",
        title,
        resource_type: "x.resource_type",
        resource_id: "x.resource_id",
        partner_id: NOBODY,
        since,
        due: WHENEVER,
        from,
        clause,
    };
    vec![
        of(
            WorkItemKind::SyncError,
            "x.external_id || ': ' || SUBSTR(COALESCE(x.error_detail, ''), 1, 300)",
            "sync_links AS x",
            "x.failing_since",
            standing("x.state = 'error'"),
        ),
        of(
            WorkItemKind::SyncConflict,
            "x.external_id",
            "sync_conflicts AS x",
            "x.created_at",
            standing("x.state = 'open'"),
        ),
        Source {
            resource_type: "'sync_review'",
            resource_id: "x.id",
            ..of(
                WorkItemKind::SyncReview,
                "x.external_id",
                "sync_reviews AS x",
                "x.created_at",
                standing("x.state = 'open'"),
            )
        },
    ]
}
