//! The dispatcher of a server: takes endpoints that nobody works for, keeps their leases, and tells those who work what is new.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{rt::task::JoinHandle, web::Data};
use tokio::sync::{Semaphore, watch};

use super::{
    deliveries::work_queries as deliveries,
    endpoints::queries::{self as endpoints, Standing},
    guard::Resolve,
    lane::{Lane, News},
    sender::Sender,
};
use crate::{
    auth::Caller,
    db::{Db, Engine},
    error::Result,
    events,
    http::State,
    kernel::{ids::WebhookEndpointId, time::SECOND},
};

/// How often the feed is asked for something new.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often it is asked which endpoints there are, and what of them changed.
const LIST_EVERY: Duration = Duration::from_millis(500);
/// How often what waits is counted.
const COUNT_EVERY: Duration = Duration::from_secs(5);
/// How long to wait after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// The most calls at a time, to all endpoints together.
const CALLS: usize = 64;
/// The most endpoints that an instance takes at a time, so that others get some.
const TAKEN: usize = 16;
/// How long calls may take that are under way when the server ends.
const LAST_CALLS: Duration = Duration::from_millis(1500);

/// Ends what leases a server before this one left behind, where this one is the only one: on SQLite. Blocks.
///
/// # Errors
/// What the database reports.
pub fn take_over(db: &Db) -> Result<()> {
    match db.engine() {
        Engine::Sqlite => db.run_now(&Caller::system("webhooks"), endpoints::release_all),
        Engine::Postgres => Ok(()),
    }
}

/// Those who work for an endpoint.
struct Hand {
    news: watch::Sender<News>,
    task: JoinHandle<()>,
}

/// Delivers webhooks.
pub struct Dispatcher {
    state: Data<State>,
    db: Db,
    sender: Arc<Sender>,
    calls: Arc<Semaphore>,
    token: Arc<str>,
    hands: HashMap<WebhookEndpointId, Hand>,
    last: i64,
    listed: Option<Instant>,
    renewed: Option<Instant>,
    counted: Option<Instant>,
}

/// Whether so much time has gone by since then.
fn is_due(since: Option<Instant>, every: Duration) -> bool {
    since.is_none_or(|since| since.elapsed() >= every)
}

impl Dispatcher {
    /// A dispatcher that has nothing to do yet, and looks names up with that resolver.
    pub fn new(state: &Data<State>, resolver: Arc<dyn Resolve>) -> Self {
        Self {
            state: state.clone(),
            db: state.db.clone(),
            sender: Arc::new(Sender::new(&state.config.webhooks, resolver)),
            calls: Arc::new(Semaphore::new(CALLS)),
            token: format!("{:032x}", rand::random::<u128>()).into(),
            hands: HashMap::new(),
            last: 0,
            listed: None,
            renewed: None,
            counted: None,
        }
    }

    /// The same over other connections to the database.
    #[must_use]
    pub fn on(self, db: Db) -> Self {
        Self { db, ..self }
    }

