//! The only file that knows the tables of partners, their types, territories and changes of status.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{
    account_managers, domains, invitations,
    model::{Partner, PartnerFilter, PartnerSort, PartnerStatus, PartnerType, Registration},
    rows::PartnerRow,
};
use crate::{
    auth::Actor,
    custom_fields::{self, CustomRecord},
    db::{Clause, Lock, Tx, among},
    error::{Error, Result, codes},
    events::Fact,
    http::Resource as _,
    kernel::{
        Time,
        ids::{PartnerId, TerritoryId},
        page::{Key, Page, Paging},
        words::fold,
    },
    load_page,
    programs::specialisations,
    references::{self, ExternalRef},
    revise,
    schema::{
        partner_status_changes, partner_territories, partner_types,
        partners::{self, table},
    },
    tags,
};

/// One page of the partners that the caller may see.
///
/// # Errors
/// 400 if one half of an external reference is asked for; what the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &PartnerFilter, paging: &Paging) -> Result<Page<Partner>> {
    let sort = filter.sort.unwrap_or(PartnerSort::Name);
    let clause = wanted(tx, filter)?;
    let rows = load_page!(tx, table => PartnerRow, clause, sort.order(), paging)?;
    let rows = Page::of(rows, paging, |row| (key(sort, row), row.id.to_string()));
    rows.with(|rows| assemble(tx, rows))
}

/// A partner by its name: what a report says of it besides its figures.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = partners)]
pub struct NamedPartner {
    /// The partner.
    pub id: PartnerId,
    /// What it is called.
    pub legal_name: String,
    name_key: String,
}

/// One page of the partners that the caller may see, or of those of them that are asked for, by their names.
///
/// # Errors
/// What the database reports.
pub fn page_by_name(tx: &mut Tx<'_>, only: Option<&Vec<PartnerId>>, paging: &Paging) -> Result<Page<NamedPartner>> {
    let mut clause = Clause::rows_of(tx.caller(), "partners.id");
    clause.one_of_some("partners.id", only);
    let rows = load_page!(tx, table => NamedPartner, clause, PartnerSort::Name.order(), paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.name_key.as_str().into(), row.id.to_string())
    }))
}

/// Those partners that the caller may see, by their names.
///
/// # Errors
/// What the database reports.
pub(super) fn named_by_ids(tx: &mut Tx<'_>, ids: &[PartnerId]) -> Result<Vec<NamedPartner>> {
    let mut clause = Clause::rows_of(tx.caller(), "partners.id");
    clause.one_of("partners.id", ids);
    Ok(table.filter(clause).select(NamedPartner::as_select()).load(tx.conn())?)
}

fn wanted(tx: &mut Tx<'_>, filter: &PartnerFilter) -> Result<Clause> {
    let mut clause = Clause::rows_of(tx.caller(), "partners.id");
    clause
        .one_of_some("partners.country", filter.country.as_ref())
        .equals_some("partners.parent_id", filter.parent_id.as_ref())
        .at_least("partners.updated_at", filter.updated_since.as_ref());
    if let Some(wanted) = &filter.status {
        standing(&mut clause, wanted, tx.now);
    }
    if let Some(types) = &filter.r#type {
        clause
            .sql(" AND EXISTS (SELECT 1 FROM partner_types WHERE partner_types.partner_id = partners.id")
            .one_of("partner_types.partner_type", types)
            .sql(")");
    }
    if let Some(territory) = filter.territory_id {
        clause
            .sql(" AND EXISTS (SELECT 1 FROM partner_territories JOIN territory_closure ON territory_closure.descendant_id = partner_territories.territory_id")
            .sql(" WHERE partner_territories.partner_id = partners.id")
            .equals("territory_closure.ancestor_id", &territory)
            .sql(")");
    }
    if let Some(user) = filter.account_manager_id {
        account_managers::looked_after_by(&mut clause, "partners.id", user, tx.now);
    }
    if let Some(codes) = &filter.specialisation {
        specialisations::held(&mut clause, "partners.id", codes, tx.now);
    }
    if let Some(domain) = &filter.domain {
        domains::verified_as(&mut clause, "partners.id", domain);
    }
    if let Some(q) = &filter.q {
        clause.begins_with("partners.name_key", &fold(q));
    }
    custom_fields::filter(
        tx,
        &mut clause,
        CustomRecord::Partner,
        "partners.id",
        filter.custom.as_ref(),
    )?;
    // Tags and foreign ids are the vendor's: nobody else finds anything by them.
    if let Some(wanted) = &filter.tag {
        if tx.caller().is_vendor() {
            tags::tagged(&mut clause, Partner::TYPE, "partners.id", wanted);
        } else {
            clause.sql(" AND FALSE");
        }
    }
    match (&filter.external_system, &filter.external_id) {
        (None, None) => {}
        (Some(system), Some(id)) => {
            let reference = references::ExternalRef {
                system: system.clone(),
                id: id.clone(),
            };
            let holder = references::holder(tx, Partner::TYPE, &reference)?.filter(|_| tx.caller().is_vendor());
            clause.one_of("partners.id", holder.as_slice());
        }
        (Some(_), None) => return Err(half("external_id")),
        (None, Some(_)) => return Err(half("external_system")),
    }
    Ok(clause)
}

