//! The only file that knows the tables of users, their roles and territories. Users belong to no partner: only
//! administrators read them.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;

use super::{
    model::{RowScope, User, UserFilter, UserKind, UserSort, UserStatus, VendorRole},
    rules,
};
use crate::{
    auth::{Role, Roles},
    db::{Clause, Tx, among},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Time,
        ids::{PersonId, TeamId, TerritoryId, UserId},
        page::{Key, Page, Paging},
        words::fold,
    },
    load_page, revise,
    schema::{user_roles, user_territories, users, users::table},
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_null = true, treat_none_as_default_value = false)]
struct UserRow {
    id: UserId,
    kind: UserKind,
    email: String,
    email_key: String,
    name: String,
    name_key: String,
    status: UserStatus,
    locale: Option<String>,
    time_zone: Option<String>,
    row_scope: Option<RowScope>,
    team_id: Option<TeamId>,
    person_id: Option<PersonId>,
    invited_at: Option<Time>,
    last_sign_in_at: Option<Time>,
    second_factor_at: Option<Time>,
    revision: i64,
    created_at: Time,
    updated_at: Time,
}

impl From<&User> for UserRow {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            kind: user.kind,
            email_key: fold(&user.email),
            email: user.email.clone(),
            name_key: fold(&user.name),
            name: user.name.clone(),
            status: user.status,
            locale: user.locale.clone(),
            time_zone: user.time_zone.clone(),
            row_scope: user.row_scope,
            team_id: user.team_id,
            person_id: user.person_id,
            invited_at: user.invited_at,
            last_sign_in_at: user.last_sign_in_at,
            second_factor_at: user.second_factor_at,
            revision: user.revision,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// The users of the rows, with their roles and territories in two queries for all of them.
fn whole(tx: &mut Tx<'_>, rows: Vec<UserRow>) -> Result<Vec<User>> {
    let ids: Vec<UserId> = rows.iter().map(|row| row.id).collect();
    let (mut mine, mut theirs) = (Clause::all(), Clause::all());
    mine.one_of("user_roles.user_id", &ids);
    theirs.one_of("user_territories.user_id", &ids);
    let (mut roles, mut territories) = (
        HashMap::<UserId, Vec<VendorRole>>::new(),
        HashMap::<UserId, Vec<TerritoryId>>::new(),
    );
    let pairs: Vec<(UserId, VendorRole)> = user_roles::table
        .filter(mine)
        .select((user_roles::user_id, user_roles::role))
        .load(tx.conn())?;
    pairs
        .into_iter()
        .for_each(|(user, role)| roles.entry(user).or_default().push(role));
    let pairs: Vec<(UserId, TerritoryId)> = user_territories::table
        .filter(theirs)
        .select((user_territories::user_id, user_territories::territory_id))
        .load(tx.conn())?;
    pairs
        .into_iter()
        .for_each(|(user, territory)| territories.entry(user).or_default().push(territory));
    let user = |row: UserRow| User {
        roles: roles.remove(&row.id).map(rules::sorted).unwrap_or_default(),
        territory_ids: territories.remove(&row.id).map(rules::sorted).unwrap_or_default(),
        id: row.id,
        kind: row.kind,
        email: row.email,
        name: row.name,
        status: row.status,
        row_scope: row.row_scope,
        team_id: row.team_id,
        person_id: row.person_id,
        locale: row.locale,
        time_zone: row.time_zone,
        invited_at: row.invited_at,
        last_sign_in_at: row.last_sign_in_at,
        second_factor_at: row.second_factor_at,
        revision: row.revision,
        created_at: row.created_at,
        updated_at: row.updated_at,
    };
    Ok(rows.into_iter().map(user).collect())
}

/// One page of users.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &UserFilter, paging: &Paging) -> Result<Page<User>> {
    let sort = filter.sort.unwrap_or(UserSort::Name);
    let mut clause = Clause::all();
    clause
        .one_of_some("users.kind", filter.kind.as_ref())
        .one_of_some("users.status", filter.status.as_ref())
        .equals_some("users.team_id", filter.team_id.as_ref());
    if let Some(roles) = &filter.role {
        clause
            .sql(" AND EXISTS (SELECT 1 FROM user_roles WHERE user_roles.user_id = users.id")
            .one_of("user_roles.role", roles)
            .sql(")");
    }
    if let Some(q) = &filter.q {
        let (from, until) = (fold(q), format!("{}\u{10ffff}", fold(q)));
        clause
            .sql(" AND (users.name_key >= ")
            .value(&from)
            .sql(" AND users.name_key < ")
            .value(&until);
        clause
            .sql(" OR users.email_key >= ")
            .value(&from)
            .sql(" AND users.email_key < ")
            .value(&until)
            .sql(")");
    }
    let rows = load_page!(tx, table => UserRow, clause, sort.order(), paging)?;
    let page = Page::of(rows, paging, |row| (key(sort, row), row.id.to_string()));
    page.with(|rows| whole(tx, rows))
}

