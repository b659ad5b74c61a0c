//! Recurring work of the program itself: what time brings about is noted, begun and cleaned up.
//!
//! Nothing waits for a job: whether an answer is overdue, a protection over or a token ended is worked out from the time
//! asked for. Jobs write such things down, tell of them, begin what was scheduled, and delete what nobody can use.
//!
//! - Each job works in batches, each in a transaction of its own, on a thread that may block.
//! - Several servers on one PostgreSQL share the work: whoever takes a job's lease runs it, and every batch renews the lease
//!   in its own transaction. Who has lost the lease finds that out before the batch does anything, so no work is done twice;
//!   a server that is gone keeps the others waiting for `LEASE_SECONDS` at most.
//! - What takes the lock of a record is done for one record at a time; one that cannot be dealt with is logged, tried again
//!   with the next run, and keeps no other back.
//! - A job of a module that is switched off rests, and is nowhere named; what deletes goes on.
//! - A job that fails, or panics, is tried again later and later; the others go on. Runs, failures, what was done and what was
//!   passed over are counted in `/metrics`, and one that failed is an item of the administrators' work queue until it has run
//!   again.

mod chores;
mod handlers;
mod model;
mod queries;
mod runner;
mod turn;

pub use model::RecurringJob;
pub use queries::{Lease, State, keep, take};
pub use runner::Runner;
pub use turn::{Outcome, turn};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::{
    auth::Caller,
    db::{Db, Tx},
    error::{Error, Result, codes},
    modules::{Module, Modules, Switches},
};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/jobs")
            .service(handlers::list_jobs)
            .service(handlers::get_job)
            .service(handlers::run_job),
    );
}

/// A recurring job.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// What it is called, in the log, in metrics and on the command line.
    pub name: &'static str,
    /// The module that it works for, without which it rests; none for the core, and for what deletes, which goes on.
    pub module: Option<Module>,
    /// What it does, in a line.
    pub does: &'static str,
    /// Seconds from the end of one run to the beginning of the next.
    pub every: i64,
    /// One batch.
    pub work: fn(&mut Tx<'_>) -> Result<Progress>,
}

impl Job {
    /// Whether it runs where those modules are on.
    pub fn runs_at(&self, modules: Modules) -> bool {
        self.module.is_none_or(|module| modules.has(module))
    }
}

/// The jobs that run where those modules are on.
pub fn running(modules: Modules) -> impl Iterator<Item = &'static Job> {
    JOBS.iter().filter(move |job| job.runs_at(modules))
}

/// What a batch has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// How many records it dealt with.
    pub done: usize,
    /// Whether another batch is worth its while now.
    pub more: bool,
    /// How many of them failed, and were passed over so that the others go on.
    pub failed: usize,
}

