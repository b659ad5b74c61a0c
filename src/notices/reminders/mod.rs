//! Reminders before deadlines and expiries: each exactly once for each deadline and distance from it.
//!
//! A deadline is seen a week before its first reminder at the latest, and gets a row for each distance. What lies in the past
//! by then is skipped, and its row says so. When its moment comes, a reminder is sent if the deadline still stands: one that
//! moved has rows of its own. Of several that come due while no server runs, only the nearest is sent.

mod handlers;
mod model;
mod queries;
mod rules;

pub use model::ReminderKind;
pub use rules::REMINDERS;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use super::{
    dispatch::{Story, announce, told},
    language::{Value, days_until},
};
use crate::{db::Tx, error::Result};
use model::{NoticeReminder, ReminderState};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(scope("/v1/notice-reminders").service(handlers::list_notice_reminders));
}

/// Notes deadlines that come into sight and sends the reminders that are due, at most so many of each. Tells how many it
/// dealt with.
///
/// # Errors
/// What the database reports.
pub fn remind(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let mut done = 0;
    for rule in REMINDERS {
        let seen = queries::unseen(tx, rule.kind, rule.horizon(tx.now), most)?;
        done += seen.len();
        for (resource, deadline) in seen {
            for row in rule.rows(&resource, deadline, tx.now) {
                if row.state == ReminderState::Skipped {
                    log::info!(
                        "the reminder of {} {} days before {deadline} is skipped: {resource} was seen later",
                        rule.kind,
                        row.days_before
                    );
                }
                queries::insert(tx, &row)?;
            }
        }
    }
    let due = queries::due(tx, most)?;
    done += due.len();
    for row in due {
        send(tx, &row)?;
    }
    Ok(done)
}

fn send(tx: &mut Tx<'_>, row: &NoticeReminder) -> Result<()> {
    let now = tx.now;
    let state = if !queries::stands(tx, row.kind, &row.resource_id, row.deadline)? {
        ReminderState::Moot
    } else if row.deadline <= now || queries::nearer_due(tx, row)? {
        ReminderState::Skipped
    } else {
        ReminderState::Sent
    };
    // Whoever settles the row sends it.
    if !queries::settle(tx, row.id, state)? || state != ReminderState::Sent {
        return Ok(());
    }
    let cause = format!("reminder:{}", row.id);
    let story = match row.kind {
        ReminderKind::PartnerNotice => match row.resource_id.parse() {
            Ok(partner) => Some(Story::of_partner(tx, partner, cause)?),
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
    let Some(mut story) = story else { return Ok(()) };
    story.due_at = Some(row.deadline);
    story.name("deadline", Value::Moment(row.deadline));
    story.name("time.left", Value::Days(days_until(row.deadline, now)));
    let rule = row.kind.topic().rule();
    let people = told(tx, rule, &story)?;
    announce(tx, rule, &story, &people).map(drop)
}
