//! The only file that knows the tables of registrations. Every read starts from the rows that the caller may see.

use std::collections::BTreeMap;

use diesel::{
    expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate},
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Nullable, Text},
};

use super::{
    clock_queries, filter,
    model::Deal,
    requests::{DealFilter, DealSort},
    rows::{
        ContactRow, CustomerRow, DealRow, DecisionRow, DetailsRow, InfoRow, Line, LineRow, Registration, ReviewRow,
        SiteRow, WindowRow,
    },
    states::{DecisionOutcome, InfoRequestStatus, OPEN, ReviewStatus},
    view::Reader,
};
use crate::{
    custom_fields::{self, CustomRecord},
    customers,
    db::{Clause, Engine, Lock, Tx, among},
    error::{Error, Result},
    events::Fact,
    http::Resource as _,
    kernel::{
        Time,
        ids::{AccountId, DealId, PartnerId},
        page::{Key, Page, Paging},
    },
    load_page,
    references::{self, ExternalRef},
    revise,
    schema::{
        deal_contacts, deal_customer_inputs, deal_decisions, deal_details, deal_extensions, deal_info_requests,
        deal_lines, deal_reviews, deal_sites, deals, products, protections, territories,
    },
};

/// The row of a registration with the rows that stand one to one beside it.
#[derive(Queryable)]
struct Wide {
    deal: DealRow,
    details: DetailsRow,
    customer: Option<CustomerRow>,
    review: Option<ReviewRow>,
    territory: Option<String>,
}

/// The columns of [`Wide`], written out: diesel writes some eighty names anew for each query, which took longer than to run it. A
/// test compares them with those of the rows.
const COLUMNS: &str = "\
    deals.id, deals.number, deals.partner_id, deals.distributor_id, deals.submitter_id, deals.title, \
    deals.title_key, deals.deal_type, deals.source, deals.territory_id, deals.customer_account_id, \
    deals.amount_minor, deals.amount_currency, deals.expected_close_on, deals.review_status, deals.stage, \
    deals.received_at, deals.seq, deals.review_due_at, deals.assignee_id, deals.conflict_check_id, \
    deals.policy_version, deals.last_activity_at, deals.legacy, deals.closed_at, deals.closed_reason, \
    deals.win_verified_at, deals.custom, deals.revision, deals.created_at, deals.updated_at, deal_details.deal_id, \
    deal_details.description, deal_details.next_step, deal_details.competitor, deal_details.co_sell_needs, \
    deal_details.visibility, deal_details.customer_consent, deal_details.on_behalf_of, deal_details.missing, \
    deal_customer_inputs.deal_id, deal_customer_inputs.name, deal_customer_inputs.name_key, \
    deal_customer_inputs.website, deal_customer_inputs.domain, deal_customer_inputs.registration_number, \
    deal_customer_inputs.registration_authority, deal_customer_inputs.phone, deal_customer_inputs.email, \
    deal_customer_inputs.street, deal_customer_inputs.city, deal_customer_inputs.region, \
    deal_customer_inputs.postal_code, deal_customer_inputs.country, deal_customer_inputs.resolution, \
    deal_customer_inputs.resolved_at, deal_customer_inputs.resolved_by, deal_customer_inputs.input_hash, \
    deal_customer_inputs.matcher_version, deal_customer_inputs.candidates, deal_customer_inputs.matched_at, \
    deal_reviews.deal_id, deal_reviews.submitted_by, deal_reviews.submitted_at, deal_reviews.round, \
    deal_reviews.paused_at, deal_reviews.paused_micros, deal_reviews.info_due_at, deal_reviews.assigned_at, \
    deal_reviews.decided_at, deal_reviews.auto_approved, deal_reviews.appeal_until, territories.code";

/// What is selected of [`Wide`].
#[derive(Debug, Clone, Copy)]
struct Columns;

/// The type in SQL of a row, or of one that need not be there.
type Of<R> = <<R as Selectable<Engine>>::SelectExpression as Expression>::SqlType;

impl Selectable<Engine> for Wide {
    type SelectExpression = Columns;

    fn construct_selection() -> Columns {
        Columns
    }
}

