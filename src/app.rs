//! The route table and the App: used by the server, by the tests and by the document alike.

use std::{collections::BTreeSet, sync::Arc};

use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::{Compress, from_fn},
    web::{self, Data},
};
use serde_json::Value;
use utoipa_actix_web::{AppExt as _, service_config::ServiceConfig};

use crate::{
    auth::{Authenticator, permissions},
    config::Config,
    db::Db,
    error::Result,
    events::feed::Tail,
    files::Files,
    forms::Bodies,
    http::{
        self, Operations, State, contract,
        docs::{self, Published},
        gate,
        limits::Limiter,
        metrics::{self, Metrics},
        probes,
    },
    identity::Identity,
    kernel::{page::Signer, schemas},
    modules::{Modules, Switches},
    usage::Recorder,
};

/// Every route of the API.
pub fn routes(config: &mut ServiceConfig<'_>) {
    crate::identity::routes(config);
    crate::catalog::routes(config);
    crate::custom_fields::routes(config);
    crate::partners::routes(config);
    crate::programs::routes(config);
    crate::reports::routes(config);
    crate::customers::routes(config);
    crate::deals::routes(config);
    crate::policies::routes(config);
    crate::forms::routes(config);
    crate::portal::routes(config);
    crate::calendars::routes(config);
    crate::approvals::routes(config);
    crate::notices::routes(config);
    crate::work::routes(config);
    crate::jobs::routes(config);
    crate::files::routes(config);
    crate::events::feed::routes(config);
    crate::webhooks::routes(config);
    crate::imports::jobs::routes(config);
    crate::sync::routes(config);
}

/// The state machines, as the contract publishes them.
fn machines() -> Vec<Value> {
    let mut machines = crate::identity::machines();
    machines.extend([
        crate::programs::rules::MACHINE.published(),
        crate::programs::tiers::rules::MACHINE.published(),
        crate::programs::memberships::rules::MACHINE.published(),
        crate::programs::benefits::rules::MACHINE.published(),
        crate::programs::specialisations::rules::MACHINE.published(),
    ]);
    machines.extend(crate::customers::machines());
    machines.extend(crate::partners::machines());
    machines.extend(crate::deals::machines());
    machines.push(crate::policies::MACHINE.published());
    machines.push(crate::approvals::delegations::MACHINE.published());
    machines.extend(crate::work::machines());
    machines.push(crate::webhooks::MACHINE.published());
    machines.push(crate::imports::jobs::STATES.published());
    machines.extend(crate::sync::machines());
    machines
}

/// The published contract of every module.
///
/// # Errors
/// What is wrong with it.
pub fn document() -> Result<Value> {
    document_of(Modules::ALL)
}

/// The published contract of those modules.
///
/// # Errors
/// What is wrong with it.
pub fn document_of(modules: Modules) -> Result<Value> {
    let ((_, raw), met) = schemas::meeting(|| {
        App::new()
            .into_utoipa_app()
            .openapi(contract::empty())
            .configure(routes)
            .split_for_parts()
    });
    contract::finish(raw, met, &machines(), modules)
}

/// The contract in the forms that a server needs.
pub struct Contract {
    /// At run time.
    pub operations: Operations,
    /// As it is published, by address.
    pub documents: Vec<(&'static str, Published)>,
    /// The bodies that forms are made of.
    pub bodies: Bodies,
    /// What of the program is not offered.
    pub switches: Switches,
}

impl Contract {
    /// The contract of all routes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn build() -> Result<Arc<Self>> {
        Self::of(Modules::ALL)
    }

    /// The contract of the routes of those modules.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(modules: Modules) -> Result<Arc<Self>> {
        let document = document_of(modules)?;
        let offered: BTreeSet<&str> = document
            .get("paths")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(|paths| paths.values())
            .filter_map(Value::as_object)
            .flat_map(|item| item.values())
            .filter_map(|operation| operation.get("operationId")?.as_str())
            .collect();
        let off = permissions::TABLE
            .iter()
            .map(|row| row.operation)
            .filter(|operation| !offered.contains(operation))
            .collect();
        let switches = Switches::new(modules, off);
        Ok(Arc::new(Self {
            operations: Operations::of(&document, permissions::TABLE, &switches)?,
            bodies: Bodies::of(&document),
            documents: docs::publish(&document)?,
            switches,
        }))
    }
}

/// What the requests of one server share.
///
/// # Errors
/// None in practice.
pub fn state(
    contract: Arc<Contract>,
    config: Arc<Config>,
    db: Db,
    signer: Signer,
    identity: Identity,
    authenticator: Arc<dyn Authenticator>,
) -> Result<Data<State>> {
    let limiter = Limiter::new(config.rate_limit);
    let usage = Recorder::new(config.usage);
    let files = Files::open(&config)?;
    Ok(Data::new(State {
        db,
        config,
        contract,
        signer,
        identity,
        authenticator,
        limiter,
        files,
        metrics: Metrics::new()?,
        usage,
        tail: Tail::default(),
        exports: Arc::default(),
    }))
}

/// The App of one worker.
pub fn app(
    state: Data<State>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let cors = http::cors(&state.config);
    let (app, _) = App::new()
        .into_utoipa_app()
        .openapi(contract::empty())
        .configure(routes)
        .split_for_parts();
    app.app_data(state)
        .route("/health/live", web::get().to(probes::live))
        .route("/health/ready", web::get().to(probes::ready))
        .route("/metrics", web::get().to(metrics::show))
        .configure(docs::routes)
        .wrap(from_fn(gate::gate))
        .wrap(cors)
        .wrap(Compress::default())
}
