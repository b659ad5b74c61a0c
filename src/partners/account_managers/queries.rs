//! The only file that knows the table of account manager assignments.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{
    model::{AccountManagerRole, Assignment, AssignmentFilter, AssignmentReason, ORDER},
    rules::Chain,
};
use crate::{
    db::{Clause, Tx, among},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Time,
        ids::{AssignmentId, HandoverId, PartnerId, UserId},
        page::{Page, Paging},
    },
    load_page,
    partners::{self, PartnerStatus},
    schema::account_manager_assignments::{self as assignments, table},
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = assignments, treat_none_as_default_value = false)]
struct AssignmentRow {
    id: AssignmentId,
    partner_id: PartnerId,
    role: AccountManagerRole,
    valid_from: Time,
    user_id: Option<UserId>,
    reason_code: AssignmentReason,
    reason_text: Option<String>,
    handover_id: Option<HandoverId>,
    created_by: String,
    created_at: Time,
}

impl AssignmentRow {
    fn until(self, valid_until: Option<Time>) -> Assignment {
        Assignment {
            id: self.id,
            partner_id: self.partner_id,
            role: self.role,
            user_id: self.user_id,
            valid_from: self.valid_from,
            valid_until,
            reason_code: self.reason_code,
            reason_text: self.reason_text,
            handover_id: self.handover_id,
            created_by: Some(self.created_by),
            created_at: self.created_at,
        }
    }
}

/// Every start of a partner, in order.
fn starts(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Vec<(AccountManagerRole, Time, Option<UserId>)>> {
    Ok(table
        .filter(assignments::partner_id.eq(partner))
        .order(assignments::valid_from.asc())
        .select((assignments::role, assignments::valid_from, assignments::user_id))
        .load(tx.conn())?)
}

fn with_ends(tx: &mut Tx<'_>, partner: PartnerId, rows: Vec<AssignmentRow>) -> Result<Vec<Assignment>> {
    let starts = starts(tx, partner)?;
    let end = |row: &AssignmentRow| {
        starts
            .iter()
            .find(|(role, from, _)| *role == row.role && *from > row.valid_from)
            .map(|(_, from, _)| *from)
    };
    Ok(rows
        .into_iter()
        .map(|row| {
            let end = end(&row);
            row.until(end)
        })
        .collect())
}

/// One page of a partner's assignments, the latest start first.
///
/// # Errors
/// What the database reports.
pub fn page(
    tx: &mut Tx<'_>,
    partner: PartnerId,
    filter: &AssignmentFilter,
    paging: &Paging,
) -> Result<Page<Assignment>> {
    let mut clause = Clause::rows_of(tx.caller(), "account_manager_assignments.partner_id");
    clause
        .equals("account_manager_assignments.partner_id", &partner)
        .one_of_some("account_manager_assignments.role", filter.role.as_ref());
    if let Some(at) = filter.as_of {
        clause.sql(" AND account_manager_assignments.user_id IS NOT NULL");
        in_force(&mut clause, at);
    }
    let rows = load_page!(tx, table => AssignmentRow, clause, ORDER, paging)?;
    let rows = Page::of(rows, paging, |row| (row.valid_from.into(), row.id.to_string()));
    rows.with(|rows| with_ends(tx, partner, rows))
}

/// And: the entry is the last of its chain that had begun at that moment.
fn in_force(clause: &mut Clause, at: Time) {
    clause
        .and("account_manager_assignments.valid_from <= ")
        .value(&at)
        .and("NOT EXISTS (SELECT 1 FROM account_manager_assignments later WHERE later.partner_id = account_manager_assignments.partner_id")
        .sql(" AND later.role = account_manager_assignments.role AND later.valid_from > account_manager_assignments.valid_from AND later.valid_from <= ")
        .value(&at)
        .sql(")");
}

/// And: the partner whose id stands in `column` is looked after by that user at that moment, as primary.
pub fn looked_after_by(clause: &mut Clause, column: &'static str, user: UserId, at: Time) {
    clause.and("EXISTS (SELECT 1 FROM account_manager_assignments WHERE account_manager_assignments.role = 'primary' AND account_manager_assignments.partner_id = ").sql(column);
    clause.equals("account_manager_assignments.user_id", &user);
    in_force(clause, at);
    clause.sql(")");
}

/// The assignment of a partner with that id, if the caller may see it.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, partner: PartnerId, id: AssignmentId) -> Result<Assignment> {
    let mut clause = Clause::rows_of(tx.caller(), "account_manager_assignments.partner_id");
    clause
        .equals("account_manager_assignments.partner_id", &partner)
        .equals("account_manager_assignments.id", &id);
    let row: AssignmentRow = table
        .filter(clause)
        .select(AssignmentRow::as_select())
        .first(tx.conn())?;
    with_ends(tx, partner, vec![row])?.pop().ok_or_else(Error::not_found)
}

