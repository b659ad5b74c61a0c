//! Figures for Prometheus, at `/metrics`.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};
use prometheus::{
    Encoder as _, HistogramOpts, HistogramTimer, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use super::State;
use crate::error::{Error, Result};

/// What is counted.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    job_runs: IntCounterVec,
    job_records: IntCounterVec,
    job_passed_over: IntCounterVec,
    job_seconds: HistogramVec,
    webhooks: IntCounterVec,
    webhooks_open: IntGauge,
    webhook_lag: IntGauge,
}

impl Metrics {
    /// Fresh counters.
    ///
    /// # Errors
    /// None in practice: the names are fixed.
    pub fn new() -> Result<Self> {
        let requests = IntCounterVec::new(
            Opts::new("openprm_requests_total", "Requests answered."),
            &["operation", "method", "status"],
        )
        .map_err(Error::internal)?;
        let buckets = vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
        let seconds = HistogramVec::new(
            HistogramOpts::new(
                "openprm_request_seconds",
                "Time from the head of a request to its answer.",
            )
            .buckets(buckets),
            &["operation"],
        )
        .map_err(Error::internal)?;
        let job_runs = IntCounterVec::new(
            Opts::new("openprm_job_runs_total", "Runs of recurring jobs, by how they ended."),
            &["job", "outcome"],
        )
        .map_err(Error::internal)?;
        let job_records = IntCounterVec::new(
            Opts::new("openprm_job_records_total", "Records that recurring jobs dealt with."),
            &["job"],
        )
        .map_err(Error::internal)?;
        let job_passed_over = IntCounterVec::new(
            Opts::new(
                "openprm_job_passed_over_total",
                "Records that recurring jobs could not deal with and passed over.",
            ),
            &["job"],
        )
        .map_err(Error::internal)?;
        let buckets = vec![0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0];
        let job_seconds = HistogramVec::new(
            HistogramOpts::new("openprm_job_seconds", "Time that a run of a recurring job took.").buckets(buckets),
            &["job"],
        )
        .map_err(Error::internal)?;
        let webhooks = IntCounterVec::new(
            Opts::new(
                "openprm_webhook_attempts_total",
                "Attempts to send webhooks, and events passed over, by outcome.",
            ),
            &["outcome"],
        )
        .map_err(Error::internal)?;
        let webhooks_open = IntGauge::new(
            "openprm_webhooks_open",
            "Webhook deliveries that wait for endpoints that are enabled.",
        )
        .map_err(Error::internal)?;
        let webhook_lag = IntGauge::new(
            "openprm_webhook_lag_seconds",
            "Seconds since the oldest event whose webhook delivery waits for an endpoint that is enabled.",
        )
        .map_err(Error::internal)?;
        let registry = Registry::new();
        registry.register(Box::new(requests.clone())).map_err(Error::internal)?;
        registry.register(Box::new(seconds.clone())).map_err(Error::internal)?;
        for counter in [&job_runs, &job_records, &job_passed_over] {
            registry.register(Box::new(counter.clone())).map_err(Error::internal)?;
        }
        registry
            .register(Box::new(job_seconds.clone()))
            .map_err(Error::internal)?;
        registry.register(Box::new(webhooks.clone())).map_err(Error::internal)?;
        for gauge in [&webhooks_open, &webhook_lag] {
            registry.register(Box::new(gauge.clone())).map_err(Error::internal)?;
        }
        Ok(Self {
            registry,
            requests,
            seconds,
            job_runs,
            job_records,
            job_passed_over,
            job_seconds,
            webhooks,
            webhooks_open,
            webhook_lag,
        })
    }

    /// Counts an attempt to send a webhook: `delivered` or `failed`, or `skipped` if there was none.
    pub fn webhook(&self, outcome: &str) {
        self.webhooks.with_label_values(&[outcome]).inc();
    }

    /// Notes how many webhook deliveries wait, and since how many seconds the oldest.
    pub fn webhooks_open(&self, open: i64, lag_seconds: i64) {
        self.webhooks_open.set(open);
        self.webhook_lag.set(lag_seconds);
    }

    /// Takes the time of a run of a job.
    pub fn job_timer(&self, job: &str) -> HistogramTimer {
        self.job_seconds.with_label_values(&[job]).start_timer()
    }

    /// Counts a run of a job: how it ended, and how many records it dealt with.
    pub fn job(&self, job: &str, outcome: &str, records: usize) {
        self.job_runs.with_label_values(&[job, outcome]).inc();
        self.job_records
            .with_label_values(&[job])
            .inc_by(u64::try_from(records).unwrap_or(u64::MAX));
    }

    /// Counts records that a run of a job could not deal with and passed over.
    pub fn job_passed_over(&self, job: &str, records: usize) {
        self.job_passed_over
            .with_label_values(&[job])
            .inc_by(u64::try_from(records).unwrap_or(u64::MAX));
    }

    /// Counts one request.
    pub fn request(&self, operation: &str, method: &str, status: u16, took: Duration) {
        // Methods that no operation has are counted together: a caller must not be able to fill the registry.
        let method = if matches!(method, "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS") {
            method
        } else {
            "other"
        };
        self.requests
            .with_label_values(&[operation, method, &status.to_string()])
            .inc();
        self.seconds.with_label_values(&[operation]).observe(took.as_secs_f64());
    }
}

/// `GET /metrics`
///
/// # Errors
/// If a figure cannot be written down.
pub async fn show(request: HttpRequest) -> Result<HttpResponse> {
    let state = State::of(&request)?;
    let mut text = Vec::new();
    TextEncoder::new()
        .encode(&state.metrics.registry.gather(), &mut text)
        .map_err(Error::internal)?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text))
}
