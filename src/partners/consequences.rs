//! What the steps of a partner's life do to the records of other modules, in the transaction of the step.
//!
//! One function for each step, and nothing else calls into the modules that stand on partners; so the order of modules
//! stays plain: they know partners, and partners know of them here alone. Each of those modules says itself what the step
//! means for its records, and tells of it by its own events.

use super::{
    Partner, SuspensionProtection, account_managers, authorisations, domains,
    handovers::{self, Handover},
    resellers,
};
use crate::{
    db::Tx, deals::registrations::partner_steps as deals, error::Result, identity, kernel::ids::ProgramId, programs,
    webhooks,
};

/// The firm was accepted: it joins the programs in their entry tier.
///
/// # Errors
/// 409 `unknown_reference` or `guard_failed` naming each program that it cannot join.
pub(super) fn approved(tx: &mut Tx<'_>, partner: &Partner, chosen: &[ProgramId]) -> Result<()> {
    programs::join_all(
        tx,
        partner.id,
        chosen,
        (partner.status.as_str(), "approve", "#/program_ids"),
    )
    .map(drop)
}

/// The plan to make the firm a partner was given up: it leaves what it joined when it was accepted.
///
/// # Errors
/// What the database reports.
pub(super) fn withdrawn(tx: &mut Tx<'_>, partner: &Partner) -> Result<()> {
    handovers::cancel_open(tx, partner.id)?;
    programs::leave_all(tx, partner.id, "The firm withdrew before it was a partner.")
}

/// The partner was suspended: its protections stay or pause, as its record says.
///
/// # Errors
/// What the database reports.
pub(super) fn suspended(tx: &mut Tx<'_>, partner: &Partner) -> Result<()> {
    match partner.suspension_protection {
        Some(SuspensionProtection::Pause) => deals::paused(tx, partner.id),
        Some(SuspensionProtection::Keep) | None => Ok(()),
    }
}

/// The partner may work again: what the suspension paused counts again, or is contested by who was protected meanwhile.
///
/// # Errors
/// What the database reports.
pub(super) fn reinstated(tx: &mut Tx<'_>, partner: &Partner) -> Result<()> {
    deals::resumed(tx, partner.id)
}

/// The partnership is over: nobody looks after the firm, it may sell nothing, its domains are free, its people and programs
/// cannot sign in for it, what it registered is taken back, its protections are released and its memberships of programs end.
///
/// # Errors
/// What the database reports.
pub(super) fn ended(tx: &mut Tx<'_>, partner: &Partner) -> Result<()> {
    handovers::cancel_open(tx, partner.id)?;
    account_managers::end_all(tx, partner.id)?;
    authorisations::end_all(tx, partner.id)?;
    resellers::end_all(tx, partner.id)?;
    domains::release_all(tx, partner.id)?;
    deals::ended(tx, partner.id)?;
    programs::leave_all(tx, partner.id, "The partnership ended.")?;
    webhooks::end_partner(tx, partner.id)?;
    identity::end_partner(tx, partner.id)
}

/// The part passed on: what waited for a decision of the former account manager waits for the new one's.
///
/// # Errors
/// What the database reports.
pub(super) fn handed_over(tx: &mut Tx<'_>, handover: &Handover) -> Result<()> {
    match handover.from_user_id {
        Some(from) => deals::rerouted(tx, handover.partner_id, from, handover.to_user_id, handover.id),
        None => Ok(()),
    }
}
