//! Sends one message: to a checked address, without following redirects, within one deadline for the whole answer, of which no
//! more is read than is looked at.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use actix_web::web::Bytes;
use http_body_util::BodyExt;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use object_store::client::{HttpRequest, HttpRequestBody};

use super::{
    guard::{Guard, Resolve, Target},
    settings::WebhookSettings,
    signature,
};
use crate::kernel::Time;

/// What receivers see as the caller.
const AGENT: &str = "OpenPRM-Webhooks/1";
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(10);
/// How much of an answer is read, and how much of that is kept.
const READ: usize = 16 * 1024;
const KEPT: usize = 1024;
/// How long a body is waited for whose status says already that the message was taken.
const AFTER_SUCCESS: Duration = Duration::from_secs(2);
/// How many addresses of a host are tried.
const TRIED: usize = 3;
/// How long addresses of a host that were found and checked are used.
const KNOWN: Duration = Duration::from_secs(5);
/// How many hosts are remembered.
const HOSTS: usize = 1000;

/// A way to one host.
pub type Line = Client<HttpsConnector<HttpConnector>, HttpRequestBody>;

/// A message that is ready to go.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Where it goes.
    pub url: String,
    /// What the receiver knows it by.
    pub id: String,
    /// When it was signed, in seconds since 1970.
    pub timestamp: i64,
    /// Its signatures.
    pub signature: String,
    /// What it says.
    pub body: Bytes,
}

impl Letter {
    /// A message to an address, with what the receiver knows it by, signed with each of the secrets.
    pub fn signed((url, id): (String, String), body: Bytes, secrets: &[String], at: Time) -> Self {
        let timestamp = at.seconds();
        Self {
            signature: signature::sign(secrets, &id, timestamp, &body),
            url,
            id,
            timestamp,
            body,
        }
    }
}

/// What came of sending a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status; none if there was no answer.
    pub status: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
    /// How long it took.
    pub milliseconds: i64,
    /// How the body began.
    pub body: Option<String>,
    /// How many seconds the receiver wants to be left alone.
    pub wait: Option<i64>,
}

impl Answer {
    /// Whether the receiver took the message.
    pub fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// What a host stands for, and the connections to it.
struct Host {
    line: Line,
    addresses: Vec<SocketAddr>,
    found: Instant,
}

/// Sends messages over connections that are used again.
pub struct Sender {
    guard: Guard,
    timeout: Duration,
    hosts: Mutex<HashMap<String, Host>>,
}

impl Sender {
    /// A sender by those settings, that looks names up with that resolver.
    pub fn new(settings: &WebhookSettings, resolver: Arc<dyn Resolve>) -> Self {
        Self {
            guard: Guard::new(resolver, settings.clone()),
            timeout: Duration::from_secs(u64::try_from(settings.timeout_seconds).unwrap_or(15)),
            hosts: Mutex::default(),
        }
    }

    /// How long a call takes at most.
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends the message once. `now` is by the clock of the program.
    pub async fn send(&self, letter: &Letter, now: Time) -> Answer {
        let begun = Instant::now();
        let called = tokio::time::timeout(self.timeout, Box::pin(self.call(letter, begun, now))).await;
        let answer = match called {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Answer {
                error: Some(error),
                ..Answer::default()
            },
            Err(_elapsed) => Answer {
                error: Some(format!(
                    "The receiver did not answer within {} seconds.",
                    self.timeout.as_secs()
                )),
                ..Answer::default()
            },
        };
        Answer {
            milliseconds: i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX),
            ..answer
        }
    }

