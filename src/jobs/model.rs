//! The shapes of jobs.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Job, State};
use crate::{
    error::{Error, Result},
    http::Resource,
    kernel::Time,
    modules::Modules,
};

/// A recurring job of the program, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RecurringJob {
    /// Its name.
    #[schema(example = "notice_dispatch", max_length = 64)]
    pub name: String,
    /// What it does.
    #[schema(example = "tells people of what happened", max_length = 200)]
    pub does: String,
    /// Seconds from the end of one run to the beginning of the next.
    #[schema(example = 60, minimum = 1)]
    pub every_seconds: i64,
    /// When it runs next; nothing if it never ran.
    #[schema(required = true)]
    pub due_at: Option<Time>,
    /// Whether a server runs it just now.
    #[schema(example = false)]
    pub running: bool,
    /// When its last run ended.
    #[schema(required = true)]
    pub finished_at: Option<Time>,
    /// How often it ran.
    #[schema(example = 1200, minimum = 0)]
    pub runs: i64,
    /// How often it failed since it last did not.
    #[schema(example = 0, minimum = 0)]
    pub failures: i64,
    /// What the last run failed with.
    #[schema(required = true, example = json!(null), max_length = 10_000)]
    pub last_error: Option<String>,
}

impl RecurringJob {
    /// A job as it stands; nothing is known of one that never ran.
    pub fn of(job: &Job, state: Option<&State>, now: Time) -> Self {
        Self {
            name: job.name.to_owned(),
            does: job.does.to_owned(),
            every_seconds: job.every,
            due_at: state.map(|state| state.due_at),
            running: state
                .and_then(|state| state.lease_until)
                .is_some_and(|until| until > now),
            finished_at: state.and_then(|state| state.finished_at),
            runs: state.map_or(0, |state| state.runs),
            failures: state.map_or(0, |state| state.failures),
            last_error: state.and_then(|state| state.last_error.clone()),
        }
    }
}

impl Resource for RecurringJob {
    const TYPE: &'static str = "job";

    fn id(&self) -> String {
        self.name.clone()
    }

    fn revision(&self) -> i64 {
        self.runs
    }

    fn path(&self) -> String {
        format!("/v1/jobs/{}", self.name)
    }
}

/// Every job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RecurringJobList {
    /// The jobs.
    #[schema(max_items = 100)]
    pub data: Vec<RecurringJob>,
}

/// Which job.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct JobPath {
    /// Its name.
    #[param(example = "notice_dispatch", min_length = 1, max_length = 64, pattern = "^[a-z_]+$")]
    pub name: String,
}

impl JobPath {
    /// The job, where those modules are on.
    ///
    /// # Errors
    /// 404 if there is none of that name.
    pub fn job(&self, modules: Modules) -> Result<&'static Job> {
        let job = super::running(modules).find(|job| job.name == self.name);
        job.ok_or_else(Error::not_found)
    }
}
