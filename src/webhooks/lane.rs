//! The work of one instance for one endpoint: finds events, sends messages, writes down what came of them. It waits for nothing
//! but its own calls: while some run, others are prepared, and what came of those before is written down, many at once.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::web::{Bytes, Data};
use futures_util::{StreamExt as _, future::LocalBoxFuture, stream::FuturesUnordered};
use tokio::sync::{Semaphore, watch};

use super::{
    SEALED_FOR,
    deliveries::{AttemptRow, WebhookDeliveryStatus, message_id, work_queries::Waiting},
    endpoints::{self, WebhookDisabledReason, WebhookEndpoint, WebhookStatus},
    queue::{Open, Queue},
    sender::{Letter, Sender},
    signature,
    verdict::{Deed, Outcome, judge},
    work::{self, Batch, LOADED, Plan},
};
use crate::{
    auth::Caller,
    db::Db,
    error::{Error, Result},
    http::State,
    kernel::{Time, ids::WebhookEndpointId},
};

/// The most calls to one endpoint at a time.
const AT_ONCE: usize = 4;
/// After so many failures one after the other an endpoint gets one call at a time.
const STRIKES: u32 = 4;
/// The most messages that wait and were not tried yet.
const UNTRIED: usize = 1000;
/// The most events that are put into the queue at a time.
const FOUND: usize = 500;
/// The most messages that are prepared ahead.
const AHEAD: usize = 32;
/// A receiver that takes longer than this gets no more prepared than is sent at once.
const QUICK: i64 = 200;
/// How far the mark may lie behind what was looked through.
const BEHIND: i64 = 5000;
/// How long there is nothing to do, at most, before the clock is looked at.
const PAUSE: Duration = Duration::from_millis(100);
/// How long to wait after a failure of the database.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How much longer than a call the lease must last for a call to begin.
const MARGIN: Duration = Duration::from_millis(500);

/// What the dispatcher tells those who work for an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct News {
    /// The last position of the feed.
    pub last: i64,
    /// What counts the endpoint's changes.
    pub generation: i64,
    /// Until when the endpoint is ours.
    pub until: Instant,
    /// Whether to end.
    pub ends: bool,
}

/// The work for one endpoint.
pub struct Lane {
    /// What servers share.
    pub state: Data<State>,
    /// The database.
    pub db: Db,
    /// Who sends.
    pub sender: Arc<Sender>,
    /// How many calls may run at a time, to all endpoints together.
    pub calls: Arc<Semaphore>,
    /// The endpoint.
    pub id: WebhookEndpointId,
    /// What shows that its lease is ours.
    pub token: Arc<str>,
    /// What the dispatcher tells.
    pub news: watch::Receiver<News>,
}

/// What a part of the work came to.
enum Done {
    Called(Box<Open>, Option<Deed>),
    Written(Arc<Batch>, Result<Option<bool>>),
    Looked(Result<Seen>),
    Prepared(Vec<i64>, Result<Option<Vec<(Open, Option<Vec<u8>>)>>>),
}

/// What was found in the feed.
enum Seen {
    Events(i64, Vec<Waiting>),
    /// The endpoint may learn of nothing any more.
    NoRights,
    Lost,
}

/// Why the work ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    Goes,
    Ends,
    /// The lease is lost: nothing more may be done.
    Lost,
}

/// What lies on the desk of those who work.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether one part of the work is under way; they do not exclude each other"
)]
struct Desk {
    endpoint: Arc<WebhookEndpoint>,
    secret: String,
    previous: Option<(String, Time)>,
    generation: i64,
    queue: Queue,
    more: bool,
    position: i64,
    saved: i64,
    ready: VecDeque<(Open, Bytes)>,
    finished: Vec<Outcome>,
    disables: Option<WebhookDisabledReason>,
    tasks: FuturesUnordered<LocalBoxFuture<'static, Done>>,
    calling: usize,
    writing: bool,
    looking: bool,
    preparing: bool,
    strikes: u32,
    slow: bool,
    paused_until: Time,
    not_before: Instant,
    course: Course,
}

impl Desk {
    fn new(plan: Plan, secret: String, previous: Option<(String, Time)>) -> Self {
        let mut queue = Queue::default();
        plan.waiting.into_iter().for_each(|row| queue.push(row));
        Self {
            secret,
            previous,
            generation: plan.mark.generation,
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
            not_before: Instant::now(),
            course: Course::Goes,
            endpoint: Arc::new(plan.endpoint),
        }
    }

    fn is_enabled(&self) -> bool {
        self.endpoint.status == WebhookStatus::Enabled
    }