    async fn call(&self, letter: &Letter, begun: Instant, now: Time) -> Result<Answer, String> {
        let target = self.guard.target(&letter.url).map_err(|refused| refused.0)?;
        let (line, addresses) = self.way(&target).await?;
        let mut last = String::new();
        for address in addresses.into_iter().take(TRIED) {
            match line.request(request(letter, &target, address)?).await {
                Ok(response) => {
                    let status = response.status().as_u16();
                    let wait = response
                        .headers()
                        .get("retry-after")
                        .and_then(|value| value.to_str().ok())
                        .and_then(|text| seconds_of(text, now))
                        .filter(|_| matches!(status, 429 | 503));
                    let taken = (200..300).contains(&status);
                    let left = self.timeout.saturating_sub(begun.elapsed());
                    // A body that does not end changes nothing about a status that was answered.
                    let left =
                        left.saturating_sub(Duration::from_millis(20))
                            .min(if taken { AFTER_SUCCESS } else { left });
                    let body = read(response.into_body(), left).await;
                    return Ok(Answer {
                        status: Some(status),
                        error: (!taken).then(|| what_is_wrong(status)),
                        milliseconds: 0,
                        body,
                        wait,
                    });
                }
                Err(error) if error.is_connect() => last = said(&error),
                Err(error) => return Err(format!("The call failed: {}.", said(&error))),
            }
        }
        Err(format!("The receiver cannot be reached: {last}."))
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        // Each change is one call on the map, so a panic elsewhere leaves it whole.
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connections to a host, and its addresses as they were checked.
    async fn way(&self, target: &Target) -> Result<(Line, Vec<SocketAddr>), String> {
        let name = format!("{}:{}", target.host, target.port);
        let known = self
            .hosts()
            .get(&name)
            .map(|host| (host.line.clone(), host.addresses.clone(), host.found));
        if let Some((line, addresses, found)) = &known
            && found.elapsed() < KNOWN
        {
            return Ok((line.clone(), addresses.clone()));
        }
        let addresses = self
            .guard
            .addresses(target)
            .await
            .map_err(|refused| refused.to_string())?;
        let line = known.map_or_else(|| line_to(target), |(line, ..)| Ok(line))?;
        let mut hosts = self.hosts();
        if hosts.len() >= HOSTS {
            hosts.clear();
        }
        let host = Host {
            line: line.clone(),
            addresses: addresses.clone(),
            found: Instant::now(),
        };
        hosts.insert(name, host);
        Ok((line, addresses))
    }
}

/// Connections to the addresses of one host. They are called by number, so that nothing is looked up again, and by TLS must
/// show a certificate of the host's name. No redirect is followed.
///
/// # Errors
/// A sentence if the host has no proper name.
pub fn line_to(target: &Target) -> Result<Line, String> {
    let name = target
        .host
        .trim_end_matches('.')
        .to_owned()
        .try_into()
        .map_err(|_unfit| "The host has no proper name.".to_owned())?;
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT));
    tcp.set_nodelay(true);
    let tls = HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .with_server_name_resolver(FixedServerNameResolver::new(name))
        .enable_http1()
        .wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(8)
        .pool_timer(TokioTimer::new())
        .build(tls))
}

fn request(letter: &Letter, target: &Target, address: SocketAddr) -> Result<HttpRequest, String> {
    let unfit = |what: &str| format!("The message has no proper {what}.");
    let scheme = if target.https { "https" } else { "http" };
    let mut request = HttpRequest::new(HttpRequestBody::from(letter.body.clone()));
    *request.method_mut() = "POST".parse().map_err(|_unfit| unfit("method"))?;
    *request.uri_mut() = format!("{scheme}://{address}{}", target.path)
        .parse()
        .map_err(|_unfit| unfit("address"))?;
    for (name, value) in [
        ("host", target.authority()),
        ("user-agent", AGENT.to_owned()),
        ("content-type", "application/json".to_owned()),
        ("webhook-id", letter.id.clone()),
        ("webhook-timestamp", letter.timestamp.to_string()),
        ("webhook-signature", letter.signature.clone()),
    ] {
        let value = value.parse().map_err(|_unfit| unfit(name))?;
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

/// The beginning of a body, as text; what does not come in time is left out.
async fn read<B>(mut body: B, within: Duration) -> Option<String>
where
    B: BodyExt<Data = Bytes> + Unpin,
{
    let until = tokio::time::Instant::now() + within;
    let (mut begun, mut total) = (Vec::new(), 0_usize);
    while total < READ {
        let Ok(Some(Ok(frame))) = tokio::time::timeout_at(until, body.frame()).await else {
            break;
        };
        if let Ok(data) = frame.into_data() {
            total = total.saturating_add(data.len());
            begun.extend(data.iter().copied().take(KEPT.saturating_sub(begun.len())));
        }
    }
    let text: String = String::from_utf8_lossy(&begun)
        .chars()
        .filter(|c| *c != '\0')
        .take(KEPT)
        .collect();
    (!text.is_empty()).then_some(text)
}

fn what_is_wrong(status: u16) -> String {
    match status {
        300..=399 => format!("The receiver answered {status}; redirects are not followed."),
        410 => "The receiver answered 410: it wants no more messages.".to_owned(),
        _ => format!("The receiver answered {status}."),
    }
}

/// What an error of the client comes to, in a few words, with its causes.
fn said(error: &dyn std::error::Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text.chars().take(300).collect()
}

/// The seconds of a `Retry-After`: a number, or a moment.
fn seconds_of(text: &str, now: Time) -> Option<i64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(seconds.max(0));
    }
    let moment = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    Some((moment.timestamp() - now.seconds()).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_be_left_alone_is_a_number_or_a_moment() {
        let now: Time = "2026-11-21T09:00:00Z".parse().unwrap();
        assert_eq!(seconds_of(" 120 ", now), Some(120));
        assert_eq!(seconds_of("-1", now), Some(0));
        assert_eq!(seconds_of("Sat, 21 Nov 2026 09:01:00 GMT", now), Some(60));
        assert_eq!(seconds_of("Sat, 21 Nov 2020 09:01:00 GMT", now), Some(0));
        assert_eq!(seconds_of("later", now), None);
    }
}