fn key(sort: UserSort, row: &UserRow) -> Key {
    match sort {
        UserSort::Name | UserSort::NameDescending => row.name_key.as_str().into(),
        UserSort::Created | UserSort::CreatedDescending => row.created_at.into(),
        UserSort::Updated | UserSort::UpdatedDescending => row.updated_at.into(),
    }
}

/// The user with that id.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: UserId) -> Result<User> {
    let row: UserRow = table.find(id).select(UserRow::as_select()).get_result(tx.conn())?;
    whole(tx, vec![row])?.pop().ok_or_else(Error::not_found)
}

/// The user who signs in with that address, if there is one.
///
/// # Errors
/// What the database reports.
pub fn by_email(tx: &mut Tx<'_>, email: &str) -> Result<Option<User>> {
    let row: Option<UserRow> = table
        .filter(users::email_key.eq(fold(email)))
        .select(UserRow::as_select())
        .get_result(tx.conn())
        .optional()?;
    Ok(whole(tx, row.into_iter().collect())?.pop())
}

/// Whether there is any user at all.
///
/// # Errors
/// What the database reports.
pub fn any(tx: &mut Tx<'_>) -> Result<bool> {
    let one: Option<UserId> = table.select(users::id).limit(1).get_result(tx.conn()).optional()?;
    Ok(one.is_some())
}

/// Whether the user is an active person of the vendor with one of those roles.
///
/// # Errors
/// What the database reports.
pub fn is_active_vendor_with(tx: &mut Tx<'_>, user: UserId, roles: &[Role]) -> Result<bool> {
    let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let found: i64 = table
        .inner_join(user_roles::table)
        .filter(users::id.eq(user))
        .filter(users::kind.eq(UserKind::Vendor))
        .filter(users::status.eq(UserStatus::Active))
        .filter(user_roles::role.eq_any(among(&roles)))
        .count()
        .get_result(tx.conn())?;
    Ok(found > 0)
}

/// Somebody of the vendor who is active, by name and roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VendorPerson {
    /// The user.
    pub id: UserId,
    /// The name.
    pub name: String,
    /// The roles.
    pub roles: Roles,
}

/// The vendor's active people who have one of the roles, or are named.
fn active_vendors(roles: &[Role], named: &[UserId]) -> Clause {
    let words: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let mut clause = Clause::all();
    clause
        .equals("users.kind", &UserKind::Vendor)
        .equals("users.status", &UserStatus::Active)
        .and("(EXISTS (SELECT 1 FROM user_roles WHERE user_roles.user_id = users.id")
        .one_of("user_roles.role", &words)
        .sql(") OR (TRUE")
        .one_of("users.id", named)
        .sql("))");
    clause
}

/// The vendor's active people who have one of the roles.
///
/// # Errors
/// What the database reports.
pub fn vendors_with(tx: &mut Tx<'_>, roles: &[Role]) -> Result<Vec<UserId>> {
    let clause = active_vendors(roles, &[]);
    Ok(table
        .filter(clause)
        .order(users::id)
        .select(users::id)
        .load(tx.conn())?)
}

