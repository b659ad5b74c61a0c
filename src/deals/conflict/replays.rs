//! Running a stored check again: on what it had looked at, or on what is there now; and telling the two runs apart.

use std::collections::BTreeSet;

use super::{
    checks::{self, Question},
    model::{Assessment, CheckPurpose, ConflictReplay, ReplayBasis, ReplayConflictCheck},
    queries,
};
use crate::{
    db::Tx,
    error::Result,
    kernel::{differences::differences, ids::ConflictCheckId},
};

/// Runs the check again and stores the run.
///
/// # Errors
/// 404 if there is no such check that the caller may see.
pub fn replay(tx: &mut Tx<'_>, id: ConflictCheckId, how: &ReplayConflictCheck) -> Result<ConflictReplay> {
    let first = queries::find(tx, id)?;
    let basis = how.basis.unwrap_or(ReplayBasis::Stored);
    let version = how.rule_version.unwrap_or(first.rule_version);
    let stored = first.input.0.clone();
    let now = tx.now;
    let (policy_version, facts) = match basis {
        ReplayBasis::Stored => (first.policy_version, stored),
        ReplayBasis::PresentPolicy => {
            let (number, policy) = queries::policy(tx, now)?;
            let mut facts = super::rules::Facts { policy, ..stored };
            facts.customer.classed(&facts.policy.matching);
            (number, facts)
        }
        ReplayBasis::PresentFacts => {
            let (number, policy) = queries::policy(tx, now)?;
            let question = Question {
                purpose: CheckPurpose::Replay,
                asked: stored.asked,
                customer: stored.customer,
                as_of: now,
                replay_of: Some(id),
            };
            (number, checks::facts(tx, &question, policy)?)
        }
    };
    let question = Question {
        purpose: CheckPurpose::Replay,
        asked: facts.asked.clone(),
        customer: facts.customer.clone(),
        as_of: facts.as_of,
        replay_of: Some(id),
    };
    let (row, second) = checks::store(tx, &question, facts, version, policy_version)?;
    let differences = differences(&first.document.0, &second.assessment)?;
    let (before, after) = (references(&first.document.0), references(&second.assessment));
    Ok(ConflictReplay {
        check: row.seen_by(tx.caller()),
        basis,
        reproduced: differences.is_empty(),
        claims_added: after.difference(&before).cloned().collect(),
        claims_removed: before.difference(&after).cloned().collect(),
        differences,
    })
}

fn references(assessment: &Assessment) -> BTreeSet<String> {
    assessment.claims.iter().map(|claim| claim.reference.clone()).collect()
}
