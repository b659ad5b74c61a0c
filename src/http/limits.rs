//! How often a caller may call: one bucket for each principal (for strangers: each address), refilled steadily.

use std::{num::NonZeroU32, sync::Arc};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::{
    Quota as Rate, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};

use crate::{
    auth::{Actor, Caller},
    error::{Error, Result, codes},
};

type Buckets = RateLimiter<u64, DashMapStateStore<u64>, DefaultClock, StateInformationMiddleware>;

/// Counts calls.
pub struct Limiter {
    buckets: Option<Arc<Buckets>>,
    per_minute: u32,
    clock: DefaultClock,
}

/// What a caller has left.
#[derive(Debug, Clone, Copy)]
pub struct Quota {
    left: u32,
}

impl Limiter {
    /// A limiter of so many calls a minute for each principal; zero means no limit.
    pub fn new(per_minute: u32) -> Self {
        let buckets = NonZeroU32::new(per_minute).map(|limit| {
            Arc::new(RateLimiter::dashmap(Rate::per_minute(limit)).with_middleware::<StateInformationMiddleware>())
        });
        Self {
            buckets,
            per_minute,
            clock: DefaultClock::default(),
        }
    }

    /// Takes one call of that weight out of the caller's bucket.
    ///
    /// # Errors
    /// 429 `rate_limited` with the seconds to wait.
    pub fn take(&self, caller: &Caller, weight: u32) -> Result<Quota> {
        let (Some(buckets), Some(weight)) = (&self.buckets, NonZeroU32::new(weight)) else {
            return Ok(Quota { left: u32::MAX });
        };
        match buckets.check_key_n(&principal(caller), weight) {
            Ok(Ok(state)) => Ok(Quota {
                left: state.remaining_burst_capacity(),
            }),
            Ok(Err(denied)) => {
                let wait = denied.wait_time_from(self.clock.now()).as_secs().saturating_add(1);
                Err(Error::new(&codes::RATE_LIMITED).retry_after(u32::try_from(wait).unwrap_or(60)))
            }
            Err(_too_heavy) => Err(Error::new(&codes::RATE_LIMITED).retry_after(60)),
        }
    }

    /// Tells the caller what is left (draft-ietf-httpapi-ratelimit-headers).
    pub fn tell(&self, quota: Quota, headers: &mut HeaderMap) {
        if self.buckets.is_none() {
            return;
        }
        let policy = format!("\"default\";q={};w=60", self.per_minute);
        let left = format!("\"default\";r={};t=60", quota.left);
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }

    /// Forgets the buckets that are full again.
    pub fn tidy(&self) {
        if let Some(buckets) = &self.buckets {
            buckets.retain_recent();
        }
    }
}

fn principal(caller: &Caller) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    match caller.actor() {
        Actor::Anonymous => caller.request().ip.hash(&mut hasher),
        actor => (actor, caller.partner().map(|partner| partner.to_string())).hash(&mut hasher),
    }
    hasher.finish()
}
