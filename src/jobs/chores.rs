//! The batches of the jobs: each asks its owner what is due, and has the owner deal with it.

use std::fmt::Display;

use super::Progress;
use crate::{
    approvals::{self, ApprovalKind},
    db::Tx,
    deals::{amendments, protection, registrations},
    error::{Error, Result},
    http, identity, notices,
    partners::{handovers, invitations, standing},
    programs,
    usage::{self, Kept},
};

/// Records in one batch.
const AT_ONCE: i64 = 50;
/// Rows deleted in one batch.
const ROWS: i64 = 500;
/// Days for which what has ended is kept before it is deleted, for questions about it.
const KEPT_DAYS: i64 = 7;

fn full(done: usize, most: i64) -> Progress {
    Progress::of(done, usize::try_from(most).unwrap_or(usize::MAX))
}

pub fn lapses(tx: &mut Tx<'_>) -> Result<Progress> {
    registrations::note_lapses(tx, AT_ONCE).map(|done| full(done, AT_ONCE))
}

pub fn protection_ends(tx: &mut Tx<'_>) -> Result<Progress> {
    protection::tell_ends(tx, AT_ONCE).map(|done| full(done, AT_ONCE))
}

/// Each step is escalated by the owner of its record, under the lock that it is decided under.
pub fn escalations(tx: &mut Tx<'_>) -> Result<Progress> {
    let due = approvals::overdue(tx, AT_ONCE)?;
    let (found, mut done) = (due.len(), 0);
    for step in due {
        let id = step.subject_id.parse();
        let escalated = match (step.subject_type, id) {
            (ApprovalKind::DealRegistration, Ok(deal)) => registrations::escalate(tx, deal, &step)?,
            (ApprovalKind::DealRegistration, Err(error)) => return Err(Error::internal(error)),
            (ApprovalKind::DealAmendment, _) => amendments::escalate(tx, &step)?,
        };
        done += usize::from(escalated);
    }
    Ok(Progress {
        done,
        more: done > 0 && i64::try_from(found).is_ok_and(|found| found >= AT_ONCE),
    })
}

pub fn handovers(tx: &mut Tx<'_>) -> Result<Progress> {
    let due = handovers::due(tx)?;
    first_that_can(tx, "handover", &due, handovers::begin_due)
}

pub fn partner_ends(tx: &mut Tx<'_>) -> Result<Progress> {
    let due = standing::due(tx)?;
    first_that_can(tx, "partner", &due, standing::end_due)
}

pub fn invitation_ends(tx: &mut Tx<'_>) -> Result<Progress> {
    invitations::close_expired(tx, AT_ONCE).map(|done| full(done, AT_ONCE))
}

pub fn override_ends(tx: &mut Tx<'_>) -> Result<Progress> {
    programs::tell_override_ends(tx, AT_ONCE).map(|done| full(done, AT_ONCE))
}

pub fn notice_dispatch(tx: &mut Tx<'_>) -> Result<Progress> {
    notices::tell(tx, AT_ONCE).map(|done| full(done, AT_ONCE))
}

pub fn notice_reminders(tx: &mut Tx<'_>) -> Result<Progress> {
    notices::remind(tx, AT_ONCE).map(|done| full(done, AT_ONCE))
}

pub fn notice_digests(tx: &mut Tx<'_>) -> Result<Progress> {
    notices::send_digests(tx, AT_ONCE).map(|done| full(done, AT_ONCE))
}

pub fn notice_retention(tx: &mut Tx<'_>) -> Result<Progress> {
    notices::delete_old(tx, ROWS).map(|done| full(done, ROWS))
}

pub fn expired_answers(tx: &mut Tx<'_>) -> Result<Progress> {
    http::idempotency::delete_expired(tx, ROWS).map(|done| full(done, ROWS))
}

pub fn expired_credentials(tx: &mut Tx<'_>) -> Result<Progress> {
    let before = tx.now.plus_days(-KEPT_DAYS);
    identity::delete_expired(tx, before, ROWS).map(|done| full(done, ROWS))
}

pub fn response_times(tx: &mut Tx<'_>) -> Result<Progress> {
    usage::responses::note(tx, AT_ONCE).map(|done| full(done, AT_ONCE))
}

pub fn usage_retention(tx: &mut Tx<'_>) -> Result<Progress> {
    usage::delete_old(tx, ROWS).map(|done| full(done, ROWS))
}

pub fn sign_in_retention(tx: &mut Tx<'_>) -> Result<Progress> {
    let now = tx.now;
    let bare = now.plus_days(-usage::days_kept(tx, Kept::SignInAddresses)?);
    let gone = now.plus_days(-usage::days_kept(tx, Kept::SignIns)?);
    identity::forget_sign_ins(tx, bare, gone, ROWS).map(|done| full(done, ROWS))
}

/// Deals with the first that can be dealt with, alone in its transaction: much may hang on one. Those that fail or cannot
/// go on yet keep none of the others back; they are tried again with the next run.
fn first_that_can<I: Copy + Display>(
    tx: &mut Tx<'_>,
    what: &str,
    due: &[I],
    deal_with: fn(&mut Tx<'_>, I) -> Result<bool>,
) -> Result<Progress> {
    for (index, id) in due.iter().enumerate() {
        match tx.attempt(|tx| deal_with(tx, *id)) {
            Ok(true) => {
                return Ok(Progress {
                    done: 1,
                    more: index + 1 < due.len(),
                });
            }
            Ok(false) => {}
            Err(error) => log::error!("{what} {id} is due and could not be dealt with: {error}"),
        }
    }
    Ok(Progress::default())
}
