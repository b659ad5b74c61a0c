//! How long one side waited for the other's answer, as facts: one for each answer, with the time on the wall and the business
//! time of the territory's calendar.
//!
//! The vendor answers with decisions on registrations, on requests (extensions, amendments, reopenings), on appeals and with comments; a
//! partner answers questions about a registration or an application, and comments. What the rules decided without a person
//! is no answer, nor is what an import brings. Of a row of comments of one side the first is the question, and the next of the
//! other side the answer; only comments that both sides read count.
//!
//! A leased job reads them from the log of events, behind a mark that moves in the transaction that writes them: each answer
//! is noted once, whatever is rolled back, cut off or run twice.

mod queries;
mod rules;

pub use queries::{ResponseTime, read_to};

use crate::{
    calendars::BusinessClock,
    db::Tx,
    deals::registrations,
    error::Result,
    events::queries::{self as log, Logged},
    kernel::{
        Time,
        ids::{PartnerId, TerritoryId},
        time::SECOND,
    },
    policies, words,
};
use rules::Asked;

words! {
    /// Who answered.
    pub ResponseSide {
        /// The vendor.
        Vendor = "vendor",
        /// The partner.
        Partner = "partner",
    }

    /// What the answer was to.
    pub ResponseKind {
        /// A registration that waited for a decision.
        Decision = "decision",
        /// A request for an extension, an amendment or a reopening, or an appeal.
        Request = "request",
        /// The vendor's questions about a registration or an application.
        Questions = "questions",
        /// A comment.
        Comment = "comment",
    }
}

/// The origin of events that tell of history alone.
const IMPORT: &str = "import";

/// When something was asked, and how long the answer took.
struct Waited {
    partner: PartnerId,
    asked_at: Time,
    answered_at: Time,
    business: i64,
}

/// Notes the answers among the next events of the log, at most so many, and moves the mark, all in the caller's transaction.
/// Tells how many events it dealt with.
///
/// # Errors
/// What the database reports; then nothing is noted, and the mark stays.
pub fn note(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let mark = queries::hold(tx)?;
    let Some(last) = log::last_position(tx)?.filter(|last| *last > mark) else {
        return Ok(0);
    };
    let events = log::logged(tx, (mark, last), &rules::events(), IMPORT, most)?;
    for event in events.iter().filter(|event| !event.actor.starts_with("system:")) {
        if let Some(answer) = answer(tx, event)? {
            queries::insert(tx, &answer)?;
        }
    }
    let full = i64::try_from(events.len()).is_ok_and(|found| found >= most);
    let reached = events.last().filter(|_| full).map_or(last, |event| event.position);
    queries::advance(tx, reached)?;
    Ok(events.len())
}

fn answer(tx: &mut Tx<'_>, event: &Logged) -> Result<Option<ResponseTime>> {
    let Some(rule) = rules::of(event) else { return Ok(None) };
    let waited = match rule.asked {
        Asked::Review(deal) => queries::review(tx, deal, event.occurred_at)?,
        Asked::DealQuestions(deal) => match queries::questions(tx, deal, event.occurred_at)? {
            Some((partner, territory, asked)) => Some(waited(tx, partner, territory, asked, event.occurred_at)?),
            None => None,
        },
        Asked::Record(deal, asked) => match queries::place(tx, deal)? {
            Some((partner, territory)) => Some(waited(tx, partner, territory, asked, event.occurred_at)?),
            None => None,
        },
        Asked::Comment(deal) => match queries::comment(tx, deal, rule.side, event.occurred_at)? {
            Some((partner, territory, asked)) => Some(waited(tx, partner, territory, asked, event.occurred_at)?),
            None => None,
        },
        Asked::PartnerQuestions(partner, asked) => Some(waited(tx, partner, None, asked, event.occurred_at)?),
    };
    Ok(waited
        .filter(|waited| waited.answered_at >= waited.asked_at)
        .map(|waited| ResponseTime {
            event_id: event.id.clone(),
            partner_id: waited.partner,
            day_on: waited.answered_at.date(),
            side: rule.side,
            kind: rule.kind,
            asked_at: waited.asked_at,
            answered_at: waited.answered_at,
            seconds: waited.answered_at.since(waited.asked_at) / SECOND,
            business_seconds: waited.business / SECOND,
        }))
}

/// The time between the two in the hours of the territory's calendar.
fn waited(
    tx: &mut Tx<'_>,
    partner: PartnerId,
    territory: Option<TerritoryId>,
    asked_at: Time,
    answered_at: Time,
) -> Result<Waited> {
    let now = tx.now;
    let policy = policies::in_force(tx, now)?.registration;
    let BusinessClock { time, .. } = registrations::business_clock(tx, territory, &policy)?;
    Ok(Waited {
        partner,
        asked_at,
        answered_at,
        business: time.between(asked_at, answered_at),
    })
}