impl Expression for Columns {
    type SqlType = (
        Of<DealRow>,
        Of<DetailsRow>,
        Of<Option<CustomerRow>>,
        Of<Option<ReviewRow>>,
        Nullable<Text>,
    );
}

impl QueryFragment<Engine> for Columns {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Engine>) -> QueryResult<()> {
        out.push_sql(COLUMNS);
        Ok(())
    }
}

/// The many-sided parts of a registration, each a digit of [`Parts`]. Most registrations have few of them, and a statement that
/// finds nothing costs as much as one that finds something: so it is asked first which there are. Whether all rows of a
/// part count is for its own statement to tell.
const LINES: i64 = 1;
const CONTACTS: i64 = 2;
const SITES: i64 = 4;
const REFERENCES: i64 = 8;
const OPEN_INFOS: i64 = 16;
const DECISIONS: i64 = 32;
const WINDOWS: i64 = 64;
const EXTENSIONS: i64 = 128;
const CLOCKS: i64 = 256;

/// Which parts the registration of a row has, as a sum: for one that is read by itself.
#[derive(Debug, Clone, Copy)]
struct Parts;

/// Each part is a subquery that ends at its first row: `EXISTS` PostgreSQL might answer by reading the whole table.
const PARTS: &str = "CAST(\
    COALESCE((SELECT 1 FROM deal_lines WHERE deal_lines.deal_id = deals.id LIMIT 1), 0) \
    + COALESCE((SELECT 2 FROM deal_contacts WHERE deal_contacts.deal_id = deals.id LIMIT 1), 0) \
    + COALESCE((SELECT 4 FROM deal_sites WHERE deal_sites.deal_id = deals.id LIMIT 1), 0) \
    + COALESCE((SELECT 8 FROM external_references WHERE external_references.resource_type = 'deal' \
    AND external_references.resource_id = deals.id LIMIT 1), 0) \
    + COALESCE((SELECT 16 FROM deal_info_requests WHERE deal_info_requests.deal_id = deals.id \
    AND deal_info_requests.status = 'open' LIMIT 1), 0) \
    + COALESCE((SELECT 32 FROM deal_decisions WHERE deal_decisions.deal_id = deals.id LIMIT 1), 0) \
    + COALESCE((SELECT 64 FROM protections WHERE protections.deal_id = deals.id LIMIT 1), 0) \
    + COALESCE((SELECT 128 FROM deal_extensions WHERE deal_extensions.deal_id = deals.id LIMIT 1), 0) \
    + COALESCE((SELECT 256 FROM review_clocks WHERE review_clocks.deal_id = deals.id LIMIT 1), 0) AS BIGINT)";

impl Expression for Parts {
    type SqlType = BigInt;
}

impl QueryFragment<Engine> for Parts {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Engine>) -> QueryResult<()> {
        out.push_sql(PARTS);
        Ok(())
    }
}

/// Text that is the same each time, and names what the query has.
macro_rules! written_out {
    ($($part:ty),+) => {$(
        impl<QS> AppearsOnTable<QS> for $part {}
        impl<QS> SelectableExpression<QS> for $part {}
        impl<GB> ValidGrouping<GB> for $part {
            type IsAggregate = is_aggregate::Never;
        }
        impl QueryId for $part {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }
    )+};
}

written_out!(Columns, Parts);

/// Which parts there are of many registrations. On SQLite by the subqueries of [`Parts`], which follow the indexes whatever is
/// known of the tables; on PostgreSQL, where many small subqueries take as long as the page itself, by a join for each.
struct PartsOf {
    ids: Vec<String>,
    /// The same as JSON, which is how SQLite takes a list as one value.
    json: String,
}

