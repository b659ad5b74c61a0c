//! The only file that knows the tables of partner users. They belong to their partner: every finder asks whose rows
//! the caller may see.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;

use super::model::{MembershipStatus, PartnerRole, PartnerUser, PartnerUserFilter, PartnerUserSort};
use crate::{
    count_if_wanted,
    db::{Clause, Lock, Tx, among},
    error::{Error, Result, codes},
    events::Fact,
    identity::users::{UserStatus, sorted},
    kernel::{
        Time,
        ids::{MembershipId, PartnerId, UserId},
        page::{Page, Paging},
    },
    revise,
    schema::{partner_membership_roles, partner_memberships, partner_memberships::table, partners, users},
};

type Row = (
    MembershipId,
    PartnerId,
    UserId,
    String,
    String,
    MembershipStatus,
    Option<Time>,
    Option<Time>,
    i64,
    Time,
    Time,
);

type Columns = (
    partner_memberships::id,
    partner_memberships::partner_id,
    partner_memberships::user_id,
    users::name,
    users::email,
    partner_memberships::status,
    users::last_sign_in_at,
    users::second_factor_at,
    partner_memberships::revision,
    partner_memberships::created_at,
    partner_memberships::updated_at,
);

const COLUMNS: Columns = (
    partner_memberships::id,
    partner_memberships::partner_id,
    partner_memberships::user_id,
    users::name,
    users::email,
    partner_memberships::status,
    users::last_sign_in_at,
    users::second_factor_at,
    partner_memberships::revision,
    partner_memberships::created_at,
    partner_memberships::updated_at,
);

/// Whose rows the caller may see; of a partner's people only their own colleagues, not those of resellers.
fn scope(tx: &Tx<'_>) -> Clause {
    let mut clause = Clause::rows_of(tx.caller(), "partner_memberships.partner_id");
    clause.equals_some("partner_memberships.partner_id", tx.caller().partner().as_ref());
    clause
}

/// The partner users of the rows, with the roles of all of them in one query.
fn whole(tx: &mut Tx<'_>, rows: Vec<Row>) -> Result<Vec<PartnerUser>> {
    let ids: Vec<MembershipId> = rows.iter().map(|row| row.0).collect();
    let mut theirs = Clause::all();
    theirs.one_of("partner_membership_roles.membership_id", &ids);
    let pairs: Vec<(MembershipId, PartnerRole)> = partner_membership_roles::table
        .filter(theirs)
        .select((partner_membership_roles::membership_id, partner_membership_roles::role))
        .load(tx.conn())?;
    let mut roles = HashMap::<MembershipId, Vec<PartnerRole>>::new();
    pairs
        .into_iter()
        .for_each(|(membership, role)| roles.entry(membership).or_default().push(role));
    let whole = |(
        id,
        partner_id,
        user_id,
        name,
        email,
        status,
        last_sign_in_at,
        second_factor_at,
        revision,
        created_at,
        updated_at,
    ): Row| {
        PartnerUser {
            roles: roles.remove(&id).map(sorted).unwrap_or_default(),
            id,
            partner_id,
            user_id,
            name,
            email,
            status,
            last_sign_in_at,
            second_factor_at,
            revision,
            created_at,
            updated_at,
        }
    };
    Ok(rows.into_iter().map(whole).collect())
}

/// One page of the partner users that the caller may see.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &PartnerUserFilter, paging: &Paging) -> Result<Page<PartnerUser>> {
    let order = filter.sort.unwrap_or(PartnerUserSort::Created).order();
    let mut clause = scope(tx);
    clause
        .equals_some("partner_memberships.partner_id", filter.partner_id.as_ref())
        .equals_some("partner_memberships.user_id", filter.user_id.as_ref())
        .one_of_some("partner_memberships.status", filter.status.as_ref());
    if let Some(roles) = &filter.role {
        clause
            .sql(" AND EXISTS (SELECT 1 FROM partner_membership_roles WHERE partner_membership_roles.membership_id = partner_memberships.id")
            .one_of("partner_membership_roles.role", roles)
            .sql(")");
    }
    count_if_wanted!(tx, table.inner_join(users::table), clause, paging)?;
    clause.page(order, paging);
    let rows: Vec<Row> = table
        .inner_join(users::table)
        .filter(clause)
        .select(COLUMNS)
        .order(crate::db::Sorted(order))
        .limit(paging.fetch())
        .load(tx.conn())?;
    let page = Page::of(rows, paging, |row| (row.9.into(), row.0.to_string()));
    page.with(|rows| whole(tx, rows))
}

/// The partner user with that id, if the caller may see it.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: MembershipId) -> Result<PartnerUser> {
    let mut clause = scope(tx);
    clause.equals("partner_memberships.id", &id);
    let row: Row = table
        .inner_join(users::table)
        .filter(clause)
        .select(COLUMNS)
        .get_result(tx.conn())?;
    whole(tx, vec![row])?.pop().ok_or_else(Error::not_found)
}

