//! Who may judge an appeal: nobody who had a part in the registration, or looks after anybody whom its outcome concerns.
//! Whatever the program's policy leaves open for reviews, an appeal is judged by the strictest rule.

use std::collections::BTreeSet;

use super::queries;
use crate::{
    approvals::{Interests, SegregationPolicy},
    auth::Role,
    db::Tx,
    deals::{
        protection,
        registrations::{self, Registration, history},
    },
    error::Result,
    identity::users,
    kernel::{
        ids::{DealId, UserId},
        states::FailingGuard,
    },
    partners,
};

/// Every rule that keeps people from deciding, whatever the program asks for.
const STRICT: SegregationPolicy = SegregationPolicy {
    own_submissions: true,
    own_records: true,
    managed_partners: true,
    competing_partners: true,
};

/// What somebody does who reviews a registration, as the history names it.
pub(super) const REVIEWING: &[&str] = &["claim_review", "request_info", "approve", "reject", "revoke"];

/// Whom a registration concerns, so that somebody else judges an appeal about it.
pub struct Concerned {
    interests: Interests,
    had_part: BTreeSet<String>,
}

impl Concerned {
    /// Whom that registration concerns: who sent it in or wrote it, who reviewed it or decided on it or on what is protected
    /// in its place, and who looks after its partner, its distributor or a competitor.
    ///
    /// # Errors
    /// What the database reports.
    pub fn by(tx: &mut Tx<'_>, registration: &Registration) -> Result<Self> {
        let (deal, now) = (&registration.deal, tx.now);
        let mut interests = registrations::interests(tx, registration, &STRICT)?;
        let holders = protection::holders_on_scope(tx, registration)?;
        let mut sides: BTreeSet<_> = holders.values().copied().collect();
        sides.extend(deal.distributor_id);
        sides.remove(&deal.partner_id);
        if !sides.is_empty() {
            let sides: Vec<_> = sides.into_iter().collect();
            let managed = partners::account_managers::primary_of(tx, &sides, now)?;
            interests.competing.extend(managed.into_values());
        }
        let decided: Vec<DealId> = holders.into_keys().chain([deal.id]).collect();
        let mut had_part = registrations::deciders(tx, &decided)?;
        had_part.extend(history::actors(tx, deal.id, REVIEWING)?);
        had_part.extend(deal.assignee_id.map(|user| user.to_string()));
        Ok(Self { interests, had_part })
    }

    /// What stands against that person as the adjudicator.
    pub fn against(&self, actor: &str, user: Option<UserId>) -> Vec<FailingGuard> {
        let mut failing = self.interests.against(&STRICT, actor, user);
        if self.had_part.contains(actor) {
            failing.push(FailingGuard::new(
                "had_no_part",
                "You reviewed or decided on this registration, or on what is protected in its place; somebody else judges the appeal.",
            ));
        }
        failing
    }
}

/// The people who are asked to judge the open appeal of a registration: whoever has taken it on, or else every approver and
/// everyone who runs the program, of those who had no part in it. Nobody if no appeal is open.
///
/// # Errors
/// What the database reports.
pub fn adjudicators(tx: &mut Tx<'_>, deal: DealId) -> Result<Vec<UserId>> {
    let Some(appeal) = queries::open(tx, deal)? else {
        return Ok(Vec::new());
    };
    if let Some(judge) = appeal.adjudicator.and_then(|judge| judge.parse().ok()) {
        return Ok(vec![judge]);
    }
    let registration = registrations::find(tx, deal)?;
    let concerned = Concerned::by(tx, &registration)?;
    let mut asked = users::vendors_with(tx, &[Role::Approver, Role::ChannelOps])?;
    asked.retain(|user| concerned.against(&user.to_string(), Some(*user)).is_empty());
    Ok(asked)
}
