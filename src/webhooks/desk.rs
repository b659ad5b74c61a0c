//! What lies on the desk of those who work for one endpoint: its queue, what is prepared, what is under way, and what they have
//! learnt of its receiver.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::web::Bytes;
use futures_util::{future::LocalBoxFuture, stream::FuturesUnordered};

use super::{
    endpoints::{WebhookDisabledReason, WebhookEndpoint, WebhookStatus},
    queue::{Open, Queue},
    verdict::{Deed, Outcome},
    work::{Batch, Plan, Prepared, Seen},
};
use crate::{error::Result, kernel::Time};

/// The most calls to one endpoint at a time.
const AT_ONCE: usize = 4;
/// After so many failures one after the other an endpoint gets one call at a time.
const STRIKES: u32 = 4;
/// After so many it is left alone for a while after each: a receiver that takes one message of three never fails so often.
const TIRING: u32 = 12;
/// How long it is left alone at first; twice as long each time, up to half a minute.
const REST: Duration = Duration::from_millis(250);
/// How often that is doubled at most.
const DOUBLED: u32 = 7;
/// The most messages that wait and were not tried yet.
pub const UNTRIED: usize = 1000;
/// A receiver that takes longer than this gets no more prepared than is sent at once.
const QUICK: i64 = 200;
/// How long there is nothing to do, at most, before the clock is looked at.
const PAUSE: Duration = Duration::from_millis(100);
/// The same while nothing waits for a moment to come.
const IDLE: Duration = Duration::from_secs(5);

/// What a part of the work came to.
pub enum Done {
    /// A call, and what was done; nothing if it was not made after all.
    Called(Box<Open>, Option<Deed>),
    /// A batch was written down; whether the endpoint is disabled by it, and nothing if the lease is lost.
    Written(Arc<Batch>, Result<Option<bool>>),
    /// The feed was looked through.
    Looked(Result<Seen>),
    /// Messages were prepared, of these places.
    Prepared(Vec<i64>, Result<Prepared>),
}

/// Whether the work goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// It does.
    Goes,
    /// It ends in order.
    Ends,
    /// The lease is lost: nothing more may be done.
    Lost,
}

/// The desk.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether one part of the work is under way; they do not exclude each other"
)]
pub struct Desk {
    /// The endpoint as it was read.
    pub endpoint: Arc<WebhookEndpoint>,
    /// Its present secret.
    pub secret: String,
    /// The secret before, and until when it signs too.
    pub previous: Option<(String, Time)>,
    /// What counted the endpoint's changes when it was read.
    pub generation: i64,
    /// Whether it was changed since.
    pub stale: bool,
    /// What waits.
    pub queue: Queue,
    /// Whether more waits in the database.
    pub more: bool,
    /// How far the feed was looked through.
    pub position: i64,
    /// How far of that is written down.
    pub saved: i64,
    /// What is ready to be sent.
    pub ready: VecDeque<(Open, Bytes)>,
    /// What was done and is not written down.
    pub finished: Vec<Outcome>,
    /// Why the endpoint must be disabled.
    pub disables: Option<WebhookDisabledReason>,
    /// What is under way.
    pub tasks: FuturesUnordered<LocalBoxFuture<'static, Done>>,
    /// How many calls of it.
    pub calling: usize,
    /// Whether a batch is being written down.
    pub writing: bool,
    /// Whether the feed is being looked through.
    pub looking: bool,
    /// Whether messages are being prepared.
    pub preparing: bool,
    /// How many calls have failed one after the other.
    strikes: u32,
    /// Whether the last answer was long in coming.
    slow: bool,
    /// Until when the receiver wants to be left alone.
    paused_until: Time,
    /// Until when it is left alone because it keeps failing.
    rests_until: Instant,
    /// Until when the database is left alone because it failed.
    pub not_before: Instant,
    /// Whether the work goes on.
    pub course: Course,
}

impl Desk {
    /// A desk with what a plan says.
    pub fn new(plan: Plan, secret: String, previous: Option<(String, Time)>) -> Self {
        let mut queue = Queue::default();
        plan.waiting.into_iter().for_each(|row| queue.push(row));
        let now = Instant::now();
        Self {
            secret,
            previous,
            generation: plan.mark.generation,
            stale: false,
            queue,
            more: plan.more,
            position: plan.mark.position,
            saved: plan.mark.position,
            ready: VecDeque::new(),
            finished: Vec::new(),
            disables: None,
            tasks: FuturesUnordered::new(),
            calling: 0,
            writing: false,
            looking: false,
            preparing: false,
            strikes: 0,
            slow: false,
            paused_until: Time::from_micros(0),
            rests_until: now,
            not_before: now,
            course: Course::Goes,
            endpoint: Arc::new(plan.endpoint),
        }
    }

    /// The desk after it was laid anew. What was learnt of the receiver holds unless somebody has changed something: then it
    /// gets a new chance at once. What was looked through is not looked through again.
    pub fn followed_by(self, fresh: Self) -> Self {
        let position = self.position.max(fresh.position);
        if fresh.generation == self.generation {
            Self {
                position,
                strikes: self.strikes,
                slow: self.slow,
                paused_until: self.paused_until,
                rests_until: self.rests_until,
                ..fresh
            }
        } else {
            Self { position, ..fresh }
        }
    }