/// The vendor's active people who have one of the roles, or are named, with their roles.
///
/// # Errors
/// What the database reports.
pub fn vendor_people(tx: &mut Tx<'_>, roles: &[Role], named: &[UserId]) -> Result<Vec<VendorPerson>> {
    let clause = active_vendors(roles, named);
    let people: Vec<(UserId, String)> = table
        .filter(clause)
        .order((users::name_key, users::id))
        .select((users::id, users::name))
        .load(tx.conn())?;
    let ids: Vec<UserId> = people.iter().map(|(id, _)| *id).collect();
    let held: Vec<(UserId, Role)> = user_roles::table
        .filter(user_roles::user_id.eq_any(among(&ids)))
        .select((user_roles::user_id, user_roles::role))
        .load(tx.conn())?;
    Ok(people
        .into_iter()
        .map(|(id, name)| VendorPerson {
            id,
            name,
            roles: held
                .iter()
                .filter(|(user, _)| *user == id)
                .map(|(_, role)| *role)
                .collect(),
        })
        .collect())
}

/// The roles of those users, of those of them who are the vendor's and active.
///
/// # Errors
/// What the database reports.
pub fn active_vendor_roles(tx: &mut Tx<'_>, ids: &[UserId]) -> Result<BTreeMap<UserId, Roles>> {
    let people = vendor_people(tx, &[], ids)?;
    Ok(people.into_iter().map(|person| (person.id, person.roles)).collect())
}

/// How many other active administrators there are. On PostgreSQL the rows are locked first and counted then, so that two who end
/// each other at the same moment do not both see the other stay.
///
/// # Errors
/// What the database reports.
pub fn other_admins(tx: &mut Tx<'_>, than: UserId) -> Result<i64> {
    use crate::db::Lock;
    let admins = table
        .inner_join(user_roles::table)
        .filter(users::status.eq(UserStatus::Active))
        .filter(user_roles::role.eq(VendorRole::Admin))
        .filter(users::id.ne(than));
    tx.hold(Lock::Update, admins.order(users::id).select(users::id))?;
    Ok(admins.count().get_result(tx.conn())?)
}

/// Stores a new user with the hash of a password, if there is one yet, and tells of it.
///
/// # Errors
/// 409 `already_exists` if the address is taken, `unknown_reference` for a team or territory that does not exist.
pub fn insert(tx: &mut Tx<'_>, user: User, password_hash: Option<&str>) -> Result<User> {
    let now = tx.now;
    let row = UserRow::from(&user);
    let stored = tx.attempt(|tx| {
        let secret = (
            users::password_hash.eq(password_hash),
            users::password_changed_at.eq(password_hash.map(|_| now.micros())),
            users::session_version.eq(1_i64),
        );
        diesel::insert_into(table).values((&row, secret)).execute(tx.conn())?;
        Ok(())
    });
    stored.map_err(|error| explain(error, &user.email))?;
    store_lists(tx, &user)?;
    tx.record(Fact::created("user.created", &user))?;
    Ok(user)
}

/// Stores a changed user over the revision it was read at, and tells of it as `kind`.
///
/// # Errors
/// 412 if it was changed meanwhile, 409 `unknown_reference` for a team or territory that does not exist.
pub fn save(tx: &mut Tx<'_>, before: &User, after: User, kind: &'static str) -> Result<User> {
    let row = UserRow::from(&after);
    tx.attempt(|tx| revise!(tx, table, users::revision, (before.id, before.revision), &row))
        .map_err(|error| explain(error, &after.email))?;
    if before.roles != after.roles || before.territory_ids != after.territory_ids {
        store_lists(tx, &after)?;
    }
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}