fn half(missing: &str) -> Error {
    let detail = format!("`external_system` and `external_id` name a record together; add `{missing}`.");
    Error::contradicts(format!("query:{missing}"), "required", detail)
}

/// And: the partner stands in one of these states at `now`. An invitation expires by the clock, not by a flag.
fn standing(clause: &mut Clause, wanted: &[PartnerStatus], now: Time) {
    const OPEN: &str = "EXISTS (SELECT 1 FROM partner_invitations WHERE partner_invitations.partner_id = partners.id AND partner_invitations.state = 'open' AND partner_invitations.expires_at > ";
    let plain: Vec<PartnerStatus> = wanted
        .iter()
        .copied()
        .filter(|status| *status != PartnerStatus::Invited)
        .collect();
    let invited = wanted.contains(&PartnerStatus::Invited);
    let expired = wanted.contains(&PartnerStatus::InviteExpired);
    if !invited && !expired {
        clause.one_of("partners.status", wanted);
        return;
    }
    clause.and("(FALSE");
    for status in &plain {
        clause.sql(" OR partners.status = ").value(status);
    }
    if invited {
        clause
            .sql(" OR (partners.status = 'invited' AND ")
            .sql(OPEN)
            .value(&now)
            .sql("))");
    }
    if expired {
        clause
            .sql(" OR (partners.status = 'invited' AND NOT ")
            .sql(OPEN)
            .value(&now)
            .sql("))");
    }
    clause.sql(")");
}

fn key(sort: PartnerSort, row: &PartnerRow) -> Key {
    match sort {
        PartnerSort::Name | PartnerSort::NameDescending => row.name_key.as_str().into(),
        PartnerSort::Created | PartnerSort::CreatedDescending => row.created_at.into(),
        PartnerSort::Updated | PartnerSort::UpdatedDescending => row.updated_at.into(),
    }
}

/// Adds to the rows what other tables hold: one query for each table, however many rows.
fn assemble(tx: &mut Tx<'_>, rows: Vec<PartnerRow>) -> Result<Vec<Partner>> {
    let ids: Vec<PartnerId> = rows.iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let mut types = types_of(tx, &ids)?;
    let mut territories = territories_of(tx, &ids)?;
    let mut tags = tags::by_records(tx, Partner::TYPE, &texts)?;
    let mut references = references::by_records(tx, Partner::TYPE, &texts)?;
    let now = tx.now;
    let managers = account_managers::primary_of(tx, &ids, now)?;
    let invited: Vec<PartnerId> = rows
        .iter()
        .filter(|row| row.status == PartnerStatus::Invited)
        .map(|row| row.id)
        .collect();
    let invitations = invitations::ends_of(tx, &invited)?;
    let partners = rows.into_iter().zip(texts).map(|(row, text)| {
        let mut partner = row.alone();
        partner.types = types.remove(&partner.id).unwrap_or_default();
        partner.territory_ids = territories.remove(&partner.id).unwrap_or_default();
        partner.tags = Some(tags.remove(&text).unwrap_or_default());
        partner.external_refs = Some(references.remove(&text).unwrap_or_default());
        partner.account_manager_id = managers.get(&partner.id).copied();
        if partner.status == PartnerStatus::Invited {
            let end = invitations.get(&partner.id).copied().unwrap_or(partner.status_since);
            if end <= now {
                (partner.status, partner.status_since) = (PartnerStatus::InviteExpired, end);
            }
        }
        partner
    });
    Ok(partners.collect())
}

