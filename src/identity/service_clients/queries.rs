//! The only file that knows the tables of service clients and their secrets. Clients of a partner belong to it; those
//! of the vendor to nobody else.

use std::collections::HashMap;

use diesel::prelude::*;

use super::model::{ClientSecret, ClientStatus, PublicKeySet, ServiceClient, ServiceClientFilter, ServiceClientSort};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    identity::{
        credentials::{self, Kind},
        jose::PublicJwk,
    },
    kernel::{
        Time,
        ids::{ClientSecretId, PartnerId, ServiceClientId},
        json::Stored,
        page::{Key, Page, Paging},
        words::fold,
    },
    load_page, revise,
    schema::{client_secrets, service_clients, service_clients::table},
};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = service_clients, treat_none_as_null = true, treat_none_as_default_value = false)]
struct ClientRow {
    id: ServiceClientId,
    name: String,
    name_key: String,
    description: Option<String>,
    scopes: Stored<Vec<String>>,
    partner_id: Option<PartnerId>,
    status: ClientStatus,
    last_used_at: Option<Time>,
    created_by: String,
    revision: i64,
    created_at: Time,
    updated_at: Time,
    jwks: Option<Stored<PublicKeySet>>,
}

impl From<&ServiceClient> for ClientRow {
    fn from(client: &ServiceClient) -> Self {
        Self {
            id: client.id,
            name_key: fold(&client.name),
            name: client.name.clone(),
            description: client.description.clone(),
            scopes: Stored(client.scopes.clone()),
            partner_id: client.partner_id,
            status: client.status,
            last_used_at: client.last_used_at,
            created_by: client.created_by.clone(),
            revision: client.revision,
            created_at: client.created_at,
            updated_at: client.updated_at,
            jwks: client.jwks.clone().map(Stored),
        }
    }
}

/// Whose clients the caller may see: a partner's people those of their own partner, not those of resellers.
fn scope(tx: &Tx<'_>) -> Clause {
    let mut clause = Clause::all();
    clause.equals_some("service_clients.partner_id", tx.caller().partner().as_ref());
    if let crate::auth::Rows::Partners(partners) = tx.caller().rows() {
        clause.one_of("service_clients.partner_id", partners);
    }
    clause
}

fn whole(tx: &mut Tx<'_>, rows: Vec<ClientRow>) -> Result<Vec<ServiceClient>> {
    let now = tx.now;
    let ids: Vec<ServiceClientId> = rows.iter().map(|row| row.id).collect();
    let mut theirs = Clause::all();
    theirs.one_of("client_secrets.client_id", &ids);
    let found: Vec<(ServiceClientId, ClientSecret)> = client_secrets::table
        .filter(theirs)
        .filter(client_secrets::revoked_at.is_null())
        .filter(
            client_secrets::expires_at
                .is_null()
                .or(client_secrets::expires_at.gt(now.micros())),
        )
        .order((client_secrets::created_at, client_secrets::id))
        .select((client_secrets::client_id, ClientSecret::as_select()))
        .load(tx.conn())?;
    let mut secrets = HashMap::<ServiceClientId, Vec<ClientSecret>>::new();
    found
        .into_iter()
        .for_each(|(client, secret)| secrets.entry(client).or_default().push(secret));
    let client = |row: ClientRow| ServiceClient {
        secrets: secrets.remove(&row.id).unwrap_or_default(),
        id: row.id,
        name: row.name,
        description: row.description,
        scopes: row.scopes.0,
        partner_id: row.partner_id,
        status: row.status,
        jwks: row.jwks.map(|keys| keys.0),
        last_used_at: row.last_used_at,
        created_by: row.created_by,
        revision: row.revision,
        created_at: row.created_at,
        updated_at: row.updated_at,
    };
    Ok(rows.into_iter().map(client).collect())
}

/// One page of the clients that the caller may see.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &ServiceClientFilter, paging: &Paging) -> Result<Page<ServiceClient>> {
    let sort = filter.sort.unwrap_or(ServiceClientSort::Name);
    let mut clause = scope(tx);
    clause
        .equals_some("service_clients.partner_id", filter.partner_id.as_ref())
        .one_of_some("service_clients.status", filter.status.as_ref());
    if let Some(q) = &filter.q {
        clause.begins_with("service_clients.name_key", &fold(q));
    }
    let rows = load_page!(tx, table => ClientRow, clause, sort.order(), paging)?;
    let page = Page::of(rows, paging, |row| (key(sort, row), row.id.to_string()));
    page.with(|rows| whole(tx, rows))
}

fn key(sort: ServiceClientSort, row: &ClientRow) -> Key {
    match sort {
        ServiceClientSort::Name | ServiceClientSort::NameDescending => row.name_key.as_str().into(),
        ServiceClientSort::Created | ServiceClientSort::CreatedDescending => row.created_at.into(),
    }
}

