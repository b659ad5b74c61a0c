//! Figures for Prometheus, at `/metrics`.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};
use prometheus::{Encoder as _, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder};

use super::State;
use crate::error::{Error, Result};

/// What is counted.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
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
        let registry = Registry::new();
        registry.register(Box::new(requests.clone())).map_err(Error::internal)?;
        registry.register(Box::new(seconds.clone())).map_err(Error::internal)?;
        Ok(Self {
            registry,
            requests,
            seconds,
        })
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
