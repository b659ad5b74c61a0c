//! Whom a registration concerns, so that they do not decide on it: who sent it in or wrote it, who looks after its partner, and
//! who looks after a competitor.

use std::collections::BTreeSet;

use super::{review_queries, rows::Registration};
use crate::{
    approvals::{Interests, SegregationPolicy},
    db::Tx,
    error::Result,
    kernel::{
        ids::{PartnerId, UserId},
        states::FailingGuard,
    },
    partners,
};

/// Whom the registration concerns because they brought it in: who sent it in last, whose it is, and for whom it was written.
pub fn brought_in_by(registration: &Registration) -> Interests {
    let review = registration.review.as_ref();
    Interests {
        submitted_by: review.map(|review| review.submitted_by.clone()).into_iter().collect(),
        owners: registration
            .deal
            .submitter_id
            .map(|user| user.to_string())
            .into_iter()
            .chain(registration.details.on_behalf_of.clone())
            .collect(),
        ..Interests::default()
    }
}

/// Whom the registration concerns. What the policy does not ask for is not looked up.
///
/// # Errors
/// What the database reports.
pub fn interests(tx: &mut Tx<'_>, registration: &Registration, policy: &SegregationPolicy) -> Result<Interests> {
    let now = tx.now;
    let own = registration.deal.partner_id;
    let mut asked: BTreeSet<PartnerId> = BTreeSet::new();
    if policy.competing_partners {
        asked.extend(
            review_queries::contenders(tx, registration)?
                .into_iter()
                .map(|(_, partner)| partner),
        );
    }
    if policy.managed_partners {
        asked.insert(own);
    }
    let asked: Vec<PartnerId> = asked.into_iter().collect();
    let managers = if asked.is_empty() {
        std::collections::BTreeMap::new()
    } else {
        partners::account_managers::primary_of(tx, &asked, now)?
    };
    let of = |own_ones: bool| -> BTreeSet<UserId> {
        managers
            .iter()
            .filter(|(partner, _)| (**partner == own) == own_ones)
            .map(|(_, manager)| *manager)
            .collect()
    };
    Ok(Interests {
        managers: of(true),
        competing: of(false),
        ..brought_in_by(registration)
    })
}

/// The guards that stand against a decision by this caller.
///
/// # Errors
/// What the database reports.
pub fn failing(tx: &mut Tx<'_>, registration: &Registration, policy: &SegregationPolicy) -> Result<Vec<FailingGuard>> {
    let interests = interests(tx, registration, policy)?;
    let caller = tx.caller();
    Ok(interests.against(policy, &caller.actor_text(), caller.user()))
}

/// Whether that person may decide on the registration, as far as it concerns them.
///
/// # Errors
/// What the database reports.
pub fn lets(tx: &mut Tx<'_>, registration: &Registration, user: UserId, policy: &SegregationPolicy) -> Result<bool> {
    Ok(interests(tx, registration, policy)?.lets(policy, user))
}
