//! The way to an identity provider: over HTTP/1.1 with TLS by rustls, to the address that an administrator named, and to
//! the one of its keys that is named there. No redirect is followed, and what is answered is read up to a limit.

use std::time::Duration;

use actix_web::web::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector as Tcp},
    rt::TokioExecutor,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::rules::is_address;
use crate::identity::jose::{PublicJwk, VerifyingKey};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long an answer may take, to its last byte.
const ANSWER: Duration = Duration::from_secs(5);
/// The longest answer, in bytes.
const LONGEST: usize = 256 * 1024;
/// The most keys of a provider.
const KEYS: usize = 50;
/// How long keys are not read again, in seconds, if the provider says nothing of it.
const USUAL: i64 = 900;
/// The shortest and the longest time that a provider can say, in seconds.
const BETWEEN: (i64, i64) = (300, 86_400);

/// What a discovery document says that we go by (OpenID Connect Discovery 1.0, section 3).
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Value>,
}

/// The keys of a provider as they were read.
pub struct Read {
    /// The keys that check signatures.
    pub keys: Vec<VerifyingKey>,
    /// For how many seconds they need not be read again.
    pub fresh: i64,
}

/// A client without connections that wait.
pub struct Wire {
    client: Client<HttpsConnector<Tcp>, Empty<Bytes>>,
    trial: bool,
}

impl Wire {
    /// `trial`: whether a provider on this very machine may be reached by `http://`.
    pub fn new(trial: bool) -> Self {
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT));
        tcp.set_nodelay(true);
        let tls = HttpsConnectorBuilder::new().with_webpki_roots();
        let tls = if trial { tls.https_or_http() } else { tls.https_only() };
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(tls.enable_http1().wrap_connector(tcp));
        Self { client, trial }
    }

    /// Whether a provider on this very machine may be reached by `http://`.
    pub const fn trial(&self) -> bool {
        self.trial
    }

    /// The keys of that issuer, as it publishes them now.
    ///
    /// # Errors
    /// A sentence for the log.
    pub async fn keys(&self, issuer: &str) -> Result<Read, String> {
        let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let (discovery, _) = self.get::<Discovery>(&place).await?;
        if discovery.issuer != issuer {
            return Err(format!("{place} is of another issuer"));
        }
        let (set, said) = self.get::<JwkSet>(&discovery.jwks_uri).await?;
        let keys: Vec<VerifyingKey> = set
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value::<PublicJwk>(key).ok())
            .filter_map(|key| VerifyingKey::read(&key))
            .take(KEYS)
            .collect();
        if keys.is_empty() {
            return Err(format!("{} has no key that could be used", discovery.jwks_uri));
        }
        let (least, most) = BETWEEN;
        Ok(Read {
            keys,
            fresh: said.unwrap_or(USUAL).clamp(least, most),
        })
    }

    /// What is at an address, and for how many seconds it may be kept.
    async fn get<T: DeserializeOwned>(&self, address: &str) -> Result<(T, Option<i64>), String> {
        tokio::time::timeout(ANSWER, self.fetch(address))
            .await
            .map_err(|_elapsed| format!("{address} took too long"))?
    }

    async fn fetch<T: DeserializeOwned>(&self, address: &str) -> Result<(T, Option<i64>), String> {
        if !is_address(address, self.trial) {
            return Err("it names an address that is not fetched from".to_owned());
        }
        let place = address
            .parse()
            .map_err(|error| format!("{address} is no address: {error}"))?;
        let response = self
            .client
            .get(place)
            .await
            .map_err(|error| format!("{address} is not reached: {error}"))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(format!("{address} answered {status}"));
        }
        let said = response
            .headers()
            .get("cache-control")
            .and_then(|value| value.to_str().ok())
            .and_then(max_age);
        let body = Limited::new(response.into_body(), LONGEST)
            .collect()
            .await
            .map_err(|error| format!("{address} was not read: {error}"))?;
        serde_json::from_slice(&body.to_bytes())
            .map(|read| (read, said))
            .map_err(|error| format!("{address} does not answer as it should: {error}"))
    }
}

/// For how many seconds an answer may be kept (RFC 9111, section 5.2), if it says so.
fn max_age(cache_control: &str) -> Option<i64> {
    let mut directives = cache_control.split(',').map(|part| part.trim().to_ascii_lowercase());
    if directives
        .clone()
        .any(|part| matches!(part.as_str(), "no-store" | "no-cache"))
    {
        return Some(0);
    }
    directives.find_map(|part| part.strip_prefix("max-age=")?.trim_matches('"').parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_says_of_keeping_is_read() {
        assert_eq!(max_age("public, max-age=3600, must-revalidate"), Some(3600));
        assert_eq!(max_age("Max-Age=60"), Some(60));
        assert_eq!(max_age("no-store, max-age=3600"), Some(0));
        assert_eq!((max_age("public"), max_age("max-age=soon")), (None, None));
    }
}
