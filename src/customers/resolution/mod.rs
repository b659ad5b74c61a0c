//! Which customer account a description means.
//!
//! A description shares index keys with the accounts that it may mean. They are found by one statement over the index,
//! compared in memory with everything known of them, and answered with the evidence for and against. A key that too many
//! accounts share says nothing and is left out; what decides is a registration number, a domain of the customer's own or
//! an id of another system, never a name alone. From which score on an account is the customer, the policy says.

pub(super) mod handlers;
mod model;
mod queries;
mod rules;
mod thresholds;

use super::matching::profile::Profile;
use crate::{db::Tx, error::Result, kernel::ids::AccountId, policies};
pub use model::{
    AccountRelation, CustomerInput, EntityClass, MatchSignal, ResolutionCandidate, ResolvedCustomer, SearchKey,
    SignalWeight,
};
pub use thresholds::{MatchEvidence, MatchingThresholds};

/// Most accounts that are compared with one description. Beyond it the weakest finds are left out, and the answer says so.
pub const MOST_CANDIDATES: usize = 200;

/// The accounts that the description may mean, the surest first, with the relatives of those that it probably means.
/// Reads only, and takes no lock.
///
/// # Errors
/// What the database reports.
pub fn resolve(tx: &mut Tx<'_>, input: &CustomerInput) -> Result<ResolvedCustomer> {
    let thresholds = thresholds_now(tx)?;
    let mut found = candidates(tx, input, &thresholds)?;
    let relatives = queries::relatives(tx, &rules::likely(&found))?;
    found.candidates.extend(relatives);
    Ok(found)
}

/// From which scores on an account is the customer, by the policy in force.
///
/// # Errors
/// What the database reports.
pub fn thresholds_now(tx: &mut Tx<'_>) -> Result<MatchingThresholds> {
    let now = tx.now;
    Ok(policies::in_force(tx, now)?.conflict.matching)
}

/// As [`resolve`], without the relatives, and judged by those thresholds.
///
/// # Errors
/// What the database reports.
pub fn candidates(tx: &mut Tx<'_>, input: &CustomerInput, thresholds: &MatchingThresholds) -> Result<ResolvedCustomer> {
    let profile = Profile::new(&input.described());
    let search = rules::search(&profile);
    let hits = queries::hits(tx, &search)?;
    let chosen = rules::choose(&search, &hits);
    let known = queries::described(tx, &chosen.accounts, !profile.external_ids.is_empty())?;
    Ok(rules::judge(&profile, chosen, known, thresholds))
}

/// Which of those accounts the description may mean: of accounts that were made since it was looked for.
///
/// # Errors
/// What the database reports.
pub fn candidates_among(
    tx: &mut Tx<'_>,
    input: &CustomerInput,
    accounts: &[AccountId],
) -> Result<Vec<ResolutionCandidate>> {
    let profile = Profile::new(&input.described());
    let known = queries::described(tx, accounts, !profile.external_ids.is_empty())?;
    let thresholds = thresholds_now(tx)?;
    Ok(rules::judge_alike(&profile, known, &thresholds))
}
