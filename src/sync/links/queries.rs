//! The only file that knows the table of links.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    dsl::sql,
    prelude::*,
    sql_types::{BigInt, Nullable, Text},
};

use super::{
    model::{SyncLink, SyncLinkFilter, SyncLinkSort, SyncState},
    rules,
};
use crate::{
    db::{Clause, Conn, Lock, Statement, Tx, among},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Time,
        ids::{ExternalSystemId, SyncLinkId},
        page::{Key, Page, Paging},
    },
    load_page,
    references::ExternalRef,
    revise,
    schema::sync_links::{self as links, table},
    sync::{conflicts, kinds::SyncedType, reviews, systems, whole_scope},
};

/// One page of the links.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &SyncLinkFilter, paging: &Paging) -> Result<Page<SyncLink>> {
    let sort = filter.sort.unwrap_or(SyncLinkSort::Created);
    let mut clause = whole_scope(tx.caller());
    clause
        .equals_some("sync_links.system_id", filter.system_id.as_ref())
        .one_of_some("sync_links.resource_type", filter.resource_type.as_ref())
        .equals_some("sync_links.resource_id", filter.resource_id.as_ref())
        .equals_some("sync_links.external_id", filter.external_id.as_ref())
        .one_of_some("sync_links.state", filter.state.as_ref())
        .at_least("sync_links.updated_at", filter.updated_since.as_ref());
    let rows = load_page!(tx, table => SyncLink, clause, sort.order(), paging)?;
    Ok(Page::of(rows, paging, |row| (key(sort, row), row.id.to_string())))
}

fn key(sort: SyncLinkSort, row: &SyncLink) -> Key {
    match sort {
        SyncLinkSort::Created | SyncLinkSort::CreatedDescending => row.created_at.into(),
        SyncLinkSort::Updated | SyncLinkSort::UpdatedDescending => row.updated_at.into(),
    }
}

/// The links that the clause finds; if they are to be written, nobody else does until the end of the transaction. On SQLite there is
/// one writer anyway.
fn load(tx: &mut Tx<'_>, clause: Clause, hold: bool) -> Result<Vec<SyncLink>> {
    let rows = table.filter(clause).order(links::id).select(SyncLink::as_select());
    Ok(if hold {
        Lock::NoKeyUpdate.on(rows).load(tx.conn())?
    } else {
        rows.load(tx.conn())?
    })
}

/// Lets those who act on one id of a system come one after the other, whether or not it is linked yet. Their record's row is locked
/// after it, and the link's after that, as every change of a record does. SQLite has one writer anyway.
///
/// # Errors
/// What the database reports.
pub fn in_turn(tx: &mut Tx<'_>, system: ExternalSystemId, kind: SyncedType, external_id: &str) -> Result<()> {
    tx.in_turn(&format!("sync {system} {kind} {external_id}"))
}

/// The link with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: SyncLinkId) -> Result<SyncLink> {
    let mut clause = whole_scope(tx.caller());
    clause.equals("sync_links.id", &id);
    load(tx, clause, false)?.pop().ok_or_else(Error::not_found)
}

/// As [`find`], and nobody else changes it until the end of the transaction. Whoever changes its record too does that before.
///
/// # Errors
/// 404 if there is none.
pub fn hold(tx: &mut Tx<'_>, id: SyncLinkId) -> Result<SyncLink> {
    let mut clause = whole_scope(tx.caller());
    clause.equals("sync_links.id", &id);
    load(tx, clause, true)?.pop().ok_or_else(Error::not_found)
}

/// The link of a record with a system.
///
/// # Errors
/// What the database reports.
pub fn by_record(
    tx: &mut Tx<'_>,
    system: ExternalSystemId,
    kind: SyncedType,
    record: &str,
) -> Result<Option<SyncLink>> {
    let mut clause = Clause::all();
    clause
        .equals("sync_links.system_id", &system)
        .equals("sync_links.resource_type", &kind)
        .equals("sync_links.resource_id", record);
    Ok(load(tx, clause, false)?.pop())
}

