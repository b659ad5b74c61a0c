//! Health: `/health/live` touches nothing; `/health/ready` asks the database and compares its migrations with ours.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::State;
use crate::{auth::Caller, error::Result};

/// `GET /health/live`
///
/// # Errors
/// None.
pub async fn live() -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(json!({"status": "live"})))
}

/// `GET /health/ready`
///
/// # Errors
/// If the app has no state.
pub async fn ready(request: HttpRequest) -> Result<HttpResponse> {
    let state = State::of(&request)?;
    let caller = Caller::system("readiness");
    let question = state.db.ask(&caller, crate::db::migrate::pending);
    let (database, migrations) = match tokio::time::timeout(Duration::from_secs(1), question).await {
        Ok(Ok(0)) => ("ok", "ok".to_owned()),
        Ok(Ok(pending)) => ("ok", format!("{pending} pending")),
        Ok(Err(_)) | Err(_) => ("unreachable", "unknown".to_owned()),
    };
    let ready = database == "ok" && migrations == "ok";
    let body =
        json!({"status": if ready { "ready" } else { "not_ready" }, "database": database, "migrations": migrations});
    Ok(if ready {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable()
            .insert_header(("Retry-After", "2"))
            .json(body)
    })
}
