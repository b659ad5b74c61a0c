//! The refresh token as a cookie, for pages that must not lose the session when they are loaded again, and must not hold
//! its token where a script could read it.
//!
//! The cookie is `HttpOnly` and `SameSite=Strict`: it is used by a page's own calls alone, never by a link that is followed,
//! so nothing is lost by the strictest form. With TLS its name begins with `__Host-`, which ties it to this host, the
//! whole of it (browsers want `Path=/` for that), and to TLS; without, as on a developer's machine, its path is that of
//! signing in.
//!
//! A browser sends a cookie whoever asks it to. So whatever sets or uses it must come with the header `X-Requested-With`,
//! which a form cannot send, and a script of another origin only after this server has allowed that origin; and if the
//! browser names an origin, it must be one that is ours or listed.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};
use utoipa::{
    IntoParams,
    openapi::{
        ObjectBuilder, Required, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

use crate::{
    config::Config,
    error::{Error, Result, codes},
    http::State,
    kernel::Time,
};

/// The cookie's name with TLS.
const SECURE_NAME: &str = "__Host-openprm_refresh";
/// The cookie's name without.
const PLAIN_NAME: &str = "openprm_refresh";
/// What forms cannot send.
const ASKED: &str = "x-requested-with";

/// What a request says of the browser that it came from.
#[derive(Clone)]
pub struct Browser {
    /// The refresh token of the cookie.
    pub refresh_token: Option<String>,
    trusted: bool,
    secure: bool,
    path: String,
}

/// `https`, `prm.example.com:8443` and `/prm` of an address.
fn parts(url: &str) -> (&str, &str, &str) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    match rest.find('/').and_then(|at| rest.split_at_checked(at)) {
        Some((host, path)) => (scheme, host, path.trim_end_matches('/')),
        None => (scheme, rest, ""),
    }
}

/// Whether pages of that origin are this deployment's own, or of the list.
fn is_known(config: &Config, origin: &str) -> bool {
    let own = [&config.public_url, &config.portal_url].map(|url| {
        let (scheme, host, _) = parts(url);
        format!("{scheme}://{host}")
    });
    own.iter()
        .chain(&config.cors_origins)
        .any(|known| known.trim_end_matches('/').eq_ignore_ascii_case(origin))
}

impl Browser {
    fn of(request: &HttpRequest, config: &Config) -> Self {
        let headers = request.headers();
        let (scheme, _, path) = parts(&config.public_url);
        let secure = scheme.eq_ignore_ascii_case("https");
        let name = if secure { SECURE_NAME } else { PLAIN_NAME };
        let cookies = headers.get_all(header::COOKIE).filter_map(|line| line.to_str().ok());
        let refresh_token = cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(given, value)| *given == name && !value.is_empty())
            .map(|(_, value)| value.to_owned());
        let known = headers
            .get(header::ORIGIN)
            .is_none_or(|origin| origin.to_str().is_ok_and(|origin| is_known(config, origin)));
        Self {
            refresh_token,
            trusted: known && headers.contains_key(ASKED),
            secure,
            path: if secure {
                "/".to_owned()
            } else {
                format!("{path}/v1/auth")
            },
        }
    }

    /// Refuses what another site's page may have made the browser send.
    ///
    /// # Errors
    /// 403 `cross_site_request`.
    pub fn check(&self) -> Result<()> {
        if self.trusted {
            Ok(())
        } else {
            Err(Error::new(&codes::CROSS_SITE_REQUEST))
        }
    }

    fn cookie(&self, value: &str, seconds: i64) -> String {
        let (name, secure) = if self.secure {
            (SECURE_NAME, "; Secure")
        } else {
            (PLAIN_NAME, "")
        };
        format!(
            "{name}={value}; Path={}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}",
            self.path
        )
    }

    /// What has the browser keep the token for as long as the session lasts.
    pub fn keep(&self, token: &str, now: Time, ends: Time) -> String {
        self.cookie(token, ends.seconds().saturating_sub(now.seconds()).max(1))
    }

    /// What has the browser drop the token, if it sent one.
    pub fn forget(&self) -> Option<String> {
        self.refresh_token.as_ref().map(|_| self.cookie("", 0))
    }
}

impl FromRequest for Browser {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(State::of(request).map(|state| Self::of(request, &state.config)))
    }
}

/// The header, in `params(…)` of a handler that takes a [`Browser`] and can set its cookie.
#[derive(Debug, Clone, Copy)]
pub struct RequestedWith;

