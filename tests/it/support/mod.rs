//! A server in the test's own process, on a database of its own, with a clock that the test sets.

pub mod api;
pub mod bucket;
mod client;
pub mod database;
pub mod fixtures;
mod log;
mod mail;
mod makers;
pub mod provider;
pub mod server;
pub mod shared;
pub mod signer;
pub mod statements;

use std::sync::{
    Arc, Barrier, Mutex, OnceLock,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use actix_web::{body::MessageBody as _, dev::ServiceResponse, test as actix, web::Data};
use diesel::prelude::*;
use futures_util::future::LocalBoxFuture;
use openprm::{
    app::{self, Contract},
    auth::{Actor, Authenticator, Caller, Facts, MasterSecret, Request, Role, Roles, Rows, Side},
    config::Config,
    db::{Clock, Db, Engine, Settings},
    error::{Error, codes},
    events::sequencer::{Sequencer, Turn},
    http::State,
    identity::Identity,
    jobs::JOBS,
    kernel::{
        Time,
        ids::{Id as _, PartnerId, ServiceClientId, UserId},
        page::Signer,
    },
    schema,
};

pub use client::{Client, Response};
pub use database::{Database, Template};
pub use log::logged;
pub use mail::delivered;

/// Runs a test once on each engine: `each_engine! { async fn it_holds(world: World) { … } }`
#[macro_export]
macro_rules! each_engine {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: World) $body:block)+) => {$(
        $(#[$meta])*
        async fn $name($world: $crate::support::World) $body

        mod $name {
            #[actix_web::test]
            async fn sqlite() { super::$name($crate::support::World::sqlite().await).await }

            #[actix_web::test]
            async fn postgres() { super::$name($crate::support::World::postgres().await).await }
        }
    )+};
}

/// A clock that stands until it is set, and moves a microsecond at each look, so that no two moments are equal.
pub struct TestClock(AtomicI64);

impl TestClock {
    /// Saturday, 2026-11-21, 09:00 UTC.
    fn new() -> Self {
        Self(AtomicI64::new("2026-11-21T09:00:00Z".parse::<Time>().unwrap().micros()))
    }