/// The link of an id of a system.
///
/// # Errors
/// What the database reports.
pub fn by_external(
    tx: &mut Tx<'_>,
    system: ExternalSystemId,
    kind: SyncedType,
    external_id: &str,
) -> Result<Option<SyncLink>> {
    let mut clause = Clause::all();
    clause
        .equals("sync_links.system_id", &system)
        .equals("sync_links.resource_type", &kind)
        .equals("sync_links.external_id", external_id);
    Ok(load(tx, clause, false)?.pop())
}

/// The link of an id of a system; nobody changes its record, nor it, until the end of the transaction. The record is locked
/// first, as whoever changes it does.
///
/// # Errors
/// 503 if it went to another record while it was waited for, so that the transaction is tried again.
pub fn held(
    tx: &mut Tx<'_>,
    system: ExternalSystemId,
    kind: SyncedType,
    external_id: &str,
) -> Result<Option<SyncLink>> {
    let Some(seen) = by_external(tx, system, kind, external_id)? else {
        return Ok(None);
    };
    match kind.lock(tx, &seen.resource_id) {
        // With its record the link is gone.
        Err(error) if error.is(&codes::NOT_FOUND) => return Ok(None),
        locked => locked?,
    }
    let mut clause = Clause::all();
    clause.equals("sync_links.id", &seen.id);
    let present = load(tx, clause, true)?.pop();
    let is_another = |link: &SyncLink| (&link.resource_id, &link.external_id) != (&seen.resource_id, &seen.external_id);
    if present.as_ref().is_some_and(is_another) {
        return Err(rules::elsewhere());
    }
    Ok(present)
}

/// The links of those records with a system, by the record, held until the end of the transaction.
///
/// # Errors
/// What the database reports.
pub fn by_records(tx: &mut Tx<'_>, system: ExternalSystemId, records: &[String]) -> Result<BTreeMap<String, SyncLink>> {
    let mut clause = Clause::all();
    clause
        .equals("sync_links.system_id", &system)
        .one_of("sync_links.resource_id", records);
    let found = load(tx, clause, true)?;
    Ok(found.into_iter().map(|link| (link.resource_id.clone(), link)).collect())
}

/// The links of those ids of a system, by the id.
///
/// # Errors
/// What the database reports.
pub fn by_externals(
    tx: &mut Tx<'_>,
    system: ExternalSystemId,
    kind: SyncedType,
    ids: &[String],
) -> Result<BTreeMap<String, SyncLink>> {
    let mut clause = Clause::all();
    clause
        .equals("sync_links.system_id", &system)
        .equals("sync_links.resource_type", &kind)
        .one_of("sync_links.external_id", ids);
    let found = load(tx, clause, false)?;
    Ok(found.into_iter().map(|link| (link.external_id.clone(), link)).collect())
}

/// The systems that a record is linked with.
///
/// # Errors
/// What the database reports.
pub fn systems_of(tx: &mut Tx<'_>, kind: SyncedType, record: &str) -> Result<Vec<ExternalSystemId>> {
    Ok(table
        .filter(links::resource_id.eq(record))
        .filter(links::resource_type.eq(kind))
        .order(links::system_id)
        .select(links::system_id)
        .load(tx.conn())?)
}

/// Stores a new link, and tells of it.
///
/// # Errors
/// 409 `already_exists` if record or id was linked meanwhile.
pub fn insert(tx: &mut Tx<'_>, link: SyncLink) -> Result<SyncLink> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&link).execute(tx.conn())?))
        .map_err(|error| {
            error.when(&codes::ALREADY_EXISTS, || {
                rules::taken("#", "The record or the id was linked meanwhile; read its link.")
            })
        })?;
    tx.record(Fact::created("sync_link.created", &link))?;
    reviews::linked(tx, &link)?;
    Ok(link)
}

