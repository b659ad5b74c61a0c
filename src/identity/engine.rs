//! What identity keeps in memory for one server: the keys, the hasher, and what it has just found out of callers.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use hmac::digest::Digest as _;
use sha2::Sha256;

use super::{
    cache::Fresh,
    credentials::API_KEY_PREFIX,
    elsewhere::Elsewhere,
    keys::{self, JsonWebKeySet, KeyRing},
    passwords::Hasher,
    second_factors::SecondFactorPolicy,
    standing::{self, BELIEVED, Standing, Subject},
    tokens::{self, Claims, Parties},
};
use crate::{
    auth::{Authenticator, Caller, MasterSecret, Request},
    config::Config,
    db::{Db, Tx},
    error::{Error, Result, codes},
    http::State,
    kernel::{
        Time,
        ids::{PartnerId, ServiceClientId, SessionId, UserId},
        time::SECOND,
    },
};

/// Seconds between two looks for keys that another instance made.
const RING_SECONDS: i64 = 5;

/// Identity, as one server runs it. Cheap to clone; handlers take it as an argument.
#[derive(Clone)]
pub struct Identity(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Db,
    master: MasterSecret,
    parties: Parties,
    lifetime: i64,
    portal: String,
    pub(super) second_factor: SecondFactorPolicy,
    hasher: Hasher,
    ring: RwLock<(Time, KeyRing)>,
    verified: Fresh<[u8; 32], Arc<Claims>>,
    pub(super) standings: Fresh<Subject, Arc<Standing>>,
    pub(super) elsewhere: Elsewhere,
}

/// Whom an access token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A user in a session, at one partner or at the vendor.
    User {
        /// The user.
        user: UserId,
        /// The session.
        session: SessionId,
        /// The user's session version.
        session_version: i64,
        /// The partner that the user acts for.
        partner: Option<PartnerId>,
    },
    /// A service client.
    Client {
        /// The client.
        client: ServiceClientId,
        /// The partner it is bound to.
        partner: Option<PartnerId>,
        /// The scopes that it asked for and has.
        scopes: Vec<String>,
    },
}

/// The session has ended, or the user may no longer sign in, or the key was revoked: it is all the same to the caller.
pub(super) fn ended(why: &'static str) -> Error {
    Error::new(&codes::UNAUTHENTICATED)
        .detail("The session, client or key behind this token has ended; sign in again.")
        .cause(why)
}

impl Identity {
    /// Identity over that database. Makes the first signing key if there is none.
    ///
    /// # Errors
    /// `unavailable` if the database was set up under another master secret.
    pub fn open(db: &Db, config: &Config, master: &MasterSecret) -> Result<Self> {
        let secret = master.clone();
        let ring = db.run_now(&Caller::system("signing keys"), move |tx| {
            keys::prepare(tx, &secret)?;
            keys::load(tx, &secret)
        })?;
        Ok(Self(Arc::new(Inner {
            parties: Parties {
                issuer: config.public_url.clone(),
                audience: format!("{}/v1", config.public_url),
            },
            lifetime: config.access_token_seconds,
            portal: config.portal_url.clone(),
            second_factor: config.second_factor,
            hasher: Hasher::new()?,
            ring: RwLock::new((db.now(), ring)),
            verified: Fresh::new(),
            standings: Fresh::new(),
            elsewhere: Elsewhere::new(config.identity_provider_http),
            db: db.clone(),
            master: master.clone(),
        })))
    }

    /// The database.
    pub(super) fn db(&self) -> &Db {
        &self.0.db
    }

    /// The master secret.
    pub fn master(&self) -> &MasterSecret {
        &self.0.master
    }

    /// Hashes passwords.
    pub(super) fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    /// Where people open what mails lead to.
    pub fn portal(&self) -> &str {
        &self.0.portal
    }

    /// Who must have a second factor.
    pub(super) fn second_factor(&self) -> SecondFactorPolicy {
        self.0.second_factor
    }

    /// Whether an identity provider on this very machine may be reached by `http://`.
    pub(super) fn trial(&self) -> bool {
        self.0.elsewhere.trial()
    }

    /// Who makes tokens: the server's public address.
    pub fn issuer(&self) -> &str {
        &self.0.parties.issuer
    }

    /// How many seconds an access token is good for.
    pub fn lifetime(&self) -> i64 {
        self.0.lifetime
    }

    /// A keyed hash of a login name or an address, for what must not be readable.
    pub(super) fn disguise(&self, text: &str) -> String {
        self.0.master.hash("login-subjects", text)
    }

