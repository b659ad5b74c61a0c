//! The only file that knows the table of response times and its mark, and that asks other modules' tables when a question
//! was asked.

use diesel::prelude::*;

use super::{ResponseKind, ResponseSide, Waited};
use crate::{
    db::{Lock, Tx},
    error::Result,
    kernel::{
        Date, Time,
        ids::{DealId, PartnerId, TerritoryId},
        time::SECOND,
    },
    schema::{deal_comments, deal_info_requests, deals, response_times, review_clocks, usage_marks},
};

const MARK: &str = "response_times";
/// How far the log was read for response times.
///
/// # Errors
/// What the database reports.
pub fn read_to(tx: &mut Tx<'_>) -> Result<i64> {
    Ok(usage_marks::table
        .find(MARK)
        .select(usage_marks::position)
        .first(tx.conn())?)
}

/// A clock stops, and questions are answered, in the transaction of their event, at most so much later than the moment at
/// which it began.
const WITHIN: i64 = 60 * SECOND;

/// One answer, and how long it took.
#[derive(Debug, Clone, PartialEq, Eq, Insertable)]
#[diesel(table_name = response_times, treat_none_as_default_value = false)]
pub struct ResponseTime {
    /// The event that tells of the answer.
    pub event_id: String,
    /// The partner that asked, or was asked.
    pub partner_id: PartnerId,
    /// The day of the answer, in UTC.
    pub day_on: Date,
    /// Who answered.
    pub side: ResponseSide,
    /// What the answer was to.
    pub kind: ResponseKind,
    /// When it was asked.
    pub asked_at: Time,
    /// When it was answered.
    pub answered_at: Time,
    /// Seconds between the two.
    pub seconds: i64,
    /// Seconds of business time between them, of a decision without the pauses.
    pub business_seconds: i64,
}

/// Up to which position answers were noted, held until the end of the transaction: nobody else moves it meanwhile.
///
/// # Errors
/// What the database reports.
pub fn hold(tx: &mut Tx<'_>) -> Result<i64> {
    let one = usage_marks::table.find(MARK).select(usage_marks::position);
    Ok(Lock::NoKeyUpdate.on(one).get_result(tx.conn())?)
}

/// Moves the mark, which is held.
///
/// # Errors
/// What the database reports.
pub fn advance(tx: &mut Tx<'_>, position: i64) -> Result<()> {
    let now = tx.now;
    diesel::update(usage_marks::table.find(MARK))
        .set((usage_marks::position.eq(position), usage_marks::updated_at.eq(now)))
        .execute(tx.conn())?;
    Ok(())
}

/// Notes an answer; one that is noted already stays as it is.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, answer: &ResponseTime) -> Result<()> {
    diesel::insert_into(response_times::table)
        .values(answer)
        .on_conflict_do_nothing()
        .execute(tx.conn())?;
    Ok(())
}

/// The partner and the territory of a registration.
///
/// # Errors
/// What the database reports.
pub fn place(tx: &mut Tx<'_>, deal: DealId) -> Result<Option<(PartnerId, Option<TerritoryId>)>> {
    Ok(deals::table
        .find(deal)
        .select((deals::partner_id, deals::territory_id))
        .first(tx.conn())
        .optional()?)
}

/// How long the decision took that was made at that moment: by the clock of its review, without pauses. Nothing if the rules
/// decided without a person.
///
/// # Errors
/// What the database reports.
pub(super) fn review(tx: &mut Tx<'_>, deal: DealId, at: Time) -> Result<Option<Waited>> {
    type Clock = (PartnerId, Time, Option<Time>, Option<i64>);
    let found: Option<Clock> = review_clocks::table
        .inner_join(deals::table)
        .filter(review_clocks::deal_id.eq(deal))
        .filter(review_clocks::decided_at.between(at, at.plus_seconds(WITHIN / SECOND)))
        .filter(review_clocks::automatic.eq(false))
        .order(review_clocks::decided_at)
        .select((
            deals::partner_id,
            review_clocks::started_at,
            review_clocks::decided_at,
            review_clocks::worked_micros,
        ))
        .first(tx.conn())
        .optional()?;
    Ok(found.and_then(|(partner, asked_at, decided_at, worked)| {
        Some(Waited {
            partner,
            asked_at,
            answered_at: decided_at?,
            business: worked?,
        })
    }))
}

/// When the questions were asked that were answered at that moment, with the partner and the territory.
///
/// # Errors
/// What the database reports.
pub(super) fn questions(
    tx: &mut Tx<'_>,
    deal: DealId,
    at: Time,
) -> Result<Option<(PartnerId, Option<TerritoryId>, Time)>> {
    Ok(deal_info_requests::table
        .inner_join(deals::table)
        .filter(deal_info_requests::deal_id.eq(deal))
        .filter(deal_info_requests::answered_at.between(at, at.plus_seconds(WITHIN / SECOND)))
        .order(deal_info_requests::answered_at)
        .select((deals::partner_id, deals::territory_id, deal_info_requests::created_at))
        .first(tx.conn())
        .optional()?)
}

/// When the other side wrote the first comment that a comment of this side at that moment answers, with the partner and the
/// territory; nothing if none waited.
///
/// # Errors
/// What the database reports.
pub(super) fn comment(
    tx: &mut Tx<'_>,
    deal: DealId,
    side: ResponseSide,
    at: Time,
) -> Result<Option<(PartnerId, Option<TerritoryId>, Time)>> {
    let Some((partner, territory)) = place(tx, deal)? else {
        return Ok(None);
    };
    let before: Option<Time> = deal_comments::table
        .filter(deal_comments::deal_id.eq(deal))
        .filter(deal_comments::visibility.eq("both"))
        .filter(deal_comments::author_side.eq(side))
        .filter(deal_comments::created_at.lt(at))
        .order(deal_comments::created_at.desc())
        .select(deal_comments::created_at)
        .first(tx.conn())
        .optional()?;
    let asked: Option<Time> = deal_comments::table
        .filter(deal_comments::deal_id.eq(deal))
        .filter(deal_comments::visibility.eq("both"))
        .filter(deal_comments::author_side.ne(side))
        .filter(deal_comments::created_at.gt(before.unwrap_or(Time::from_micros(0))))
        .filter(deal_comments::created_at.lt(at))
        .order(deal_comments::created_at)
        .select(deal_comments::created_at)
        .first(tx.conn())
        .optional()?;
    Ok(asked.map(|asked| (partner, territory, asked)))
}