    /// Whether nothing is under way that must be waited for.
    fn is_idle(&self) -> bool {
        self.tasks.is_empty() && self.finished.is_empty() && self.disables.is_none()
    }

    /// Whether what waits in the database must be loaded anew.
    fn runs_low(&self) -> bool {
        self.more && self.queue.len() < UNTRIED
    }

    const fn at_once(&self) -> usize {
        if self.strikes >= STRIKES { 1 } else { AT_ONCE }
    }

    /// Gives back what was prepared and is not sent now.
    fn clear(&mut self) {
        for (open, _) in self.ready.drain(..) {
            self.queue.put_back(open.place);
        }
    }

    /// Remembers what an answer says of the receiver.
    fn learn(&mut self, deed: &Deed, now: Time) {
        let Deed::Sent { answer, .. } = deed else { return };
        self.strikes = if answer.is_taken() {
            0
        } else {
            self.strikes.saturating_add(1)
        };
        self.slow = answer.milliseconds > QUICK;
        if let Some(wait) = answer.wait {
            self.paused_until = now.plus_seconds(wait.min(86_400));
        }
    }
}

impl Lane {
    /// Works until there is nothing to do for the endpoint here any more.
    pub async fn run(mut self) {
        if let Err(error) = Box::pin(self.work()).await {
            log::warn!("webhooks of {} wait: {error}", self.id);
            tokio::time::sleep(AFTER_FAILURE).await;
        }
    }

    fn caller() -> Caller {
        Caller::system("webhooks")
    }

    async fn open(&self) -> Result<Option<Desk>> {
        let id = self.id;
        let plan = self
            .db
            .ask_snapshot(&Self::caller(), move |tx| work::plan(tx, id))
            .await?;
        plan.map(|plan| {
            let (row, master) = (id.to_string(), self.state.identity.master());
            let opened = |sealed: &str| {
                let bytes = master.open(SEALED_FOR, &row, sealed)?;
                String::from_utf8(bytes).map_err(Error::internal)
            };
            let secret = opened(&plan.endpoint.sealed_secret)?;
            let previous = match (&plan.endpoint.sealed_previous, plan.endpoint.previous_secret_until) {
                (Some(sealed), Some(until)) => Some((opened(sealed)?, until)),
                _ => None,
            };
            Ok(Desk::new(plan, secret, previous))
        })
        .transpose()
    }

