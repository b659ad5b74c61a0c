//! Tokens that others signed (RFC 7515), and the public keys that check them (RFC 7517).
//!
//! Whoever takes such a token says before which algorithms it may be signed with, and the key decides which of them it
//! can be: nothing in the token's header chooses how it is checked (RFC 8725). There is no algorithm with a shared secret
//! among them, and none without a signature. Time comes from the injected clock.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{kernel::Time, words};

/// How far clocks may differ, in seconds.
pub const LEEWAY: i64 = 30;
/// The longest token that is looked at, in bytes.
const LONGEST: usize = 16 * 1024;

words! {
    /// An algorithm that a token of others may be signed with.
    pub SigningAlgorithm {
        /// Edwards curves (RFC 8037): Ed25519.
        EdDsa = "EdDSA",
        /// ECDSA with P-256 and SHA-256.
        Es256 = "ES256",
        /// RSASSA-PSS with SHA-256.
        Ps256 = "PS256",
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        Rs256 = "RS256",
    }
}

impl SigningAlgorithm {
    fn of(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::EdDSA => Some(Self::EdDsa),
            Algorithm::ES256 => Some(Self::Es256),
            Algorithm::PS256 => Some(Self::Ps256),
            Algorithm::RS256 => Some(Self::Rs256),
            _ => None,
        }
    }

    const fn plain(self) -> Algorithm {
        match self {
            Self::EdDsa => Algorithm::EdDSA,
            Self::Es256 => Algorithm::ES256,
            Self::Ps256 => Algorithm::PS256,
            Self::Rs256 => Algorithm::RS256,
        }
    }
}

/// A public key of somebody else, as RFC 7517 writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"kty": "OKP", "crv": "Ed25519", "kid": "2026-11", "use": "sig", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}))]
pub struct PublicJwk {
    /// The key's family: `OKP`, `EC` or `RSA`.
    #[schema(example = "OKP", min_length = 1, max_length = 8)]
    pub kty: String,
    /// The name of the key, as in a token's header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-11", min_length = 1, max_length = 255, nullable = false)]
    pub kid: Option<String>,
    /// The one algorithm that it is for; by default whatever its family can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "EdDSA", min_length = 1, max_length = 16, nullable = false)]
    pub alg: Option<String>,
    /// What it is for: signatures.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    #[schema(example = "sig", min_length = 1, max_length = 8, nullable = false)]
    pub usage: Option<String>,
    /// The curve: `Ed25519` or `P-256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Ed25519", min_length = 1, max_length = 16, nullable = false)]
    pub crv: Option<String>,
    /// The public key, or its first coordinate, base64url without padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        max_length = 64,
        pattern = "^[A-Za-z0-9_-]+$",
        nullable = false
    )]
    pub x: Option<String>,
    /// The second coordinate of a point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        example = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        max_length = 64,
        pattern = "^[A-Za-z0-9_-]+$",
        nullable = false
    )]
    pub y: Option<String>,
    /// The modulus of an RSA key, of at least 2048 bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        example = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc",
        max_length = 1400,
        pattern = "^[A-Za-z0-9_-]+$",
        nullable = false
    )]
    pub n: Option<String>,
    /// The exponent of an RSA key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "AQAB", max_length = 12, pattern = "^[A-Za-z0-9_-]+$", nullable = false)]
    pub e: Option<String>,
}

/// A public key, ready for use.
#[derive(Clone)]
pub struct VerifyingKey {
    kid: Option<String>,
    algorithms: Vec<SigningAlgorithm>,
    key: DecodingKey,
}

/// The bytes of a part of a key, if they are that long.
fn part(text: Option<&String>, lengths: std::ops::RangeInclusive<usize>) -> Option<&str> {
    let text = text?;
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    lengths.contains(&bytes.len()).then_some(text.as_str())
}

impl VerifyingKey {
    /// The key, if it is one that checks a signature by an algorithm that we know.
    pub fn read(jwk: &PublicJwk) -> Option<Self> {
        if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let (key, algorithms): (_, &[SigningAlgorithm]) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => {
                let key = DecodingKey::from_ed_components(part(jwk.x.as_ref(), 32..=32)?);
                (key, &[SigningAlgorithm::EdDsa])
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (part(jwk.x.as_ref(), 32..=32)?, part(jwk.y.as_ref(), 32..=32)?);
                (DecodingKey::from_ec_components(x, y), &[SigningAlgorithm::Es256])
            }
            ("RSA", None) => {
                let (n, e) = (part(jwk.n.as_ref(), 256..=1024)?, part(jwk.e.as_ref(), 1..=8)?);
                let key = DecodingKey::from_rsa_components(n, e);
                (key, &[SigningAlgorithm::Rs256, SigningAlgorithm::Ps256])
            }
            _ => return None,
        };
        let algorithms: Vec<SigningAlgorithm> = algorithms
            .iter()
            .copied()
            .filter(|algorithm| jwk.alg.as_deref().is_none_or(|named| named == algorithm.as_str()))
            .collect();
        (!algorithms.is_empty()).then_some(())?;
        Some(Self {
            kid: jwk.kid.clone(),
            algorithms,
            key: key.ok()?,
        })
    }

    /// Whether it is for one of these algorithms.
    pub fn is_for(&self, algorithms: &[SigningAlgorithm]) -> bool {
        self.algorithms.iter().any(|algorithm| algorithms.contains(algorithm))
    }

    /// Whether a token with that header can be signed by it. A header that names no key leaves it open.
    pub fn fits(&self, header: &Signed) -> bool {
        self.algorithms.contains(&header.algorithm) && (header.kid.is_none() || header.kid == self.kid)
    }
}