fn store_lists(tx: &mut Tx<'_>, user: &User) -> Result<()> {
    let roles: Vec<_> = user
        .roles
        .iter()
        .map(|role| (user_roles::user_id.eq(user.id), user_roles::role.eq(*role)))
        .collect();
    let territories: Vec<_> = user
        .territory_ids
        .iter()
        .map(|territory| {
            (
                user_territories::user_id.eq(user.id),
                user_territories::territory_id.eq(*territory),
            )
        })
        .collect();
    diesel::delete(user_roles::table.filter(user_roles::user_id.eq(user.id))).execute(tx.conn())?;
    diesel::delete(user_territories::table.filter(user_territories::user_id.eq(user.id))).execute(tx.conn())?;
    for role in roles {
        diesel::insert_into(user_roles::table).values(role).execute(tx.conn())?;
    }
    for territory in territories {
        tx.attempt(|tx| {
            Ok(diesel::insert_into(user_territories::table)
                .values(territory)
                .execute(tx.conn())?)
        })
        .map_err(|error| unknown(error, "#/territory_ids", "There is no such territory."))?;
    }
    Ok(())
}

fn unknown(error: Error, pointer: &str, detail: &str) -> Error {
    error.when(&codes::UNKNOWN_REFERENCE, || Error::unknown_reference(pointer, detail))
}

/// The database's refusal in terms of the user.
fn explain(error: Error, email: &str) -> Error {
    if error.is(&codes::ALREADY_EXISTS) {
        Error::new(&codes::ALREADY_EXISTS).fault(
            "#/email",
            "already_exists",
            format!("There is already a user `{email}`."),
        )
    } else {
        unknown(error, "#/team_id", "There is no such team.")
    }
}

/// What a password is compared with.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct Credentials {
    /// The user.
    pub id: UserId,
    /// The side.
    pub kind: UserKind,
    /// The address, as it was given.
    pub email: String,
    /// The name.
    pub name: String,
    /// Whether the user may sign in.
    pub status: UserStatus,
    /// The hash, if the user has chosen a password.
    pub password_hash: Option<String>,
    /// The session version.
    pub session_version: i64,
    /// Since when a second factor guards the sign-in.
    pub second_factor_at: Option<Time>,
}

/// The credentials of whoever signs in with that address.
///
/// # Errors
/// What the database reports.
pub fn credentials_by_email(tx: &mut Tx<'_>, email_key: &str) -> Result<Option<Credentials>> {
    Ok(table
        .filter(users::email_key.eq(email_key))
        .select(Credentials::as_select())
        .get_result(tx.conn())
        .optional()?)
}

/// The credentials of a user.
///
/// # Errors
/// 404 if there is none.
pub fn credentials_of(tx: &mut Tx<'_>, id: UserId) -> Result<Credentials> {
    Ok(table.find(id).select(Credentials::as_select()).get_result(tx.conn())?)
}

/// Notes a sign-in on the user. Book-keeping: no revision, no event; the sign-in itself is a fact of its own.
///
/// # Errors
/// What the database reports.
pub fn note_sign_in(tx: &mut Tx<'_>, id: UserId) -> Result<()> {
    let now = tx.now;
    diesel::update(table.find(id))
        .set(users::last_sign_in_at.eq(Some(now.micros())))
        .execute(tx.conn())?;
    Ok(())
}

/// Gives the user another password. Whoever calls records it by [`save`], and ends the sessions.
///
/// # Errors
/// What the database reports.
pub fn set_password(tx: &mut Tx<'_>, id: UserId, hash: &str) -> Result<()> {
    let now = tx.now;
    diesel::update(table.find(id))
        .set((
            users::password_hash.eq(Some(hash)),
            users::password_changed_at.eq(Some(now.micros())),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Raises the session version: every access token issued before has ended.
///
/// # Errors
/// What the database reports.
pub fn raise_session_version(tx: &mut Tx<'_>, id: UserId) -> Result<()> {
    diesel::update(table.find(id))
        .set(users::session_version.eq(users::session_version + 1))
        .execute(tx.conn())?;
    Ok(())
}
