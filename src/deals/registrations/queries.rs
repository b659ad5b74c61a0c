//! Registrations as they are found, listed, stored and told of. Every read starts from the rows that the caller may see; what
//! is read stands in [`wide_queries`](super::wide_queries) and [`parts_queries`](super::parts_queries).

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::{
    clock_queries, filter,
    model::Deal,
    parts_queries::{Parts, whole, with_parts},
    requests::{DealFilter, DealSort},
    rows::{DealRow, Registration},
    states::{OPEN, ReviewStatus},
    view::Reader,
    wide_queries::{Wide, wide},
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
    schema::{deal_contacts, deal_customer_inputs, deal_details, deal_lines, deal_reviews, deal_sites, deals},
};

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

/// [`lock`], after the customers' accounts of the registrations and some that others will be tied to, these in the order of their
/// ids, too. Answers the accounts; one that is not there any more is left out.
///
/// # Errors
/// What the database reports.
pub fn lock_to_decide(
    tx: &mut Tx<'_>,
    ids: &[DealId],
    mut accounts: BTreeSet<AccountId>,
) -> Result<Vec<customers::Locked>> {
    if ids.is_empty() {
        return customers::lock_present(tx, &accounts);
    }
    let present: Vec<Option<AccountId>> = deals::table
        .filter(deals::id.eq_any(among(ids)))
        .select(deals::customer_account_id)
        .load(tx.conn())?;
    accounts.extend(present.into_iter().flatten());
    let locked = customers::lock_present(tx, &accounts)?;
    lock(tx, ids)?;
    Ok(locked)
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
        let row = |details| diesel::update(deal_details::table.find(id)).set(details);
        tx.conn().execute_change(&row(&before.details), &row(&after.details))?;
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