fn types_of(tx: &mut Tx<'_>, partners: &[PartnerId]) -> Result<BTreeMap<PartnerId, Vec<PartnerType>>> {
    let rows: Vec<(PartnerId, PartnerType)> = partner_types::table
        .filter(partner_types::partner_id.eq_any(among(partners)))
        .select((partner_types::partner_id, partner_types::partner_type))
        .load(tx.conn())?;
    Ok(grouped(rows))
}

fn territories_of(tx: &mut Tx<'_>, partners: &[PartnerId]) -> Result<BTreeMap<PartnerId, Vec<TerritoryId>>> {
    let rows: Vec<(PartnerId, TerritoryId)> = partner_territories::table
        .filter(partner_territories::partner_id.eq_any(among(partners)))
        .select((partner_territories::partner_id, partner_territories::territory_id))
        .load(tx.conn())?;
    Ok(grouped(rows))
}

fn grouped<V: Ord>(rows: Vec<(PartnerId, V)>) -> BTreeMap<PartnerId, Vec<V>> {
    let mut groups: BTreeMap<PartnerId, Vec<V>> = BTreeMap::new();
    for (partner, value) in rows {
        groups.entry(partner).or_default().push(value);
    }
    groups.values_mut().for_each(|values| values.sort_unstable());
    groups
}

/// The partner with that id, if the caller may see it, whole: what partners do not see is taken away when it is shown.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: PartnerId) -> Result<Partner> {
    let mut clause = Clause::rows_of(tx.caller(), "partners.id");
    clause.equals("partners.id", &id);
    one(tx, clause)
}

/// The partner that has that id in another system, if the caller may see it, whole.
///
/// # Errors
/// 404 if there is none.
pub fn find_by_reference(tx: &mut Tx<'_>, reference: &ExternalRef) -> Result<Partner> {
    let id = references::named(tx, Partner::TYPE, reference)?;
    find(tx, id)
}

/// Locks the partner's row until the end of the transaction, so that of several changes at once each sees the one before.
/// `SQLite` has one writer, so there is nothing to lock.
///
/// # Errors
/// What the database reports.
pub fn lock(tx: &mut Tx<'_>, id: PartnerId) -> Result<()> {
    tx.hold(Lock::NoKeyUpdate, table.find(id).select(partners::id))
}

/// The partners with those ids that the caller may see, whole, in no order.
///
/// # Errors
/// What the database reports.
pub(super) fn find_all(tx: &mut Tx<'_>, ids: &[PartnerId]) -> Result<Vec<Partner>> {
    let mut clause = Clause::rows_of(tx.caller(), "partners.id");
    clause.one_of("partners.id", ids);
    let rows: Vec<PartnerRow> = table.filter(clause).select(PartnerRow::as_select()).load(tx.conn())?;
    assemble(tx, rows)
}

/// The partner with that id, whoever asks: for acts that a secret permits, as an invitation does.
///
/// # Errors
/// 404 if there is none.
pub(super) fn find_by_secret(tx: &mut Tx<'_>, id: PartnerId) -> Result<Partner> {
    let mut clause = Clause::all();
    clause.equals("partners.id", &id);
    one(tx, clause)
}

fn one(tx: &mut Tx<'_>, clause: Clause) -> Result<Partner> {
    let row = table
        .filter(clause)
        .select(PartnerRow::as_select())
        .first::<PartnerRow>(tx.conn())?;
    assemble(tx, vec![row])?.pop().ok_or_else(Error::not_found)
}

/// The status of a partner that the caller may see, as it is stored: without the rest, for guards.
///
/// # Errors
/// 404 if there is none.
pub fn status(tx: &mut Tx<'_>, id: PartnerId) -> Result<PartnerStatus> {
    let mut clause = Clause::rows_of(tx.caller(), "partners.id");
    clause.equals("partners.id", &id);
    Ok(table.filter(clause).select(partners::status).first(tx.conn())?)
}

/// The partner that has this entry of a register, live ones before others, the latest before earlier ones.
///
/// # Errors
/// What the database reports.
pub(super) fn by_registration(tx: &mut Tx<'_>, entry: &Registration) -> Result<Option<Partner>> {
    let mut clause = Clause::all();
    clause
        .equals("partners.registration_authority", &entry.authority)
        .equals("partners.registration_key", &entry.key())
        .and("partners.status <> 'merged'");
    let rows: Vec<PartnerRow> = table
        .filter(clause)
        .order(partners::created_at.desc())
        .select(PartnerRow::as_select())
        .load(tx.conn())?;
    let live = rows.iter().position(|row| row.status.is_live()).unwrap_or(0);
    let row: Vec<PartnerRow> = rows.into_iter().skip(live).take(1).collect();
    Ok(assemble(tx, row)?.pop())
}