impl Progress {
    /// A batch that dealt with so many of at most `most`: a full one is followed by another.
    pub const fn of(done: usize, most: usize) -> Self {
        Self {
            done,
            more: done >= most && done > 0,
            failed: 0,
        }
    }
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// Every job.
pub static JOBS: &[Job] = &[
    Job {
        name: "registration_lapses",
        module: Some(Module::Deals),
        does: "notes the lapse of registrations whose answers are overdue",
        every: MINUTE,
        work: chores::lapses,
    },
    Job {
        name: "protection_ends",
        module: Some(Module::Deals),
        does: "tells of protections whose time is up",
        every: 5 * MINUTE,
        work: chores::protection_ends,
    },
    Job {
        name: "specialisation_ends",
        module: Some(Module::Programs),
        does: "tells of specialisations whose time is up",
        every: 5 * MINUTE,
        work: chores::specialisation_ends,
    },
    Job {
        name: "approval_escalations",
        module: Some(Module::Deals),
        does: "escalates steps of approval chains that wait too long",
        every: MINUTE,
        work: chores::escalations,
    },
    Job {
        name: "handovers",
        module: Some(Module::Handovers),
        does: "begins handovers whose effective moment has come",
        every: MINUTE,
        work: chores::handovers,
    },
    Job {
        name: "partner_ends",
        module: None,
        does: "ends partnerships whose notice has run out",
        every: 5 * MINUTE,
        work: chores::partner_ends,
    },
    Job {
        name: "invitation_ends",
        module: None,
        does: "closes invitations of firms that were not taken up in time",
        every: HOUR,
        work: chores::invitation_ends,
    },
    Job {
        name: "tier_override_ends",
        module: Some(Module::Programs),
        does: "tells of tiers set by hand whose end has come",
        every: 5 * MINUTE,
        work: chores::override_ends,
    },
    Job {
        name: "benefit_renewals",
        module: Some(Module::Programs),
        does: "writes what follows on benefits that renew",
        every: HOUR,
        work: chores::benefit_renewals,
    },
    Job {
        name: "notice_dispatch",
        module: None,
        does: "tells people of what happened",
        every: 10,
        work: chores::notice_dispatch,
    },
    Job {
        name: "notice_reminders",
        module: Some(Module::Notices),
        does: "reminds people before deadlines",
        every: 5 * MINUTE,
        work: chores::notice_reminders,
    },
    Job {
        name: "notice_digests",
        module: Some(Module::Notices),
        does: "puts together the mails of those who want one a day",
        every: 5 * MINUTE,
        work: chores::notice_digests,
    },
    Job {
        name: "event_retention",
        module: None,
        does: "deletes events that are older than what the feed keeps",
        every: HOUR,
        work: chores::event_retention,
    },
    Job {
        name: "notice_retention",
        module: None,
        does: "deletes notices that were read long ago, and reminders and digests of old",
        every: HOUR,
        work: chores::notice_retention,
    },
    Job {
        name: "expired_answers",
        module: None,
        does: "deletes the answers kept for idempotency keys that have ended",
        every: HOUR,
        work: chores::expired_answers,
    },
    Job {
        name: "expired_credentials",
        module: None,
        does: "deletes one-time tokens, sessions, used and revoked tokens and counts of failed sign-ins that nobody can use any more",
        every: HOUR,
        work: chores::expired_credentials,
    },
    Job {
        name: "response_times",
        module: None,
        does: "notes how long answers took",
        every: MINUTE,
        work: chores::response_times,
    },
    Job {
        name: "usage_retention",
        module: None,
        does: "deletes counts of use and response times that are older than they are kept",
        every: 24 * HOUR,
        work: chores::usage_retention,
    },
    Job {
        name: "sign_in_retention",
        module: None,
        does: "takes addresses from old sign-ins, and deletes those that are older than they are kept",
        every: 24 * HOUR,
        work: chores::sign_in_retention,
    },
    Job {
        name: "webhook_retention",
        module: None,
        does: "deletes webhook deliveries that are older than they are kept, and endpoints that were removed",
        every: HOUR,
        work: chores::webhook_retention,
    },
    Job {
        name: "import_retention",
        module: None,
        does: "deletes the rows of imports whose time is over, and the content of their files",
        every: HOUR,
        work: chores::import_retention,
    },
    Job {
        name: "sync_failures",
        module: Some(Module::Sync),
        does: "tells of systems that records fail to get into for long, and of those that take them again",
        every: 5 * MINUTE,
        work: chores::sync_failures,
    },
    Job {
        name: "file_ends",
        module: None,
        does: "deletes the content of files whose time is over",
        every: HOUR,
        work: chores::file_ends,
    },
];

/// Every job that runs where those modules are on, with where it stands; nothing of one that never ran.
///
/// # Errors
/// What the database reports.
pub fn states(db: &Db, modules: Modules) -> Result<Vec<(&'static Job, Option<State>)>> {
    let found = db.ask_now(&Caller::system("jobs"), queries::states)?;
    Ok(running(modules)
        .map(|job| (job, found.iter().find(|state| state.name == job.name).cloned()))
        .collect())
}

/// Runs a job now, whether or not it is due, where that is switched off; tells how many records it dealt with.
///
/// # Errors
/// 404 with the names there are, for another name, and for a job of a module that is off; 409 `conflict` while somebody else
/// runs it; what the job reports.
pub fn run_by_name(db: &Db, switches: &Switches, name: &str) -> Result<usize> {
    let running = || running(switches.modules());
    let Some(job) = running().find(|job| job.name == name) else {
        let names: Vec<&str> = running().map(|job| job.name).collect();
        return Err(Error::not_found().detail(format!("There is no job `{name}`; there are {}.", names.join(", "))));
    };
    db.run_now(&Caller::system(job.name), move |tx| queries::make_due(tx, job.name))?;
    match turn(db, switches, job, &|| false) {
        Outcome::Done { done, .. } => Ok(done),
        Outcome::Failed { error, .. } => Err(error),
        Outcome::NotYet { .. } | Outcome::Lost { .. } => {
            Err(Error::new(&codes::CONFLICT).detail("A server runs this job just now; try again in a minute."))
        }
    }
}