/// The client with that id, if the caller may see it.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: ServiceClientId) -> Result<ServiceClient> {
    let mut clause = scope(tx);
    clause.equals("service_clients.id", &id);
    let row: ClientRow = table
        .filter(clause)
        .select(ClientRow::as_select())
        .get_result(tx.conn())?;
    whole(tx, vec![row])?.pop().ok_or_else(Error::not_found)
}

/// The clients of a partner that can sign in. The partner was found by the caller's own rows.
///
/// # Errors
/// What the database reports.
pub fn active_of(tx: &mut Tx<'_>, partner: PartnerId) -> Result<Vec<ServiceClient>> {
    let rows: Vec<ClientRow> = table
        .filter(service_clients::partner_id.eq(partner))
        .filter(service_clients::status.eq(ClientStatus::Active))
        .order(service_clients::id)
        .select(ClientRow::as_select())
        .load(tx.conn())?;
    whole(tx, rows)
}

/// Stores a new client with its first secret, and tells of it; the secret is told to the caller alone.
///
/// # Errors
/// 409 `unknown_reference` if there is no such partner.
pub fn insert(tx: &mut Tx<'_>, client: &ServiceClient) -> Result<(ServiceClient, String)> {
    let row = ClientRow::from(client);
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&row).execute(tx.conn())?))
        .map_err(|error| {
            error.when(&codes::UNKNOWN_REFERENCE, || {
                Error::unknown_reference("#/partner_id", "There is no such partner.")
            })
        })?;
    let secret = put_secret(tx, client.id, 1)?;
    let client = find(tx, client.id)?;
    tx.record(Fact::created("service_client.created", &client))?;
    Ok((client, secret))
}

/// Stores a changed client over the revision it was read at, and tells of it as `kind`.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(
    tx: &mut Tx<'_>,
    before: &ServiceClient,
    after: ServiceClient,
    kind: &'static str,
) -> Result<ServiceClient> {
    let row = ClientRow::from(&after);
    revise!(tx, table, service_clients::revision, (before.id, before.revision), &row)?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}

fn put_secret(tx: &mut Tx<'_>, client: ServiceClientId, slot: i64) -> Result<String> {
    let secret = credentials::secret(Kind::Client);
    let row = (
        client_secrets::id.eq(tx.new_id::<ClientSecretId>()),
        client_secrets::client_id.eq(client),
        client_secrets::slot.eq(slot),
        client_secrets::hash.eq(credentials::hash(&secret)),
        client_secrets::last4.eq(credentials::last4(&secret)),
        client_secrets::created_by.eq(tx.caller().actor_text()),
        client_secrets::created_at.eq(tx.now.micros()),
    );
    diesel::insert_into(client_secrets::table)
        .values(row)
        .execute(tx.conn())?;
    Ok(secret)
}

/// Gives the client a new secret. The newest present one stays good for the overlap; an older one ends at once, since
/// there is room for two.
///
/// # Errors
/// 412 if the client was changed meanwhile.
pub fn rotate(tx: &mut Tx<'_>, before: &ServiceClient, overlap_seconds: i64) -> Result<(ServiceClient, String)> {
    let now = tx.now;
    let until = now.plus_seconds(overlap_seconds).micros();
    let live: Vec<(ClientSecretId, i64, Option<Time>)> = client_secrets::table
        .filter(client_secrets::client_id.eq(before.id))
        .filter(client_secrets::revoked_at.is_null())
        .order((client_secrets::created_at.desc(), client_secrets::id.desc()))
        .select((client_secrets::id, client_secrets::slot, client_secrets::expires_at))
        .load(tx.conn())?;
    let mut slot = 1;
    for (index, (id, taken, expires_at)) in live.iter().enumerate() {
        let stays = index == 0 && overlap_seconds > 0 && expires_at.is_none_or(|end| end > now);
        let row = client_secrets::table.find(*id);
        if stays {
            slot = 3 - taken;
            let ends = expires_at.map_or(until, |end| end.micros().min(until));
            diesel::update(row)
                .set(client_secrets::expires_at.eq(Some(ends)))
                .execute(tx.conn())?;
        } else {
            diesel::update(row)
                .set(client_secrets::revoked_at.eq(Some(now.micros())))
                .execute(tx.conn())?;
        }
    }
    let secret = put_secret(tx, before.id, slot)?;
    let next = find(tx, before.id)?;
    let after = ServiceClient {
        revision: before.revision + 1,
        updated_at: now,
        ..next
    };
    save(tx, before, after, "service_client.secret_rotated").map(|client| (client, secret))
}