    /// Whether the endpoint is delivered to.
    pub fn is_enabled(&self) -> bool {
        self.endpoint.status == WebhookStatus::Enabled
    }

    /// Whether nothing is under way that must be waited for.
    pub fn is_idle(&self) -> bool {
        self.tasks.is_empty() && self.finished.is_empty() && self.disables.is_none()
    }

    /// Whether what waits in the database must be loaded anew.
    pub fn runs_low(&self) -> bool {
        self.more && self.queue.len() < UNTRIED
    }

    /// How long to wait for anything, at most.
    pub fn pause(&self) -> Duration {
        let nothing_waits = self.queue.len() == 0 && self.finished.is_empty() && Instant::now() >= self.not_before;
        if nothing_waits { IDLE } else { PAUSE }
    }

    /// Whether the endpoint keeps failing.
    pub const fn is_struck(&self) -> bool {
        self.strikes >= STRIKES
    }

    /// How many calls may run at a time.
    pub const fn at_once(&self) -> usize {
        if self.is_struck() { 1 } else { AT_ONCE }
    }

    /// How many messages may be prepared ahead, of at most so many.
    pub const fn ahead(&self, most: usize) -> usize {
        if self.slow || self.strikes > 0 {
            self.at_once()
        } else {
            most
        }
    }

    /// Whether the receiver is left alone for now.
    pub fn is_at_rest(&self, now: Time) -> bool {
        now < self.paused_until || Instant::now() < self.rests_until
    }

    /// Leaves the receiver alone for a while, as too many that fail are tried already.
    pub fn rest(&mut self, chance: u8) {
        self.rests_until = Instant::now() + REST * 4 + Duration::from_millis(u64::from(chance) * 4);
    }

    /// Gives back what was prepared and is not sent now.
    pub fn clear(&mut self) {
        for (open, _) in self.ready.drain(..) {
            self.queue.put_back(open.place);
        }
    }

    /// Remembers what an answer says of the receiver.
    pub fn learn(&mut self, deed: &Deed, now: Time) {
        let Deed::Sent { answer, .. } = deed else { return };
        self.slow = answer.milliseconds > QUICK;
        if let Some(wait) = answer.wait {
            self.paused_until = now.plus_seconds(wait.min(86_400));
        }
        if answer.is_taken() {
            self.strikes = 0;
            return;
        }
        self.strikes = self.strikes.saturating_add(1);
        if let Some(more) = self.strikes.checked_sub(TIRING) {
            self.rests_until = Instant::now() + REST * 2_u32.pow(more.min(DOUBLED));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kernel::ids::{Id as _, WebhookEndpointId},
        webhooks::{endpoints::queries::Mark, sender::Answer},
    };

    fn desk(generation: i64, position: i64) -> Desk {
        let now = Time::from_micros(1_000_000);
        let plan = Plan {
            endpoint: WebhookEndpoint::sample(WebhookEndpointId::example(1), now),
            mark: Mark {
                position,
                sequence: 0,
                generation,
                failing_since: None,
            },
            waiting: Vec::new(),
            more: false,
        };
        Desk::new(plan, "whsec_".to_owned(), None)
    }

    fn sent(status: u16, wait: Option<i64>) -> Deed {
        Deed::Sent {
            at: Time::from_micros(0),
            signature: String::new(),
            answer: Answer {
                status: Some(status),
                wait,
                ..Answer::default()
            },
        }
    }

    #[test]
    fn who_keeps_failing_gets_one_call_at_a_time_and_then_fewer() {
        let now = Time::from_micros(0);
        let mut desk = desk(1, 0);
        assert_eq!((desk.at_once(), desk.ahead(32)), (4, 32));
        for _ in 0..4 {
            desk.learn(&sent(500, None), now);
        }
        assert_eq!((desk.at_once(), desk.ahead(32), desk.is_at_rest(now)), (1, 1, false));
        for _ in 0..8 {
            desk.learn(&sent(500, None), now);
        }
        assert!(desk.is_at_rest(now), "twelve in a row");
        for _ in 0..100 {
            desk.learn(&sent(500, None), now);
        }
        assert!(desk.rests_until <= Instant::now() + Duration::from_secs(32));
        desk.learn(&sent(204, None), now);
        assert_eq!((desk.at_once(), desk.ahead(32)), (4, 32), "one that is taken ends it");
    }

    #[test]
    fn a_receiver_s_wish_holds_until_somebody_changes_something() {
        let (now, later) = (Time::from_micros(0), Time::from_micros(59_000_000));
        let mut asked = desk(1, 70);
        asked.learn(&sent(429, Some(60)), now);
        assert!(asked.is_at_rest(later) && !asked.is_at_rest(Time::from_micros(60_000_000)));
        let same = asked.followed_by(desk(1, 50));
        assert!(
            same.is_at_rest(later) && same.position == 70,
            "what was looked through is"
        );
        let changed = same.followed_by(desk(2, 50));
        assert!(!changed.is_at_rest(later) && changed.position == 70);
    }
}