/// Stores a new partner, and tells of it. One that begins active or suspended needs its account manager stored before.
///
/// # Errors
/// 409 `duplicate_partner` if another live partner has its registration number, `unknown_reference` for a parent or
/// territory that does not exist.
pub fn insert(tx: &mut Tx<'_>, partner: Partner, kind: &'static str) -> Result<Partner> {
    let row = PartnerRow::from(&partner);
    check_parent(tx, &partner)?;
    let stored = tx.attempt(|tx| Ok(diesel::insert_into(table).values(&row).execute(tx.conn())?));
    explain(tx, stored, &partner)?;
    write_types(tx, &partner)?;
    write_territories(tx, &partner)?;
    let id = partner.id.to_string();
    custom_fields::keep(tx, CustomRecord::Partner, &id, None, &partner.custom)?;
    tags::set(tx, Partner::TYPE, &id, partner.tags.as_deref().unwrap_or_default())?;
    references::set(
        tx,
        Partner::TYPE,
        &id,
        partner.external_refs.as_deref().unwrap_or_default(),
    )?;
    note_status(tx, None, &partner)?;
    tx.record(Fact::created(kind, &partner))?;
    Ok(partner)
}

/// Stores a changed partner over the revision it was read at, notes a change of its status, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile, otherwise as [`insert`]; 409 if nobody would look after an active partner.
pub fn save(tx: &mut Tx<'_>, before: &Partner, after: Partner, kind: &'static str) -> Result<Partner> {
    let (was, row) = (PartnerRow::from(before), PartnerRow::from(&after));
    if before.parent_id != after.parent_id {
        check_parent(tx, &after)?;
    }
    let saved = tx.attempt(|tx| revise!(tx, table, partners::revision, (before.id, before.revision), &was => &row));
    explain(tx, saved, &after)?;
    if before.types != after.types {
        write_types(tx, &after)?;
    }
    if before.territory_ids != after.territory_ids {
        write_territories(tx, &after)?;
    }
    let id = after.id.to_string();
    custom_fields::keep(tx, CustomRecord::Partner, &id, Some(&before.custom), &after.custom)?;
    if before.tags != after.tags {
        tags::set(tx, Partner::TYPE, &id, after.tags.as_deref().unwrap_or_default())?;
    }
    if before.external_refs != after.external_refs {
        references::set(
            tx,
            Partner::TYPE,
            &id,
            after.external_refs.as_deref().unwrap_or_default(),
        )?;
    }
    if before.status != after.status {
        note_status(tx, Some(before.status), &after)?;
    }
    let fact = Fact::changed(kind, before, &after);
    tx.record(match &after.status_reason_text {
        Some(reason) if before.status != after.status => fact.because(reason.clone()),
        _ => fact,
    })?;
    Ok(after)
}

/// A parent must exist, be visible to the caller, and not lie below the partner itself.
fn check_parent(tx: &mut Tx<'_>, partner: &Partner) -> Result<()> {
    let Some(parent) = partner.parent_id else { return Ok(()) };
    let unknown = |_| {
        Error::unknown_reference(
            "#/parent_id",
            "There is no such partner; name one that exists, or null.",
        )
    };
    status(tx, parent).map_err(unknown)?;
    let mut above = Some(parent);
    while let Some(id) = above {
        if id == partner.id {
            return Err(Error::new(&codes::CONFLICT)
                .detail("The partner would own itself; choose another parent.")
                .fault(
                    "#/parent_id",
                    "tree_circle",
                    "This partner lies below the one that is changed.",
                ));
        }
        above = table
            .find(id)
            .select(partners::parent_id)
            .first::<Option<PartnerId>>(tx.conn())?;
    }
    Ok(())
}

fn write_types(tx: &mut Tx<'_>, partner: &Partner) -> Result<()> {
    diesel::delete(partner_types::table.filter(partner_types::partner_id.eq(partner.id))).execute(tx.conn())?;
    for one in &partner.types {
        let row = (
            partner_types::partner_id.eq(partner.id),
            partner_types::partner_type.eq(*one),
        );
        diesel::insert_into(partner_types::table)
            .values(row)
            .execute(tx.conn())?;
    }
    Ok(())
}

