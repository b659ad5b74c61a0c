//! The table of reminders, and the deadlines of other modules that they come before.

use diesel::prelude::*;

use super::model::{NoticeReminder, NoticeReminderFilter, ReminderKind, ReminderSort, ReminderState};
use crate::{
    db::{Clause, Tx, among},
    error::Result,
    kernel::{
        Time,
        ids::{NoticeReminderId, PartnerId},
        page::{Page, Paging},
    },
    load_page,
    programs::specialisations,
    schema::{
        deal_appeals, deal_extensions, deal_info_requests, deals,
        notice_reminders::{self, table},
        partners, protections, specialisation_awards,
    },
};

/// Days for which a reminder is kept after it was settled and its deadline has passed.
const KEPT_DAYS: i64 = 400;

/// A deadline of a record.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Deadline {
    /// The registration, award or partner.
    pub resource_id: String,
    /// Its partner, or the partner itself.
    pub partner_id: PartnerId,
    /// The deadline.
    pub at: Time,
}

/// The columns of a deadline: the record's id and the moment, and what must hold for it to matter.
const fn columns(kind: ReminderKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        ReminderKind::ProtectionEnds => (
            "protections.deal_id",
            "protections.granted_until",
            "protections.status = 'active'",
        ),
        ReminderKind::InfoDue => (
            "deal_info_requests.deal_id",
            "deal_info_requests.due_at",
            "deal_info_requests.status = 'open'",
        ),
        ReminderKind::ExtensionGrace => (
            "deal_extensions.deal_id",
            "deal_extensions.grace_until",
            "deal_extensions.status = 'pending'",
        ),
        // While the partner is asked, the clock stands.
        ReminderKind::ReviewDue => (
            "deals.id",
            "deals.review_due_at",
            "deals.review_status IN ('submitted', 'in_review')",
        ),
        ReminderKind::AppealDue => (
            "deal_appeals.deal_id",
            "deal_appeals.due_at",
            "deal_appeals.status = 'open'",
        ),
        ReminderKind::SpecialisationEnds => (
            "specialisation_awards.id",
            "specialisation_awards.valid_until",
            specialisations::ENDS_FOR_GOOD,
        ),
        ReminderKind::PartnerNotice => (
            "partners.id",
            "partners.effective_end_at",
            "partners.status = 'offboarding'",
        ),
    }
}

/// Records and deadlines of a kind that meet the clause, the earliest first.
fn deadlines(tx: &mut Tx<'_>, kind: ReminderKind, clause: Clause, most: i64) -> Result<Vec<Deadline>> {
    macro_rules! of {
        ($from:expr, $id:expr, $partner:expr, $at:expr) => {
            $from
                .filter(clause)
                .select(($id, $partner, $at))
                .distinct()
                .order(($at, $id))
                .limit(most)
                .load(tx.conn())
        };
    }
    Ok(match kind {
        ReminderKind::ProtectionEnds => of!(
            protections::table,
            protections::deal_id,
            protections::partner_id,
            protections::granted_until
        ),
        ReminderKind::InfoDue => of!(
            deal_info_requests::table.inner_join(deals::table),
            deal_info_requests::deal_id,
            deals::partner_id,
            deal_info_requests::due_at
        ),
        ReminderKind::ExtensionGrace => of!(
            deal_extensions::table.inner_join(deals::table),
            deal_extensions::deal_id,
            deals::partner_id,
            deal_extensions::grace_until
        ),
        ReminderKind::ReviewDue => of!(
            deals::table,
            deals::id,
            deals::partner_id,
            deals::review_due_at.assume_not_null()
        ),
        ReminderKind::AppealDue => of!(
            deal_appeals::table.inner_join(deals::table),
            deal_appeals::deal_id,
            deals::partner_id,
            deal_appeals::due_at
        ),
        ReminderKind::SpecialisationEnds => of!(
            specialisation_awards::table,
            specialisation_awards::id,
            specialisation_awards::partner_id,
            specialisation_awards::valid_until.assume_not_null()
        ),
        ReminderKind::PartnerNotice => of!(
            partners::table,
            partners::id,
            partners::id,
            partners::effective_end_at.assume_not_null()
        ),
    }?)
}

/// Deadlines between two moments that have no reminders yet, the earliest first.
///
/// # Errors
/// What the database reports.
pub fn unseen(tx: &mut Tx<'_>, kind: ReminderKind, (after, by): (Time, Time), most: i64) -> Result<Vec<Deadline>> {
    let (id, at, holds) = columns(kind);
    let mut clause = Clause::all();
    clause
        .sql(" AND ")
        .sql(holds)
        .and(at)
        .sql(" > ")
        .value(&after)
        .and(at)
        .sql(" <= ")
        .value(&by);
    clause
        .sql(" AND NOT EXISTS (SELECT 1 FROM notice_reminders AS r WHERE r.kind = ")
        .value(&kind)
        .sql(" AND r.resource_id = ")
        .sql(id)
        .sql(" AND r.deadline = ")
        .sql(at)
        .sql(")");
    deadlines(tx, kind, clause, most)
}

