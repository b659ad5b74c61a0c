//! What the decision of a conflict case does to protections.

use std::collections::BTreeSet;

use super::{
    model::{Protection, ProtectionStatus},
    queries::{self, ProtectionRow},
};
use crate::{
    db::Tx,
    error::Result,
    kernel::ids::{AccountId, DealId, ProtectionId},
};

/// Why protections change.
const REASON: &str = "case_decision";

/// What a case came to for one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The scope is its own: what others of the case hold of it ends.
    Wins,
    /// It has a part in the scope, beside others.
    Shares,
    /// It has no claim: what it holds of the scope ends.
    Loses,
    /// There was no conflict.
    Unaffected,
}

/// Decides on what is contested of a registration on an account, or on one protection of it alone. What is put in force lasts
/// from now on for the time that was left of it when it was set aside; what shares a scope shuts nobody out. Others' protections
/// were dealt with before ([`clear`]). Tells what became of each.
///
/// # Errors
/// 409 `protection_overlap` if somebody else holds the scope.
pub fn settle(
    tx: &mut Tx<'_>,
    (account, deal): (AccountId, DealId),
    only: Option<ProtectionId>,
    verdict: Verdict,
) -> Result<Vec<Protection>> {
    let now = tx.moment();
    let contested: Vec<ProtectionRow> = queries::of_deals(tx, &[deal])?
        .into_iter()
        .filter(|row| row.status == ProtectionStatus::Contested && row.account_id == account)
        .filter(|row| only.is_none_or(|only| row.id == only))
        .collect();
    let mut settled = Vec::new();
    for row in contested {
        let ended = row.clone().ended(ProtectionStatus::Released, Some(REASON), now);
        let ended = queries::save(tx, &row, ended, "protection.released")?;
        let mut back = row.given_back(row.decision_id, now);
        if verdict == Verdict::Loses || back.starts_at >= back.ends_at {
            settled.push(ended);
            continue;
        }
        back.exclusive = row.exclusive && verdict != Verdict::Shares;
        settled.push(queries::insert_as(tx, back, "protection.restored")?);
    }
    Ok(settled)
}

/// Ends what registrations hold that keeps one of those rows from being in force, for those that have no claim to it.
///
/// # Errors
/// What the database reports.
pub fn clear(tx: &mut Tx<'_>, rows: &[ProtectionRow], losing: &BTreeSet<DealId>) -> Result<BTreeSet<DealId>> {
    let now = tx.moment();
    let mut cleared = BTreeSet::new();
    for row in rows.iter().filter(|row| losing.contains(&row.deal_id)) {
        // What stood in the way of several is ended once.
        let Some(current) = queries::of_deals(tx, &[row.deal_id])?
            .into_iter()
            .find(|current| current.id == row.id && current.is_running(now))
        else {
            continue;
        };
        let ended = current.clone().ended(ProtectionStatus::Released, Some(REASON), now);
        queries::save(tx, &current, ended, "protection.released")?;
        cleared.insert(row.deal_id);
    }
    Ok(cleared)
}
