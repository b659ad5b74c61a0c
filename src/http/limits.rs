//! How often a caller may call: one bucket for each principal (for strangers: each address), refilled steadily.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

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

    /// Takes one call of that weight out of the caller's bucket. None weighs more than a full bucket holds: it could never
    /// be called.
    ///
    /// # Errors
    /// 429 `rate_limited` with the seconds to wait.
    pub fn take(&self, caller: &Caller, weight: u32) -> Result<Quota> {
        let (Some(buckets), Some(weight)) = (&self.buckets, NonZeroU32::new(weight.min(self.per_minute))) else {
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

    /// Takes so much more for a call that has taken `taken`, and turns out to speak of many records. Both together weigh no more
    /// than a full bucket holds: it could never be called.
    ///
    /// # Errors
    /// As [`Limiter::take`].
    pub fn take_more(&self, caller: &Caller, quota: Quota, taken: u32, more: u32) -> Result<Quota> {
        match more.min(self.per_minute.saturating_sub(taken)) {
            0 => Ok(quota),
            more => self.take(caller, more),
        }
    }

    /// Takes one call of that weight out of the caller's bucket, waiting for it if need be: for work that has begun and cannot be
    /// refused any more. While the bucket is less than half full it takes no more than comes in, so that the rest is left to
    /// the caller's other calls.
    pub async fn pace(&self, caller: &Caller, weight: u32) {
        let (Some(buckets), Some(weight)) = (&self.buckets, NonZeroU32::new(weight)) else {
            return;
        };
        loop {
            let wait = match buckets.check_key_n(&principal(caller), weight) {
                Ok(Ok(state)) if state.remaining_burst_capacity() >= self.per_minute / 2 => return,
                Ok(Ok(_little_left)) => {
                    let comes_in = Duration::from_secs(60) * weight.get() / self.per_minute.max(1);
                    return tokio::time::sleep(comes_in).await;
                }
                Ok(Err(denied)) => denied.wait_time_from(self.clock.now()),
                Err(_too_heavy) => return,
            };
            tokio::time::sleep(wait).await;
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

/// Whose calls are counted together.
pub(super) fn principal(caller: &Caller) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    match caller.actor() {
        Actor::Anonymous => caller.request().ip.hash(&mut hasher),
        actor => (actor, caller.partner().map(|partner| partner.to_string())).hash(&mut hasher),
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn work_that_is_paced_waits_and_leaves_half_to_others() {
        let (limiter, caller) = (Limiter::new(6000), Caller::system("test"));
        limiter.take(&caller, 3000).unwrap();
        for _ in 0..5 {
            limiter.pace(&caller, 1).await;
        }
        assert!(limiter.take(&caller, 2900).is_ok());
        while limiter.take(&caller, 10).is_ok() {}
        limiter.pace(&caller, 10).await;
    }

    #[test]
    fn what_weighs_more_than_a_bucket_holds_empties_it() {
        let limiter = Limiter::new(100);
        let caller = Caller::system("test");
        assert_eq!(limiter.take(&caller, 60).unwrap().left, 40);
        assert!(limiter.take(&caller, 60).is_err());
        let other = Caller::system("other");
        assert_eq!(limiter.take(&other, 1000).unwrap().left, 0);
        assert!(limiter.take(&other, 1).is_err());
    }

    #[test]
    fn a_call_of_many_records_fits_into_a_full_bucket_whatever_it_took_before() {
        let limiter = Limiter::new(100);
        let caller = Caller::system("test");
        let quota = limiter.take(&caller, 1).unwrap();
        assert_eq!(limiter.take_more(&caller, quota, 1, 0).unwrap().left, 99);
        assert_eq!(limiter.take_more(&caller, quota, 1, 999).unwrap().left, 0);
        assert!(limiter.take_more(&caller, quota, 1, 999).is_err());
    }
}
