//! Keys that sign tokens, as others have them: their own algorithm, or whatever a forger would write into the header.

use std::sync::OnceLock;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{KeyInit as _, Mac as _};
use serde_json::{Value, json};

/// A key with its name.
pub struct Signer {
    pub kid: String,
    key: Key,
}

enum Key {
    Ed(Ed25519KeyPair),
    Ec(EcdsaKeyPair),
    /// Made once for all tests: it takes a while.
    Rsa(&'static RsaKeyPair),
}

pub fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

impl Signer {
    pub fn ed(kid: &str) -> Self {
        Self::new(kid, Key::Ed(Ed25519KeyPair::generate().unwrap()))
    }

    pub fn ec(kid: &str) -> Self {
        Self::new(
            kid,
            Key::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()),
        )
    }

    pub fn rsa(kid: &str) -> Self {
        static RSA: OnceLock<RsaKeyPair> = OnceLock::new();
        let key = RSA.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
        Self::new(kid, Key::Rsa(key))
    }

    fn new(kid: &str, key: Key) -> Self {
        Self {
            kid: kid.to_owned(),
            key,
        }
    }

    /// The algorithm that it usually signs with.
    pub fn algorithm(&self) -> &'static str {
        match self.key {
            Key::Ed(_) => "EdDSA",
            Key::Ec(_) => "ES256",
            Key::Rsa(_) => "RS256",
        }
    }

    /// Its public half, as RFC 7517 writes it.
    pub fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.key {
            Key::Ed(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": text(key.public_key().as_ref())})
            }
            Key::Ec(key) => {
                let point = key.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "kid": self.kid, "x": text(&point[1..33]), "y": text(&point[33..65])})
            }
            Key::Rsa(key) => {
                // SEQUENCE { INTEGER n, INTEGER e }: of 2048 bits, n begins with a zero byte, and e is 65537.
                let der = key.public_key().as_ref();
                let start = der.len() - 5 - 256;
                json!({"kty": "RSA", "use": "sig", "kid": self.kid, "n": text(&der[start..start + 256]), "e": "AQAB"})
            }
        }
    }

    fn signature(&self, message: &[u8], pss: bool) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Ed(key) => key.sign(message).as_ref().to_vec(),
            Key::Ec(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Key::Rsa(key) => {
                let mut signature = vec![0; 256];
                let padding: &'static dyn aws_lc_rs::signature::RsaEncoding =
                    if pss { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                key.sign(padding, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// The token of those claims, by its own name and algorithm.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(&json!({"alg": self.algorithm(), "typ": "JWT", "kid": self.kid}), claims)
    }

    /// The token of those claims, whatever the header says.
    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encoded(header), encoded(claims));
        let signature = self.signature(message.as_bytes(), header["alg"] == "PS256");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// A token that is signed with a secret, as a forger does who has the public key.
pub fn with_secret(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret).unwrap();
    mac.update(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}