fn write_territories(tx: &mut Tx<'_>, partner: &Partner) -> Result<()> {
    diesel::delete(partner_territories::table.filter(partner_territories::partner_id.eq(partner.id)))
        .execute(tx.conn())?;
    for one in &partner.territory_ids {
        let row = (
            partner_territories::partner_id.eq(partner.id),
            partner_territories::territory_id.eq(*one),
        );
        tx.attempt(|tx| {
            Ok(diesel::insert_into(partner_territories::table)
                .values(row)
                .execute(tx.conn())?)
        })
        .map_err(|error| {
            error.when(&codes::UNKNOWN_REFERENCE, || {
                Error::unknown_reference(
                    "#/territory_ids",
                    format!("There is no territory {one}; name territories that exist."),
                )
            })
        })?;
    }
    Ok(())
}

fn note_status(tx: &mut Tx<'_>, from: Option<PartnerStatus>, partner: &Partner) -> Result<()> {
    use partner_status_changes as changes;
    let actor = tx.caller();
    let last: Option<i64> = changes::table
        .filter(changes::partner_id.eq(partner.id))
        .select(diesel::dsl::max(changes::seq))
        .first(tx.conn())?;
    let row = (
        changes::partner_id.eq(partner.id),
        changes::seq.eq(last.unwrap_or(0) + 1),
        changes::from_status.eq(from),
        changes::to_status.eq(partner.status),
        changes::reason_code.eq(partner.status_reason_code.as_deref()),
        changes::reason_text.eq(partner.status_reason_text.as_deref()),
        changes::actor_type.eq(match actor.actor() {
            Actor::User(_) => "user",
            Actor::Client(_) => "service_client",
            Actor::System(_) | Actor::Anonymous => "system",
        }),
        changes::actor_id.eq(actor.actor_text()),
        // Of an imported partner, its state began before it came.
        changes::at.eq(partner.status_since),
    );
    diesel::insert_into(changes::table).values(row).execute(tx.conn())?;
    Ok(())
}

/// The database's refusal in terms of the partner.
fn explain<T>(tx: &mut Tx<'_>, outcome: Result<T>, partner: &Partner) -> Result<T> {
    let Err(error) = outcome else { return outcome };
    if error.is(&codes::ALREADY_EXISTS) {
        let holder = partner
            .registration
            .as_ref()
            .map(|entry| by_registration(tx, entry))
            .transpose()?
            .flatten();
        Err(duplicate(
            tx,
            holder.as_ref(),
            "#/registration",
            "the registration number",
        ))
    } else {
        Err(error)
    }
}

/// 409 `duplicate_partner`. Who it is, only the vendor learns, and only those who may see it.
pub(super) fn duplicate(tx: &Tx<'_>, holder: Option<&Partner>, pointer: &str, what: &str) -> Error {
    let named = holder.filter(|holder| tx.caller().is_vendor() && tx.caller().sees(holder.id));
    let detail = match named {
        Some(holder) => format!("{} ({}, {}) has {what}.", holder.legal_name, holder.number, holder.id),
        None => format!("Another partner has {what}."),
    };
    Error::new(&codes::DUPLICATE_PARTNER).fault(pointer, "duplicate_partner", detail)
}

/// What a partner itself is known by: to tell a customer from the partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownBy {
    /// Its legal name, folded.
    pub name_key: String,
    /// Its number in a register, as it was written.
    pub registration_number: Option<String>,
    /// Its website.
    pub website: Option<String>,
    /// The domains that it has shown to be its own.
    pub domains: Vec<String>,
}

/// What the partner is known by. The caller found something of the partner's by its own rows before, so this is read as a
/// fact, and asks not again who may see it.
///
/// # Errors
/// 404 if there is no such partner.
pub fn known_by(tx: &mut Tx<'_>, partner: PartnerId) -> Result<KnownBy> {
    let (name_key, registration_number, website) = table
        .find(partner)
        .select((partners::name_key, partners::registration_number, partners::website))
        .first(tx.conn())?;
    Ok(KnownBy {
        name_key,
        registration_number,
        website,
        domains: domains::verified_of(tx, partner)?,
    })
}
