//! The keys of identity providers, as far as they are known: in memory, one set for each provider.
//!
//! A set is read when its first token comes, and again when it is no longer fresh, or when a token names a key that it does
//! not have; but of one provider at most once a minute, and by one caller for all who wait, so that tokens with made-up keys
//! cost nothing. As long as a provider does not answer, its last keys are believed, for a day.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    model::IdentityProvider,
    wire::{Read, Wire},
};
use crate::{
    error::{Error, Result, codes},
    identity::jose::{Signed, VerifyingKey},
    kernel::{Time, ids::IdentityProviderId, time::SECOND},
};

/// Seconds between two tries to read the keys of one provider.
const APART: i64 = 60;
/// For how many seconds keys are believed that could not be read again.
const BELIEVED: i64 = 86_400;

/// What is known of a provider's keys.
#[derive(Default)]
struct Known {
    keys: Vec<VerifyingKey>,
    read_at: Option<Time>,
    fresh_seconds: i64,
    tried_at: Option<Time>,
}

/// One provider's keys, and the turn of whoever reads them.
#[derive(Default)]
struct Set {
    known: Mutex<Known>,
    turn: tokio::sync::Mutex<()>,
}

/// A key that fits a header.
enum Found {
    /// It is what the provider says now.
    Fresh(VerifyingKey),
    /// It is what the provider said last.
    Stale(VerifyingKey),
    /// There is none among the keys that are known.
    None,
    /// No keys are known that could be believed.
    Unknown,
}

fn seconds_since(moment: Option<Time>, now: Time) -> Option<i64> {
    moment.map(|moment| now.since(moment) / SECOND)
}

impl Set {
    fn known(&self) -> MutexGuard<'_, Known> {
        // Each change replaces what is known as a whole, so a panic elsewhere leaves it whole.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, header: &Signed, now: Time) -> Found {
        let known = self.known();
        let age = match seconds_since(known.read_at, now) {
            Some(age) if age < BELIEVED => age,
            _ => return Found::Unknown,
        };
        let mut fitting = known.keys.iter().filter(|key| key.fits(header));
        match (fitting.next(), fitting.next()) {
            // A token that names no key is one of a provider that has one.
            (Some(_), Some(_)) if header.kid.is_none() => Found::None,
            (Some(key), _) if age < known.fresh_seconds => Found::Fresh(key.clone()),
            (Some(key), _) => Found::Stale(key.clone()),
            (None, _) => Found::None,
        }
    }

    /// Whether it is time to ask the provider. A clock that was set back keeps nobody waiting.
    fn may_ask(&self, now: Time) -> bool {
        !seconds_since(self.known().tried_at, now).is_some_and(|age| (0..APART).contains(&age))
    }

    fn put(&self, read: Read, now: Time) {
        let mut known = self.known();
        known.keys = read.keys;
        known.fresh_seconds = read.fresh;
        known.read_at = Some(now);
    }
}

/// The keys of all providers that tokens came from. Cheap to clone.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    wire: Wire,
    sets: Mutex<HashMap<IdentityProviderId, Arc<Set>>>,
}

impl Keys {
    /// None so far. `trial`: whether a provider on this very machine may be reached by `http://`.
    pub fn new(trial: bool) -> Self {
        Self(Arc::new(Inner {
            wire: Wire::new(trial),
            sets: Mutex::default(),
        }))
    }

    /// Whether a provider on this very machine may be reached by `http://`.
    pub fn trial(&self) -> bool {
        self.0.wire.trial()
    }

    fn set(&self, provider: IdentityProviderId) -> Arc<Set> {
        let mut sets = self.0.sets.lock().unwrap_or_else(PoisonError::into_inner);
        sets.entry(provider).or_default().clone()
    }

    /// Forgets the keys of providers that are not among these.
    pub fn keep_only(&self, providers: &[IdentityProviderId]) {
        let mut sets = self.0.sets.lock().unwrap_or_else(PoisonError::into_inner);
        sets.retain(|provider, _| providers.contains(provider));
    }

    /// The provider's key that fits the header, if there is one.
    ///
    /// # Errors
    /// `unavailable` if the provider's keys are not known, because it does not answer.
    pub async fn find(&self, provider: &IdentityProvider, header: &Signed, now: Time) -> Result<Option<VerifyingKey>> {
        let set = self.set(provider.id);
        match set.find(header, now) {
            Found::Fresh(key) => return Ok(Some(key)),
            Found::Stale(key) => {
                // The answer does not wait for what it does not need.
                if set.may_ask(now) {
                    drop(self.read(provider, &set, now));
                }
                return Ok(Some(key));
            }
            Found::None | Found::Unknown => {}
        }
        self.read(provider, &set, now).await.map_err(Error::internal)?;
        match set.find(header, now) {
            Found::Fresh(key) | Found::Stale(key) => Ok(Some(key)),
            Found::None => Ok(None),
            Found::Unknown => Err(Error::new(&codes::UNAVAILABLE)
                .detail("The identity provider that issued this token does not answer; try again in a minute.")
                .retry_after(60)),
        }
    }

    /// Reads the provider's keys, if it is time to, or waits for whoever does. A task of its own: a caller who goes away
    /// leaves no reading half done.
    fn read(&self, provider: &IdentityProvider, set: &Arc<Set>, now: Time) -> tokio::task::JoinHandle<()> {
        let (keys, set, id, issuer) = (self.clone(), set.clone(), provider.id, provider.issuer.clone());
        actix_web::rt::spawn(async move {
            let _turn = set.turn.lock().await;
            if !set.may_ask(now) {
                return;
            }
            set.known().tried_at = Some(now);
            match keys.0.wire.keys(&issuer).await {
                Ok(read) => set.put(read, now),
                Err(why) => log::warn!("the keys of the identity provider {id} were not read: {why}"),
            }
        })
    }
}