/// All places of a user, whoever asks: for signing in, where the user itself asks. Oldest first.
///
/// # Errors
/// What the database reports.
pub fn of_user(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<PartnerUser>> {
    let rows: Vec<Row> = table
        .inner_join(users::table)
        .filter(partner_memberships::user_id.eq(user))
        .select(COLUMNS)
        .order((partner_memberships::created_at, partner_memberships::id))
        .load(tx.conn())?;
    whole(tx, rows)
}

/// All places at a partner, for the partner's end.
///
/// # Errors
/// What the database reports.
pub fn of_partner(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Vec<PartnerUser>> {
    let rows: Vec<Row> = table
        .inner_join(users::table)
        .filter(partner_memberships::partner_id.eq(partner))
        .select(COLUMNS)
        .order((partner_memberships::created_at, partner_memberships::id))
        .load(tx.conn())?;
    whole(tx, rows)
}

/// Which of these people act, or acted, for one of these partners.
///
/// # Errors
/// What the database reports.
pub fn of_these(tx: &mut Tx<'_>, partners: &[PartnerId], people: &[&str]) -> Result<Vec<String>> {
    let mut clause = Clause::all();
    clause
        .one_of("partner_memberships.partner_id", partners)
        .one_of("partner_memberships.user_id", people);
    let found: Vec<UserId> = table
        .filter(clause)
        .select(partner_memberships::user_id)
        .load(tx.conn())?;
    Ok(found.iter().map(ToString::to_string).collect())
}

/// How many others run the partner's account now. On PostgreSQL the rows are locked first and counted then, so that two who end
/// each other at the same moment do not both see the other stay.
///
/// # Errors
/// What the database reports.
pub fn other_admins(tx: &mut Tx<'_>, of: &PartnerUser) -> Result<i64> {
    let active = table
        .filter(partner_memberships::partner_id.eq(of.partner_id))
        .filter(partner_memberships::status.eq(MembershipStatus::Active));
    tx.hold(
        Lock::Update,
        active.order(partner_memberships::id).select(partner_memberships::id),
    )?;
    Ok(active
        .inner_join(users::table)
        .inner_join(partner_membership_roles::table)
        .filter(users::status.eq(UserStatus::Active))
        .filter(partner_membership_roles::role.eq(PartnerRole::PartnerAdmin))
        .filter(partner_memberships::id.ne(of.id))
        .count()
        .get_result(tx.conn())?)
}

/// The names of partners, for showing a user where they may act.
///
/// # Errors
/// What the database reports.
pub fn partner_names(tx: &mut Tx<'_>, ids: &[PartnerId]) -> Result<HashMap<PartnerId, String>> {
    let mut these = Clause::all();
    these.one_of("partners.id", ids);
    let pairs: Vec<(PartnerId, String)> = partners::table
        .filter(these)
        .select((partners::id, partners::legal_name))
        .load(tx.conn())?;
    Ok(pairs.into_iter().collect())
}

/// Stores a new partner user, and tells of it.
///
/// # Errors
/// 409 `already_exists` if the user has a place there, `unknown_reference` if there is no such partner.
pub fn insert(tx: &mut Tx<'_>, membership: PartnerUser) -> Result<PartnerUser> {
    let row = (
        partner_memberships::id.eq(membership.id),
        partner_memberships::user_id.eq(membership.user_id),
        partner_memberships::partner_id.eq(membership.partner_id),
        partner_memberships::status.eq(membership.status),
        partner_memberships::revision.eq(membership.revision),
        partner_memberships::created_at.eq(membership.created_at.micros()),
        partner_memberships::updated_at.eq(membership.updated_at.micros()),
    );
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(row).execute(tx.conn())?))
        .map_err(|error| {
            error
                .when(&codes::ALREADY_EXISTS, || {
                    Error::new(&codes::ALREADY_EXISTS).fault(
                        "#/email",
                        "already_exists",
                        "The user has a place at this partner already.",
                    )
                })
                .when(&codes::UNKNOWN_REFERENCE, || {
                    Error::unknown_reference("#/partner_id", "There is no such partner.")
                })
        })?;
    store_roles(tx, &membership)?;
    tx.record(Fact::created("partner_user.created", &membership))?;
    Ok(membership)
}

/// Stores a changed partner user over the revision it was read at, and tells of it as `kind`.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &PartnerUser, after: PartnerUser, kind: &'static str) -> Result<PartnerUser> {
    let changes = (
        partner_memberships::status.eq(after.status),
        partner_memberships::revision.eq(after.revision),
        partner_memberships::updated_at.eq(after.updated_at.micros()),
    );
    revise!(
        tx,
        table,
        partner_memberships::revision,
        (before.id, before.revision),
        changes
    )?;
    if before.roles != after.roles {
        store_roles(tx, &after)?;
    }
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}

fn store_roles(tx: &mut Tx<'_>, membership: &PartnerUser) -> Result<()> {
    let of_it = partner_membership_roles::membership_id.eq(membership.id);
    diesel::delete(partner_membership_roles::table.filter(of_it)).execute(tx.conn())?;
    for role in &membership.roles {
        let row = (
            partner_membership_roles::membership_id.eq(membership.id),
            partner_membership_roles::role.eq(*role),
        );
        diesel::insert_into(partner_membership_roles::table)
            .values(row)
            .execute(tx.conn())?;
    }
    Ok(())
}

/// The partners that each of those people acts for now; who acts for none is not among them.
///
/// # Errors
/// What the database reports.
pub fn active_partners(tx: &mut Tx<'_>, people: &[UserId]) -> Result<BTreeMap<UserId, BTreeSet<PartnerId>>> {
    let pairs: Vec<(UserId, PartnerId)> = table
        .filter(partner_memberships::user_id.eq_any(among(people)))
        .filter(partner_memberships::status.eq(MembershipStatus::Active))
        .select((partner_memberships::user_id, partner_memberships::partner_id))
        .load(tx.conn())?;
    let mut partners: BTreeMap<UserId, BTreeSet<PartnerId>> = BTreeMap::new();
    for (person, partner) in pairs {
        partners.entry(person).or_default().insert(partner);
    }
    Ok(partners)
}
