//! An identity provider, as far as one is asked for its keys: a discovery document and a key set, over HTTP.

use std::sync::{Arc, Mutex};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    web::{self, Data},
};
use openprm::kernel::Time;
use serde_json::{Value, json};

use super::signer::Signer;

/// What it answers.
pub struct Answers {
    /// What its discovery document says.
    pub discovery: Value,
    /// Its public keys.
    pub keys: Vec<Value>,
    /// Every path that was asked for.
    pub asked: Vec<String>,
    /// What it answers instead of everything else: a status, and where to.
    pub instead: Option<(u16, String)>,
    /// How long it says its keys may be kept.
    pub cache_control: Option<String>,
}

/// The provider, which ends with the test.
pub struct Provider {
    pub issuer: String,
    pub signer: Signer,
    pub answers: Arc<Mutex<Answers>>,
    handle: actix_web::dev::ServerHandle,
}

impl Provider {
    /// A provider that signs with that key.
    pub fn start(signer: Signer) -> Self {
        let answers = Arc::new(Mutex::new(Answers {
            discovery: Value::Null,
            keys: vec![signer.jwk()],
            asked: Vec::new(),
            instead: None,
            cache_control: None,
        }));
        let shared = Data::from(answers.clone());
        let server = HttpServer::new(move || App::new().app_data(shared.clone()).default_service(web::to(answer)))
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .unwrap();
        let issuer = format!("http://{}/realm", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        answers.lock().unwrap().discovery = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys")});
        Self {
            issuer,
            signer,
            answers,
            handle,
        }
    }

    /// Signs with another key from now on; the old one is gone.
    pub fn rotate(&mut self, signer: Signer) -> Signer {
        self.answers.lock().unwrap().keys = vec![signer.jwk()];
        std::mem::replace(&mut self.signer, signer)
    }

    /// How often it was asked for its keys.
    pub fn asked(&self) -> usize {
        let answers = self.answers.lock().unwrap();
        answers.asked.iter().filter(|path| path.ends_with("/keys")).count()
    }

    /// Whether it answers nobody.
    pub fn set_down(&self, down: bool) {
        self.answers.lock().unwrap().instead = down.then(|| (503, String::new()));
    }

    /// What a token of that account says: an hour long, with a verified address.
    pub fn claims(&self, subject: &str, email: &str, now: Time) -> Value {
        json!({
            "iss": self.issuer, "aud": "openprm", "sub": subject, "iat": now.seconds(), "exp": now.seconds() + 3600,
            "jti": format!("{:032x}", rand::random::<u128>()), "email": email, "email_verified": true,
        })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn answer(request: HttpRequest, answers: Data<Mutex<Answers>>) -> HttpResponse {
    let mut answers = answers.lock().unwrap();
    answers.asked.push(request.path().to_owned());
    if let Some((status, location)) = &answers.instead {
        return HttpResponse::build(actix_web::http::StatusCode::from_u16(*status).unwrap())
            .insert_header(("location", location.as_str()))
            .finish();
    }
    match request.path() {
        "/realm/.well-known/openid-configuration" => HttpResponse::Ok().json(&answers.discovery),
        "/realm/keys" => {
            let mut response = HttpResponse::Ok();
            if let Some(cache_control) = &answers.cache_control {
                response.insert_header(("cache-control", cache_control.as_str()));
            }
            response.json(json!({"keys": answers.keys}))
        }
        _ => HttpResponse::NotFound().finish(),
    }
}