/// Whether a deadline is still that of the record, and matters.
///
/// # Errors
/// What the database reports.
pub fn stands(tx: &mut Tx<'_>, kind: ReminderKind, resource: &str, deadline: Time) -> Result<bool> {
    let (id, at, holds) = columns(kind);
    let mut clause = Clause::all();
    clause
        .sql(" AND ")
        .sql(holds)
        .equals(id, resource)
        .equals(at, &deadline);
    Ok(!deadlines(tx, kind, clause, 1)?.is_empty())
}

/// Stores a reminder, unless there is one for that deadline and distance; says whether it was stored.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, row: &NoticeReminder) -> Result<bool> {
    let stored = diesel::insert_into(table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(tx.conn())?;
    Ok(stored == 1)
}

/// The reminders of those kinds whose moment has come.
///
/// # Errors
/// What the database reports.
pub fn due(tx: &mut Tx<'_>, kinds: &[ReminderKind], most: i64) -> Result<Vec<NoticeReminder>> {
    let now = tx.now;
    Ok(table
        .filter(notice_reminders::kind.eq_any(among(kinds)))
        .filter(notice_reminders::state.eq(ReminderState::Waiting))
        .filter(notice_reminders::due_at.le(now))
        .order((notice_reminders::due_at, notice_reminders::id))
        .limit(most)
        .select(NoticeReminder::as_select())
        .load(tx.conn())?)
}

/// Whether a reminder of the same deadline that is nearer to it has come due, too.
///
/// # Errors
/// What the database reports.
pub fn nearer_due(tx: &mut Tx<'_>, row: &NoticeReminder) -> Result<bool> {
    let now = tx.now;
    let nearer: i64 = table
        .filter(notice_reminders::kind.eq(row.kind))
        .filter(notice_reminders::resource_id.eq(&row.resource_id))
        .filter(notice_reminders::deadline.eq(row.deadline))
        .filter(notice_reminders::days_before.lt(row.days_before))
        .filter(notice_reminders::due_at.le(now))
        .count()
        .get_result(tx.conn())?;
    Ok(nearer > 0)
}

/// Writes down what became of a reminder, if nobody else did; says whether it was so.
///
/// # Errors
/// What the database reports.
pub fn settle(tx: &mut Tx<'_>, id: NoticeReminderId, state: ReminderState) -> Result<bool> {
    let now = tx.now;
    let waiting = table
        .find(id)
        .filter(notice_reminders::state.eq(ReminderState::Waiting));
    let settled = diesel::update(waiting)
        .set((
            notice_reminders::state.eq(state),
            notice_reminders::settled_at.eq(Some(now)),
            notice_reminders::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(settled == 1)
}

/// One page of reminders, of the partners whose rows the caller may see.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &NoticeReminderFilter, paging: &Paging) -> Result<Page<NoticeReminder>> {
    let sort = filter.sort.unwrap_or(ReminderSort::Due);
    let mut clause = Clause::rows_of(tx.caller(), "notice_reminders.partner_id");
    clause
        .one_of_some("notice_reminders.kind", filter.kind.as_ref())
        .one_of_some("notice_reminders.state", filter.state.as_ref())
        .equals_some("notice_reminders.resource_id", filter.resource_id.as_ref())
        .equals_some("notice_reminders.partner_id", filter.partner_id.as_ref());
    let rows = load_page!(tx, table => NoticeReminder, clause, sort.order(), paging)?;
    Ok(Page::of(rows, paging, |row: &NoticeReminder| {
        (row.due_at.into(), row.id.to_string())
    }))
}

/// Deletes reminders that were settled long ago, at most so many; tells how many. Those whose deadline lies less far back stay,
/// so that it is not taken for one that nobody was reminded of.
///
/// # Errors
/// What the database reports.
pub fn delete_old(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let kept = tx.now.plus_days(-KEPT_DAYS);
    let ids: Vec<NoticeReminderId> = table
        .filter(notice_reminders::settled_at.lt(kept))
        .filter(notice_reminders::deadline.lt(kept))
        .order((notice_reminders::settled_at, notice_reminders::id))
        .limit(most)
        .select(notice_reminders::id)
        .load(tx.conn())?;
    Ok(diesel::delete(table.filter(notice_reminders::id.eq_any(among(&ids)))).execute(tx.conn())?)
}
