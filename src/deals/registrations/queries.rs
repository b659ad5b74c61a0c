//! The only file that knows the tables of registrations. Every read starts from the rows that the caller may see.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{
    clock::ReviewClock,
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
    db::{Clause, Lock, Tx, among},
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
#[derive(Queryable, Selectable)]
#[diesel(table_name = deals)]
struct Wide {
    #[diesel(embed)]
    deal: DealRow,
    #[diesel(embed)]
    details: DetailsRow,
    #[diesel(embed)]
    customer: Option<CustomerRow>,
    #[diesel(embed)]
    review: Option<ReviewRow>,
    #[diesel(select_expression = territories::code.nullable())]
    #[diesel(select_expression_type = diesel::dsl::Nullable<territories::code>)]
    territory: Option<String>,
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
    let rows: Vec<Wide> = wide!().select(Wide::as_select()).filter(clause).load(tx.conn())?;
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

/// The rows put together with their many-sided parts: one query for each part, however many rows there are.
fn whole(tx: &mut Tx<'_>, rows: Vec<Wide>) -> Result<Vec<Registration>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<DealId> = rows.iter().map(|row| row.deal.id).collect();
    let lines: Vec<(LineRow, String)> = deal_lines::table
        .inner_join(products::table)
        .filter(deal_lines::deal_id.eq_any(among(&ids)))
        .order((deal_lines::deal_id, deal_lines::position))
        .select((LineRow::as_select(), products::code))
        .load(tx.conn())?;
    let mut lines = grouped(
        lines
            .into_iter()
            .map(|(row, product)| (row.deal_id, Line { row, product })),
    );
    let contacts: Vec<ContactRow> = deal_contacts::table
        .filter(deal_contacts::deal_id.eq_any(among(&ids)))
        .order((deal_contacts::deal_id, deal_contacts::position))
        .select(ContactRow::as_select())
        .load(tx.conn())?;
    let mut contacts = grouped(contacts.into_iter().map(|row| (row.deal_id, row)));
    let sites: Vec<SiteRow> = deal_sites::table
        .filter(deal_sites::deal_id.eq_any(among(&ids)))
        .order((deal_sites::deal_id, deal_sites::position))
        .select(SiteRow::as_select())
        .load(tx.conn())?;
    let mut sites = grouped(sites.into_iter().map(|row| (row.deal_id, row)));
    let sent_in: Vec<DealId> = rows
        .iter()
        .filter(|row| row.deal.received_at.is_some() || row.deal.legacy)
        .map(|row| row.deal.id)
        .collect();
    let Reviewed {
        mut infos,
        mut decisions,
        mut windows,
        mut extensions,
        mut clocks,
    } = if sent_in.is_empty() {
        Reviewed::default()
    } else {
        reviewed(tx, &sent_in)?
    };
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let mut refs = references::by_records(tx, Deal::TYPE, &texts)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let id = row.deal.id;
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
                references: refs.remove(&id.to_string()).unwrap_or_default(),
                info: infos.remove(&id).and_then(|mut rows: Vec<InfoRow>| rows.pop()),
                decision: decisions.remove(&id).and_then(|mut rows: Vec<DecisionRow>| rows.pop()),
                windows: windows.remove(&id).unwrap_or_default(),
                extension_count: extensions.remove(&id).unwrap_or_default(),
            }
        })
        .collect())
}

type Many<T> = BTreeMap<DealId, Vec<T>>;

/// What only a registration has that was sent in.
#[derive(Default)]
struct Reviewed {
    infos: Many<InfoRow>,
    decisions: Many<DecisionRow>,
    windows: Many<WindowRow>,
    /// How many extensions were granted.
    extensions: BTreeMap<DealId, i64>,
    clocks: BTreeMap<DealId, ReviewClock>,
}

