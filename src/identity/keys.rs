//! The keys that sign access tokens: in the database with the private part sealed, in memory as a ring.
//!
//! A new key is published a day before it signs, so that whoever caches the key set knows it in time, and stays
//! published after its successor took over until the last token it signed has ended.

use std::collections::HashMap;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use diesel::prelude::*;
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::MasterSecret,
    db::Tx,
    error::{Error, Result},
    kernel::{Time, json::Stored},
    schema::signing_keys::{self, table},
};

/// How long a key signs, in days.
const SIGNS_DAYS: i64 = 90;
/// How long a key is published before it signs, in days.
const AHEAD_DAYS: i64 = 1;
/// How long a key stays published after its successor took over: the longest life of a token, and a reserve. Seconds.
const AFTER_SECONDS: i64 = 3600 + 300;
/// What the private keys are sealed for.
const PURPOSE: &str = "signing-keys";

/// A public key as RFC 8037 writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JsonWebKey {
    /// The key's family: an octet key pair.
    #[schema(example = "OKP", max_length = 8)]
    pub kty: String,
    /// The curve.
    #[schema(example = "Ed25519", max_length = 16)]
    pub crv: String,
    /// The public key, base64url without padding.
    #[schema(
        example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        max_length = 64,
        pattern = "^[A-Za-z0-9_-]+$"
    )]
    pub x: String,
    /// The name of the key, as in a token's header.
    #[schema(example = "7f3c9a1e5b2d4068", max_length = 64, pattern = "^[0-9a-f]+$")]
    pub kid: String,
    /// What the key is for: signatures.
    #[serde(rename = "use")]
    #[schema(example = "sig", max_length = 8)]
    pub usage: String,
    /// The algorithm.
    #[schema(example = "EdDSA", max_length = 16)]
    pub alg: String,
}

/// Public keys, as RFC 7517 writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct JsonWebKeySet {
    /// The keys that tokens may be signed with.
    #[schema(max_items = 16)]
    pub keys: Vec<JsonWebKey>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys, treat_none_as_default_value = false)]
struct KeyRow {
    kid: String,
    algorithm: String,
    sealed_private_key: String,
    public_jwk: Stored<JsonWebKey>,
    activates_at: Time,
    retires_at: Option<Time>,
    created_at: Time,
}

struct Key {
    private: EncodingKey,
    public: DecodingKey,
    published: JsonWebKey,
    activates_at: Time,
    retires_at: Option<Time>,
}

/// The keys that are published now, ready for use.
#[derive(Default)]
pub struct KeyRing(HashMap<String, Key>);

impl KeyRing {
    /// The key that signs at `now`, with its name.
    ///
    /// # Errors
    /// `internal` if there is none; [`prepare`] sees to it that there is one.
    pub fn signing(&self, now: Time) -> Result<(&str, &EncodingKey)> {
        self.0
            .iter()
            .filter(|(_, key)| key.activates_at <= now && key.retires_at.is_none_or(|end| end > now))
            .max_by_key(|(kid, key)| (key.activates_at, kid.as_str()))
            .map(|(kid, key)| (kid.as_str(), &key.private))
            .ok_or_else(|| Error::internal("there is no key to sign with"))
    }

    /// The key of that name.
    pub fn public(&self, kid: &str, now: Time) -> Option<&DecodingKey> {
        self.0
            .get(kid)
            .filter(|key| key.retires_at.is_none_or(|end| end > now))
            .map(|key| &key.public)
    }

    /// The keys as they are published, oldest first.
    pub fn published(&self, now: Time) -> JsonWebKeySet {
        let mut keys: Vec<&Key> = self
            .0
            .values()
            .filter(|key| key.retires_at.is_none_or(|end| end > now))
            .collect();
        keys.sort_by(|a, b| (a.activates_at, &a.published.kid).cmp(&(b.activates_at, &b.published.kid)));
        JsonWebKeySet {
            keys: keys.into_iter().map(|key| key.published.clone()).collect(),
        }
    }
}

/// The keys out of the database.
///
/// # Errors
/// `unavailable` if they were sealed under another master secret.
pub fn load(tx: &mut Tx<'_>, master: &MasterSecret) -> Result<KeyRing> {
    let mut ring = HashMap::new();
    for row in rows(tx)? {
        let private = master.open(PURPOSE, &row.kid, &row.sealed_private_key)?;
        let public = DecodingKey::from_ed_components(&row.public_jwk.x).map_err(Error::internal)?;
        let key = Key {
            private: EncodingKey::from_ed_der(&private),
            public,
            published: row.public_jwk.0,
            activates_at: row.activates_at,
            retires_at: row.retires_at,
        };
        ring.insert(row.kid, key);
    }
    Ok(KeyRing(ring))
}

fn rows(tx: &mut Tx<'_>) -> Result<Vec<KeyRow>> {
    let now = tx.now;
    Ok(table
        .filter(
            signing_keys::retires_at
                .is_null()
                .or(signing_keys::retires_at.gt(now.micros())),
        )
        .select(KeyRow::as_select())
        .load(tx.conn())?)
}

/// Makes the first key, or the next one in time before the present one has signed long enough.
///
/// # Errors
/// What the database reports.
pub fn prepare(tx: &mut Tx<'_>, master: &MasterSecret) -> Result<()> {
    let now = tx.now;
    let newest = rows(tx)?
        .into_iter()
        .filter(|row| row.retires_at.is_none())
        .max_by_key(|row| row.activates_at);
    let activates_at = match newest {
        None => now,
        Some(newest) if newest.activates_at.plus_days(SIGNS_DAYS - AHEAD_DAYS) <= now => {
            let takes_over = now.plus_days(AHEAD_DAYS);
            let ends = takes_over.plus_seconds(AFTER_SECONDS).micros();
            diesel::update(table.filter(signing_keys::retires_at.is_null()))
                .set(signing_keys::retires_at.eq(Some(ends)))
                .execute(tx.conn())?;
            takes_over
        }
        Some(_) => return Ok(()),
    };
    let row = generate(master, activates_at, now)?;
    diesel::insert_into(table).values(&row).execute(tx.conn())?;
    Ok(())
}

fn generate(master: &MasterSecret, activates_at: Time, now: Time) -> Result<KeyRow> {
    let refused = |_unspecified| Error::internal("a signing key could not be made");
    let pair = Ed25519KeyPair::generate().map_err(refused)?;
    let private = pair.to_pkcs8v1().map_err(refused)?;
    let kid: String = rand::random::<[u8; 8]>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let public_jwk = JsonWebKey {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        x: URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()),
        kid: kid.clone(),
        usage: "sig".to_owned(),
        alg: "EdDSA".to_owned(),
    };
    Ok(KeyRow {
        sealed_private_key: master.seal(PURPOSE, &kid, private.as_ref())?,
        kid,
        algorithm: "EdDSA".to_owned(),
        public_jwk: Stored(public_jwk),
        activates_at,
        retires_at: None,
        created_at: now,
    })
}
