//! The queue, put together from its sources in one statement.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    QueryableByName, RunQueryDsl as _,
    sql_types::{BigInt, Nullable, Text},
};

use super::{
    model::{WorkItem, WorkItemAction, WorkItemCount, WorkItemFilter, WorkItemKind, WorkSummary},
    sources::{self, Source},
};
use crate::{
    db::{Statement, Tx},
    error::Result,
    kernel::{
        Time,
        ids::{PartnerId, UserId},
        page::{Key, MOST_COUNTED, Page, Paging},
    },
};

/// The key of what has no time: after everything that has one.
const LAST: i64 = i64::MAX;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    kind: WorkItemKind,
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    waits: String,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = Text)]
    resource_type: String,
    #[diesel(sql_type = Text)]
    resource_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    partner_id: Option<PartnerId>,
    #[diesel(sql_type = BigInt)]
    since: Time,
    #[diesel(sql_type = Nullable<BigInt>)]
    due_at: Option<Time>,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Text)]
    kind: WorkItemKind,
    #[diesel(sql_type = BigInt)]
    items: i64,
    #[diesel(sql_type = BigInt)]
    late: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    next_due: Option<Time>,
}

impl Row {
    fn seen(self, now: Time) -> WorkItem {
        let (operation, method, path) = self.kind.action();
        WorkItem {
            id: self.id,
            kind: self.kind,
            title: self.title,
            action: WorkItemAction {
                operation: operation.to_owned(),
                method: method.to_owned(),
                path: path
                    .replace("{id}", &self.waits)
                    .replace("{resource}", &self.resource_id),
            },
            resource_type: self.resource_type,
            resource_id: self.resource_id,
            partner_id: self.partner_id,
            since: self.since,
            overdue: self.due_at.is_some_and(|due| due < now),
            due_at: self.due_at,
        }
    }
}

/// What of one kind waits.
fn select(source: &Source) -> Statement {
    let mut select = Statement::default();
    let kind = source.kind.as_str();
    select
        .sql("SELECT '")
        .sql(kind)
        .sql("' AS kind, '")
        .sql(kind)
        .sql(":' || ");
    for (column, name) in [
        (source.id, " AS id, "),
        (source.id, " AS waits, "),
        (source.title, " AS title, "),
        (source.resource_type, " AS resource_type, "),
        (source.resource_id, " AS resource_id, "),
        (source.partner_id, " AS partner_id, "),
        (source.since, " AS since, "),
        (source.due, " AS due_at, COALESCE("),
        (source.due, ", 9223372036854775807) AS due_key FROM "),
        (source.from, " WHERE "),
    ] {
        select.sql(column).sql(name);
    }
    select.clause(&source.clause);
    select
}

/// All kinds together, of each at most so many, what is due first.
fn union(sources: &[Source], more: &Statement, most: i64) -> Statement {
    let mut union = Statement::default();
    for (index, source) in sources.iter().enumerate() {
        if index > 0 {
            union.sql(" UNION ALL ");
        }
        union
            .sql("SELECT * FROM (SELECT * FROM (")
            .part(&select(source))
            .sql(") AS w WHERE TRUE")
            .part(more)
            .sql(" ORDER BY due_key, id LIMIT ")
            .value(&most)
            .sql(") AS s");
    }
    union
}

fn conditions(filter: &WorkItemFilter, now: Time) -> Statement {
    let mut more = Statement::default();
    if let Some(before) = &filter.due_before {
        more.sql(" AND due_at < ").value(before);
    }
    match filter.overdue {
        Some(true) => {
            more.sql(" AND due_at < ").value(&now);
        }
        Some(false) => {
            more.sql(" AND due_key >= ").value(&now);
        }
        None => {}
    }
    more
}

/// One page of what waits for the caller.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, me: UserId, filter: &WorkItemFilter, paging: &Paging) -> Result<Page<WorkItem>> {
    let now = tx.now;
    let mut sources = sources::of(tx, me)?;
    if let Some(kinds) = &filter.kind {
        sources.retain(|source| kinds.contains(&source.kind));
    }
    let mut more = conditions(filter, now);
    if paging.total_wanted() {
        let counted = count(tx, &sources, &more)?;
        paging.counted(counted);
    }
    if let Some((Key::Number(due), id)) = &paging.after {
        more.sql(" AND (due_key, id) > (")
            .value(due)
            .sql(", ")
            .value(id)
            .sql(")");
    }
    let rows: Vec<Row> = if sources.is_empty() {
        Vec::new()
    } else {
        let mut all = union(&sources, &more, paging.fetch());
        all.sql(" ORDER BY due_key, id LIMIT ").value(&paging.fetch());
        all.clone().load(tx.conn())?
    };
    let page = Page::of(rows, paging, |row: &Row| {
        (row.due_at.map_or(LAST, Time::micros).into(), row.id.clone())
    });
    Ok(page.map(|row| row.seen(now)))
}

fn totals(tx: &mut Tx<'_>, sources: &[Source], more: &Statement, most: i64) -> Result<Vec<Counted>> {
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let now = tx.now;
    let mut counts = Statement::default();
    counts
        .sql("SELECT kind, COUNT(*) AS items, COUNT(CASE WHEN due_at < ")
        .value(&now)
        .sql(" THEN 1 END) AS late, MIN(due_at) AS next_due FROM (")
        .part(&union(sources, more, most))
        .sql(") AS a GROUP BY kind ORDER BY kind");
    Ok(counts.clone().load(tx.conn())?)
}

fn count(tx: &mut Tx<'_>, sources: &[Source], more: &Statement) -> Result<i64> {
    let counted = totals(tx, sources, more, MOST_COUNTED + 1)?;
    Ok(counted.iter().map(|kind| kind.items).sum())
}

/// How much of each kind waits for the caller, in the order of kinds: of each that is the caller's at all, none included.
///
/// # Errors
/// What the database reports.
pub fn counted(tx: &mut Tx<'_>, me: UserId) -> Result<Vec<WorkItemCount>> {
    let sources = sources::of(tx, me)?;
    let found = totals(tx, &sources, &Statement::default(), MOST_COUNTED)?;
    let mut found: BTreeMap<WorkItemKind, Counted> = found.into_iter().map(|kind| (kind.kind, kind)).collect();
    let kinds: BTreeSet<WorkItemKind> = sources.iter().map(|source| source.kind).collect();
    let counts = kinds.into_iter().map(|kind| {
        let found = found.remove(&kind);
        WorkItemCount {
            kind,
            count: found.as_ref().map_or(0, |found| found.items),
            overdue: found.as_ref().map_or(0, |found| found.late),
            next_due_at: found.and_then(|found| found.next_due),
        }
    });
    Ok(counts.collect())
}

/// How much waits for the caller.
///
/// # Errors
/// What the database reports.
pub fn summary(tx: &mut Tx<'_>, me: UserId) -> Result<WorkSummary> {
    let mut kinds = counted(tx, me)?;
    kinds.retain(|kind| kind.count > 0);
    Ok(WorkSummary {
        count: kinds.iter().map(|kind| kind.count).sum(),
        overdue: kinds.iter().map(|kind| kind.overdue).sum(),
        kinds,
    })
}