    /// Moves the clock.
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Moves the clock.
    pub fn advance_days(&self, days: i64) {
        self.advance_seconds(days * 86_400);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Time {
        Time::from_micros(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

/// Knows the callers that the test has made, by tokens of no other meaning; real tokens go to identity.
struct Known(Mutex<Vec<Facts>>, Identity);

impl Authenticator for Known {
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
        request: Request,
    ) -> std::pin::Pin<Box<dyn Future<Output = openprm::error::Result<Caller>> + 'a>> {
        let Ok(index) = token.parse::<usize>() else {
            return self.1.authenticate(token, request);
        };
        let known = self.0.lock().unwrap().get(index).cloned();
        Box::pin(async move {
            known
                .map(|facts| Caller::new(Facts { request, ..facts }))
                .ok_or_else(|| Error::new(&codes::UNAUTHENTICATED))
        })
    }
}

type Call = Box<dyn Fn(actix_http::Request) -> LocalBoxFuture<'static, ServiceResponse>>;

/// One test's world.
pub struct World {
    pub db: Db,
    pub clock: Arc<TestClock>,
    pub state: Data<State>,
    call: Call,
    known: Arc<Known>,
    next: AtomicU64,
    /// Its store of files.
    _files: Folder,
    /// Dropped last: its database goes with it.
    _database: Database,
}

/// The policy with these changes, in force from now on.
pub async fn publish_policy(world: &World, changes: serde_json::Value) -> serde_json::Value {
    let admin = world.vendor(Role::Admin);
    let draft = admin.post("/v1/policies", changes).await.expect(201);
    let at = format!("/v1/policies/{}/publish", draft["id"].as_str().unwrap());
    admin.post(&at, serde_json::json!({})).await.expect(200)
}

/// Says that a test could not run, and why, past the capture of its output: `./scripts/test` counts these lines.
pub fn not_run(test: &str, why: &str) {
    use std::io::Write as _;
    // If nobody listens, there is nobody to tell.
    drop(writeln!(std::io::stderr(), "not run: {test} ({why})"));
}

/// A folder of a test's own, gone with it.
pub struct Folder(pub std::path::PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("openprm-files-{:016x}", rand::random::<u64>())))
    }

    /// A folder that is there already.
    pub fn made() -> Self {
        let folder = Self::new();
        std::fs::create_dir_all(&folder.0).unwrap();
        folder
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The contract is the same for every test of the process.
pub fn contract() -> Arc<Contract> {
    static CONTRACT: OnceLock<Arc<Contract>> = OnceLock::new();
    CONTRACT
        .get_or_init(|| Contract::build().unwrap_or_else(|error| panic!("{error}")))
        .clone()
}

impl World {
    pub async fn sqlite() -> Self {
        Self::on(Engine::Sqlite).await
    }

    pub async fn postgres() -> Self {
        Self::on(Engine::Postgres).await
    }

    pub async fn on(engine: Engine) -> Self {
        Self::with(engine, contract()).await
    }

    /// A world whose server runs by another contract, for tests of the tests.
    pub async fn with(engine: Engine, contract: Arc<Contract>) -> Self {
        Self::configured(engine, contract, &[]).await
    }

    /// A world whose server was started with these settings besides.
    pub async fn configured(
        engine: Engine,
        contract: Arc<Contract>,
        settings: &'static [(&'static str, &'static str)],
    ) -> Self {
        // What a failing test was told inside; RUST_LOG=openprm=debug shows it.
        log::listen();
        statements::listen();
        let clock = Arc::new(TestClock::new());
        let database = Database::new(engine);
        let db = Db::open(&database.settings, clock.clone()).unwrap();
        let url = database.settings.url.clone();
        let folder = Folder::new();
        let files = folder.0.display().to_string();
        let config = Config::read(move |name| match name {
            "DATABASE_URL" => Some(url.clone()),
            "OPENPRM_SECRET" => Some("a secret for tests that is long enough".to_owned()),
            "OPENPRM_RATE_LIMIT" if settings.iter().all(|(set, _)| *set != name) => Some("0".to_owned()),
            "OPENPRM_FILES_URL" => Some(files.clone()),
            name => settings
                .iter()
                // A test's identity provider has no certificate.
                .chain(&[("OPENPRM_IDENTITY_PROVIDER_HTTP", "on")])
                .find(|(set, _)| *set == name)
                .map(|(_, value)| (*value).to_owned()),
        })
        .unwrap();
        let identity = Identity::open(&db, &config, &MasterSecret::load(&config).unwrap()).unwrap();
        let known = Arc::new(Known(Mutex::default(), identity.clone()));
        let state = app::state(
            contract,
            Arc::new(config),
            db.clone(),
            Signer::new([7; 32]),
            identity,
            known.clone(),
        )
        .unwrap();
        let service = std::rc::Rc::new(actix::init_service(app::app(state.clone())).await);
        let call: Call = Box::new(move |request| {
            let service = service.clone();
            Box::pin(async move {
                let response = actix::call_service(&*service, request).await;
                response.map_body(|_, body| body.boxed())
            })
        });
        Self {
            db,
            clock,
            state,
            call,
            known,
            next: AtomicU64::new(0),
            _files: folder,
            _database: database,
        }
    }

    pub fn engine(&self) -> Engine {
        self.db.engine()
    }

    /// The same database with so many connections, for races. SQLite has one writer, however many readers there are.
    pub fn with_connections(&self, connections: usize) -> Db {
        match self.engine() {
            Engine::Sqlite => self.db.clone(),
            Engine::Postgres => {
                let settings = Settings {
                    pool: u32::try_from(connections).unwrap(),
                    ..self._database.settings.clone()
                };
                Db::open(&settings, self.clock.clone()).unwrap()
            }
        }
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        self.db.now()
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    /// Somebody who has not signed in.
    pub fn stranger(&self) -> Client<'_> {
        Client::new(self, None, None)
    }

    /// Somebody who presents that token.
    pub fn bearer(&self, token: &str) -> Client<'_> {
        Client::new(self, Some(token.to_owned()), None)
    }

    fn know(&self, facts: Facts) -> Client<'_> {
        let caller = Caller::new(facts.clone());
        let mut known = self.known.0.lock().unwrap();
        known.push(facts);
        Client::new(self, Some((known.len() - 1).to_string()), Some(caller))
    }

    /// A vendor's user with that role, who sees every partner's rows.
    pub fn vendor(&self, role: Role) -> Client<'_> {
        self.vendor_of(role, Rows::All)
    }

    /// A vendor's user with that role, who sees the rows of these partners alone.
    pub fn vendor_of(&self, role: Role, rows: Rows) -> Client<'_> {
        let user = self.user("vendor", &format!("{role}"));
        self.know(Facts {
            actor: Actor::User(user),
            side: Side::Vendor,
            roles: Roles::of(&[role]),
            scopes: None,
            rows,
            must_enrol: false,
            request: Request::internal("test"),
        })
    }

    /// A user of that partner with that role.
    pub fn partner_user(&self, partner: PartnerId, role: Role) -> Client<'_> {
        self.partner_user_with(partner, role, Rows::Partners(Arc::from([partner])))
    }

    /// A user of that partner who sees these rows.
    pub fn partner_user_with(&self, partner: PartnerId, role: Role, rows: Rows) -> Client<'_> {
        let user = self.user("partner", &format!("{role}"));
        self.know(Facts {
            actor: Actor::User(user),
            side: Side::Partner(partner),
            roles: Roles::of(&[role]),
            scopes: None,
            rows,
            must_enrol: false,
            request: Request::internal("test"),
        })
    }

    /// A machine with these scopes, of the vendor.
    pub fn machine(&self, scopes: &[&str]) -> Client<'_> {
        let (client, now) = (ServiceClientId::at(self.now()), self.now());
        let held = serde_json::to_string(scopes).unwrap();
        self.sql(move |tx| {
            use schema::service_clients::dsl as s;
            let row = (
                (
                    s::id.eq(client.to_string()),
                    s::name.eq("Test machine"),
                    s::name_key.eq("test machine"),
                    s::scopes.eq(&held),
                    s::status.eq("active"),
                ),
                (
                    s::created_by.eq("system:test"),
                    s::revision.eq(1_i64),
                    s::created_at.eq(now.micros()),
                    s::updated_at.eq(now.micros()),
                ),
            );
            diesel::insert_into(s::service_clients)
                .values(&row)
                .execute(tx.conn())
                .map(drop)
                .map_err(Error::from)
        });
        let scopes = Some(scopes.iter().map(|scope| (*scope).to_owned()).collect());
        self.know(Facts {
            actor: Actor::Client(client),
            side: Side::Vendor,
            roles: Roles::of(&[Role::Integration]),
            scopes,
            rows: Rows::All,
            must_enrol: false,
            request: Request::internal("test"),
        })
    }

    /// Stores a user.
    pub fn user(&self, kind: &'static str, name: &str) -> UserId {
        let (id, now) = (UserId::at(self.now()), self.now());
        let email = format!("{name}-{}@example.com", self.number());
        self.sql(move |tx| {
            use schema::users::dsl as u;
            let row = (
                (
                    u::id.eq(id.to_string()),
                    u::kind.eq(kind),
                    u::email.eq(&email),
                    u::email_key.eq(&email),
                    u::name.eq("Test user"),
                    u::name_key.eq("test user"),
                ),
                (
                    u::status.eq("active"),
                    u::session_version.eq(1_i64),
                    u::locale.eq("en"),
                    u::time_zone.eq("UTC"),
                    u::revision.eq(1_i64),
                ),
                (
                    u::row_scope.eq((kind == "vendor").then_some("all")),
                    u::created_at.eq(now.micros()),
                    u::updated_at.eq(now.micros()),
                ),
            );
            diesel::insert_into(u::users)
                .values(&row)
                .execute(tx.conn())
                .map(drop)
                .map_err(Error::from)
        });
        id
    }

    /// Gives a vendor's person the role that their token speaks of in the database, too.
    pub fn holds(&self, person: &Client<'_>, role: Role) {
        let user = person.caller().user().unwrap();
        self.sql(move |tx| {
            use schema::user_roles::dsl as r;
            let row = (r::user_id.eq(user.to_string()), r::role.eq(role.as_str()));
            diesel::insert_into(r::user_roles)
                .values(&row)
                .execute(tx.conn())
                .map(drop)
                .map_err(Error::from)
        });
    }

    /// Runs the work on so many threads at once, as so many servers would; what each of them came to.
    pub fn at_once<T: Send + 'static>(
        &self,
        threads: usize,
        work: impl Fn(&Db) -> T + Send + Sync + 'static,
    ) -> Vec<T> {
        let (db, work) = (self.with_connections(threads + 2), Arc::new(work));
        let gate = Arc::new(Barrier::new(threads));
        let threads: Vec<_> = (0..threads)
            .map(|_| {
                let (db, work, gate) = (db.clone(), work.clone(), gate.clone());
                std::thread::spawn(move || {
                    gate.wait();
                    work(&db)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    }

    /// Everything that happened so far has its place in the log.
    pub fn sequence(&self) {
        let sequencer = Sequencer::new();
        loop {
            match sequencer.turn(&self.db).unwrap() {
                Turn::Done { .. } => {}
                Turn::Idle => break,
                Turn::Elsewhere => panic!("a sequencer runs in this test already: wait for what it does"),
            }
        }
        sequencer.release(&self.db).unwrap();
    }

    /// Runs a job of the program until nothing is left for it; tells how many records it dealt with.
    pub fn work(&self, name: &str) -> usize {
        batches(&self.db, name)
    }

    /// Runs SQL of the test's own, in a transaction.
    pub fn sql<T: Send + 'static>(
        &self,
        work: impl Fn(&mut openprm::db::Tx<'_>) -> openprm::error::Result<T> + Send + Sync + 'static,
    ) -> T {
        self.db.run_now(&Caller::system("test"), work).unwrap()
    }
}

/// Runs a job of the program by that database until nothing is left for it; tells how many records it dealt with.
pub fn batches(db: &Db, name: &str) -> usize {
    let job = JOBS.iter().find(|job| job.name == name).unwrap();
    let mut done = 0;
    loop {
        let progress = db.run_now(&Caller::system("test"), job.work).unwrap();
        done += progress.done;
        if !progress.more {
            return done;
        }
    }
}
