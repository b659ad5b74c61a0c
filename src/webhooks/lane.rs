//! The work of one instance for one endpoint: finds events, sends messages, writes down what came of them. It waits for nothing
//! but its own calls: while some run, others are prepared, and what came of those before is written down, many at once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::web::{Bytes, Data};
use futures_util::StreamExt as _;
use tokio::sync::watch;

use super::{
    SEALED_FOR,
    deliveries::{WebhookDeliveryStatus, message_id},
    desk::{Course, Desk, Done, UNTRIED},
    endpoints::{self, WebhookDisabledReason},
    limits::Limits,
    news::News,
    queue::Open,
    sender::{Letter, Sender},
    verdict::{Deed, Outcome, attempt, judge},
    work::{self, Batch, LOADED, Prepared, Seen},
};
use crate::{
    auth::Caller,
    db::Db,
    error::{Error, Result},
    http::State,
    kernel::ids::WebhookEndpointId,
};

/// The most events that are put into the queue at a time.
const FOUND: usize = 500;
/// The most messages that are prepared ahead.
const AHEAD: usize = 32;
/// How far the mark may lie behind what was looked through.
const BEHIND: i64 = 5000;
/// How long to wait after a failure of the database.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How much longer than a call the lease must last for a call to begin.
const MARGIN: Duration = Duration::from_millis(500);

/// The work for one endpoint.
pub struct Lane {
    /// What servers share.
    pub state: Data<State>,
    /// The database.
    pub db: Db,
    /// Who sends.
    pub sender: Arc<Sender>,
    /// How much may be under way at a time, for all endpoints together.
    pub limits: Arc<Limits>,
    /// The endpoint.
    pub id: WebhookEndpointId,
    /// What shows that its lease is ours.
    pub token: Arc<str>,
    /// What the dispatcher tells.
    pub news: watch::Receiver<News>,
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
        let turn = self.limits.reads.acquire().await;
        let plan = self
            .db
            .ask_snapshot(&Self::caller(), move |tx| work::plan(tx, id))
            .await?;
        drop(turn);
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
            let news = self.news.borrow_and_update().clone();
            if !desk.is_enabled() && desk.queue.len() == 0 {
                desk.course = Course::Ends;
            }
            let ends = news.ends || desk.course != Course::Goes;
            let rests = ends || desk.stale || news.generation > desk.generation || desk.runs_low();
            if desk.course == Course::Lost {
                return Ok(());
            }
            if rests {
                desk.clear();
                if desk.is_idle() {
                    if ends {
                        return self.leave(&desk).await;
                    }
                    let Some(fresh) = self.open().await? else {
                        return Ok(());
                    };
                    desk = desk.followed_by(fresh);
                    continue;
                }
            }
            self.write(&mut desk);
            if !rests {
                self.look(&mut desk, &news);
                self.prepare(&mut desk);
                self.call(&mut desk, &news);
            }
            let pause = desk.pause();
            tokio::select! {
                Some(done) = desk.tasks.next(), if !desk.tasks.is_empty() => self.take(&mut desk, done),
                told = self.news.changed() => {
                    if told.is_err() {
                        return Ok(());
                    }
                }
                () = tokio::time::sleep(pause) => {}
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
        let limits = self.limits.clone();
        desk.tasks.push(Box::pin(async move {
            let _turn = limits.writes.acquire().await;
            let (shared, caller) = (batch.clone(), Self::caller());
            let written = db.run(&caller, move |tx| work::finish(tx, id, &token, &shared, &settings));
            Done::Written(batch, written.await)
        }));
    }

    /// Looks for events that the endpoint wants.
    fn look(&self, desk: &mut Desk, news: &News) {
        let loaded = usize::try_from(LOADED).unwrap_or(UNTRIED);
        let room = UNTRIED
            .saturating_sub(desk.queue.untried())
            .min(loaded.saturating_sub(desk.queue.len()))
            .min(FOUND);
        let idle = !desk.looking && !desk.more && desk.disables.is_none() && desk.is_enabled();
        if !idle || room == 0 || news.last <= desk.position || Instant::now() < desk.not_before {
            return;
        }
        if news.is_nothing_for(&desk.endpoint, desk.position) {
            desk.position = news.last;
            return;
        }
        desk.looking = true;
        let (db, endpoint, token, limits) = (
            self.db.clone(),
            desk.endpoint.clone(),
            self.token.clone(),
            self.limits.clone(),
        );
        let (after, last, most) = (desk.position, news.last, i64::try_from(room).unwrap_or(1));
        let generation = desk.generation;
        desk.tasks.push(Box::pin(async move {
            let looked = async {
                let wanting = endpoint.clone();
                let turn = limits.reads.acquire().await;
                let seen = db
                    .ask_snapshot(&Self::caller(), move |tx| {
                        work::look(tx, (&wanting, generation), (after, last), most)
                    })
                    .await?;
                drop(turn);
                let Seen::Found(found) = seen else { return Ok(seen) };
                if found.events.is_empty() {
                    return Ok(Seen::Queued(found.read_to, Vec::new()));
                }
                let _turn = limits.writes.acquire().await;
                db.run(&Self::caller(), move |tx| {
                    work::append(tx, &endpoint, &token, (after, &found))
                })
                .await
            };
            Done::Looked(looked.await)
        }));
    }

