//! What the tables say of a caller now.

use std::{collections::BTreeSet, sync::Arc};

use diesel::prelude::*;

use super::{KeyFacts, Standing, Subject};
use crate::{
    auth::{Actor, Role, Roles, Rows, Side},
    db::{Clause, Tx, among},
    error::Result,
    identity::{
        memberships::MembershipStatus,
        oauth::tokens,
        service_clients::ClientStatus,
        users::{RowScope, UserKind, UserStatus},
    },
    kernel::{
        Time,
        ids::{IdentityLinkId, MembershipId, PartnerId, ServiceClientId, SessionId, TeamId, UserId},
        json::Stored,
    },
    schema::{
        account_manager_assignments, api_keys, identity_links, partner_membership_roles, partner_memberships,
        partner_resellers, partner_territories, program_memberships, programs, refresh_families, service_clients,
        territory_closure, user_roles, user_territories, users,
    },
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct UserFacts {
    id: UserId,
    kind: UserKind,
    status: UserStatus,
    session_version: i64,
    row_scope: Option<RowScope>,
    team_id: Option<TeamId>,
    second_factor_at: Option<Time>,
}

impl UserFacts {
    fn is_active_vendor(&self) -> bool {
        self.status == UserStatus::Active && self.kind == UserKind::Vendor
    }
}

/// The standing of a session's user; none if the session or the user's right to it has ended.
///
/// # Errors
/// What the database reports.
pub fn of_session(tx: &mut Tx<'_>, session: SessionId) -> Result<Option<Standing>> {
    let now = tx.now;
    let found: Option<(UserFacts, Option<MembershipId>)> = refresh_families::table
        .inner_join(users::table)
        .filter(refresh_families::id.eq(session))
        .filter(refresh_families::revoked_at.is_null())
        .filter(refresh_families::expires_at.gt(now.micros()))
        .select((UserFacts::as_select(), refresh_families::membership_id))
        .get_result(tx.conn())
        .optional()?;
    let Some((user, membership)) = found.filter(|(user, _)| user.status == UserStatus::Active) else {
        return Ok(None);
    };
    let (side, roles, rows) = match (user.kind, membership) {
        (UserKind::Vendor, _) => (Side::Vendor, roles_of(tx, user.id)?, rows_of_vendor_user(tx, &user)?),
        (UserKind::Partner, Some(membership)) => {
            let Some((partner, roles)) = membership_of(tx, membership)? else {
                return Ok(None);
            };
            (Side::Partner(partner), roles, rows_of_partner(tx, partner)?)
        }
        (UserKind::Partner, None) => return Ok(None),
    };
    Ok(Some(Standing {
        actor: Actor::User(user.id),
        side,
        roles,
        scopes: None,
        rows,
        session_version: user.session_version,
        second_factor: user.second_factor_at.is_some(),
        key: None,
        revoked: Arc::from([]),
    }))
}

/// The standing of the user whose account at an identity provider that is, with all of their own roles; none if the link or
/// the user's right has ended. How they proved themselves is the provider's business.
///
/// # Errors
/// What the database reports.
pub fn of_link(tx: &mut Tx<'_>, link: IdentityLinkId, partner: Option<PartnerId>) -> Result<Option<Standing>> {
    let user: Option<UserFacts> = identity_links::table
        .inner_join(users::table)
        .filter(identity_links::id.eq(link))
        .filter(users::status.eq(UserStatus::Active))
        .select(UserFacts::as_select())
        .get_result(tx.conn())
        .optional()?;
    let Some(user) = user else {
        return Ok(None);
    };
    let (side, roles, rows) = match (user.kind, partner) {
        (UserKind::Vendor, None) => (Side::Vendor, roles_of(tx, user.id)?, rows_of_vendor_user(tx, &user)?),
        (UserKind::Partner, Some(partner)) => {
            let place: Option<MembershipId> = partner_memberships::table
                .filter(partner_memberships::user_id.eq(user.id))
                .filter(partner_memberships::partner_id.eq(partner))
                .select(partner_memberships::id)
                .get_result(tx.conn())
                .optional()?;
            let found = match place {
                Some(place) => membership_of(tx, place)?,
                None => None,
            };
            let Some((_, roles)) = found else {
                return Ok(None);
            };
            (Side::Partner(partner), roles, rows_of_partner(tx, partner)?)
        }
        _ => return Ok(None),
    };
    Ok(Some(Standing {
        actor: Actor::User(user.id),
        side,
        roles,
        scopes: None,
        rows,
        session_version: user.session_version,
        second_factor: true,
        key: None,
        revoked: Arc::from([]),
    }))
}

fn roles_of(tx: &mut Tx<'_>, user: UserId) -> Result<Roles> {
    let roles: Vec<Role> = user_roles::table
        .filter(user_roles::user_id.eq(user))
        .select(user_roles::role)
        .load(tx.conn())?;
    Ok(roles.into_iter().collect())
}

fn membership_of(tx: &mut Tx<'_>, membership: MembershipId) -> Result<Option<(PartnerId, Roles)>> {
    let found: Option<(PartnerId, MembershipStatus)> = partner_memberships::table
        .find(membership)
        .select((partner_memberships::partner_id, partner_memberships::status))
        .get_result(tx.conn())
        .optional()?;
    let Some((partner, MembershipStatus::Active)) = found else {
        return Ok(None);
    };
    let roles: Vec<Role> = partner_membership_roles::table
        .filter(partner_membership_roles::membership_id.eq(membership))
        .select(partner_membership_roles::role)
        .load(tx.conn())?;
    Ok(Some((partner, roles.into_iter().collect())))
}

/// Whose rows a user of the vendor sees now; nobody's if the user is not active.
///
/// # Errors
/// What the database reports.
pub fn rows_of_user(tx: &mut Tx<'_>, user: UserId) -> Result<Rows> {
    let found: Option<UserFacts> = users::table
        .find(user)
        .select(UserFacts::as_select())
        .get_result(tx.conn())
        .optional()?;
    match found.filter(UserFacts::is_active_vendor) {
        Some(user) => rows_of_vendor_user(tx, &user),
        None => Ok(Rows::Partners(Arc::from([]))),
    }
}

/// Which of those users of the vendor see that partner's rows now: those of whom [`rows_of_user`] says so.
///
/// # Errors
/// What the database reports.
pub fn who_sees(tx: &mut Tx<'_>, partner: PartnerId, candidates: &[UserId]) -> Result<BTreeSet<UserId>> {
    let now = tx.now;
    let mut holding = Clause::all();
    holding.equals("account_manager_assignments.partner_id", &partner);
    in_force(&mut holding, now);
    let holders: Vec<Option<UserId>> = account_manager_assignments::table
        .filter(holding)
        .select(account_manager_assignments::user_id)
        .load(tx.conn())?;
    let holders: BTreeSet<UserId> = holders.into_iter().flatten().collect();
    let mut asked: Vec<UserId> = candidates.to_vec();
    asked.extend(&holders);
    let facts: Vec<UserFacts> = users::table
        .filter(users::id.eq_any(among(&asked)))
        .select(UserFacts::as_select())
        .load(tx.conn())?;
    let teams: BTreeSet<TeamId> = facts
        .iter()
        .filter(|user| holders.contains(&user.id))
        .filter_map(|user| user.team_id)
        .collect();
    let local: Vec<UserId> = user_territories::table
        .inner_join(territory_closure::table.on(territory_closure::ancestor_id.eq(user_territories::territory_id)))
        .inner_join(
            partner_territories::table.on(partner_territories::territory_id.eq(territory_closure::descendant_id)),
        )
        .filter(partner_territories::partner_id.eq(partner))
        .select(user_territories::user_id)
        .distinct()
        .load(tx.conn())?;
    let local: BTreeSet<UserId> = local.into_iter().collect();
    let sees = |user: &UserFacts| match user.row_scope {
        _ if !user.is_active_vendor() => false,
        None | Some(RowScope::All) => true,
        Some(RowScope::Own) => holders.contains(&user.id),
        Some(RowScope::Team) => holders.contains(&user.id) || user.team_id.is_some_and(|team| teams.contains(&team)),
        Some(RowScope::Territories) => holders.contains(&user.id) || local.contains(&user.id),
    };
    Ok(facts
        .iter()
        .filter(|user| candidates.contains(&user.id) && sees(user))
        .map(|user| user.id)
        .collect())
}

/// The rows of a vendor user. Whoever looks after a partner sees it whatever else the scope says.
fn rows_of_vendor_user(tx: &mut Tx<'_>, user: &UserFacts) -> Result<Rows> {
    let mut partners = match user.row_scope {
        None | Some(RowScope::All) => return Ok(Rows::All),
        Some(RowScope::Own) => held_by(tx, &[user.id])?,
        Some(RowScope::Team) => {
            let mut team = vec![user.id];
            if let Some(id) = user.team_id {
                team.extend(
                    users::table
                        .filter(users::team_id.eq(id))
                        .select(users::id)
                        .load::<UserId>(tx.conn())?,
                );
            }
            held_by(tx, &team)?
        }
        Some(RowScope::Territories) => {
            let mut partners = held_by(tx, &[user.id])?;
            partners.extend(in_territories_of(tx, user.id)?);
            partners
        }
    };
    partners.sort_unstable();
    partners.dedup();
    Ok(Rows::Partners(partners.into()))
}

/// The partners whose assignment in force now, in any role, names one of the users.
fn held_by(tx: &mut Tx<'_>, holders: &[UserId]) -> Result<Vec<PartnerId>> {
    use account_manager_assignments as assignments;
    let now = tx.now;
    let mut held = Clause::all();
    held.one_of("account_manager_assignments.user_id", holders);
    in_force(&mut held, now);
    Ok(assignments::table
        .filter(held)
        .select(assignments::partner_id)
        .distinct()
        .load(tx.conn())?)
}

/// And: the assignment is the last of its chain that had begun at that moment.
fn in_force(clause: &mut Clause, at: Time) {
    clause
        .and("account_manager_assignments.valid_from <= ")
        .value(&at)
        .sql(
            " AND NOT EXISTS (SELECT 1 FROM account_manager_assignments later WHERE later.partner_id = account_manager_assignments.partner_id \
             AND later.role = account_manager_assignments.role AND later.valid_from > account_manager_assignments.valid_from AND later.valid_from <= ",
        )
        .value(&at)
        .sql(")");
}

/// The partners that are active in the user's territories or in what lies within them.
fn in_territories_of(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<PartnerId>> {
    Ok(user_territories::table
        .inner_join(territory_closure::table.on(territory_closure::ancestor_id.eq(user_territories::territory_id)))
        .inner_join(
            partner_territories::table.on(partner_territories::territory_id.eq(territory_closure::descendant_id)),
        )
        .filter(user_territories::user_id.eq(user))
        .select(partner_territories::partner_id)
        .distinct()
        .load(tx.conn())?)
}

/// A partner's rows: its own, and those of the resellers it serves where a program of both says so.
///
/// # Errors
/// What the database reports.
pub fn rows_of_partner(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Rows> {
    let today = tx.now.date();
    let opens: i64 = program_memberships::table
        .inner_join(programs::table)
        .filter(program_memberships::partner_id.eq(partner))
        .filter(program_memberships::ended_at.is_null())
        .filter(programs::distributor_sees_resellers.eq(true))
        .count()
        .get_result(tx.conn())?;
    let mut rows = vec![partner];
    if opens > 0 {
        let mut shared = Clause::all();
        // The reseller is in a program that opens it to the distributor, and the distributor is in that program too.
        shared.equals("partner_resellers.distributor_id", partner.to_string().as_str());
        shared.sql(
            " AND EXISTS (SELECT 1 FROM program_memberships theirs JOIN program_memberships ours ON ours.program_id = theirs.program_id \
             JOIN programs ON programs.id = ours.program_id WHERE theirs.partner_id = partner_resellers.reseller_id AND theirs.ended_at IS NULL \
             AND ours.partner_id = partner_resellers.distributor_id AND ours.ended_at IS NULL AND programs.distributor_sees_resellers)",
        );
        let resellers: Vec<PartnerId> = partner_resellers::table
            .filter(shared)
            .filter(partner_resellers::starts_on.le(today))
            .filter(
                partner_resellers::ends_on
                    .is_null()
                    .or(partner_resellers::ends_on.gt(today)),
            )
            .select(partner_resellers::reseller_id)
            .load(tx.conn())?;
        rows.extend(resellers);
    }
    rows.sort_unstable();
    rows.dedup();
    Ok(Rows::Partners(rows.into()))
}

/// Each of those partners with whoever serves it as a distributor, did or will: who sees any of their rows besides
/// themselves, by [`rows_of_partner`], is among these.
///
/// # Errors
/// What the database reports.
pub fn distributors_of(tx: &mut Tx<'_>, partners: &[String]) -> Result<BTreeSet<(String, String)>> {
    let pairs: Vec<(String, String)> = partner_resellers::table
        .filter(partner_resellers::reseller_id.eq_any(among(partners)))
        .select((partner_resellers::reseller_id, partner_resellers::distributor_id))
        .load(tx.conn())?;
    Ok(pairs.into_iter().collect())
}

/// The standing of a service client; none if there is none that is active.
///
/// # Errors
/// What the database reports.
pub fn of_client(tx: &mut Tx<'_>, client: ServiceClientId) -> Result<Option<Standing>> {
    let found: Option<(ClientStatus, Option<PartnerId>, Stored<Vec<String>>)> = service_clients::table
        .find(client)
        .select((
            service_clients::status,
            service_clients::partner_id,
            service_clients::scopes,
        ))
        .get_result(tx.conn())
        .optional()?;
    let Some((ClientStatus::Active, partner, scopes)) = found else {
        return Ok(None);
    };
    let (side, rows) = match partner {
        None => (Side::Vendor, Rows::All),
        Some(partner) => (Side::Partner(partner), rows_of_partner(tx, partner)?),
    };
    let roles = Roles::of(&[Role::Integration]);
    Ok(Some(Standing {
        actor: Actor::Client(client),
        side,
        roles,
        scopes: Some(Arc::from(scopes.0)),
        rows,
        session_version: 0,
        second_factor: true,
        key: None,
        revoked: Arc::from(tokens::revoked_of(tx, client)?),
    }))
}

/// The standing of an API key: its client's, within the key's own scopes.
///
/// # Errors
/// What the database reports.
pub fn of_api_key(tx: &mut Tx<'_>, public_id: &str) -> Result<Option<Standing>> {
    type Row = (
        String,
        Option<ServiceClientId>,
        Stored<Vec<String>>,
        Option<Time>,
        Option<Time>,
    );
    let found: Option<Row> = api_keys::table
        .filter(api_keys::public_id.eq(public_id))
        .filter(api_keys::revoked_at.is_null())
        .select((
            api_keys::hash,
            api_keys::client_id,
            api_keys::scopes,
            api_keys::expires_at,
            api_keys::last_used_at,
        ))
        .get_result(tx.conn())
        .optional()?;
    let Some((hash, Some(client), scopes, expires_at, last_used_at)) = found else {
        return Ok(None);
    };
    let Some(standing) = of_client(tx, client)? else {
        return Ok(None);
    };
    let held: BTreeSet<&String> = standing.scopes.iter().flat_map(|scopes| scopes.iter()).collect();
    let scopes: Vec<String> = scopes.0.into_iter().filter(|scope| held.contains(scope)).collect();
    Ok(Some(Standing {
        scopes: Some(Arc::from(scopes)),
        key: Some(KeyFacts {
            hash,
            expires_at,
            last_used_at,
        }),
        ..standing
    }))
}

/// Notes that a machine's credential is in use. Book-keeping: no revision, no event.
///
/// # Errors
/// What the database reports.
pub fn touch(tx: &mut Tx<'_>, subject: &Subject) -> Result<()> {
    let now = tx.now;
    match subject {
        Subject::Session(_) | Subject::Linked(..) => {}
        Subject::Client(client) => {
            diesel::update(service_clients::table.find(client))
                .set(service_clients::last_used_at.eq(Some(now.micros())))
                .execute(tx.conn())?;
        }
        Subject::ApiKey(public_id) => {
            diesel::update(api_keys::table.filter(api_keys::public_id.eq(public_id)))
                .set(api_keys::last_used_at.eq(Some(now.micros())))
                .execute(tx.conn())?;
        }
    }
    Ok(())
}
