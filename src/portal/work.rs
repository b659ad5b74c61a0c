//! What waits for the caller: one row for each kind of work, with the function that counts it.
//!
//! A module that knows of more work gives a function like these and adds its row; nothing else changes.

use super::model::{PortalWork, PortalWorkKind};
use crate::{
    auth::permissions,
    db::Tx,
    deals::{protection, registrations},
    error::Result,
    http::Language,
    kernel::Time,
    notices,
};

/// Protections that end within so many days are told of.
const EXPIRING_DAYS: i64 = 14;

/// One kind of work.
struct Counter {
    kind: PortalWorkKind,
    label: [&'static str; 2],
    /// Whoever may not call this has none of it.
    clears: &'static str,
    /// The operation that lists what it is among.
    lists: &'static str,
    path: fn(Time) -> String,
    /// How much there is; nothing where it is not the caller's kind of work.
    count: fn(&mut Tx<'_>) -> Result<Option<i64>>,
}

const COUNTERS: &[Counter] = &[
    Counter {
        kind: PortalWorkKind::DealDecisions,
        label: ["Deals to decide", "Zu entscheidende Projekte"],
        clears: "approveDeal",
        lists: "listDeals",
        path: |_| "/v1/deals?status=submitted,in_review&sort=review_due_at".to_owned(),
        count: |tx| registrations::to_decide(tx).map(Some),
    },
    Counter {
        kind: PortalWorkKind::DealInfoRequests,
        label: ["Questions to answer", "Zu beantwortende Rückfragen"],
        clears: "answerDealInfo",
        lists: "listDeals",
        path: |_| "/v1/deals?status=info_requested".to_owned(),
        // The vendor asks; it is the partner that answers.
        count: |tx| match tx.caller().partner() {
            Some(_) => registrations::to_answer(tx).map(Some),
            None => Ok(None),
        },
    },
    Counter {
        kind: PortalWorkKind::ExpiringProtections,
        label: ["Protections that end soon", "Bald endender Projektschutz"],
        clears: "requestDealExtension",
        lists: "listProtections",
        path: |now| {
            let until = now.plus_days(EXPIRING_DAYS);
            format!("/v1/protections?state=active,grace&expiring_before={until}&sort=ends_at")
        },
        count: |tx| {
            let until = tx.now.plus_days(EXPIRING_DAYS);
            protection::ending_before(tx, until).map(Some)
        },
    },
    Counter {
        kind: PortalWorkKind::UnreadNotices,
        label: ["Unread notices", "Ungelesene Mitteilungen"],
        clears: "listNotices",
        lists: "listNotices",
        path: |_| "/v1/notices?unread=true".to_owned(),
        // Machines have no inbox.
        count: |tx| match tx.caller().user() {
            Some(user) => notices::unread(tx, user).map(Some),
            None => Ok(None),
        },
    },
];

/// What waits for the caller, by kind.
///
/// # Errors
/// What the database reports.
pub fn of(tx: &mut Tx<'_>, language: Language) -> Result<Vec<PortalWork>> {
    let mut work = Vec::new();
    for counter in COUNTERS {
        let caller = tx.caller();
        if !permissions::may_call(caller, counter.clears) || !permissions::may_call(caller, counter.lists) {
            continue;
        }
        let Some(count) = (counter.count)(tx)? else { continue };
        work.push(PortalWork {
            kind: counter.kind,
            label: language.of(counter.label).to_owned(),
            count,
            operation: counter.lists.to_owned(),
            path: (counter.path)(tx.now.date().start()),
        });
    }
    Ok(work)
}