/// Who has the part for the partner at that moment.
///
/// # Errors
/// What the database reports.
pub fn current(tx: &mut Tx<'_>, partner: PartnerId, role: AccountManagerRole, at: Time) -> Result<Option<UserId>> {
    let holder: Option<Option<UserId>> = table
        .filter(assignments::partner_id.eq(partner))
        .filter(assignments::role.eq(role))
        .filter(assignments::valid_from.le(at))
        .order(assignments::valid_from.desc())
        .select(assignments::user_id)
        .first(tx.conn())
        .optional()?;
    Ok(holder.flatten())
}

/// The entry of a chain that begins at exactly that moment.
///
/// # Errors
/// What the database reports.
pub fn starting(tx: &mut Tx<'_>, partner: PartnerId, role: AccountManagerRole, at: Time) -> Result<Option<Assignment>> {
    let row: Option<AssignmentRow> = table
        .filter(assignments::partner_id.eq(partner))
        .filter(assignments::role.eq(role))
        .filter(assignments::valid_from.eq(at))
        .select(AssignmentRow::as_select())
        .first(tx.conn())
        .optional()?;
    Ok(with_ends(tx, partner, row.into_iter().collect())?.pop())
}

/// The primary account managers of those partners at that moment.
///
/// # Errors
/// What the database reports.
pub fn primary_of(tx: &mut Tx<'_>, partners: &[PartnerId], at: Time) -> Result<BTreeMap<PartnerId, UserId>> {
    // Chains are short; the last start of each wins.
    let rows: Vec<(PartnerId, Option<UserId>)> = table
        .filter(assignments::partner_id.eq_any(among(partners)))
        .filter(assignments::role.eq(AccountManagerRole::Primary))
        .filter(assignments::valid_from.le(at))
        .order(assignments::valid_from.asc())
        .select((assignments::partner_id, assignments::user_id))
        .load(tx.conn())?;
    let last: BTreeMap<PartnerId, Option<UserId>> = rows.into_iter().collect();
    Ok(last
        .into_iter()
        .filter_map(|(partner, user)| Some((partner, user?)))
        .collect())
}

/// The primary account managers of all partners, each from when on, in order.
#[derive(Debug, Default)]
pub struct ManagersHeld(BTreeMap<PartnerId, Vec<(Time, Option<UserId>)>>);

impl ManagersHeld {
    /// The primary account manager of the partner at that moment.
    pub fn at(&self, partner: PartnerId, moment: Time) -> Option<UserId> {
        let chain = self.0.get(&partner)?;
        chain.iter().rfind(|(from, _)| *from <= moment)?.1
    }
}

/// The primary account managers of all partners, for rules that look at history as a whole.
///
/// # Errors
/// What the database reports.
pub fn managers_held(tx: &mut Tx<'_>) -> Result<ManagersHeld> {
    let rows: Vec<(PartnerId, Time, Option<UserId>)> = table
        .filter(assignments::role.eq(AccountManagerRole::Primary))
        .order((assignments::partner_id, assignments::valid_from))
        .select((assignments::partner_id, assignments::valid_from, assignments::user_id))
        .load(tx.conn())?;
    let mut held = ManagersHeld::default();
    for (partner, from, user) in rows {
        held.0.entry(partner).or_default().push((from, user));
    }
    Ok(held)
}

/// How often the part changed from one holder to another since that moment.
///
/// # Errors
/// What the database reports.
pub fn started_since(tx: &mut Tx<'_>, partner: PartnerId, role: AccountManagerRole, since: Time) -> Result<i64> {
    let chain: Vec<_> = starts(tx, partner)?
        .into_iter()
        .filter(|(part, ..)| *part == role)
        .collect();
    let changes = chain.windows(2).filter(|pair| match pair {
        [(_, _, former), (_, from, next)] => former.is_some() && former != next && *from >= since,
        _ => false,
    });
    Ok(i64::try_from(changes.count()).unwrap_or(i64::MAX))
}

/// What the rules must know of a chain at the moment when a new entry shall begin.
///
/// # Errors
/// What the database reports.
pub fn chain(
    tx: &mut Tx<'_>,
    partner: PartnerId,
    status: PartnerStatus,
    role: AccountManagerRole,
    start: Time,
) -> Result<Chain> {
    let holder = current(tx, partner, role, start)?;
    let changes = started_since(tx, partner, role, start.plus_days(-365))?;
    let limit = partners::policy(tx)?.reassignments_in_a_year;
    Ok(Chain {
        status,
        role,
        holder,
        changes,
        limit,
    })
}

