//! The batches of the jobs: each asks its owner what is due, and has the owner deal with it.

use std::fmt::{self, Display};

use super::Progress;
use crate::{
    approvals::{self, StepRow},
    db::Tx,
    deals::{chains, protection, registrations},
    error::{Error, Result},
    events::feed,
    files, http, identity, imports, notices,
    partners::{handovers, invitations, standing},
    programs::{self, specialisations},
    sync,
    usage::{self, Kept},
    webhooks,
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
    let due = registrations::overdue(tx, AT_ONCE)?;
    first_that_can(tx, "registration", &due, |tx, id| registrations::note_lapse(tx, *id))
}

pub fn protection_ends(tx: &mut Tx<'_>) -> Result<Progress> {
    protection::tell_ends(tx, AT_ONCE).map(|done| full(done, AT_ONCE))
}

pub fn specialisation_ends(tx: &mut Tx<'_>) -> Result<Progress> {
    specialisations::tell_ends(tx, AT_ONCE).map(|done| full(done, AT_ONCE))
}

pub fn escalations(tx: &mut Tx<'_>) -> Result<Progress> {
    let due: Vec<Overdue> = approvals::overdue(tx, AT_ONCE)?.into_iter().map(Overdue).collect();
    first_that_can(tx, "approval step", &due, escalate)
}

/// A step that has waited too long.
struct Overdue(StepRow);

impl Display for Overdue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.id.fmt(f)
    }
}

/// Each step is escalated by the owner of its record, under the lock that it is decided under.
fn escalate(tx: &mut Tx<'_>, Overdue(step): &Overdue) -> Result<bool> {
    chains::escalate(tx, step)
}

pub fn handovers(tx: &mut Tx<'_>) -> Result<Progress> {
    let due = handovers::due(tx)?;
    first_that_can(tx, "handover", &due, |tx, id| handovers::begin_due(tx, *id))
}

pub fn partner_ends(tx: &mut Tx<'_>) -> Result<Progress> {
    let due = standing::due(tx)?;
    first_that_can(tx, "partner", &due, |tx, id| standing::end_due(tx, *id))
}

pub fn invitation_ends(tx: &mut Tx<'_>) -> Result<Progress> {
    invitations::close_expired(tx, AT_ONCE).map(|done| full(done, AT_ONCE))
}

pub fn override_ends(tx: &mut Tx<'_>) -> Result<Progress> {
    programs::tell_override_ends(tx, AT_ONCE).map(|done| full(done, AT_ONCE))
}

pub fn benefit_renewals(tx: &mut Tx<'_>) -> Result<Progress> {
    programs::renew_benefits(tx, AT_ONCE).map(|done| full(done, AT_ONCE))
}

pub fn notice_dispatch(tx: &mut Tx<'_>) -> Result<Progress> {
    notices::tell(tx, AT_ONCE)
}

pub fn notice_reminders(tx: &mut Tx<'_>) -> Result<Progress> {
    notices::remind(tx, AT_ONCE).map(|done| full(done, AT_ONCE))
}

pub fn notice_digests(tx: &mut Tx<'_>) -> Result<Progress> {
    notices::send_digests(tx, AT_ONCE).map(|done| full(done, AT_ONCE))
}

pub fn event_retention(tx: &mut Tx<'_>) -> Result<Progress> {
    feed::expire(tx, ROWS).map(|done| full(done, ROWS))
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

pub fn webhook_retention(tx: &mut Tx<'_>) -> Result<Progress> {
    webhooks::delete_old(tx, ROWS).map(|done| full(done, ROWS))
}

pub fn import_retention(tx: &mut Tx<'_>) -> Result<Progress> {
    imports::jobs::delete_old(tx, ROWS).map(|done| full(done, ROWS))
}

pub fn sync_failures(tx: &mut Tx<'_>) -> Result<Progress> {
    sync::tell_failing(tx).map(|done| Progress::of(done, usize::MAX))
}

pub fn file_ends(tx: &mut Tx<'_>) -> Result<Progress> {
    files::retire(tx, AT_ONCE).map(|done| full(done, AT_ONCE))
}

/// Deals with the first that can be dealt with, alone in its transaction: much may hang on one, and locks that are held for
/// several would be waited for crosswise. Those that fail or cannot go on yet keep none of the others back, nor any lock; they
/// are tried again with the next run.
fn first_that_can<I: Display>(
    tx: &mut Tx<'_>,
    what: &str,
    due: &[I],
    deal_with: impl Fn(&mut Tx<'_>, &I) -> Result<bool>,
) -> Result<Progress> {
    for (index, one) in due.iter().enumerate() {
        let mut idle = false;
        let tried = tx.attempt(|tx| {
            if deal_with(tx, one)? {
                return Ok(());
            }
            idle = true;
            Err(Error::internal("nothing is to be done"))
        });
        match tried {
            Ok(()) => {
                return Ok(Progress {
                    done: 1,
                    more: index + 1 < due.len(),
                    failed: 0,
                });
            }
            Err(_) if idle => {}
            Err(error) if error.may_retry() => return Err(error),
            Err(error) => log::error!("{what} {one} is due and could not be dealt with: {error}"),
        }
    }
    Ok(Progress::default())
}