/// Open questions, decisions, protections and the number of their extensions.
fn reviewed(tx: &mut Tx<'_>, ids: &[DealId]) -> Result<Reviewed> {
    let infos: Vec<InfoRow> = deal_info_requests::table
        .filter(deal_info_requests::deal_id.eq_any(among(ids)))
        .filter(deal_info_requests::status.eq(InfoRequestStatus::Open))
        .select(InfoRow::as_select())
        .load(tx.conn())?;
    // Only what ended a review or undid its end: steps, extensions and amendments are read at their own addresses.
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
    let windows: Vec<WindowRow> = protections::table
        .filter(protections::deal_id.eq_any(among(ids)))
        .order((protections::deal_id, protections::starts_at, protections::id))
        .select(WindowRow::as_select())
        .load(tx.conn())?;
    let extensions: Vec<(DealId, i64)> = deal_extensions::table
        .filter(deal_extensions::deal_id.eq_any(among(ids)))
        .filter(deal_extensions::status.eq("granted"))
        .group_by(deal_extensions::deal_id)
        .select((deal_extensions::deal_id, diesel::dsl::count_star()))
        .load(tx.conn())?;
    Ok(Reviewed {
        infos: grouped(infos.into_iter().map(|row| (row.deal_id, row))),
        decisions: grouped(decisions.into_iter().map(|row| (row.deal_id, row))),
        windows: grouped(windows.into_iter().map(|row| (row.deal_id, row))),
        extensions: extensions.into_iter().collect(),
        clocks: clock_queries::last_clocks(tx, ids)?,
    })
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
    diesel::insert_into(deals::table).values(&new.deal).execute(tx.conn())?;
    diesel::insert_into(deal_details::table)
        .values(&new.details)
        .execute(tx.conn())?;
    if let Some(row) = &new.customer {
        diesel::insert_into(deal_customer_inputs::table)
            .values(row)
            .execute(tx.conn())?;
    }
    if let Some(row) = &new.review {
        diesel::insert_into(deal_reviews::table)
            .values(row)
            .execute(tx.conn())?;
    }
    clock_queries::save_clock(tx, None, new.clock.as_ref())?;
    insert_lines(tx, &new.lines)?;
    insert_contacts(tx, &new.contacts)?;
    insert_sites(tx, &new.sites)?;
    custom_fields::keep(tx, CustomRecord::Deal, &id, None, &new.deal.custom.0)?;
    references::give(tx, Deal::TYPE, &id, &new.references)
}

// Row by row: SQLite takes a batch of rows with defaults only one by one, and a registration has few.
fn insert_lines(tx: &mut Tx<'_>, lines: &[Line]) -> Result<()> {
    for line in lines {
        diesel::insert_into(deal_lines::table)
            .values(&line.row)
            .execute(tx.conn())?;
    }
    Ok(())
}

fn insert_contacts(tx: &mut Tx<'_>, rows: &[ContactRow]) -> Result<()> {
    for row in rows {
        diesel::insert_into(deal_contacts::table)
            .values(row)
            .execute(tx.conn())?;
    }
    Ok(())
}

fn insert_sites(tx: &mut Tx<'_>, rows: &[SiteRow]) -> Result<()> {
    for row in rows {
        diesel::insert_into(deal_sites::table).values(row).execute(tx.conn())?;
    }
    Ok(())
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
    let rows: Vec<Wide> = wide!()
        .select(Wide::as_select())
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
    if before.lines != after.lines {
        diesel::delete(deal_lines::table.filter(deal_lines::deal_id.eq(id))).execute(tx.conn())?;
        insert_lines(tx, &after.lines)?;
    }
    if before.contacts != after.contacts {
        diesel::delete(deal_contacts::table.filter(deal_contacts::deal_id.eq(id))).execute(tx.conn())?;
        insert_contacts(tx, &after.contacts)?;
    }
    if before.sites != after.sites {
        diesel::delete(deal_sites::table.filter(deal_sites::deal_id.eq(id))).execute(tx.conn())?;
        insert_sites(tx, &after.sites)?;
    }
    let (known, custom) = (&before.deal.custom.0, &after.deal.custom.0);
    custom_fields::keep(tx, CustomRecord::Deal, &id.to_string(), Some(known), custom)?;
    if before.references != after.references {
        references::set(tx, Deal::TYPE, &id.to_string(), &after.references)?;
    }
    Ok(())
}
