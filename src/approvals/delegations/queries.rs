//! The only file that knows the table of delegations.

use diesel::prelude::*;

use super::{
    super::{model::ApprovalKind, rules::Link},
    model::{Delegation, DelegationFilter, DelegationStatus, ORDER},
};
use crate::{
    db::{Clause, Engine, Tx},
    error::Result,
    events::Fact,
    kernel::{
        Stored, Time,
        ids::{DelegationId, UserId},
        page::{Page, Paging},
    },
    load_page, revise,
    schema::approval_delegations::{self, table},
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = approval_delegations, treat_none_as_null = true, treat_none_as_default_value = false)]
struct DelegationRow {
    id: DelegationId,
    person_id: UserId,
    delegate_id: UserId,
    starts_at: Time,
    ends_at: Time,
    kinds: Stored<Vec<ApprovalKind>>,
    reason: String,
    created_by: String,
    cancelled_by: Option<String>,
    cancelled_at: Option<Time>,
    revision: i64,
    created_at: Time,
    updated_at: Time,
}

impl DelegationRow {
    fn seen(self, now: Time) -> Delegation {
        let mut seen = Delegation {
            id: self.id,
            person_id: self.person_id,
            delegate_id: self.delegate_id,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            kinds: self.kinds.0,
            reason: self.reason,
            status: DelegationStatus::Ended,
            created_by: self.created_by,
            cancelled_by: self.cancelled_by,
            cancelled_at: self.cancelled_at,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        };
        seen.status = seen.status_at(now);
        seen
    }
}

impl From<&Delegation> for DelegationRow {
    fn from(one: &Delegation) -> Self {
        Self {
            id: one.id,
            person_id: one.person_id,
            delegate_id: one.delegate_id,
            starts_at: one.starts_at,
            ends_at: one.ends_at,
            kinds: Stored(one.kinds.clone()),
            reason: one.reason.clone(),
            created_by: one.created_by.clone(),
            cancelled_by: one.cancelled_by.clone(),
            cancelled_at: one.cancelled_at,
            revision: one.revision,
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}

/// One page of delegations, the latest start first.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &DelegationFilter, paging: &Paging) -> Result<Page<Delegation>> {
    let now = tx.now;
    let mut clause = Clause::all();
    clause
        .equals_some("approval_delegations.person_id", filter.person_id.as_ref())
        .equals_some("approval_delegations.delegate_id", filter.delegate_id.as_ref());
    if let Some(at) = &filter.in_force_at {
        clause
            .sql(" AND approval_delegations.starts_at <= ")
            .value(at)
            .sql(" AND approval_delegations.ends_at > ")
            .value(at);
    }
    let rows = load_page!(tx, table => DelegationRow, clause, ORDER, paging)?;
    let page = Page::of(rows, paging, |row: &DelegationRow| {
        (row.starts_at.into(), row.id.to_string())
    });
    Ok(page.map(|row| row.seen(now)))
}

/// The delegation with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: DelegationId) -> Result<Delegation> {
    let now = tx.now;
    let row: DelegationRow = table
        .find(id)
        .select(DelegationRow::as_select())
        .get_result(tx.conn())?;
    Ok(row.seen(now))
}

/// Every delegation that holds now.
///
/// # Errors
/// What the database reports.
pub fn in_force(tx: &mut Tx<'_>) -> Result<Vec<Link>> {
    let now = tx.moment();
    let rows: Vec<DelegationRow> = table
        .filter(approval_delegations::starts_at.le(now))
        .filter(approval_delegations::ends_at.gt(now))
        .order(approval_delegations::id)
        .select(DelegationRow::as_select())
        .load(tx.conn())?;
    Ok(rows.into_iter().map(|row| row.seen(now).link()).collect())
}

/// Queues with all who enter a delegation until the end of the transaction: whether periods meet and circles close is a
/// question to all of them together. Readers do not wait.
///
/// # Errors
/// What the database reports.
pub fn hold(tx: &mut Tx<'_>) -> Result<()> {
    if tx.engine() == Engine::Postgres {
        diesel::sql_query("LOCK TABLE approval_delegations IN SHARE ROW EXCLUSIVE MODE").execute(tx.conn())?;
    }
    Ok(())
}

/// Every delegation whose period meets that one.
///
/// # Errors
/// What the database reports.
pub fn meeting(tx: &mut Tx<'_>, starts_at: Time, ends_at: Time) -> Result<Vec<Link>> {
    let now = tx.now;
    let rows: Vec<DelegationRow> = table
        .filter(approval_delegations::starts_at.lt(ends_at))
        .filter(approval_delegations::ends_at.gt(starts_at))
        .filter(approval_delegations::ends_at.gt(approval_delegations::starts_at))
        .order(approval_delegations::id)
        .select(DelegationRow::as_select())
        .load(tx.conn())?;
    Ok(rows.into_iter().map(|row| row.seen(now).link()).collect())
}

/// Stores a new delegation, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, new: Delegation) -> Result<Delegation> {
    let row = DelegationRow::from(&new);
    diesel::insert_into(table).values(&row).execute(tx.conn())?;
    tx.record(Fact::created("delegation.created", &new))?;
    Ok(new)
}

/// Stores a cancelled delegation over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &Delegation, after: Delegation) -> Result<Delegation> {
    let row = DelegationRow::from(&after);
    revise!(
        tx,
        table,
        approval_delegations::revision,
        (before.id, before.revision),
        &row
    )?;
    tx.record(Fact::changed("delegation.cancelled", before, &after))?;
    Ok(after)
}
