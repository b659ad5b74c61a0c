//! Who may not decide: nobody approves or refuses what they sent in, and nobody decides between a partner that they look
//! after and its competitor.

use super::{review_queries, rows::Registration};
use crate::{
    db::Tx,
    error::Result,
    kernel::{ids::UserId, states::FailingGuard},
    partners,
};

/// The guards that stand against a decision by this caller.
///
/// # Errors
/// What the database reports.
pub fn failing(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<FailingGuard>> {
    let caller = tx.caller();
    let me = caller.actor_text();
    let sent_in = registration
        .review
        .as_ref()
        .is_some_and(|review| review.submitted_by == me);
    let wrote = registration
        .deal
        .submitter_id
        .is_some_and(|user| user.to_string() == me)
        || registration.details.on_behalf_of.as_ref() == Some(&me);
    let mut failing = Vec::new();
    if sent_in || wrote {
        failing.push(FailingGuard::new(
            "not_own_submission",
            "You wrote or sent in this registration; somebody else decides it.",
        ));
    }
    if let Some(user) = caller.user()
        && manages_contender(tx, registration, user)?
    {
        failing.push(FailingGuard::new(
            "no_competing_interest",
            "You look after a partner that claims the same scope; somebody else decides it.",
        ));
    }
    Ok(failing)
}

/// Whether the user is the account manager of a partner that competes for the scope.
///
/// # Errors
/// What the database reports.
pub fn manages_contender(tx: &mut Tx<'_>, registration: &Registration, user: UserId) -> Result<bool> {
    let mut partners: Vec<_> = review_queries::contenders(tx, registration)?
        .into_iter()
        .map(|(_, partner)| partner)
        .collect();
    partners.sort();
    partners.dedup();
    if partners.is_empty() {
        return Ok(false);
    }
    let now = tx.now;
    Ok(partners::account_managers::primary_of(tx, &partners, now)?
        .values()
        .any(|manager| *manager == user))
}