    /// The keys that tokens may be signed with, for whoever checks them.
    pub fn key_set(&self) -> JsonWebKeySet {
        let now = self.0.db.now();
        self.0
            .ring
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .1
            .published(now)
    }

    /// Makes the next signing key when it is time, and takes up those of other instances. To be called now and then.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn upkeep(&self) -> Result<()> {
        let secret = self.0.master.clone();
        let caller = Caller::system("signing keys");
        let ring = self.0.db.run(&caller, move |tx| {
            keys::prepare(tx, &secret)?;
            keys::load(tx, &secret)
        });
        self.take_up(ring.await?);
        Ok(())
    }

    fn take_up(&self, ring: KeyRing) {
        *self.0.ring.write().unwrap_or_else(PoisonError::into_inner) = (self.0.db.now(), ring);
    }

    /// A new access token.
    ///
    /// # Errors
    /// `internal` if it cannot be signed.
    pub fn access_token(&self, holder: &Holder) -> Result<String> {
        let now = self.0.db.now();
        let mut claims = Claims {
            iss: self.0.parties.issuer.clone(),
            aud: self.0.parties.audience.clone(),
            sub: String::new(),
            exp: now.seconds().saturating_add(self.0.lifetime),
            iat: now.seconds(),
            jti: crate::kernel::ids::encode(uuid::Uuid::from_bytes(rand::random())),
            sid: None,
            sv: None,
            partner_id: None,
            client_id: None,
            scope: None,
        };
        match holder {
            Holder::User {
                user,
                session,
                session_version,
                partner,
            } => {
                claims.sub = user.to_string();
                (claims.sid, claims.sv, claims.partner_id) = (Some(*session), Some(*session_version), *partner);
            }
            Holder::Client {
                client,
                partner,
                scopes,
            } => {
                claims.sub = client.to_string();
                claims.client_id = Some(client.to_string());
                (claims.partner_id, claims.scope) = (*partner, Some(scopes.join(" ")));
            }
        }
        let ring = self.0.ring.read().unwrap_or_else(PoisonError::into_inner);
        let (kid, key) = ring.1.signing(now)?;
        tokens::sign(&claims, kid, key)
    }

    /// What a token of ours says. A token that was checked once is believed until it ends.
    async fn claims(&self, token: &str, digest: [u8; 32], now: Time) -> Result<Arc<Claims>> {
        if let Some(claims) = self.0.verified.get(&digest, now) {
            return Ok(claims);
        }
        let kid = tokens::kid(token)?;
        if self.check(token, &kid, now).is_none() {
            self.look_for_new_keys(now).await?;
        }
        let claims = self
            .check(token, &kid, now)
            .unwrap_or_else(|| Err(Error::new(&codes::UNAUTHENTICATED).cause("an unknown kid")))?;
        let claims = Arc::new(claims);
        self.0
            .verified
            .put(digest, claims.clone(), now, claims.exp.saturating_sub(now.seconds()));
        Ok(claims)
    }

    fn session_of(&self, token: &str) -> Option<SessionId> {
        self.0
            .verified
            .get(&digest(token), self.0.db.now())
            .and_then(|claims| claims.sid)
    }

    /// The token checked with the key of that name, if there is one.
    fn check(&self, token: &str, kid: &str, now: Time) -> Option<Result<Claims>> {
        let ring = self.0.ring.read().unwrap_or_else(PoisonError::into_inner);
        ring.1
            .public(kid, now)
            .map(|key| tokens::verify(token, key, &self.0.parties, now))
    }

    /// Another instance may have made a key; a stranger who makes up names of keys must not cost a query each.
    async fn look_for_new_keys(&self, now: Time) -> Result<()> {
        let read_at = self.0.ring.read().unwrap_or_else(PoisonError::into_inner).0;
        if now.since(read_at) < RING_SECONDS * SECOND {
            return Ok(());
        }
        let secret = self.0.master.clone();
        let ring = self
            .0
            .db
            .ask(&Caller::system("signing keys"), move |tx| keys::load(tx, &secret))
            .await?;
        self.take_up(ring);
        Ok(())
    }

    /// The standing of a subject, at most some seconds old.
    pub(super) async fn standing(&self, subject: Subject, now: Time) -> Result<Arc<Standing>> {
        if let Some(standing) = self.0.standings.get(&subject, now) {
            return Ok(standing);
        }
        let asked = subject.clone();
        let found = self
            .0
            .db
            .ask(&Caller::system("authentication"), move |tx| look_up(tx, &asked))
            .await?;
        let standing = Arc::new(found.ok_or_else(|| ended("no standing"))?);
        self.0.standings.put(subject, standing.clone(), now, BELIEVED);
        Ok(standing)
    }

    /// Forgets what is believed of everybody: a session, a right or a key has just changed on this instance.
    pub fn forget(&self) {
        self.0.standings.clear();
    }

    /// Forgets what is believed of identity providers and their tokens besides: one of them, or a link, has just changed on this
    /// instance.
    pub(super) fn forget_providers(&self) {
        self.forget();
        self.0.elsewhere.forget();
    }

    /// The caller of a token: one of ours, or one of an identity provider.
    async fn by_token(&self, token: &str, request: Request) -> Result<Caller> {
        let (now, digest) = (self.0.db.now(), digest(token));
        // What was checked before is ours, and the most of it by far.
        if let Some(claims) = self.0.verified.get(&digest, now) {
            return self.by_claims(&claims, request).await;
        }
        if let Some(provider) = self.provider_of(token, now).await? {
            return self.by_provider(&provider, token, digest, request).await;
        }
        let claims = self.claims(token, digest, now).await?;
        self.by_claims(&claims, request).await
    }

    /// What a token of ours says, and who it stands for now; nothing if it is not one of ours that is good now.
    ///
    /// # Errors
    /// What the database reports.
    pub(super) async fn inspect(&self, token: &str, request: Request) -> Result<Option<(Arc<Claims>, Caller)>> {
        let found = match self.claims(token, digest(token), self.0.db.now()).await {
            Ok(claims) => self.by_claims(&claims, request).await.map(|caller| (claims, caller)),
            Err(refusal) => Err(refusal),
        };
        match found {
            Ok(found) => Ok(Some(found)),
            Err(refusal) if refusal.code().status == 401 => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn by_claims(&self, claims: &Claims, request: Request) -> Result<Caller> {
        let now = self.0.db.now();
        let subject = match claims.sid {
            Some(session) => Subject::Session(session),
            None => Subject::Client(
                claims
                    .sub
                    .parse()
                    .map_err(|_wrong| ended("neither session nor client"))?,
            ),
        };
        let standing = self.standing(subject, now).await?;
        if claims.sv.is_some_and(|version| version != standing.session_version) {
            return Err(ended("an older session version"));
        }
        if standing.revoked.contains(&claims.jti) {
            return Err(ended("a revoked token"));
        }
        let caller = standing.caller(request, claims.scope.as_deref(), self.0.second_factor);
        // A token names user and session; both must be of one sign-in.
        if caller.actor_text() == claims.sub && caller.partner() == claims.partner_id {
            Ok(caller)
        } else {
            Err(ended("another subject"))
        }
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn look_up(tx: &mut Tx<'_>, subject: &Subject) -> Result<Option<Standing>> {
    match subject {
        Subject::Session(session) => standing::of_session(tx, *session),
        Subject::Client(client) => standing::of_client(tx, *client),
        Subject::ApiKey(public_id) => standing::of_api_key(tx, public_id),
        Subject::Linked(link, partner) => standing::of_link(tx, *link, *partner),
    }
}

impl Authenticator for Identity {
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Result<Caller>> + 'a>> {
        Box::pin(async move {
            if token.starts_with(API_KEY_PREFIX) {
                self.by_api_key(token, request).await
            } else {
                self.by_token(token, request).await
            }
        })
    }
}

impl FromRequest for Identity {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(State::of(request).map(|state| state.identity.clone()))
    }
}

/// What the browser or program calls itself, at most 255 characters of it.
#[derive(Debug, Clone, Default)]
pub struct Agent(pub Option<String>);

impl FromRequest for Agent {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request
            .headers()
            .get(actix_web::http::header::USER_AGENT)
            .and_then(|value| value.to_str().ok());
        ready(Ok(Self(text.map(|text| text.chars().take(255).collect()))))
    }
}

/// The session of the caller's access token; none for machines.
#[derive(Debug, Clone, Copy)]
pub struct CurrentSession(pub Option<SessionId>);

impl FromRequest for CurrentSession {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    /// The gate has checked the token before, so what is remembered of it is enough.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = request
            .headers()
            .get(actix_web::http::header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = token
            .and_then(|value| value.split_once(' '))
            .map(|(_, token)| token.trim().to_owned());
        ready(State::of(request).map(|state| Self(token.and_then(|token| state.identity.session_of(&token)))))
    }
}
