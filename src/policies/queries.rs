//! The only file that knows the table of policies. They belong to no partner.

use diesel::prelude::*;

use super::{
    model::ProgramSettings,
    resource::{Policy, PolicyFilter, PolicyStatus, settings},
    rows::PolicyRow,
    rules::Published,
};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Time,
        ids::PolicyId,
        page::{Order, Page, Paging},
    },
    load_page, revise,
    schema::policies::{self, table},
};

const ORDER: Order = Order {
    column: "policies.created_at",
    id: "policies.id",
    descending: true,
};

/// The published policy that holds at that moment; nothing while the built-in defaults do.
///
/// # Errors
/// What the database reports.
pub fn row_at(tx: &mut Tx<'_>, at: Time) -> Result<Option<PolicyRow>> {
    Ok(holding(at).select(PolicyRow::as_select()).first(tx.conn()).optional()?)
}

/// What has held by that moment, what holds then first.
#[diesel::dsl::auto_type(no_type_alias)]
fn holding(at: Time) -> _ {
    table
        .filter(policies::valid_from.le(at))
        .filter(policies::withdrawn_at.is_null())
        .order((policies::valid_from.desc(), policies::version.desc()))
}

/// What holds at that moment.
///
/// # Errors
/// What the database reports.
pub fn in_force(tx: &mut Tx<'_>, at: Time) -> Result<ProgramSettings> {
    let held: Option<(PolicyId, i64, Time)> = holding(at)
        .select((policies::id, policies::revision, policies::updated_at))
        .first(tx.conn())
        .optional()?;
    let Some(held) = held else {
        return Ok(settings(None));
    };
    // The document is large, and that of a published version never changes: it is read once.
    if let Some(kept) = tx.kept::<ProgramSettings>(held) {
        return Ok(ProgramSettings::clone(&kept));
    }
    let read = settings(Some(find_row(tx, held.0)?));
    Ok(ProgramSettings::clone(&tx.keep(held, read)))
}

/// The version of a policy that holds at that moment; 0 are the built-in defaults.
fn version_at(tx: &mut Tx<'_>, at: Time) -> Result<i64> {
    let version: Option<Option<i64>> = holding(at).select(policies::version).first(tx.conn()).optional()?;
    Ok(version.flatten().unwrap_or(0))
}

/// The versions that there are.
///
/// # Errors
/// What the database reports.
pub fn published(tx: &mut Tx<'_>) -> Result<Published> {
    let highest: Option<i64> = table.select(diesel::dsl::max(policies::version)).first(tx.conn())?;
    let last: Option<(Option<i64>, Option<Time>)> = table
        .filter(policies::version.is_not_null())
        .filter(policies::withdrawn_at.is_null())
        .order(policies::version.desc())
        .select((policies::version, policies::valid_from))
        .first(tx.conn())
        .optional()?;
    let (last, last_from) = last.unwrap_or_default();
    Ok(Published {
        last: last.unwrap_or(0),
        last_from,
        highest: highest.unwrap_or(0),
    })
}

/// The published policy with that number.
///
/// # Errors
/// 404 if there is none.
pub fn by_version(tx: &mut Tx<'_>, version: i64) -> Result<PolicyRow> {
    Ok(table
        .filter(policies::version.eq(version))
        .select(PolicyRow::as_select())
        .first(tx.conn())?)
}

/// The policy with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find_row(tx: &mut Tx<'_>, id: PolicyId) -> Result<PolicyRow> {
    Ok(table.find(id).select(PolicyRow::as_select()).get_result(tx.conn())?)
}

/// The row as it is read now.
///
/// # Errors
/// What the database reports.
pub fn seen(tx: &mut Tx<'_>, row: PolicyRow) -> Result<Policy> {
    let now = tx.moment();
    Ok(row.seen(version_at(tx, now)?, now))
}

/// Where a policy stands at that moment.
///
/// # Errors
/// What the database reports.
pub fn status(tx: &mut Tx<'_>, row: &PolicyRow, now: Time) -> Result<PolicyStatus> {
    Ok(row.status(version_at(tx, now)?, now))
}

/// One page of drafts and versions, newest first.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &PolicyFilter, paging: &Paging) -> Result<Page<Policy>> {
    let now = tx.now;
    let in_force = version_at(tx, now)?;
    let mut clause = Clause::all();
    if let Some(wanted) = &filter.status {
        clause.sql(" AND (FALSE");
        for status in wanted {
            clause.sql(" OR (");
            match status {
                PolicyStatus::Draft => clause.sql("policies.version IS NULL"),
                PolicyStatus::Withdrawn => clause.sql("policies.withdrawn_at IS NOT NULL"),
                PolicyStatus::Scheduled => clause
                    .sql("policies.withdrawn_at IS NULL AND policies.valid_from > ")
                    .value(&now),
                PolicyStatus::InForce => clause.sql("policies.version = ").value(&in_force),
                PolicyStatus::Past => clause
                    .sql("policies.withdrawn_at IS NULL AND policies.valid_from <= ")
                    .value(&now)
                    .sql(" AND policies.version <> ")
                    .value(&in_force),
            };
            clause.sql(")");
        }
        clause.sql(")");
    }
    let rows = load_page!(tx, table => PolicyRow, clause, ORDER, paging)?;
    let page = Page::of(rows, paging, |row: &PolicyRow| {
        (row.created_at.into(), row.id.to_string())
    });
    Ok(page.map(|row| row.seen(in_force, now)))
}

/// Stores a new draft, and tells of it.
///
/// # Errors
/// What the database reports.
pub fn insert(tx: &mut Tx<'_>, row: PolicyRow) -> Result<Policy> {
    diesel::insert_into(table).values(&row).execute(tx.conn())?;
    let policy = seen(tx, row)?;
    tx.record(Fact::created("policy.drafted", &policy))?;
    Ok(policy)
}

/// Stores a changed policy over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile; 409 `conflict` if another one was published at the same moment.
pub fn save(tx: &mut Tx<'_>, before: PolicyRow, after: PolicyRow, kind: &'static str) -> Result<Policy> {
    let told = seen(tx, before.clone())?;
    tx.attempt(|tx| revise!(tx, table, policies::revision, (before.id, before.revision), &after))
        .map_err(|error| {
            error.when(&codes::ALREADY_EXISTS, || {
                Error::new(&codes::CONFLICT)
                    .detail("Another version was published at the same moment; look at it, and publish again.")
            })
        })?;
    let policy = seen(tx, after)?;
    tx.record(Fact::changed(kind, &told, &policy))?;
    Ok(policy)
}

/// Removes a draft, and tells of it. What hangs on it was removed before.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn delete(tx: &mut Tx<'_>, row: PolicyRow) -> Result<()> {
    let gone = diesel::delete(
        table
            .filter(policies::id.eq(row.id))
            .filter(policies::revision.eq(row.revision)),
    )
    .execute(tx.conn())?;
    if gone == 0 {
        return Err(Error::new(&codes::PRECONDITION_FAILED));
    }
    let policy = seen(tx, row)?;
    tx.record(Fact::deleted("policy.deleted", &policy))
}
