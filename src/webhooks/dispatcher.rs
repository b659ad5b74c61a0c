//! The dispatcher of a server: takes endpoints that nobody works for, keeps their leases, and tells those who work what is new.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{rt::task::JoinHandle, web::Data};
use tokio::sync::watch;

use super::{
    deliveries::work_queries as deliveries,
    endpoints::queries::{self as endpoints, Standing},
    guard::Resolve,
    lane::Lane,
    limits::Limits,
    news::{News, Stretch},
    sender::Sender,
    work,
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
/// The most events that those at work are told of one by one. Of more each looks for itself what is for it.
const TOLD: usize = 500;
/// An instance takes half of the endpoints that nobody works for at a time, so that others get some; but at least and at most
/// so many.
const TAKEN: (usize, usize) = (16, 500);
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
    limits: Arc<Limits>,
    token: Arc<str>,
    hands: HashMap<WebhookEndpointId, Hand>,
    /// Whether there may be leases of ours.
    holds: bool,
    last: Option<i64>,
    fresh: Option<Arc<Stretch>>,
    counting: Option<JoinHandle<()>>,
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
            limits: Arc::new(Limits::of(state.db.engine(), state.config.pool)),
            token: format!("{:032x}", rand::random::<u128>()).into(),
            hands: HashMap::new(),
            holds: false,
            last: None,
            fresh: None,
            counting: None,
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
        self.look().await?;
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
        self.count();
        let (last, fresh) = (self.last.unwrap_or(0), &self.fresh);
        for hand in self.hands.values() {
            hand.news.send_if_modified(|news| {
                let is_new = news.last != last;
                if is_new {
                    news.last = last;
                    news.fresh.clone_from(fresh);
                }
                is_new
            });
        }
        Ok(())
    }

    /// Asks the feed for something new. What it is about is read once for all who work for an endpoint: those whom it cannot
    /// concern need not ask.
    async fn look(&mut self) -> Result<()> {
        let before = self.last;
        let (last, headings) = self
            .db
            .ask_snapshot(&Self::caller(), move |tx| {
                let last = events::queries::last_position(tx)?.unwrap_or(0);
                let headings = match before {
                    Some(before) if before < last => work::headings(tx, (before, last), TOLD)?,
                    _ => None,
                };
                Ok((last, headings))
            })
            .await?;
        if before != Some(last) {
            let stretch = |headings| {
                Arc::new(Stretch {
                    after: before.unwrap_or(last),
                    up_to: last,
                    headings,
                })
            };
            self.fresh = headings.map(stretch);
            self.last = Some(last);
        }
        Ok(())
    }

    /// Counts what waits, now and then. There may be much of it, so nothing else waits for that.
    fn count(&mut self) {
        let is_counting = self.counting.as_ref().is_some_and(|task| !task.is_finished());
        if is_counting || !is_due(self.counted, COUNT_EVERY) {
            return;
        }
        self.counted = Some(Instant::now());
        let (db, state) = (self.db.clone(), self.state.clone());
        self.counting = Some(actix_web::rt::spawn(async move {
            match db.ask_snapshot(&Self::caller(), deliveries::open).await {
                Ok((open, oldest)) => {
                    let lag = oldest.map_or(0, |oldest| db.now().since(oldest).max(0));
                    state.metrics.webhooks_open(open, lag / SECOND);
                }
                Err(error) => log::warn!("what waits for webhooks was not counted: {error}"),
            }
        }));
    }

    /// Gives back what nobody works for any more.
    async fn sweep(&mut self) -> Result<()> {
        let over: Vec<WebhookEndpointId> = self
            .hands
            .iter()
            .filter(|(_, hand)| hand.task.is_finished())
            .map(|(id, _)| *id)
            .collect();
        self.release(over.clone()).await?;
        for id in over {
            self.hands.remove(&id);
        }
        Ok(())
    }

    /// Renews the leases. Those who work for an endpoint whose lease is lost are stopped where they are; a lease that was got and
    /// nobody learnt of is given back.
    async fn renew(&mut self) -> Result<()> {
        let begun = Instant::now();
        if self.holds {
            let ((seconds, lease), token) = (self.lease(), self.token.clone());
            let ours = self
                .db
                .run(&Self::caller(), move |tx| endpoints::renew(tx, &token, seconds))
                .await?;
            let mut ours: BTreeSet<WebhookEndpointId> = ours.into_iter().collect();
            self.holds = !ours.is_empty();
            self.hands.retain(|id, hand| {
                let kept = ours.remove(id);
                if kept {
                    hand.news.send_modify(|news| news.until = begun + lease);
                } else {
                    log::warn!("another instance delivers to {id} now");
                    hand.task.abort();
                }
                kept
            });
            self.release(ours.into_iter().collect()).await?;
        }
        self.renewed = Some(begun);
        Ok(())
    }

    async fn release(&self, ids: Vec<WebhookEndpointId>) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let token = self.token.clone();
        self.db
            .run(&Self::caller(), move |tx| endpoints::release(tx, &ids, &token))
            .await
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
                    ..news.clone()
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
        let most = (free.len() / 2).clamp(TAKEN.0, TAKEN.1).min(free.len());
        let some: Vec<WebhookEndpointId> = free.iter().cycle().skip(first).take(most).copied().collect();
        let (seconds, lease) = self.lease();
        let (begun, token) = (Instant::now(), self.token.clone());
        self.holds = true;
        let taken = self
            .db
            .run(&Self::caller(), move |tx| endpoints::take(tx, &some, &token, seconds))
            .await?;
        for id in taken {
            let (news, told) = watch::channel(News {
                last: self.last.unwrap_or(0),
                fresh: self.fresh.clone(),
                generation: there.get(&id).copied().unwrap_or(0),
                until: begun + lease,
                ends: false,
            });
            let lane = Lane {
                state: self.state.clone(),
                db: self.db.clone(),
                sender: self.sender.clone(),
                limits: self.limits.clone(),
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
        for mut hand in self.hands.drain().map(|(_, hand)| hand) {
            if tokio::time::timeout_at(until, &mut hand.task).await.is_err() {
                hand.task.abort();
            }
        }
        if let Some(counting) = self.counting {
            counting.abort();
        }
        let token = self.token.clone();
        let released = self
            .db
            .run(&Self::caller(), move |tx| endpoints::release_every(tx, &token))
            .await;
        if let Err(error) = released {
            log::warn!("the leases of webhooks were not given back: {error}");
        }
    }
}
