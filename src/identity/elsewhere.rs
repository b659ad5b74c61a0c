//! Callers who come with a token of an identity provider: the token is checked by the provider's keys, once, and the account
//! in it leads to a user; what that user may do is looked up as for everybody.
//!
//! The provider is asked outside of any transaction. A token that was checked is believed until it ends, but only while its
//! provider stands as it did and still has the key.

use std::sync::Arc;

use super::{
    cache::Fresh,
    engine::Identity,
    jose::{self, Signed},
    links,
    providers::{self, Arrival, IdentityProvider, Refusal, keys::Keys},
    standing::{BELIEVED, Standing, Subject},
};
use crate::{
    auth::{Caller, Request, Roles, Side},
    error::{Error, Result, codes},
    kernel::{
        Time,
        ids::{IdentityLinkId, IdentityProviderId, PartnerId},
    },
};

/// What is known of identity providers and their tokens.
pub(super) struct Elsewhere {
    providers: Fresh<(), Arc<[Arc<IdentityProvider>]>>,
    keys: Keys,
    met: Fresh<[u8; 32], Option<Arc<Met>>>,
}

impl Elsewhere {
    /// Nothing so far. `trial`: whether a provider on this very machine may be reached by `http://`.
    pub(super) fn new(trial: bool) -> Self {
        Self {
            providers: Fresh::new(),
            keys: Keys::new(trial),
            met: Fresh::new(),
        }
    }

    pub(super) fn trial(&self) -> bool {
        self.keys.trial()
    }

    /// Forgets what was found out of providers and tokens; the providers' keys stay.
    pub(super) fn forget(&self) {
        self.providers.clear();
        self.met.clear();
    }
}

/// A token of a provider that was checked.
struct Met {
    provider: IdentityProviderId,
    /// The provider's revision by which it was taken.
    revision: i64,
    header: Signed,
    exp: i64,
    link: IdentityLinkId,
    partner: Option<PartnerId>,
    /// The roles that its claim maps to.
    roles: Roles,
}

/// It does not say what is wrong: that helps forgers alone.
fn refused(why: &'static str) -> Error {
    Error::new(&codes::UNAUTHENTICATED).cause(format!("a provider's token: {why}"))
}

fn nobody() -> Error {
    Error::new(&codes::UNAUTHENTICATED)
        .detail("Nobody who may sign in here belongs to this account of the identity provider; ask an administrator.")
        .cause("a provider's token of nobody")
}

impl Identity {
    /// The providers whose tokens are taken, at most some seconds old.
    async fn providers(&self, now: Time) -> Result<Arc<[Arc<IdentityProvider>]>> {
        let elsewhere = &self.0.elsewhere;
        if let Some(known) = elsewhere.providers.get(&(), now) {
            return Ok(known);
        }
        let found = self
            .0
            .db
            .ask(&Caller::system("authentication"), providers::enabled)
            .await?;
        let found: Arc<[Arc<IdentityProvider>]> = found.into_iter().map(Arc::new).collect();
        let ids: Vec<IdentityProviderId> = found.iter().map(|provider| provider.id).collect();
        elsewhere.keys.keep_only(&ids);
        elsewhere.providers.put((), found.clone(), now, BELIEVED);
        Ok(found)
    }

    /// The provider that a token says it is of; none for one of ours, and for one of a stranger.
    ///
    /// # Errors
    /// What the database reports.
    pub(super) async fn provider_of(&self, token: &str, now: Time) -> Result<Option<Arc<IdentityProvider>>> {
        let Some(issuer) = jose::unchecked(token, "iss").filter(|issuer| issuer != self.issuer()) else {
            return Ok(None);
        };
        let providers = self.providers(now).await?;
        Ok(providers.iter().find(|provider| provider.issuer == issuer).cloned())
    }

    /// The caller of a provider's token.
    ///
    /// # Errors
    /// 401 `unauthenticated` or `token_expired`; `unavailable` if the provider must be asked and does not answer.
    pub(super) async fn by_provider(
        &self,
        provider: &IdentityProvider,
        token: &str,
        digest: [u8; 32],
        request: Request,
    ) -> Result<Caller> {
        let now = self.0.db.now();
        let remembered = self.0.elsewhere.met.get(&digest, now).filter(|met| {
            met.as_ref()
                .is_none_or(|met| met.provider == provider.id && met.revision == provider.revision)
        });
        let met = match remembered {
            Some(None) => return Err(nobody()),
            Some(Some(met)) if met.exp.saturating_add(jose::LEEWAY) <= now.seconds() => {
                return Err(Error::new(&codes::TOKEN_EXPIRED));
            }
            Some(Some(met)) => {
                // A key that the provider has taken back opens nothing any more.
                let key = self.0.elsewhere.keys.find(provider, &met.header, now).await?;
                key.ok_or_else(|| refused("its key is gone"))?;
                met
            }
            None => self.meet(provider, token, digest, &request, now).await?,
        };
        let standing = self.standing(Subject::Linked(met.link, met.partner), now).await;
        let standing = standing.inspect_err(|_ended| {
            // Next time it is looked at anew: the account may be linked again, to somebody else.
            self.0.elsewhere.met.forget(&digest);
        })?;
        let standing = Standing {
            roles: provider.roles(standing.roles, met.roles, matches!(standing.side, Side::Partner(_))),
            ..(*standing).clone()
        };
        Ok(standing.caller(request, None, self.0.second_factor))
    }

    /// A token that is met for the first time, or again after its provider was changed.
    async fn meet(
        &self,
        provider: &IdentityProvider,
        token: &str,
        digest: [u8; 32],
        request: &Request,
        now: Time,
    ) -> Result<Arc<Met>> {
        let elsewhere = &self.0.elsewhere;
        let header = Signed::read(token)
            .filter(|header| provider.takes(header))
            .ok_or_else(|| refused("its header"))?;
        let key = elsewhere.keys.find(provider, &header, now).await?;
        let key = key.ok_or_else(|| refused("an unknown key"))?;
        let claims = header.verified(token, &key).ok_or_else(|| refused("its signature"))?;
        let arrival = provider.arrival(&claims, now).map_err(|why| match why {
            Refusal::Ended => Error::new(&codes::TOKEN_EXPIRED),
            Refusal::Wrong(what) => refused(what),
        })?;
        let Some((link, partner)) = self.arrive(provider, &arrival, request).await? else {
            // Not again at each call, but soon: somebody may be about to link the account.
            elsewhere.met.put(digest, None, now, BELIEVED);
            return Err(nobody());
        };
        let met = Arc::new(Met {
            provider: provider.id,
            revision: provider.revision,
            header,
            exp: arrival.exp,
            link,
            partner,
            roles: arrival.roles,
        });
        let seconds = arrival.exp.saturating_add(jose::LEEWAY).saturating_sub(now.seconds());
        elsewhere.met.put(digest, Some(met.clone()), now, seconds);
        Ok(met)
    }

    async fn arrive(
        &self,
        provider: &IdentityProvider,
        arrival: &Arrival,
        request: &Request,
    ) -> Result<Option<(IdentityLinkId, Option<PartnerId>)>> {
        let caller = Caller::system("sign-in by an identity provider").in_request(request.clone());
        let (provider, arrival) = (provider.clone(), arrival.clone());
        self.0
            .db
            .run(&caller, move |tx| links::arrive(tx, &provider, &arrival))
            .await
    }
}