/// What the header of a signed token says; believed of nothing until the signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The name of the key.
    pub kid: Option<String>,
    /// The algorithm.
    pub algorithm: SigningAlgorithm,
    /// The type.
    pub typ: Option<String>,
}

impl Signed {
    /// The header of a token, if it is signed by an algorithm that we know and asks for nothing besides.
    pub fn read(token: &str) -> Option<Self> {
        if token.len() > LONGEST {
            return None;
        }
        let header = jsonwebtoken::decode_header(token).ok()?;
        let plain = header.crit.is_none() && header.enc.is_none() && header.zip.is_none();
        plain.then_some(())?;
        Some(Self {
            kid: header.kid,
            algorithm: SigningAlgorithm::of(header.alg)?,
            typ: header.typ,
        })
    }

    /// What the token says, if that key signed it with the header's algorithm.
    pub fn verified(&self, token: &str, key: &VerifyingKey) -> Option<Claims> {
        if !key.fits(self) {
            return None;
        }
        let mut rules = Validation::new(self.algorithm.plain());
        // What it says is checked by whoever takes it, by the injected clock.
        rules.required_spec_claims.clear();
        (rules.validate_exp, rules.validate_aud) = (false, false);
        jsonwebtoken::decode(token, &key.key, &rules)
            .ok()
            .map(|data| Claims(data.claims))
    }
}

/// A claim of a token that nobody has checked: for finding out whom to ask, and for nothing else.
pub fn unchecked(token: &str, name: &str) -> Option<String> {
    if token.len() > LONGEST {
        return None;
    }
    let claims: Map<String, Value> = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
    claims.get(name)?.as_str().map(str::to_owned)
}

/// Why a token is not good now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotNow {
    /// It has ended.
    Ended,
    /// It says nothing of its time that can be read, or is not good yet.
    Otherwise,
}

/// From when and until when a token is good, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When it was made, if it says so.
    pub iat: Option<i64>,
    /// When it ends.
    pub exp: i64,
}

/// What a token says whose signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// A claim: of that very name, or else by the path that the name's dots make.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).or_else(|| {
            let (first, rest) = name.split_once('.')?;
            rest.split('.')
                .try_fold(self.0.get(first)?, |value, step| value.get(step))
        })
    }

    /// A claim that is a text, and not an empty one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A claim that is a text or a list of texts.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        match self.get(name) {
            Some(Value::String(text)) => vec![text.as_str()],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// A moment (RFC 7519, NumericDate), in whole seconds.
    fn moment(&self, name: &str) -> Result<Option<i64>, NotNow> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Number(number)) => {
                let text = number.to_string();
                let whole = text.split('.').next().and_then(|whole| whole.parse().ok());
                whole.map(Some).ok_or(NotNow::Otherwise)
            }
            Some(_) => Err(NotNow::Otherwise),
        }
    }

    /// Checks `exp`, which must be there, `nbf` and `iat`.
    ///
    /// # Errors
    /// Why it is not good now.
    pub fn span(&self, now: Time) -> Result<Span, NotNow> {
        let now = now.seconds();
        let exp = self.moment("exp")?.ok_or(NotNow::Otherwise)?;
        let (nbf, iat) = (self.moment("nbf")?, self.moment("iat")?);
        if nbf.max(iat).is_some_and(|from| from > now.saturating_add(LEEWAY)) {
            return Err(NotNow::Otherwise);
        }
        if exp.saturating_add(LEEWAY) <= now {
            return Err(NotNow::Ended);
        }
        Ok(Span { iat, exp })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Time = Time::from_micros(1_795_000_000_000_000);

    fn claims(value: Value) -> Claims {
        Claims(value.as_object().unwrap().clone())
    }

    fn jwk(value: Value) -> Option<VerifyingKey> {
        VerifyingKey::read(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn a_claim_is_found_by_its_name_before_its_path() {
        let claims =
            claims(json!({"https://x.example/roles": ["a"], "realm_access": {"roles": ["b", 1, "c"]}, "r.s": "d"}));
        assert_eq!(claims.texts("https://x.example/roles"), ["a"]);
        assert_eq!(claims.texts("realm_access.roles"), ["b", "c"]);
        assert_eq!((claims.text("r.s"), claims.text("r.t")), (Some("d"), None));
    }

    #[test]
    fn time_is_taken_with_thirty_seconds() {
        let now = NOW.seconds();
        let at = |value: Value| claims(value).span(NOW);
        assert_eq!(at(json!({"exp": now - 29})).map(|span| span.exp), Ok(now - 29));
        assert_eq!(at(json!({"exp": now - 30})), Err(NotNow::Ended));
        assert!(at(json!({"exp": 1_795_000_000.5, "iat": now + 30, "nbf": now})).is_ok());
        for bad in [
            json!({}),
            json!({"exp": "soon"}),
            json!({"exp": now + 60, "nbf": now + 31}),
            json!({"exp": now + 60, "iat": now + 31}),
            json!({"exp": now + 60, "nbf": null}),
        ] {
            assert_eq!(at(bad), Err(NotNow::Otherwise));
        }
    }

    #[test]
    fn only_public_keys_that_check_signatures_are_keys() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert!(jwk(json!({"kty": "OKP", "crv": "Ed25519", "x": x})).is_some());
        for bad in [
            json!({"kty": "OKP", "crv": "Ed25519", "x": "c2hvcnQ"}),
            json!({"kty": "OKP", "crv": "X25519", "x": x}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": x, "use": "enc"}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "HS256"}),
            json!({"kty": "oct", "k": x}),
            json!({"kty": "EC", "crv": "P-256", "x": x}),
            json!({"kty": "RSA", "n": x, "e": "AQAB"}),
        ] {
            assert!(jwk(bad.clone()).is_none(), "{bad}");
        }
    }
}