/// Ends one secret at once.
///
/// # Errors
/// 404 if the client has no such secret that is still good.
pub fn revoke_secret(tx: &mut Tx<'_>, before: &ServiceClient, secret: ClientSecretId) -> Result<ServiceClient> {
    let now = tx.now;
    let row = client_secrets::table
        .find(secret)
        .filter(client_secrets::client_id.eq(before.id))
        .filter(client_secrets::revoked_at.is_null());
    if diesel::update(row)
        .set(client_secrets::revoked_at.eq(Some(now.micros())))
        .execute(tx.conn())?
        == 0
    {
        return Err(Error::not_found());
    }
    let next = find(tx, before.id)?;
    let after = ServiceClient {
        revision: before.revision + 1,
        updated_at: now,
        ..next
    };
    save(tx, before, after, "service_client.secret_revoked")
}

/// What OAuth's endpoints need of a client.
#[derive(Debug, Clone)]
pub struct Signing {
    /// The client.
    pub id: ServiceClientId,
    /// The partner it is bound to.
    pub partner: Option<PartnerId>,
    /// What it may do, at most.
    pub scopes: Vec<String>,
    /// Whether it may sign in.
    pub status: ClientStatus,
    /// Its public keys.
    pub keys: Vec<PublicJwk>,
    /// The secret that it was found by.
    pub secret: Option<ClientSecretId>,
}

type SigningRow = (
    Option<PartnerId>,
    Stored<Vec<String>>,
    ClientStatus,
    Option<Stored<PublicKeySet>>,
);

fn signing(id: ServiceClientId, secret: Option<ClientSecretId>, row: SigningRow) -> Signing {
    let (partner, scopes, status, keys) = row;
    Signing {
        id,
        partner,
        scopes: scopes.0,
        status,
        keys: keys.map(|keys| keys.0.keys).unwrap_or_default(),
        secret,
    }
}

/// The client of that id, whoever asks.
///
/// # Errors
/// What the database reports.
pub fn by_id(tx: &mut Tx<'_>, client: ServiceClientId) -> Result<Option<Signing>> {
    let found: Option<SigningRow> = table
        .find(client)
        .select((
            service_clients::partner_id,
            service_clients::scopes,
            service_clients::status,
            service_clients::jwks,
        ))
        .get_result(tx.conn())
        .optional()?;
    Ok(found.map(|row| signing(client, None, row)))
}

/// The client that has this secret now, whoever asks.
///
/// # Errors
/// What the database reports.
pub fn by_secret(tx: &mut Tx<'_>, client: ServiceClientId, secret: &str) -> Result<Option<Signing>> {
    let now = tx.now;
    // 256 random bits are found by their hash: there is nothing to guess, so there is no time to measure.
    let found: Option<(ClientSecretId, SigningRow)> = client_secrets::table
        .inner_join(table)
        .filter(client_secrets::hash.eq(credentials::hash(secret)))
        .filter(client_secrets::client_id.eq(client))
        .filter(client_secrets::revoked_at.is_null())
        .filter(
            client_secrets::expires_at
                .is_null()
                .or(client_secrets::expires_at.gt(now.micros())),
        )
        .select((
            client_secrets::id,
            (
                service_clients::partner_id,
                service_clients::scopes,
                service_clients::status,
                service_clients::jwks,
            ),
        ))
        .get_result(tx.conn())
        .optional()?;
    Ok(found.map(|(secret, row)| signing(client, Some(secret), row)))
}

/// Notes that a client has proved itself, and by which secret. Book-keeping: no revision, no event.
///
/// # Errors
/// What the database reports.
pub fn note_use(tx: &mut Tx<'_>, client: &Signing) -> Result<()> {
    let now = tx.now;
    if let Some(secret) = client.secret {
        diesel::update(client_secrets::table.find(secret))
            .set(client_secrets::last_used_at.eq(Some(now.micros())))
            .execute(tx.conn())?;
    }
    diesel::update(table.find(client.id))
        .set(service_clients::last_used_at.eq(Some(now.micros())))
        .execute(tx.conn())?;
    Ok(())
}

/// Tells that a client ended a token of its own before its time. The client itself stays as it is.
///
/// # Errors
/// What the database reports.
pub fn tell_revoked(tx: &mut Tx<'_>, client: ServiceClientId) -> Result<()> {
    let client = find(tx, client)?;
    tx.record(Fact::changed("service_client.token_revoked", &client, &client))
}

/// What a client is called, for showing it itself.
///
/// # Errors
/// 404 if there is none.
pub fn name_of(tx: &mut Tx<'_>, client: ServiceClientId) -> Result<String> {
    Ok(table.find(client).select(service_clients::name).get_result(tx.conn())?)
}

/// Which of these clients belong to one of these partners.
///
/// # Errors
/// What the database reports.
pub fn of_these(tx: &mut Tx<'_>, partners: &[PartnerId], clients: &[&str]) -> Result<Vec<String>> {
    let mut clause = Clause::all();
    clause
        .one_of("service_clients.partner_id", partners)
        .one_of("service_clients.id", clients);
    let found: Vec<ServiceClientId> = table.filter(clause).select(service_clients::id).load(tx.conn())?;
    Ok(found.iter().map(ToString::to_string).collect())
}