/// Stores a changed link over the revision it was read at, and tells of it as `kind`.
///
/// # Errors
/// 412 if it was changed meanwhile; 409 `already_exists` if it leads to what is linked.
pub fn save(tx: &mut Tx<'_>, before: &SyncLink, after: SyncLink, kind: &'static str) -> Result<SyncLink> {
    tx.attempt(|tx| revise!(tx, table, links::revision, (before.id, before.revision), &after))
        .map_err(|error| {
            error.when(&codes::ALREADY_EXISTS, || {
                rules::taken("#", "The record or the id is linked already; unlink that first.")
            })
        })?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}

/// Notes from which revision of the record on both sides begin, as a part of what made or moved the link, which is told.
///
/// # Errors
/// 404 if there is no such link.
pub fn begin_at(tx: &mut Tx<'_>, id: SyncLinkId, revision: i64) -> Result<SyncLink> {
    diesel::update(table.find(id))
        .set((links::our_revision.eq(revision), links::agreed_revision.eq(revision)))
        .execute(tx.conn())?;
    find(tx, id)
}

/// Ends a link: its conflict is dropped, and it is told of.
///
/// # Errors
/// What the database reports.
pub fn delete(tx: &mut Tx<'_>, link: &SyncLink) -> Result<()> {
    conflicts::drop_of(tx, link.id)?;
    diesel::delete(table.find(link.id)).execute(tx.conn())?;
    tx.record(Fact::deleted("sync_link.deleted", link))
}

/// That a record which may be linked was changed.
#[derive(Debug)]
pub struct Noted {
    kind: SyncedType,
    record: String,
    revision: i64,
    at: Time,
}

impl Noted {
    /// What a fact says, if it is about such a record.
    pub fn of(fact: &Fact, at: Time) -> Option<Self> {
        // A new record has no link yet, and one that is gone has lost its references before.
        let kind = SyncedType::of(fact.resource_type).filter(|_| fact.previous.is_some() && !fact.deleted)?;
        Some(Self {
            kind,
            record: fact.resource_id.clone(),
            revision: fact.revision,
            at,
        })
    }
}

/// Notes changes of records: what is linked waits to be pushed since, unless the other side has that revision.
///
/// # Errors
/// What the database reports.
pub fn noted(conn: &mut Conn, changes: &[&Noted]) -> QueryResult<()> {
    // Few records of many are linked: it is asked once which.
    let linked: Option<BTreeSet<String>> = if changes.len() > 1 {
        let records: BTreeSet<&str> = changes.iter().map(|change| change.record.as_str()).collect();
        let records: Vec<&str> = records.into_iter().collect();
        let found: Vec<String> = table
            .filter(links::resource_id.eq_any(among(&records)))
            .select(links::resource_id)
            .load(conn)?;
        Some(found.into_iter().collect())
    } else {
        None
    };
    let may_be = |change: &&&Noted| linked.as_ref().is_none_or(|linked| linked.contains(&change.record));
    for change in changes.iter().filter(may_be) {
        let now = change.at.micros();
        let behind = table
            .filter(links::resource_id.eq(&change.record))
            .filter(links::resource_type.eq(change.kind))
            .filter(links::our_revision.lt(change.revision));
        let waiting = (
            links::our_revision.eq(change.revision),
            links::state.eq(sql::<Text>("CASE state WHEN 'in_sync' THEN 'pending' ELSE state END")),
            links::pending_since.eq(sql::<Nullable<BigInt>>("COALESCE(pending_since, ")
                .bind::<BigInt, _>(now)
                .sql(")")),
            links::revision.eq(links::revision + 1),
            links::updated_at.eq(now),
        );
        diesel::update(behind).set(waiting).execute(conn)?;
    }
    Ok(())
}

/// Ends the link that went with a reference that a record has no more.
///
/// # Errors
/// What the database reports.
pub fn released(tx: &mut Tx<'_>, resource_type: &str, record: &str, gone: &ExternalRef) -> Result<()> {
    for link in with_reference(tx, resource_type, gone)? {
        if link.resource_id == record {
            delete(tx, &link)?;
        }
    }
    Ok(())
}