    /// Delivers until it is told to stop. What is under way then may end, for a moment; what does not is sent again by whoever
    /// goes on.
    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut pause = LOOK_EVERY;
        // A sender that is gone means the end, too.
        while tokio::time::timeout(pause, stopped.wait_for(|stopped| *stopped))
            .await
            .is_err()
        {
            pause = match Box::pin(self.round()).await {
                Ok(()) => LOOK_EVERY,
                Err(error) => {
                    log::warn!("webhooks wait: {error}");
                    AFTER_FAILURE
                }
            };
        }
        self.end().await;
    }

    fn caller() -> Caller {
        Caller::system("webhooks")
    }

    fn lease(&self) -> (i64, Duration) {
        let seconds = self.state.config.webhooks.lease_seconds();
        (seconds, Duration::from_secs(u64::try_from(seconds).unwrap_or(1)))
    }

    async fn round(&mut self) -> Result<()> {
        self.sweep().await?;
        let (_, lease) = self.lease();
        if is_due(self.renewed, (lease / 6).min(Duration::from_secs(5))) {
            self.renew().await?;
        }
        let last = self.db.ask(&Self::caller(), events::queries::last_position).await?;
        self.last = last.unwrap_or(0);
        if is_due(self.listed, LIST_EVERY) {
            self.listed = Some(Instant::now());
            let standing = self
                .db
                .ask(&Self::caller(), |tx| {
                    let pinged = deliveries::pinged(tx)?;
                    endpoints::standing(tx, &pinged)
                })
                .await?;
            self.assign(&standing).await?;
        }
        if is_due(self.counted, COUNT_EVERY) {
            self.counted = Some(Instant::now());
            let (open, oldest) = self.db.ask(&Self::caller(), deliveries::open).await?;
            let lag = oldest.map_or(0, |oldest| self.db.now().since(oldest).max(0));
            self.state.metrics.webhooks_open(open, lag / SECOND);
        }
        let last = self.last;
        for hand in self.hands.values() {
            hand.news.send_if_modified(|news| {
                let is_new = news.last != last;
                news.last = last;
                is_new
            });
        }
        Ok(())
    }

    /// Gives back what nobody works for any more.
    async fn sweep(&mut self) -> Result<()> {
        let over: Vec<WebhookEndpointId> = self
            .hands
            .iter()
            .filter(|(_, hand)| hand.task.is_finished())
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            let token = self.token.clone();
            self.db
                .run(&Self::caller(), move |tx| endpoints::release(tx, id, &token))
                .await?;
            self.hands.remove(&id);
        }
        Ok(())
    }

    /// Renews the leases. Those who work for an endpoint whose lease is lost are stopped where they are.
    async fn renew(&mut self) -> Result<()> {
        let (seconds, lease) = self.lease();
        let (begun, token) = (Instant::now(), self.token.clone());
        if !self.hands.is_empty() {
            let ours = self
                .db
                .run(&Self::caller(), move |tx| endpoints::renew(tx, &token, seconds))
                .await?;
            let ours: BTreeSet<WebhookEndpointId> = ours.into_iter().collect();
            self.hands.retain(|id, hand| {
                let kept = ours.contains(id);
                if kept {
                    hand.news.send_modify(|news| news.until = begun + lease);
                } else {
                    log::warn!("another instance delivers to {id} now");
                    hand.task.abort();
                }
                kept
            });
        }
        self.renewed = Some(begun);
        Ok(())
    }

    /// Takes endpoints that are free, and tells those at work what changed.
    async fn assign(&mut self, standing: &[Standing]) -> Result<()> {
        let there: HashMap<WebhookEndpointId, i64> = standing.iter().map(|one| (one.id, one.generation)).collect();
        for (id, hand) in &self.hands {
            let generation = there.get(id).copied();
            hand.news.send_if_modified(|news| {
                let next = News {
                    generation: generation.unwrap_or(news.generation),
                    ends: generation.is_none(),
                    ..*news
                };
                let is_new = *news != next;
                *news = next;
                is_new
            });
        }
        let free: Vec<WebhookEndpointId> = standing
            .iter()
            .filter(|one| one.free && !self.hands.contains_key(&one.id))
            .map(|one| one.id)
            .collect();
        if free.is_empty() {
            return Ok(());
        }
        // Instances that begin together do not begin with the same ones.
        let first = usize::from(rand::random::<u16>()) % free.len();
        let mut some: Vec<WebhookEndpointId> = free
            .iter()
            .cycle()
            .skip(first)
            .take(TAKEN.min(free.len()))
            .copied()
            .collect();
        some.sort_unstable();
        let (seconds, lease) = self.lease();
        let (begun, token) = (Instant::now(), self.token.clone());
        let taken = self
            .db
            .run(&Self::caller(), move |tx| {
                let mut taken = Vec::new();
                for id in &some {
                    if endpoints::take(tx, *id, &token, seconds)? {
                        taken.push(*id);
                    }
                }
                Ok(taken)
            })
            .await?;
        for id in taken {
            let (news, told) = watch::channel(News {
                last: self.last,
                generation: there.get(&id).copied().unwrap_or(0),
                until: begun + lease,
                ends: false,
            });
            let lane = Lane {
                state: self.state.clone(),
                db: self.db.clone(),
                sender: self.sender.clone(),
                calls: self.calls.clone(),
                id,
                token: self.token.clone(),
                news: told,
            };
            let task = actix_web::rt::spawn(lane.run());
            self.hands.insert(id, Hand { news, task });
        }
        Ok(())
    }

    async fn end(mut self) {
        for hand in self.hands.values() {
            hand.news.send_modify(|news| news.ends = true);
        }
        let until = tokio::time::Instant::now() + LAST_CALLS;
        let hands: Vec<(WebhookEndpointId, Hand)> = self.hands.drain().collect();
        for (id, mut hand) in hands {
            if tokio::time::timeout_at(until, &mut hand.task).await.is_err() {
                hand.task.abort();
            }
            let token = self.token.clone();
            let released = self
                .db
                .run(&Self::caller(), move |tx| endpoints::release(tx, id, &token))
                .await;
            if let Err(error) = released {
                log::warn!("the lease of {id} was not given back: {error}");
            }
        }
    }
}
