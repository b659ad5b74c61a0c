//! Reminders before deadlines and expiries: each exactly once for each deadline and distance from it. How long before, the policy
//! says; a deadline that was seen keeps the reminders that it was first seen with.
//!
//! A deadline is seen a week before its first reminder at the latest, and gets a row for each distance. What lies in the past
//! by then is skipped, and its row says so. When its moment comes, a reminder is sent if the deadline still stands: one that
//! moved has rows of its own. Of several that come due while no server runs, only the nearest is sent.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::ReminderKind;
pub use queries::delete_old;
pub use rules::{ReminderRule, reminders};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use super::{
    dispatch::{Story, announce, told},
    language::{Value, days_until},
    templates::Texts,
};
use crate::{db::Tx, error::Result, policies};
use model::{NoticeReminder, ReminderState};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(scope("/v1/notice-reminders").service(handlers::list_notice_reminders));
}

/// Notes deadlines that come into sight and sends the reminders that are due, at most so many of each. Tells how many it
/// dealt with, but for those that another server dealt with meanwhile.
///
/// # Errors
/// What the database reports.
pub fn remind(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let mut done = 0;
    let now = tx.now;
    let rules = reminders(&policies::in_force(tx, now)?.notices);
    let modules = tx.caller().request().switches.modules();
    let offered = |kind: ReminderKind| kind.topic().rule().is_offered(modules);
    for rule in rules
        .iter()
        .filter(|rule| offered(rule.kind) && !rule.days_before.is_empty())
    {
        let seen = queries::unseen(tx, rule.kind, rule.horizon(tx.now), most)?;
        for deadline in seen {
            let mut stored = false;
            for row in rule.rows(&deadline, tx.now) {
                if row.state == ReminderState::Skipped {
                    log::info!(
                        "the reminder of {} {} days before {} is skipped: {} was seen later",
                        rule.kind,
                        row.days_before,
                        row.deadline,
                        row.resource_id
                    );
                }
                stored |= queries::insert(tx, &row)?;
            }
            done += usize::from(stored);
        }
    }
    // Those of a module that is off wait, and keep none of the others back.
    let kinds: Vec<ReminderKind> = ReminderKind::ALL
        .iter()
        .copied()
        .filter(|kind| offered(*kind))
        .collect();
    let due = queries::due(tx, &kinds, most)?;
    if due.is_empty() {
        return Ok(done);
    }
    let texts = Texts::load(tx)?;
    for row in due {
        done += usize::from(send(tx, &texts, &row)?);
    }
    Ok(done)
}

/// Sends a reminder, or notes why not; says whether it was left to this server to do so.
fn send(tx: &mut Tx<'_>, texts: &Texts, row: &NoticeReminder) -> Result<bool> {
    let now = tx.now;
    let state = if !queries::stands(tx, row.kind, &row.resource_id, row.deadline)? {
        ReminderState::Moot
    } else if row.deadline <= now || queries::nearer_due(tx, row)? {
        ReminderState::Skipped
    } else {
        ReminderState::Sent
    };
    // Whoever settles the row sends it.
    if !queries::settle(tx, row.id, state)? {
        return Ok(false);
    }
    if state != ReminderState::Sent {
        return Ok(true);
    }
    let cause = format!("reminder:{}", row.id);
    let story = match row.kind {
        ReminderKind::PartnerNotice => match row.resource_id.parse() {
            Ok(partner) => Some(Story::of_partner(tx, partner, cause)?),
            Err(_other) => None,
        },
        ReminderKind::SpecialisationEnds => match row.resource_id.parse() {
            Ok(award) => Story::of_award(tx, award, cause)?,
            Err(_other) => None,
        },
        ReminderKind::ProtectionEnds
        | ReminderKind::InfoDue
        | ReminderKind::ExtensionGrace
        | ReminderKind::ReviewDue
        | ReminderKind::AppealDue => match row.resource_id.parse() {
            Ok(deal) => Story::of_deal(tx, deal, cause)?,
            Err(_other) => None,
        },
    };
    let Some(mut story) = story else { return Ok(true) };
    story.due_at = Some(row.deadline);
    story.name("deadline", Value::Moment(row.deadline));
    story.name("time.left", Value::Days(days_until(row.deadline, now)));
    let rule = row.kind.topic().rule();
    let people = told(tx, rule, &story)?;
    announce(tx, texts, rule, &story, &people)?;
    Ok(true)
}
