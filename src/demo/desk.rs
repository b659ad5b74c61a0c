//! The demo world is made through the API itself, in this process: nothing in it could not have been done by a client.

use std::{
    pin::Pin,
    rc::Rc,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use actix_web::{
    body::{self, MessageBody as _},
    dev::ServiceResponse,
    http::{Method, StatusCode},
    test,
};
use futures_util::future::LocalBoxFuture;
use serde_json::Value;

use crate::{
    app::{self, Contract},
    auth::{Actor, Authenticator, Caller, Facts, MasterSecret, Request, Role, Roles, Rows, Side},
    config::Config,
    db::{Clock, Db},
    error::{Error, Result, codes},
    identity::Identity,
    kernel::{
        Time,
        ids::{PartnerId, UserId},
    },
};

/// The clock of the demo world: it stands where the story is, and moves a little at each look.
#[derive(Debug)]
pub struct StoryClock(AtomicI64);

impl StoryClock {
    /// A clock that stands at `start`.
    pub fn new(start: Time) -> Self {
        Self(AtomicI64::new(start.micros()))
    }

    /// Sets it.
    pub fn set(&self, now: Time) {
        self.0.store(now.micros(), Ordering::SeqCst);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Time {
        Time::from_micros(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

/// Somebody of the demo world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// Their user.
    pub user: UserId,
    /// Their role.
    pub role: Role,
    /// The partner they work for; none for the vendor's people.
    pub partner: Option<PartnerId>,
}

/// Knows the people of the demo world by their place in a list.
#[derive(Default)]
struct People(Mutex<Vec<Person>>);

impl Authenticator for People {
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Result<Caller>> + 'a>> {
        let people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let person = token.parse::<usize>().ok().and_then(|place| people.get(place).copied());
        Box::pin(async move {
            let person = person.ok_or_else(|| Error::new(&codes::UNAUTHENTICATED))?;
            Ok(Caller::new(Facts {
                actor: Actor::User(person.user),
                side: person.partner.map_or(Side::Vendor, Side::Partner),
                roles: Roles::of(&[person.role]),
                scopes: None,
                rows: person
                    .partner
                    .map_or(Rows::All, |partner| Rows::Partners(Arc::from([partner]))),
                must_enrol: false,
                request,
            }))
        })
    }
}

type Call = Box<dyn Fn(test::TestRequest) -> LocalBoxFuture<'static, ServiceResponse>>;

/// Where the people of the demo world sit and call the API.
pub struct Desk {
    call: Call,
    people: Arc<People>,
    keys: AtomicU64,
}

impl Desk {
    /// A desk at that database.
    ///
    /// # Errors
    /// What is wrong with the contract.
    pub async fn open(db: &Db, config: &Config) -> Result<Self> {
        let people = Arc::new(People::default());
        let config = Arc::new(Config {
            rate_limit: 0,
            // Thousands of calls that nobody made would bury how to sign in.
            request_log: false,
            ..config.clone()
        });
        let master = MasterSecret::load(&config)?;
        let identity = Identity::open(db, &config, &master)?;
        let state = app::state(
            Contract::build()?,
            config,
            db.clone(),
            master.signer(),
            identity,
            people.clone(),
        )?;
        let service = Rc::new(test::init_service(app::app(state)).await);
        let call: Call = Box::new(move |request| {
            let service = service.clone();
            Box::pin(async move {
                test::call_service(&*service, request.to_request())
                    .await
                    .map_body(|_, body| body.boxed())
            })
        });
        Ok(Self {
            call,
            people,
            keys: AtomicU64::new(0),
        })
    }

    /// Sends a request as `person`, and gives the answer's body.
    ///
    /// # Errors
    /// `internal` with the problem, if it was refused.
    pub async fn send(&self, person: Person, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let (status, answer) = self.try_send(person, method.clone(), path, body).await?;
        if status.is_success() {
            Ok(answer)
        } else {
            Err(Error::internal(format!("{method} {path} as {}: {answer}", person.role)))
        }
    }

    /// As [`Desk::send`], but a refusal is an answer like another.
    ///
    /// # Errors
    /// If no answer could be read.
    pub async fn try_send(
        &self,
        person: Person,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value)> {
        let place = {
            let mut people = self.people.0.lock().unwrap_or_else(PoisonError::into_inner);
            people.iter().position(|known| *known == person).unwrap_or_else(|| {
                people.push(person);
                people.len() - 1
            })
        };
        let key = format!("demo-{}", self.keys.fetch_add(1, Ordering::SeqCst));
        let mut request = test::TestRequest::default()
            .method(method)
            .uri(path)
            .insert_header(("authorization", format!("Bearer {place}")));
        if let Some(body) = body {
            request = request.insert_header(("idempotency-key", key)).set_json(body);
        }
        let response = (self.call)(request).await;
        let status = response.status();
        let bytes = body::to_bytes(response.into_body()).await.map_err(Error::internal)?;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    /// Posts as `person`.
    ///
    /// # Errors
    /// As [`Desk::send`].
    pub async fn post(&self, person: Person, path: &str, body: &Value) -> Result<Value> {
        self.send(person, Method::POST, path, Some(body)).await
    }
}