const PARTS_OF: &str = ") \
    SELECT CAST(1 AS BIGINT), wanted.id FROM wanted CROSS JOIN deal_lines WHERE deal_lines.deal_id = wanted.id \
    UNION ALL SELECT 2, wanted.id FROM wanted CROSS JOIN deal_contacts WHERE deal_contacts.deal_id = wanted.id \
    UNION ALL SELECT 4, wanted.id FROM wanted CROSS JOIN deal_sites WHERE deal_sites.deal_id = wanted.id \
    UNION ALL SELECT 8, wanted.id FROM wanted CROSS JOIN external_references \
    WHERE external_references.resource_type = 'deal' AND external_references.resource_id = wanted.id \
    UNION ALL SELECT 16, wanted.id FROM wanted CROSS JOIN deal_info_requests \
    WHERE deal_info_requests.deal_id = wanted.id AND deal_info_requests.status = 'open' \
    UNION ALL SELECT 32, wanted.id FROM wanted CROSS JOIN deal_decisions WHERE deal_decisions.deal_id = wanted.id \
    UNION ALL SELECT 64, wanted.id FROM wanted CROSS JOIN protections WHERE protections.deal_id = wanted.id \
    UNION ALL SELECT 128, wanted.id FROM wanted CROSS JOIN deal_extensions WHERE deal_extensions.deal_id = wanted.id \
    UNION ALL SELECT 256, wanted.id FROM wanted CROSS JOIN review_clocks WHERE review_clocks.deal_id = wanted.id";

impl Query for PartsOf {
    type SqlType = (BigInt, Text);
}

impl<C> RunQueryDsl<C> for PartsOf {}

impl QueryId for PartsOf {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Engine> for PartsOf {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Engine>) -> QueryResult<()> {
        match *out.backend() {
            Engine::Sqlite => {
                out.push_sql("SELECT ");
                out.push_sql(PARTS);
                out.push_sql(", deals.id FROM (SELECT value AS id FROM json_each(");
                out.push_bind_param::<Text, String>(&self.json)?;
                out.push_sql(")) AS deals");
            }
            Engine::Postgres => {
                out.push_sql("WITH wanted(id) AS MATERIALIZED (SELECT unnest(");
                out.push_bind_param::<Array<Text>, Vec<String>>(&self.ids)?;
                out.push_sql(")");
                out.push_sql(PARTS_OF);
            }
        }
        Ok(())
    }
}

/// The rows, each with the parts that there are.
fn with_parts(tx: &mut Tx<'_>, rows: Vec<Wide>) -> Result<Vec<(Wide, i64)>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = rows.iter().map(|row| row.deal.id.to_string()).collect();
    let json = serde_json::to_string(&ids).map_err(Error::internal)?;
    let found: Vec<(i64, DealId)> = PartsOf { ids, json }.load(tx.conn())?;
    let mut parts: BTreeMap<DealId, i64> = BTreeMap::new();
    for (part, id) in found {
        *parts.entry(id).or_default() |= part;
    }
    let parts_of = |row: &Wide| parts.get(&row.deal.id).copied().unwrap_or_default();
    Ok(rows
        .into_iter()
        .map(|row| {
            let parts = parts_of(&row);
            (row, parts)
        })
        .collect())
}

macro_rules! wide {
    () => {
        deals::table
            .inner_join(deal_details::table)
            .left_join(deal_customer_inputs::table)
            .left_join(deal_reviews::table)
            .left_join(territories::table)
    };
}

/// One page of registrations, as the caller sees them.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &DealFilter, paging: &Paging) -> Result<Page<Deal>> {
    let sort = filter.sort.unwrap_or(DealSort::CreatedDescending);
    let mut clause = filter::clause(tx.caller(), filter, sort, tx.now);
    custom_fields::filter(tx, &mut clause, CustomRecord::Deal, "deals.id", filter.custom.as_ref())?;
    let rows = load_page!(tx, wide!() => Wide, clause, sort.order(), paging)?;
    let page = Page::of(rows, paging, |row| (key(sort, &row.deal), row.deal.id.to_string()));
    page.with(|rows| {
        let rows = with_parts(tx, rows)?;
        let registrations = whole(tx, rows)?;
        seen(tx, registrations)
    })
}

/// The registrations as the caller sees them now.
fn seen(tx: &mut Tx<'_>, registrations: Vec<Registration>) -> Result<Vec<Deal>> {
    let (reader, now) = (Reader::of(tx.caller()), tx.now);
    let mut deals: Vec<Deal> = registrations
        .into_iter()
        .map(|registration| registration.seen_by(reader, now))
        .collect();
    custom_fields::shown(tx, CustomRecord::Deal, deals.iter_mut().map(|deal| &mut deal.custom))?;
    Ok(deals)
}

