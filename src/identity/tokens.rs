//! Access tokens: JSON Web Tokens by RFC 9068, signed with EdDSA, good for minutes.
//!
//! One algorithm, one type, keys by `kid` out of our own ring: nothing in a token's header can choose how it is checked
//! (RFC 8725). Time comes from the injected clock, so the library is told not to look at its own.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result, codes},
    kernel::{
        Time,
        ids::{PartnerId, SessionId},
    },
};

/// The type in the header, so that no other token of ours passes for an access token.
pub const TYPE: &str = "at+jwt";
/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 30;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who made it: the server's public address.
    pub iss: String,
    /// What it is for: the API.
    pub aud: String,
    /// Whom it stands for: a user or a service client.
    pub sub: String,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// When it was made.
    pub iat: i64,
    /// Its own id.
    pub jti: String,
    /// The session it belongs to; none for machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
    /// The user's session version when it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sv: Option<i64>,
    /// The partner whose rows it opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_id: Option<PartnerId>,
    /// The service client (RFC 9068).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Its scopes, separated by blanks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// Who makes tokens and for what: both must be ours in every token.
#[derive(Debug, Clone)]
pub struct Parties {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
}

/// A token that is not ours, or was changed, or is for something else. It does not say what: that helps forgers alone.
fn refused(why: impl std::fmt::Display) -> Error {
    Error::new(&codes::UNAUTHENTICATED).cause(why)
}

/// The signed token.
///
/// # Errors
/// `internal` if the key cannot sign.
pub fn sign(claims: &Claims, kid: &str, key: &EncodingKey) -> Result<String> {
    let header = Header {
        typ: Some(TYPE.to_owned()),
        kid: Some(kid.to_owned()),
        ..Header::new(Algorithm::EdDSA)
    };
    jsonwebtoken::encode(&header, claims, key).map_err(Error::internal)
}

/// The `kid` of a token whose header is one of ours.
///
/// # Errors
/// 401 `unauthenticated` for any other header.
pub fn kid(token: &str) -> Result<String> {
    let header = jsonwebtoken::decode_header(token).map_err(refused)?;
    let ours = header.alg == Algorithm::EdDSA && header.typ.as_deref() == Some(TYPE) && header.crit.is_none();
    header
        .kid
        .filter(|_| ours)
        .ok_or_else(|| refused("the header is not one of ours"))
}

/// What the token says, if it is ours and has not ended.
///
/// # Errors
/// 401 `unauthenticated` if it is not ours, `token_expired` if it has ended.
pub fn verify(token: &str, key: &DecodingKey, parties: &Parties, now: Time) -> Result<Claims> {
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    rules.set_issuer(&[&parties.issuer]);
    rules.set_audience(&[&parties.audience]);
    // Checked below, by the injected clock.
    rules.validate_exp = false;
    let claims = match jsonwebtoken::decode::<Claims>(token, key, &rules) {
        Ok(data) => data.claims,
        Err(error) => {
            return Err(match error.kind() {
                ErrorKind::ExpiredSignature => Error::new(&codes::TOKEN_EXPIRED),
                _ => refused(error),
            });
        }
    };
    still_good(&claims, now)?;
    Ok(claims)
}

