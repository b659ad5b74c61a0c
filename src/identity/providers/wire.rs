//! The way to an identity provider: over HTTP/1.1 with TLS by rustls, to the address that an administrator named, wherever that
//! is, and to the one of its keys that is named there. That one is the provider's word: where it is of another host, it is public,
//! or it is not called, so that no provider makes the server call what stands beside it. No redirect is followed, and what is
//! answered is read up to a limit.

use std::{net::SocketAddr, time::Duration};

use actix_web::{http::Uri, web::Bytes};
use http_body_util::{BodyExt as _, Limited};
use object_store::client::{HttpRequest, HttpRequestBody};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::rules::{discovery_url, is_address};
use crate::{
    identity::jose::{PublicJwk, VerifyingKey},
    webhooks::{Resolve, SystemResolver, Target, is_public, line_to},
};

/// How many addresses of a host are tried.
const TRIED: usize = 3;
/// How long an answer may take, to its last byte.
const ANSWER: Duration = Duration::from_secs(5);
/// The longest answer, in bytes.
const LONGEST: usize = 256 * 1024;
/// The most keys of a provider.
const KEYS: usize = 50;
/// How long keys are not read again, in seconds, if the provider says nothing of it.
const USUAL: i64 = 900;
/// The shortest and the longest time that a provider can say, in seconds: a key that it takes back is gone after the longest.
const BETWEEN: (i64, i64) = (300, 21_600);

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

/// Where something is fetched from: the host as it is told and called, and what is asked for.
fn target(address: &str) -> Option<Target> {
    let uri: Uri = address.parse().ok()?;
    let https = uri.scheme_str() == Some("https");
    let host = uri.host()?;
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    Some(Target {
        https,
        host: bare.unwrap_or(host).to_ascii_lowercase(),
        port: uri.port_u16().unwrap_or(if https { 443 } else { 80 }),
        path: uri
            .path_and_query()
            .map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned()),
    })
}

/// Reads what providers publish.
pub struct Wire {
    trial: bool,
}

impl Wire {
    /// `trial`: whether a provider on this very machine may be reached by `http://`.
    pub const fn new(trial: bool) -> Self {
        Self { trial }
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
        let place = discovery_url(issuer);
        let (discovery, _) = self.get::<Discovery>(&place, issuer).await?;
        if discovery.issuer != issuer {
            return Err(format!("{place} is of another issuer"));
        }
        let (set, said) = self.get::<JwkSet>(&discovery.jwks_uri, issuer).await?;
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
    async fn get<T: DeserializeOwned>(&self, address: &str, issuer: &str) -> Result<(T, Option<i64>), String> {
        let (bytes, said) = tokio::time::timeout(ANSWER, Box::pin(self.fetch(address, issuer)))
            .await
            .map_err(|_elapsed| format!("{address} took too long"))??;
        serde_json::from_slice(&bytes)
            .map(|read| (read, said))
            .map_err(|error| format!("{address} does not answer as it should: {error}"))
    }

    /// The same as bytes, from the first of the host's addresses that can be reached.
    async fn fetch(&self, address: &str, issuer: &str) -> Result<(Bytes, Option<i64>), String> {
        let target = target(address)
            .filter(|_| is_address(address, self.trial))
            .ok_or_else(|| "it names an address that is not fetched from".to_owned())?;
        let line = line_to(&target)?;
        let mut last = format!("{} stands for no address", target.host);
        for place in places(&target, issuer).await? {
            match line.request(request(&target, place)?).await {
                Ok(response) => {
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
                    return Ok((body.to_bytes(), said));
                }
                Err(error) => last = format!("{address} is not reached: {error}"),
            }
        }
        Err(last)
    }
}

/// Where the host is now. The issuer's may be anywhere, for an administrator has named it; every address of another is public.
async fn places(to: &Target, issuer: &str) -> Result<Vec<SocketAddr>, String> {
    let host = &to.host;
    let found = match to.literal() {
        Some(address) => vec![address],
        None => SystemResolver
            .resolve(host)
            .await
            .map_err(|error| format!("{host} cannot be looked up: {error}"))?,
    };
    let named = target(issuer).is_some_and(|named| named.authority() == to.authority() && named.https == to.https);
    if !named && !found.iter().all(|address| is_public(*address)) {
        return Err(format!("{host} is neither the issuer's host nor a public one"));
    }
    let places = found.into_iter().map(|address| SocketAddr::new(address, to.port));
    Ok(places.take(TRIED).collect())
}

fn request(to: &Target, place: SocketAddr) -> Result<HttpRequest, String> {
    let unfit = |what: &str| format!("{} has no proper {what}", to.host);
    let scheme = if to.https { "https" } else { "http" };
    let mut request = HttpRequest::new(HttpRequestBody::from(Bytes::new()));
    *request.uri_mut() = format!("{scheme}://{place}{}", to.path)
        .parse()
        .map_err(|_unfit| unfit("address"))?;
    for (name, value) in [("host", to.authority()), ("accept", "application/json".to_owned())] {
        let value = value.parse().map_err(|_unfit| unfit(name))?;
        request.headers_mut().insert(name, value);
    }
    Ok(request)
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

    #[actix_web::test]
    async fn keys_of_another_host_than_the_issuers_are_public_or_not_fetched() {
        let issuer = "https://login.corp.example:8443/realms/prm";
        let at = async |address: &str| places(&target(address).unwrap(), issuer).await.is_ok();
        for inner in [
            "https://127.0.0.1/keys",
            "https://10.0.0.7/keys",
            "https://169.254.169.254/latest",
            "https://[::1]/keys",
            "https://[::ffff:10.0.0.7]/keys",
            "https://[fd00::1]:8443/keys",
            "https://localhost/keys",
        ] {
            assert!(!at(inner).await, "{inner}");
        }
        assert!(at("https://[2606:4700::1111]/keys").await && at("https://1.1.1.1/keys").await);
        // An administrator has named the issuer, wherever it is; not another port beside it.
        let near =
            |address: &'static str| async move { places(&target(address).unwrap(), "https://10.0.0.7:8443").await };
        assert!(near("https://10.0.0.7:8443/keys").await.is_ok());
        assert!(near("https://10.0.0.7:9443/keys").await.is_err() && near("http://10.0.0.7:8443/").await.is_err());
    }

    #[test]
    fn what_a_provider_says_of_keeping_is_read() {
        assert_eq!(max_age("public, max-age=3600, must-revalidate"), Some(3600));
        assert_eq!(max_age("Max-Age=60"), Some(60));
        assert_eq!(max_age("no-store, max-age=3600"), Some(0));
        assert_eq!((max_age("public"), max_age("max-age=soon")), (None, None));
    }
}