    async fn work(&mut self) -> Result<()> {
        let Some(mut desk) = self.open().await? else {
            return Ok(());
        };
        loop {
            let news = *self.news.borrow_and_update();
            if !desk.is_enabled() && desk.queue.len() == 0 {
                desk.course = Course::Ends;
            }
            let ends = news.ends || desk.course != Course::Goes;
            let rests = ends || news.generation > desk.generation || desk.runs_low();
            if desk.course == Course::Lost {
                return Ok(());
            }
            if rests {
                desk.clear();
                if desk.is_idle() {
                    if ends {
                        return self.leave(&desk).await;
                    }
                    let (strikes, paused_until) = (desk.strikes, desk.paused_until);
                    let Some(fresh) = self.open().await? else {
                        return Ok(());
                    };
                    desk = Desk {
                        strikes,
                        paused_until,
                        ..fresh
                    };
                    continue;
                }
            }
            self.write(&mut desk);
            if !rests {
                self.look(&mut desk, news);
                self.prepare(&mut desk);
                self.call(&mut desk, news);
            }
            tokio::select! {
                Some(done) = desk.tasks.next(), if !desk.tasks.is_empty() => self.take(&mut desk, done),
                told = self.news.changed() => {
                    if told.is_err() {
                        return Ok(());
                    }
                }
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Notes how far the feed was looked through, for whoever goes on.
    async fn leave(&self, desk: &Desk) -> Result<()> {
        if desk.position == desk.saved {
            return Ok(());
        }
        let (id, token, settings) = (self.id, self.token.clone(), self.state.config.webhooks.clone());
        let batch = Batch {
            position: desk.position,
            ..Batch::default()
        };
        self.db
            .run(&Self::caller(), move |tx| {
                work::finish(tx, id, &token, &batch, &settings)
            })
            .await
            .map(drop)
    }

    /// Writes down what came of messages.
    fn write(&self, desk: &mut Desk) {
        let behind = desk.position - desk.saved >= BEHIND;
        let nothing = desk.finished.is_empty() && desk.disables.is_none() && !behind;
        if desk.writing || nothing || Instant::now() < desk.not_before {
            return;
        }
        let (now, settings) = (self.db.now(), self.state.config.webhooks.clone());
        let mut batch = Batch {
            position: desk.position,
            disables: desk.disables,
            ..Batch::default()
        };
        for outcome in &desk.finished {
            let verdict = judge(outcome, &settings, now, rand::random());
            if !outcome.open.is_ping() && matches!(outcome.deed, Deed::Sent { .. }) {
                let taken = verdict.change.status == WebhookDeliveryStatus::Delivered;
                batch.taken |= taken;
                batch.failed |= !taken;
            }
            batch.disables = batch.disables.or(verdict.disables);
            batch
                .attempts
                .extend(attempt(outcome, verdict.change.id, verdict.change.attempts));
            batch.changes.push((outcome.open.place, verdict.change));
        }
        // They stay on the desk until they are written down, so that a failure of the database loses nothing.
        desk.writing = true;
        let (db, id, token, batch) = (self.db.clone(), self.id, self.token.clone(), Arc::new(batch));
        desk.tasks.push(Box::pin(async move {
            let (shared, caller) = (batch.clone(), Self::caller());
            let written = db.run(&caller, move |tx| work::finish(tx, id, &token, &shared, &settings));
            Done::Written(batch, written.await)
        }));
    }

    /// Looks for events that the endpoint wants.
    fn look(&self, desk: &mut Desk, news: News) {
        let loaded = usize::try_from(LOADED).unwrap_or(UNTRIED);
        let room = UNTRIED
            .saturating_sub(desk.queue.untried())
            .min(loaded.saturating_sub(desk.queue.len()))
            .min(FOUND);
        let idle = !desk.looking && !desk.more && desk.is_enabled();
        if !idle || room == 0 || news.last <= desk.position || Instant::now() < desk.not_before {
            return;
        }
        desk.looking = true;
        let (db, endpoint, token) = (self.db.clone(), desk.endpoint.clone(), self.token.clone());
        let (after, most) = (desk.position, i64::try_from(room).unwrap_or(1));
        desk.tasks.push(Box::pin(async move {
            let looked = async {
                let wanting = endpoint.clone();
                let found = db
                    .ask_snapshot(&Self::caller(), move |tx| {
                        work::look(tx, &wanting, (after, news.last), most)
                    })
                    .await?;
                let Some(found) = found else { return Ok(Seen::NoRights) };
                if found.events.is_empty() {
                    return Ok(Seen::Events(found.up_to, Vec::new()));
                }
                let up_to = found.up_to;
                let rows = db
                    .run(&Self::caller(), move |tx| {
                        work::append(tx, &endpoint, &token, (after, &found))
                    })
                    .await?;
                Ok(rows.map_or(Seen::Lost, |rows| Seen::Events(up_to, rows)))
            };
            Done::Looked(looked.await)
        }));
    }

    /// Prepares messages that may go now.
    fn prepare(&self, desk: &mut Desk) {
        let now = self.db.now();
        let (most, busy) = (desk.at_once(), desk.preparing || now < desk.paused_until);
        if busy || desk.ready.len() >= most || Instant::now() < desk.not_before {
            return;
        }
        let ahead = if desk.slow || desk.strikes > 0 { most } else { AHEAD };
        let opens = desk.queue.take(now, ahead.saturating_sub(desk.ready.len()));
        if opens.is_empty() {
            return;
        }
        desk.preparing = true;
        let (db, endpoint) = (self.db.clone(), desk.endpoint.clone());
        let places = opens.iter().map(|open| open.place).collect();
        desk.tasks.push(Box::pin(async move {
            let caller = Self::caller();
            let prepared = db.ask_snapshot(&caller, move |tx| work::prepare(tx, &endpoint, opens));
            Done::Prepared(places, prepared.await)
        }));
    }

    /// Sends what is prepared, as far as calls may run.
    fn call(&self, desk: &mut Desk, news: News) {
        let enough = self.sender.timeout() + MARGIN;
        if news.until.saturating_duration_since(Instant::now()) < enough {
            return;
        }
        while desk.calling < desk.at_once() {
            let Some((open, body)) = desk.ready.pop_front() else {
                return;
            };
            desk.calling += 1;
            let (db, sender, calls, told) = (
                self.db.clone(),
                self.sender.clone(),
                self.calls.clone(),
                self.news.clone(),
            );
            let previous = desk.previous.as_ref().map(|(secret, until)| (secret.as_str(), *until));
            let secrets = endpoints::secrets_at((&desk.secret, previous), self.db.now());
            let url = desk.endpoint.url.clone();
            desk.tasks.push(Box::pin(async move {
                // Closed with the dispatcher alone.
                let Ok(_permit) = calls.acquire().await else {
                    return Done::Called(Box::new(open), None);
                };
                let news = *told.borrow();
                if news.ends || news.until.saturating_duration_since(Instant::now()) < enough {
                    return Done::Called(Box::new(open), None);
                }
                let at = db.now();
                let id = message_id(open.row.event_id.as_deref(), open.row.id);
                let letter = Letter {
                    signature: signature::sign(&secrets, &id, at.seconds(), &body),
                    url,
                    id,
                    timestamp: at.seconds(),
                    body,
                };
                let answer = sender.send(&letter, at).await;
                let deed = Deed::Sent {
                    at,
                    signature: letter.signature,
                    answer,
                };
                Done::Called(Box::new(open), Some(deed))
            }));
        }
    }

    /// Takes what a part of the work came to.
    fn take(&self, desk: &mut Desk, done: Done) {
        match done {
            Done::Called(open, deed) => {
                desk.calling = desk.calling.saturating_sub(1);
                match deed {
                    Some(deed) => {
                        desk.learn(&deed, self.db.now());
                        desk.finished.push(Outcome { open: *open, deed });
                    }
                    None => desk.queue.put_back(open.place),
                }
            }
            Done::Written(batch, written) => self.written(desk, &batch, written),
            Done::Looked(looked) => {
                desk.looking = false;
                match looked {
                    Ok(Seen::Events(up_to, rows)) => {
                        desk.position = up_to;
                        if !rows.is_empty() {
                            desk.saved = up_to;
                        }
                        rows.into_iter().for_each(|row| desk.queue.push(row));
                    }
                    Ok(Seen::NoRights) => desk.disables = Some(WebhookDisabledReason::ClientDisabled),
                    Ok(Seen::Lost) => desk.course = Course::Lost,
                    Err(error) => self.waits(desk, &error),
                }
            }
            Done::Prepared(places, prepared) => {
                desk.preparing = false;
                match prepared {
                    Ok(Some(messages)) => {
                        for (open, body) in messages {
                            match body {
                                Some(body) => desk.ready.push_back((open, Bytes::from(body))),
                                None => desk.finished.push(Outcome {
                                    open,
                                    deed: Deed::PassedOver,
                                }),
                            }
                        }
                    }
                    Ok(None) => {
                        desk.disables = Some(WebhookDisabledReason::ClientDisabled);
                        places.into_iter().for_each(|place| desk.queue.put_back(place));
                    }
                    Err(error) => {
                        self.waits(desk, &error);
                        places.into_iter().for_each(|place| desk.queue.put_back(place));
                    }
                }
            }
        }
    }

    fn written(&self, desk: &mut Desk, batch: &Batch, written: Result<Option<bool>>) {
        desk.writing = false;
        let disabled = match written {
            Ok(Some(disabled)) => disabled,
            Ok(None) => {
                desk.course = Course::Lost;
                return;
            }
            Err(error) => return self.waits(desk, &error),
        };
        // What was finished while the batch was written came after it.
        desk.finished.drain(..batch.changes.len().min(desk.finished.len()));
        desk.saved = batch.position;
        let now = self.db.now();
        for (place, change) in &batch.changes {
            let outcome = match change.status {
                WebhookDeliveryStatus::Delivered => "delivered",
                WebhookDeliveryStatus::Skipped => "skipped",
                WebhookDeliveryStatus::Pending | WebhookDeliveryStatus::Failed => "failed",
            };
            self.state.metrics.webhook(outcome);
            match change.next_attempt_at {
                Some(due) => desk.queue.again(*place, (change.attempts, change.tries), due.max(now)),
                None => desk.queue.done(*place),
            }
        }
        if disabled {
            desk.disables = None;
            desk.course = Course::Ends;
        }
    }

    /// The database failed: everything is tried again in a second.
    fn waits(&self, desk: &mut Desk, error: &Error) {
        log::warn!("webhooks of {} wait for the database: {error}", self.id);
        desk.not_before = Instant::now() + AFTER_FAILURE;
    }
}

fn attempt(outcome: &Outcome, delivery_id: crate::kernel::ids::WebhookDeliveryId, number: i64) -> Option<AttemptRow> {
    let Deed::Sent { at, signature, answer } = &outcome.deed else {
        return None;
    };
    Some(AttemptRow {
        delivery_id,
        number,
        attempted_at: *at,
        milliseconds: answer.milliseconds,
        status: answer.status.map(i64::from),
        error: answer.error.clone(),
        signature: Some(signature.clone()),
        answer: answer.body.clone(),
    })
}
