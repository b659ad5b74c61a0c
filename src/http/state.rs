//! What requests share.

use std::sync::Arc;

use actix_web::{HttpRequest, web::Data};

use super::{export, limits::Limiter, metrics::Metrics};
use crate::{
    app::Contract,
    auth::Authenticator,
    config::Config,
    db::Db,
    error::{Error, Result},
    events::feed::Tail,
    files::Files,
    identity::Identity,
    kernel::page::Signer,
    usage::Recorder,
};

/// What requests share.
pub struct State {
    /// The database.
    pub db: Db,
    /// The settings.
    pub config: Arc<Config>,
    /// The contract.
    pub contract: Arc<Contract>,
    /// Signs cursors.
    pub signer: Signer,
    /// Signs people and programs in.
    pub identity: Identity,
    /// Knows callers by their tokens: identity itself, but for tests.
    pub authenticator: Arc<dyn Authenticator>,
    /// Counts calls.
    pub limiter: Limiter,
    /// Where files lie, and who scans them.
    pub files: Files,
    /// Counts everything else.
    pub metrics: Metrics,
    /// Counts how much partners' people use the portal.
    pub usage: Recorder,
    /// How far the log of events has come, for those who wait for more.
    pub tail: Tail,
    /// The exports that are under way.
    pub exports: Arc<export::Running>,
}

impl State {
    /// The state that a request shares.
    ///
    /// # Errors
    /// `internal` if the app was built without one.
    pub fn of(request: &HttpRequest) -> Result<Data<Self>> {
        request
            .app_data::<Data<Self>>()
            .cloned()
            .ok_or_else(|| Error::internal("the app has no state"))
    }
}