/// Lets the links of references go with them to another record. One that the record cannot have, because it is linked with that
/// system under another id, ends.
///
/// # Errors
/// What the database reports.
pub fn moved(tx: &mut Tx<'_>, resource_type: &str, references: &[ExternalRef], to: &str) -> Result<()> {
    for reference in references {
        for before in with_reference(tx, resource_type, reference)? {
            if before.resource_id == to {
                continue;
            }
            if by_record(tx, before.system_id, before.resource_type, to)?.is_some() {
                delete(tx, &before)?;
                continue;
            }
            let revision = before.resource_type.read(tx, to)?.revision;
            let external = before.external_id.clone();
            let after = before
                .clone()
                .relinked(to.to_owned(), external, tx.now)
                .begun_at(revision);
            let unresolved = before.state == SyncState::Conflict;
            if unresolved {
                conflicts::drop_of(tx, before.id)?;
            }
            save(tx, &before, after, "sync_link.relinked")?;
        }
    }
    Ok(())
}

/// The links that go with a reference: none, or one, as a system has one name.
fn with_reference(tx: &mut Tx<'_>, resource_type: &str, reference: &ExternalRef) -> Result<Vec<SyncLink>> {
    let Some(kind) = SyncedType::of(resource_type) else {
        return Ok(Vec::new());
    };
    let Some(system) = systems::queries::named(tx, &reference.system)? else {
        return Ok(Vec::new());
    };
    Ok(by_external(tx, system, kind, &reference.id)?.into_iter().collect())
}

/// Makes every link of a system wait to be pushed that is not paused or in conflict, or those of one type of record. Told by
/// the system's event.
///
/// # Errors
/// What the database reports.
pub fn resync_all(tx: &mut Tx<'_>, system: ExternalSystemId, kind: Option<SyncedType>) -> Result<()> {
    let now = tx.now.micros();
    let mut clause = Clause::all();
    clause
        .equals("sync_links.system_id", &system)
        .equals_some("sync_links.resource_type", kind.as_ref())
        .and("sync_links.state IN ('pending', 'in_sync', 'error')");
    let waiting = || {
        (
            links::state.eq(SyncState::Pending),
            links::pending_since.eq(sql::<Nullable<BigInt>>("COALESCE(pending_since, ")
                .bind::<BigInt, _>(now)
                .sql(")")),
            links::error_code.eq(None::<String>),
            links::error_detail.eq(None::<String>),
            links::failing_since.eq(None::<i64>),
            links::failed_at.eq(None::<i64>),
            links::failures.eq(0_i64),
            links::revision.eq(links::revision + 1),
            links::updated_at.eq(now),
        )
    };
    diesel::update(table.filter(clause)).set(waiting()).execute(tx.conn())?;
    Ok(())
}

/// How many links of one type of record are in one state, and since when the first of them waits.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Counted {
    /// The type of record.
    #[diesel(sql_type = Text)]
    pub resource_type: SyncedType,
    /// The state.
    #[diesel(sql_type = Text)]
    pub state: SyncState,
    /// How many there are.
    #[diesel(sql_type = BigInt)]
    pub links: i64,
    /// Since when the first of them waits.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub pending_since: Option<Time>,
}

/// The links of a system in numbers, by type of record and state: one statement over an index.
///
/// # Errors
/// What the database reports.
pub fn counted(tx: &mut Tx<'_>, system: ExternalSystemId) -> Result<Vec<Counted>> {
    let mut counts = Statement::default();
    counts
        .sql("SELECT resource_type, state, COUNT(*) AS links, MIN(pending_since) AS pending_since FROM sync_links WHERE system_id = ")
        .value(&system)
        .sql(" GROUP BY resource_type, state");
    Ok(counts.clone().load(tx.conn())?)
}

/// Since when the first of a system's links fails; nothing if none does.
///
/// # Errors
/// What the database reports.
pub fn first_failure(tx: &mut Tx<'_>, system: ExternalSystemId) -> Result<Option<Time>> {
    Ok(table
        .filter(links::system_id.eq(system))
        .filter(links::state.eq(SyncState::Error))
        .select(diesel::dsl::min(links::failing_since))
        .first::<Option<Time>>(tx.conn())?)
}