impl IntoParams for RequestedWith {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            ParameterBuilder::new()
                .name("X-Requested-With")
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(
                    "Any text. Required where the refresh token goes or comes as a cookie: a form of another site cannot send it.",
                ))
                .schema(Some(
                    ObjectBuilder::new()
                        .schema_type(Type::String)
                        .min_length(Some(1))
                        .max_length(Some(64))
                        .pattern(Some("^[!-~]+$"))
                        .examples(["fetch"]),
                ))
                .build(),
        ]
    }
}

/// The cookie, in `params(…)` of a handler that reads it.
#[derive(Debug, Clone, Copy)]
pub struct RefreshCookie;

impl IntoParams for RefreshCookie {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            ParameterBuilder::new()
                .name(SECURE_NAME)
                .parameter_in(ParameterIn::Cookie)
                .required(Required::False)
                .description(Some(
                    "The refresh token that the browser keeps, if the body has none. Without TLS the cookie's name is `openprm_refresh`.",
                ))
                .schema(Some(
                    ObjectBuilder::new()
                        .schema_type(Type::String)
                        .min_length(Some(1))
                        .max_length(Some(128))
                        .pattern(Some("^[A-Za-z0-9_-]+$"))
                        .examples(["prm_refresh_8ZQ1n5vX0sJtq6d3b2HkYw7cRfA9uLmEoPiGxTzVh4M"]),
                ))
                .build(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const TOKEN: &str = "prm_refresh_x";

    fn browser(public_url: &'static str, headers: &[(&str, &str)]) -> Browser {
        let config = Config::read(|name| match name {
            "OPENPRM_PUBLIC_URL" => Some(public_url.to_owned()),
            "OPENPRM_PORTAL_URL" => Some("https://portal.example.com/start".to_owned()),
            "OPENPRM_CORS_ORIGINS" => Some("https://partners.example.net".to_owned()),
            _ => None,
        })
        .unwrap();
        let request = headers
            .iter()
            .fold(TestRequest::default(), |request, header| request.append_header(*header));
        Browser::of(&request.to_http_request(), &config)
    }

    #[test]
    fn the_cookie_is_tied_to_the_host_with_tls_and_to_signing_in_without() {
        let (now, ends) = (Time::from_micros(0), Time::from_micros(0).plus_days(30));
        assert_eq!(
            browser("https://prm.example.com", &[]).keep(TOKEN, now, ends),
            "__Host-openprm_refresh=prm_refresh_x; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure"
        );
        assert_eq!(
            browser("http://127.0.0.1:8080/prm/", &[]).keep(TOKEN, now, ends),
            "openprm_refresh=prm_refresh_x; Path=/prm/v1/auth; Max-Age=2592000; HttpOnly; SameSite=Strict"
        );
    }

    #[test]
    fn the_cookie_is_found_by_its_name_alone() {
        let sent = [
            ("cookie", "a=b; openprm_refresh=no; __Host-openprm_refresh=yes"),
            ("cookie", "c=d"),
        ];
        let found = browser("https://prm.example.com", &sent);
        assert_eq!(found.refresh_token.as_deref(), Some("yes"));
        assert!(found.forget().is_some_and(|gone| gone.contains("Max-Age=0")));
        assert_eq!(
            browser("http://127.0.0.1:8080", &sent).refresh_token.as_deref(),
            Some("no")
        );
        assert!(
            browser(
                "https://prm.example.com",
                &[("cookie", "x__Host-openprm_refresh=1; __Host-openprm_refresh=")]
            )
            .forget()
            .is_none()
        );
    }

    #[test]
    fn another_site_is_told_by_its_origin_or_by_what_a_form_cannot_send() {
        let trusted = |headers: &[(&str, &str)]| browser("https://prm.example.com", headers).check().is_ok();
        let asked = ("x-requested-with", "fetch");
        assert!(trusted(&[asked]), "no browser");
        for ours in [
            "https://prm.example.com",
            "https://portal.example.com",
            "https://Partners.example.net",
        ] {
            assert!(trusted(&[asked, ("origin", ours)]), "{ours}");
            assert!(!trusted(&[("origin", ours)]), "{ours} without the header");
        }
        for theirs in [
            "https://evil.example",
            "null",
            "http://prm.example.com",
            "https://prm.example.com.evil.example",
            "https://prm.example.com:8443",
        ] {
            assert!(!trusted(&[asked, ("origin", theirs)]), "{theirs}");
        }
    }
}