/// Checks the token's time.
///
/// # Errors
/// 401 `token_expired` if it has ended, `unauthenticated` if it is from the future.
pub fn still_good(claims: &Claims, now: Time) -> Result<()> {
    if claims.exp.saturating_add(LEEWAY) <= now.seconds() {
        return Err(Error::new(&codes::TOKEN_EXPIRED));
    }
    if claims.iat > now.seconds().saturating_add(LEEWAY) {
        return Err(refused("the token is from the future"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::{Value, json};

    use super::*;

    const NOW: Time = Time::from_micros(1_795_000_000_000_000);

    struct Keys {
        private: EncodingKey,
        public: DecodingKey,
        public_bytes: Vec<u8>,
    }

    fn keys() -> Keys {
        let pair = Ed25519KeyPair::generate().unwrap();
        let public_bytes = pair.public_key().as_ref().to_vec();
        Keys {
            private: EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref()),
            public: DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(&public_bytes)).unwrap(),
            public_bytes,
        }
    }

    fn parties() -> Parties {
        Parties {
            issuer: "https://prm.example.com".to_owned(),
            audience: "https://prm.example.com/v1".to_owned(),
        }
    }

    fn claims() -> Claims {
        Claims {
            iss: parties().issuer,
            aud: parties().audience,
            sub: "user_01jdq4k8v6e5ns3q7t9x2m4b8c".to_owned(),
            exp: NOW.seconds() + 600,
            iat: NOW.seconds(),
            jti: "x".to_owned(),
            sid: None,
            sv: Some(1),
            partner_id: None,
            client_id: None,
            scope: None,
        }
    }

    /// What the server does with any text: header, then signature and claims.
    fn take(token: &str, keys: &Keys) -> Result<Claims> {
        kid(token)?;
        verify(token, &keys.public, &parties(), NOW)
    }

    fn part(value: &Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    fn with_header(header: &Header, claims: &impl Serialize, key: &EncodingKey) -> String {
        jsonwebtoken::encode(header, claims, key).unwrap()
    }

    #[test]
    fn a_token_of_ours_is_taken() {
        let keys = keys();
        let token = sign(&claims(), "k1", &keys.private).unwrap();
        assert_eq!(kid(&token).unwrap(), "k1");
        assert_eq!(take(&token, &keys).unwrap(), claims());
    }

    #[test]
    fn no_forged_token_is_taken() {
        let (ours, theirs) = (keys(), keys());
        let good = sign(&claims(), "k1", &ours.private).unwrap();
        let [header, body, signature] = good
            .split('.')
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .try_into()
            .unwrap();
        let head = |typ: Option<&str>| Header {
            typ: typ.map(str::to_owned),
            kid: Some("k1".to_owned()),
            ..Header::new(Algorithm::EdDSA)
        };
        let without = |name: &str| {
            let mut value = serde_json::to_value(claims()).unwrap();
            value.as_object_mut().unwrap().remove(name);
            with_header(&head(Some(TYPE)), &value, &ours.private)
        };
        let with = |change: fn(&mut Claims)| {
            let mut changed = claims();
            change(&mut changed);
            sign(&changed, "k1", &ours.private).unwrap()
        };
        let hs256 = |secret: &[u8]| {
            let header = Header {
                typ: Some(TYPE.to_owned()),
                kid: Some("k1".to_owned()),
                ..Header::new(Algorithm::HS256)
            };
            with_header(&header, &claims(), &EncodingKey::from_secret(secret))
        };
        let none = |alg: &str| format!("{}.{body}.", part(&json!({"alg": alg, "typ": TYPE, "kid": "k1"})));
        let mut evil = serde_json::to_value(claims()).unwrap();
        evil["sub"] = json!("user_01jdq4k8v6e5ns3q7t9x2m4b8d");
        let jwk = json!({"alg": "EdDSA", "typ": TYPE, "kid": "k1", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(&theirs.public_bytes)}});
        let own_jwk = {
            let message = format!("{}.{body}", part(&jwk));
            let signed = jsonwebtoken::crypto::sign(message.as_bytes(), &theirs.private, Algorithm::EdDSA).unwrap();
            format!("{message}.{signed}")
        };
        let critical = {
            let message = format!(
                "{}.{body}",
                part(&json!({"alg": "EdDSA", "typ": TYPE, "kid": "k1", "crit": ["exp"]}))
            );
            let signed = jsonwebtoken::crypto::sign(message.as_bytes(), &ours.private, Algorithm::EdDSA).unwrap();
            format!("{message}.{signed}")
        };
        let forgeries = [
            ("empty", String::new()),
            ("not three parts", "a.b".to_owned()),
            ("four parts", format!("{good}.x")),
            ("alg none", none("none")),
            ("alg None", none("None")),
            (
                "alg NONE with the old signature",
                format!(
                    "{}.{body}.{signature}",
                    part(&json!({"alg": "NONE", "typ": TYPE, "kid": "k1"}))
                ),
            ),
            ("HS256 with the public key", hs256(&ours.public_bytes)),
            (
                "HS256 with the public key as text",
                hs256(URL_SAFE_NO_PAD.encode(&ours.public_bytes).as_bytes()),
            ),
            ("HS256 with nothing", hs256(b"")),
            (
                "another key under our kid",
                sign(&claims(), "k1", &theirs.private).unwrap(),
            ),
            ("a key of its own in the header", own_jwk),
            ("an unknown critical header", critical),
            ("typ JWT", with_header(&head(Some("JWT")), &claims(), &ours.private)),
            ("no typ", with_header(&head(None), &claims(), &ours.private)),
            (
                "no kid",
                with_header(
                    &Header {
                        kid: None,
                        ..head(Some(TYPE))
                    },
                    &claims(),
                    &ours.private,
                ),
            ),
            ("tampered body", format!("{header}.{}.{signature}", part(&evil))),
            (
                "tampered signature",
                format!("{header}.{body}.{}", URL_SAFE_NO_PAD.encode([7_u8; 64])),
            ),
            ("no signature", format!("{header}.{body}.")),
            ("cut signature", good.chars().take(good.len() - 4).collect()),
            (
                "other issuer",
                with(|claims| "https://evil.example".clone_into(&mut claims.iss)),
            ),
            (
                "other audience",
                with(|claims| "https://prm.example.com".clone_into(&mut claims.aud)),
            ),
            ("ended", with(|claims| claims.exp = NOW.seconds() - 31)),
            ("from the future", with(|claims| claims.iat = NOW.seconds() + 3600)),
            ("no exp", without("exp")),
            ("no iss", without("iss")),
            ("no aud", without("aud")),
            ("no sub", without("sub")),
        ];
        for (what, token) in forgeries {
            let refusal = take(&token, &ours).expect_err(what);
            assert_eq!(refusal.code().status, 401, "{what}");
        }
    }
}