    /// Prepares messages that may go now.
    fn prepare(&self, desk: &mut Desk) {
        let now = self.db.now();
        let busy = desk.preparing || desk.disables.is_some() || Instant::now() < desk.not_before;
        if busy || desk.is_at_rest(now) || desk.ready.len() >= desk.at_once() {
            return;
        }
        let ahead = desk.ahead(AHEAD);
        let opens = desk.queue.take(now, ahead.saturating_sub(desk.ready.len()));
        if opens.is_empty() {
            return;
        }
        desk.preparing = true;
        let (db, endpoint, limits) = (self.db.clone(), desk.endpoint.clone(), self.limits.clone());
        let (generation, places) = (desk.generation, opens.iter().map(|open| open.place).collect());
        desk.tasks.push(Box::pin(async move {
            let _turn = limits.reads.acquire().await;
            let caller = Self::caller();
            let prepared = db.ask_snapshot(&caller, move |tx| work::prepare(tx, (&endpoint, generation), opens));
            Done::Prepared(places, prepared.await)
        }));
    }

    /// Sends what is prepared, as far as calls may run.
    fn call(&self, desk: &mut Desk, news: &News) {
        if desk.is_at_rest(self.db.now()) {
            // What is sent later is prepared later, as it may be told then.
            desk.clear();
            return;
        }
        let enough = self.sender.timeout() + MARGIN;
        if news.until.saturating_duration_since(Instant::now()) < enough {
            return;
        }
        while desk.calling < desk.at_once() && !desk.ready.is_empty() {
            let trial = if desk.is_struck() {
                let Ok(trial) = self.limits.trials.clone().try_acquire_owned() else {
                    desk.rest(rand::random());
                    return;
                };
                Some(trial)
            } else {
                None
            };
            let Some((open, body)) = desk.ready.pop_front() else {
                return;
            };
            desk.calling += 1;
            let (db, sender, limits, told) = (
                self.db.clone(),
                self.sender.clone(),
                self.limits.clone(),
                self.news.clone(),
            );
            let previous = desk.previous.as_ref().map(|(secret, until)| (secret.as_str(), *until));
            let secrets = endpoints::secrets_at((&desk.secret, previous), self.db.now());
            let (url, generation) = (desk.endpoint.url.clone(), desk.generation);
            desk.tasks.push(Box::pin(async move {
                let _turn = if trial.is_none() {
                    limits.calls.acquire().await.ok()
                } else {
                    None
                };
                let (until, is_over) = {
                    let news = told.borrow();
                    (news.until, news.ends || news.generation > generation)
                };
                if is_over || until.saturating_duration_since(Instant::now()) < enough {
                    return Done::Called(Box::new(open), None);
                }
                let deed = deliver(&db, &sender, (url, secrets), (&open, body)).await;
                drop(trial);
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
                    Ok(Seen::Found(_) | Seen::Changed) => desk.stale = true,
                    Ok(Seen::Queued(up_to, rows)) => {
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
                    Ok(Prepared::Ready(messages)) => {
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
                    Ok(Prepared::NoRights) => {
                        desk.disables = Some(WebhookDisabledReason::ClientDisabled);
                        places.into_iter().for_each(|place| desk.queue.put_back(place));
                    }
                    Ok(Prepared::Changed) => {
                        desk.stale = true;
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

/// Signs a message and sends it.
async fn deliver(
    db: &Db,
    sender: &Sender,
    (url, secrets): (String, Vec<String>),
    (open, body): (&Open, Bytes),
) -> Deed {
    let at = db.now();
    let id = message_id(open.row.event_id.as_deref(), open.row.id);
    let letter = Letter::signed((url, id), body, &secrets, at);
    let answer = sender.send(&letter, at).await;
    Deed::Sent {
        at,
        signature: letter.signature,
        answer,
    }
}