/// A new entry of a chain: one who holds the part from then on, or nobody.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The partner.
    pub partner: PartnerId,
    /// The part.
    pub role: AccountManagerRole,
    /// The vendor's user; nobody ends the chain.
    pub user: Option<UserId>,
    /// From when on.
    pub valid_from: Time,
    /// Why.
    pub reason_code: AssignmentReason,
    /// Why, in words.
    pub reason_text: Option<String>,
    /// The handover that leads to it.
    pub handover: Option<HandoverId>,
}

/// Stores a new entry, and tells of it. The partner may be stored after it, in the same transaction.
///
/// # Errors
/// 409 `unknown_reference` if there is no such user, `already_exists` if the chain has an entry at that moment, `conflict` if
/// an active partner would be without account manager.
pub fn begin(tx: &mut Tx<'_>, entry: Entry) -> Result<Assignment> {
    begin_at(tx, entry, "#/user_id")
}

/// As [`begin`], for a request that names the user at another place.
///
/// # Errors
/// As [`begin`].
pub fn begin_at(tx: &mut Tx<'_>, entry: Entry, pointer: &'static str) -> Result<Assignment> {
    let row = AssignmentRow {
        id: tx.new_id(),
        partner_id: entry.partner,
        role: entry.role,
        valid_from: entry.valid_from,
        user_id: entry.user,
        reason_code: entry.reason_code,
        reason_text: entry.reason_text,
        handover_id: entry.handover,
        created_by: tx.caller().actor_text(),
        created_at: tx.now,
    };
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&row).execute(tx.conn())?))
        .map_err(|error| explain(error, pointer))?;
    let assignment = with_ends(tx, entry.partner, vec![row])?
        .pop()
        .ok_or_else(Error::not_found)?;
    let kind = if assignment.user_id.is_some() {
        "account_manager.assigned"
    } else {
        "account_manager.ended"
    };
    tx.record(Fact::created(kind, &assignment))?;
    Ok(assignment)
}

/// Ends every part of a partner that has ended: from now on nobody has it, and what had not begun does not.
///
/// # Errors
/// What the database reports.
pub fn end_all(tx: &mut Tx<'_>, partner: PartnerId) -> Result<()> {
    let now = tx.now;
    let coming: Vec<AssignmentRow> = table
        .filter(assignments::partner_id.eq(partner))
        .filter(assignments::valid_from.gt(now))
        .order(assignments::valid_from.desc())
        .select(AssignmentRow::as_select())
        .load(tx.conn())?;
    for row in coming {
        cancel(tx, &row.until(None))?;
    }
    for role in AccountManagerRole::ALL {
        if current(tx, partner, *role, now)?.is_some() {
            let reason_text = Some("The partnership ended.".to_owned());
            begin(
                tx,
                Entry {
                    partner,
                    role: *role,
                    user: None,
                    valid_from: now,
                    reason_code: AssignmentReason::Other,
                    reason_text,
                    handover: None,
                },
            )?;
        }
    }
    Ok(())
}

/// Takes back an entry that has not begun, or whose partner is gone.
///
/// # Errors
/// 409 `conflict` if an active partner would be without account manager.
pub fn cancel(tx: &mut Tx<'_>, assignment: &Assignment) -> Result<()> {
    diesel::delete(table.find(assignment.id)).execute(tx.conn())?;
    tx.record(Fact::deleted("account_manager.cancelled", assignment))
}

/// Every entry of a partner, the latest start first.
///
/// # Errors
/// What the database reports.
pub fn all_of(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Vec<Assignment>> {
    let rows: Vec<AssignmentRow> = table
        .filter(assignments::partner_id.eq(partner))
        .order(assignments::valid_from.desc())
        .select(AssignmentRow::as_select())
        .load(tx.conn())?;
    with_ends(tx, partner, rows)
}

/// The database's refusal in terms of the assignment.
fn explain(error: Error, pointer: &str) -> Error {
    error
        .when(&codes::UNKNOWN_REFERENCE, || {
            Error::unknown_reference(pointer, "There is no such user of the vendor.")
        })
        .when(&codes::ALREADY_EXISTS, || {
            Error::new(&codes::ALREADY_EXISTS).fault(
                "#/valid_from",
                "already_exists",
                "Another assignment begins at the same moment; choose another start.",
            )
        })
}