/// The registrations with those ids that the caller may see, as the caller sees them now.
///
/// # Errors
/// What the database reports.
pub fn by_ids(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<BTreeMap<DealId, Deal>> {
    let registrations = find_all(tx, ids)?;
    Ok(seen(tx, registrations)?
        .into_iter()
        .map(|deal| (deal.id, deal))
        .collect())
}

fn key(sort: DealSort, row: &DealRow) -> Key {
    match sort {
        DealSort::Created | DealSort::CreatedDescending => row.created_at.into(),
        DealSort::Updated | DealSort::UpdatedDescending => row.updated_at.into(),
        DealSort::Received | DealSort::ReceivedDescending => row.received_at.unwrap_or(row.created_at).into(),
        DealSort::ReviewDue => row.review_due_at.unwrap_or(row.created_at).into(),
        DealSort::ExpectedClose | DealSort::ExpectedCloseDescending => {
            row.expected_close_on.unwrap_or_else(|| row.created_at.date()).into()
        }
    }
}

/// The registration with that id, if the caller may see it.
///
/// # Errors
/// 404 otherwise.
pub fn find(tx: &mut Tx<'_>, id: DealId) -> Result<Registration> {
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    clause.equals("deals.id", &id);
    let rows: Vec<(Wide, i64)> = wide!()
        .select((Wide::as_select(), Parts))
        .filter(clause)
        .load(tx.conn())?;
    whole(tx, rows)?.pop().ok_or_else(Error::not_found)
}

/// The registration that has that id in another system, if the caller may see it.
///
/// # Errors
/// 404 otherwise.
pub fn find_by_reference(tx: &mut Tx<'_>, reference: &ExternalRef) -> Result<Registration> {
    let id = references::named(tx, Deal::TYPE, reference)?;
    find(tx, id)
}

/// The row of the registration with that id, if the caller may see it: for what needs no more than that it is there.
///
/// # Errors
/// 404 otherwise.
pub fn find_row(tx: &mut Tx<'_>, id: DealId) -> Result<DealRow> {
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    clause.equals("deals.id", &id);
    Ok(deals::table
        .select(DealRow::as_select())
        .filter(clause)
        .first(tx.conn())?)
}

/// Locks the rows of registrations until the end of the transaction, always in the order of their ids, so that two who lock
/// the same ones never wait for each other. `SQLite` has one writer, so there is nothing to lock.
///
/// Whatever decides on a registration, its requests or its sale locks the customer's account first, and then writes the row. So
/// who locks rows and may come to decide takes `lock_to_decide`: with the row alone it would wait for the account, and whoever
/// has the account for the row.
///
/// # Errors
/// What the database reports.
pub fn lock(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<()> {
    tx.hold(
        Lock::NoKeyUpdate,
        deals::table
            .filter(deals::id.eq_any(among(ids)))
            .order(deals::id)
            .select(deals::id),
    )
}

/// [`lock`], after the customers' accounts of the registrations, these in the order of their ids, too.
///
/// # Errors
/// What the database reports.
pub fn lock_to_decide(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<()> {
    let accounts: Vec<Option<AccountId>> = deals::table
        .filter(deals::id.eq_any(among(ids)))
        .select(deals::customer_account_id)
        .load(tx.conn())?;
    let accounts: Vec<AccountId> = accounts.into_iter().flatten().collect();
    customers::lock_all(tx, &accounts)?;
    lock(tx, ids)
}

/// The registrations with those ids that the caller may see, in no order.
///
/// # Errors
/// What the database reports.
pub fn find_all(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<Vec<Registration>> {
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    clause.one_of("deals.id", ids);
    let rows: Vec<Wide> = wide!().select(Wide::as_select()).filter(clause).load(tx.conn())?;
    let rows = with_parts(tx, rows)?;
    whole(tx, rows)
}

/// The registrations of a partner of which something is still to come, with those of one customer account together: drafts,
/// what is before the vendor, and what holds a protection. The partner was found by the caller's own rows.
///
/// # Errors
/// What the database reports.
pub fn unfinished_of(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Vec<DealId>> {
    let now = tx.now;
    let undecided: Vec<ReviewStatus> = OPEN.iter().copied().chain([ReviewStatus::Draft]).collect();
    let mut held = Clause::all();
    held.sql(" AND EXISTS (SELECT 1 FROM protections WHERE protections.deal_id = deals.id AND protections.status IN ('active', 'paused', 'contested') AND protections.ends_at > ")
        .value(&now)
        .sql(")");
    Ok(deals::table
        .filter(deals::partner_id.eq(partner))
        .filter(deals::review_status.eq_any(among(&undecided)).or(held))
        .order((deals::customer_account_id, deals::id))
        .select(deals::id)
        .load(tx.conn())?)
}

/// When each registration was received, and its place among those of its customer. For rules, not for callers.
///
/// # Errors
/// What the database reports.
pub fn places(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<BTreeMap<DealId, (Option<Time>, Option<i64>)>> {
    let rows: Vec<(DealId, Option<Time>, Option<i64>)> = deals::table
        .filter(deals::id.eq_any(among(ids)))
        .select((deals::id, deals::received_at, deals::seq))
        .load(tx.conn())?;
    Ok(rows.into_iter().map(|(id, at, seq)| (id, (at, seq))).collect())
}

/// The rows put together with their many-sided parts: one query for each part that there is, however many rows there are.
fn whole(tx: &mut Tx<'_>, rows: Vec<(Wide, i64)>) -> Result<Vec<Registration>> {
    let with = |part: i64| -> Vec<DealId> {
        let rows = rows.iter().filter(|(_, parts)| parts & part != 0);
        rows.map(|(row, _)| row.deal.id).collect()
    };
    // What only a registration has that was sent in.
    let sent_in_with = |part: i64| -> Vec<DealId> {
        let rows = rows
            .iter()
            .filter(|(row, parts)| parts & part != 0 && (row.deal.received_at.is_some() || row.deal.legacy));
        rows.map(|(row, _)| row.deal.id).collect()
    };
    let mut lines = if_any(tx, &with(LINES), lines)?;
    let mut contacts = if_any(tx, &with(CONTACTS), contacts)?;
    let mut sites = if_any(tx, &with(SITES), sites)?;
    let mut infos = if_any(tx, &sent_in_with(OPEN_INFOS), open_infos)?;
    let mut decisions = if_any(tx, &sent_in_with(DECISIONS), decisions)?;
    let mut windows = if_any(tx, &sent_in_with(WINDOWS), windows)?;
    let mut extensions = if_any(tx, &sent_in_with(EXTENSIONS), extensions)?;
    let mut clocks = if_any(tx, &sent_in_with(CLOCKS), clock_queries::last_clocks)?;
    let mut refs = if_any(tx, &with(REFERENCES), |tx, ids| {
        let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
        references::by_records(tx, Deal::TYPE, &texts)
    })?;
    Ok(rows
        .into_iter()
        .map(|(row, parts)| {
            let id = row.deal.id;
            let references = if parts & REFERENCES == 0 {
                None
            } else {
                refs.remove(&id.to_string())
            };
            Registration {
                deal: row.deal,
                details: row.details,
                customer: row.customer,
                review: row.review,
                clock: clocks.remove(&id),
                territory: row.territory,
                lines: lines.remove(&id).unwrap_or_default(),
                contacts: contacts.remove(&id).unwrap_or_default(),
                sites: sites.remove(&id).unwrap_or_default(),
                references: references.unwrap_or_default(),
                info: infos.remove(&id).and_then(|mut rows| rows.pop()),
                decision: decisions.remove(&id).and_then(|mut rows| rows.pop()),
                windows: windows.remove(&id).unwrap_or_default(),
                extension_count: extensions.remove(&id).unwrap_or_default(),
            }
        })
        .collect())
}

type Many<T> = BTreeMap<DealId, Vec<T>>;

/// What is asked of registrations, if there are any to ask it of.
fn if_any<T: Default>(
    tx: &mut Tx<'_>,
    ids: &[DealId],
    ask: impl FnOnce(&mut Tx<'_>, &[DealId]) -> Result<T>,
) -> Result<T> {
    if ids.is_empty() {
        return Ok(T::default());
    }
    ask(tx, ids)
}

fn lines(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<Many<Line>> {
    let lines: Vec<(LineRow, String)> = deal_lines::table
        .inner_join(products::table)
        .filter(deal_lines::deal_id.eq_any(among(ids)))
        .order((deal_lines::deal_id, deal_lines::position))
        .select((LineRow::as_select(), products::code))
        .load(tx.conn())?;
    Ok(grouped(
        lines
            .into_iter()
            .map(|(row, product)| (row.deal_id, Line { row, product })),
    ))
}

fn contacts(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<Many<ContactRow>> {
    let contacts: Vec<ContactRow> = deal_contacts::table
        .filter(deal_contacts::deal_id.eq_any(among(ids)))
        .order((deal_contacts::deal_id, deal_contacts::position))
        .select(ContactRow::as_select())
        .load(tx.conn())?;
    Ok(grouped(contacts.into_iter().map(|row| (row.deal_id, row))))
}

fn sites(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<Many<SiteRow>> {
    let sites: Vec<SiteRow> = deal_sites::table
        .filter(deal_sites::deal_id.eq_any(among(ids)))
        .order((deal_sites::deal_id, deal_sites::position))
        .select(SiteRow::as_select())
        .load(tx.conn())?;
    Ok(grouped(sites.into_iter().map(|row| (row.deal_id, row))))
}

/// The questions that the partners owe an answer to.
fn open_infos(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<Many<InfoRow>> {
    let infos: Vec<InfoRow> = deal_info_requests::table
        .filter(deal_info_requests::deal_id.eq_any(among(ids)))
        .filter(deal_info_requests::status.eq(InfoRequestStatus::Open))
        .select(InfoRow::as_select())
        .load(tx.conn())?;
    Ok(grouped(infos.into_iter().map(|row| (row.deal_id, row))))
}

/// Only what ended a review or undid its end: steps, extensions and amendments are read at their own addresses.
fn decisions(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<Many<DecisionRow>> {
    let ends = [
        DecisionOutcome::Approved,
        DecisionOutcome::AutoApproved,
        DecisionOutcome::Rejected,
        DecisionOutcome::Revoked,
        DecisionOutcome::Lapsed,
        DecisionOutcome::Superseded,
        DecisionOutcome::Reopened,
        DecisionOutcome::AppealUpheld,
    ];
    let decisions: Vec<DecisionRow> = deal_decisions::table
        .filter(deal_decisions::deal_id.eq_any(among(ids)))
        .filter(deal_decisions::outcome.eq_any(among(ends)))
        .order((deal_decisions::deal_id, deal_decisions::decided_at, deal_decisions::id))
        .select(DecisionRow::as_select())
        .load(tx.conn())?;
    Ok(grouped(decisions.into_iter().map(|row| (row.deal_id, row))))
}

fn windows(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<Many<WindowRow>> {
    let windows: Vec<WindowRow> = protections::table
        .filter(protections::deal_id.eq_any(among(ids)))
        .order((protections::deal_id, protections::starts_at, protections::id))
        .select(WindowRow::as_select())
        .load(tx.conn())?;
    Ok(grouped(windows.into_iter().map(|row| (row.deal_id, row))))
}

/// How many extensions were granted.
fn extensions(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<BTreeMap<DealId, i64>> {
    let extensions: Vec<(DealId, i64)> = deal_extensions::table
        .filter(deal_extensions::deal_id.eq_any(among(ids)))
        .filter(deal_extensions::status.eq("granted"))
        .group_by(deal_extensions::deal_id)
        .select((deal_extensions::deal_id, diesel::dsl::count_star()))
        .load(tx.conn())?;
    Ok(extensions.into_iter().collect())
}

fn grouped<T>(rows: impl Iterator<Item = (DealId, T)>) -> Many<T> {
    let mut groups = Many::new();
    for (id, row) in rows {
        groups.entry(id).or_insert_with(Vec::new).push(row);
    }
    groups
}

/// Stores a new registration, and tells of it.
///
/// # Errors
/// 409 `already_exists` if another registration has one of its external references.
pub fn insert(tx: &mut Tx<'_>, new: Registration, kind: &'static str) -> Result<Registration> {
    store(tx, &new)?;
    tell_new(tx, &new, kind)?;
    Ok(new)
}

/// Tells of a registration that was stored.
///
/// # Errors
/// What the database reports.
pub fn tell_new(tx: &mut Tx<'_>, new: &Registration, kind: &'static str) -> Result<()> {
    let now = tx.now;
    tx.record(Fact::created_as(kind, |vendor| told(new, vendor, now)))
}

/// What events tell each side of a registration. Of custom fields each reader is shown those that it sees when it reads the
/// event.
fn told(registration: &Registration, vendor: bool, now: Time) -> Deal {
    registration.clone().seen_by(Reader::on(vendor), now)
}

fn change(kind: &'static str, before: &Registration, after: &Registration, now: Time) -> Fact {
    Fact::changed_as(
        kind,
        |vendor| told(before, vendor, now),
        |vendor| told(after, vendor, now),
    )
}

/// Writes every row of a new registration, without telling of it: for imports, which tell by batch.
///
/// # Errors
/// As [`insert`].
pub fn store(tx: &mut Tx<'_>, new: &Registration) -> Result<()> {
    let id = new.deal.id.to_string();
    tx.add(diesel::insert_into(deals::table).values(&new.deal))?;
    tx.add(diesel::insert_into(deal_details::table).values(&new.details))?;
    if let Some(row) = &new.customer {
        tx.add(diesel::insert_into(deal_customer_inputs::table).values(row))?;
    }
    if let Some(row) = &new.review {
        tx.add(diesel::insert_into(deal_reviews::table).values(row))?;
    }
    if let Some(clock) = &new.clock {
        clock_queries::add_clock(tx, clock)?;
    }
    for line in &new.lines {
        tx.add(diesel::insert_into(deal_lines::table).values(&line.row))?;
    }
    for row in &new.contacts {
        tx.add(diesel::insert_into(deal_contacts::table).values(row))?;
    }
    for row in &new.sites {
        tx.add(diesel::insert_into(deal_sites::table).values(row))?;
    }
    custom_fields::keep(tx, CustomRecord::Deal, &id, None, &new.deal.custom.0)?;
    references::give(tx, Deal::TYPE, &id, &new.references)
}

/// Stores a changed registration over the revision it was read at, and tells of it by an event of that kind.
/// Only the parts that differ are written. Decisions, questions and protections have their own writers.
///
/// # Errors
/// 412 if it was changed meanwhile; 409 `already_exists` if another registration has one of its external references.
pub fn save(tx: &mut Tx<'_>, before: &Registration, after: Registration, kind: &'static str) -> Result<Registration> {
    write(tx, before, &after)?;
    tell(tx, before, &after, kind)?;
    Ok(after)
}

/// [`save`] with the reason for the audit trail.
///
/// # Errors
/// As [`save`].
pub fn save_because(
    tx: &mut Tx<'_>,
    before: &Registration,
    after: Registration,
    kind: &'static str,
    reason: &str,
) -> Result<Registration> {
    write(tx, before, &after)?;
    tell_because(tx, before, &after, kind, reason)?;
    Ok(after)
}

/// Tells of a change that was written.
///
/// # Errors
/// What the database reports.
pub fn tell(tx: &mut Tx<'_>, before: &Registration, after: &Registration, kind: &'static str) -> Result<()> {
    let fact = change(kind, before, after, tx.now);
    tx.record(fact)
}

/// Tells the vendor of something about a registration that does not change it and is no partner's business.
///
/// # Errors
/// What the database reports.
pub fn tell_vendor(tx: &mut Tx<'_>, registration: &Registration, kind: &'static str) -> Result<()> {
    let fact = change(kind, registration, registration, tx.now);
    tx.record(Fact {
        audience: Vec::new(),
        ..fact
    })
}

/// [`tell`] with the reason for the audit trail.
///
/// # Errors
/// What the database reports.
pub fn tell_because(
    tx: &mut Tx<'_>,
    before: &Registration,
    after: &Registration,
    kind: &'static str,
    reason: &str,
) -> Result<()> {
    let fact = change(kind, before, after, tx.now);
    tx.record(fact.because(reason))
}

/// Tells the partner of another registration that an overlapping scope was granted elsewhere: its own registration, as it
/// is, and nothing of the other. The caller need not see that partner.
///
/// # Errors
/// 404 if there is no such registration.
pub fn tell_of_loss(tx: &mut Tx<'_>, id: DealId) -> Result<()> {
    let rows: Vec<(Wide, i64)> = wide!()
        .select((Wide::as_select(), Parts))
        .filter(deals::id.eq(id))
        .load(tx.conn())?;
    let registration = whole(tx, rows)?.pop().ok_or_else(Error::not_found)?;
    let fact = change("deal.scope_granted_elsewhere", &registration, &registration, tx.now);
    tx.record(fact)
}

/// Writes the parts of a registration that differ over the revision it was read at, without telling of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn write(tx: &mut Tx<'_>, before: &Registration, after: &Registration) -> Result<()> {
    let id = before.deal.id;
    revise!(
        tx,
        deals::table,
        deals::revision,
        (id, before.deal.revision),
        &before.deal => &after.deal
    )?;
    if before.details != after.details {
        diesel::update(deal_details::table.find(id))
            .set(&after.details)
            .execute(tx.conn())?;
    }
    if before.customer != after.customer {
        diesel::delete(deal_customer_inputs::table.find(id)).execute(tx.conn())?;
        if let Some(row) = &after.customer {
            diesel::insert_into(deal_customer_inputs::table)
                .values(row)
                .execute(tx.conn())?;
        }
    }
    if before.review != after.review {
        diesel::delete(deal_reviews::table.find(id)).execute(tx.conn())?;
        if let Some(row) = &after.review {
            diesel::insert_into(deal_reviews::table)
                .values(row)
                .execute(tx.conn())?;
        }
    }
    clock_queries::save_clock(tx, before.clock.as_ref(), after.clock.as_ref())?;
    // Each at once: rows that are kept back for a stored registration would go before those of new ones, and take theirs along.
    if before.lines != after.lines {
        diesel::delete(deal_lines::table.filter(deal_lines::deal_id.eq(id))).execute(tx.conn())?;
        for line in &after.lines {
            diesel::insert_into(deal_lines::table)
                .values(&line.row)
                .execute(tx.conn())?;
        }
    }
    if before.contacts != after.contacts {
        diesel::delete(deal_contacts::table.filter(deal_contacts::deal_id.eq(id))).execute(tx.conn())?;
        for row in &after.contacts {
            diesel::insert_into(deal_contacts::table)
                .values(row)
                .execute(tx.conn())?;
        }
    }
    if before.sites != after.sites {
        diesel::delete(deal_sites::table.filter(deal_sites::deal_id.eq(id))).execute(tx.conn())?;
        for row in &after.sites {
            diesel::insert_into(deal_sites::table).values(row).execute(tx.conn())?;
        }
    }
    let (known, custom) = (&before.deal.custom.0, &after.deal.custom.0);
    custom_fields::keep(tx, CustomRecord::Deal, &id.to_string(), Some(known), custom)?;
    if before.references != after.references {
        references::set(tx, Deal::TYPE, &id.to_string(), &after.references)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_that_are_written_out_are_those_of_the_rows() {
        let by_diesel = wide!().select((
            <DealRow as Selectable<Engine>>::construct_selection(),
            <DetailsRow as Selectable<Engine>>::construct_selection(),
            <Option<CustomerRow> as Selectable<Engine>>::construct_selection(),
            <Option<ReviewRow> as Selectable<Engine>>::construct_selection(),
            territories::code.nullable(),
        ));
        let text = diesel::debug_query::<Engine, _>(&by_diesel)
            .to_string()
            .replace('`', "");
        let columns = text.strip_prefix("SELECT ").and_then(|text| text.split_once(" FROM "));
        assert_eq!(columns.map(|(columns, _)| columns), Some(COLUMNS));
    }

    #[test]
    fn the_parts_are_asked_for_by_the_words_that_are_stored() {
        let words = [
            format!("resource_type = '{}'", Deal::TYPE),
            format!("status = '{}'", InfoRequestStatus::Open),
        ];
        let parts = [
            LINES, CONTACTS, SITES, REFERENCES, OPEN_INFOS, DECISIONS, WINDOWS, EXTENSIONS, CLOCKS,
        ];
        for text in [PARTS, PARTS_OF] {
            assert!(words.iter().all(|word| text.contains(word)), "{text}");
            assert_eq!(text.matches("SELECT ").count(), parts.len());
            for part in parts {
                let ways = [
                    format!("SELECT {part} "),
                    format!("SELECT {part},"),
                    format!("CAST({part} AS"),
                ];
                assert!(ways.iter().any(|way| text.contains(way)), "{part} in {text}");
            }
        }
    }
}
