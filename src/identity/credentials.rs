//! Opaque credentials: 256 random bits each, stored only as SHA-256, shown once.
//!
//! A prefix says what a text is, so that a leaked one is found by scanners and sent to the right place. An API key,
//! `prm_live_<public id>_<secret>_<checksum>`, also has a checksum, so that a mistyped one is told from a wrong one
//! without a look into the database.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::digest::Digest as _;
use sha2::Sha256;

/// How API keys begin.
pub const API_KEY_PREFIX: &str = "prm_live_";

/// What a secret is for, as its prefix says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Renews a session.
    Refresh,
    /// Proves that a mail arrived.
    OneTime,
    /// Signs a service client in.
    Client,
    /// Completes a sign-in together with a code.
    Challenge,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "prm_refresh_",
            Self::OneTime => "prm_once_",
            Self::Client => "prm_secret_",
            Self::Challenge => "prm_challenge_",
        }
    }
}

/// A new secret.
pub fn secret(kind: Kind) -> String {
    format!(
        "{}{}",
        kind.prefix(),
        URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
    )
}

/// Groups of characters that people copy from paper and cannot mistake for each other: almost five random bits each.
pub fn readable(groups: usize, length: usize) -> String {
    const CHARACTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let character = || {
        CHARACTERS
            .get(usize::from(rand::random::<u8>() % 31))
            .copied()
            .map_or('x', char::from)
    };
    let group = || (0..length).map(|_| character()).collect::<String>();
    (0..groups).map(|_| group()).collect::<Vec<_>>().join("-")
}

/// What is stored of a secret. It has 256 random bits, so a plain hash is enough.
pub fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// The last four characters: what a person recognises a secret by.
pub fn last4(secret: &str) -> String {
    let characters: Vec<char> = secret.chars().collect();
    characters.iter().skip(characters.len().saturating_sub(4)).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A new API key.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeyText {
    /// The whole key, shown once.
    pub whole: String,
    /// The part that names it, also in logs.
    pub public_id: String,
    /// The secret part.
    pub secret: String,
}

impl ApiKeyText {
    /// A new key.
    pub fn generate() -> Self {
        let public_id = hex(&rand::random::<[u8; 8]>());
        let secret = hex(&rand::random::<[u8; 32]>());
        let body = format!("{API_KEY_PREFIX}{public_id}_{secret}");
        Self {
            whole: format!("{body}_{:08x}", crc32(body.as_bytes())),
            public_id,
            secret,
        }
    }

    /// The parts of a key, if its form and checksum are right.
    pub fn read(text: &str) -> Option<Self> {
        let (body, checksum) = text.rsplit_once('_')?;
        let (public_id, secret) = body.strip_prefix(API_KEY_PREFIX)?.split_once('_')?;
        let plausible =
            public_id.len() == 16 && secret.len() == 64 && checksum == format!("{:08x}", crc32(body.as_bytes()));
        plausible.then(|| Self {
            whole: text.to_owned(),
            public_id: public_id.to_owned(),
            secret: secret.to_owned(),
        })
    }
}

/// CRC-32 as of IEEE 802.3 (reflected, polynomial 0xEDB88320).
fn crc32(bytes: &[u8]) -> u32 {
    let sum = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 {
                (sum >> 1) ^ 0xEDB8_8320
            } else {
                sum >> 1
            }
        })
    });
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_ieee_802_3() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_key_is_read_back_and_a_mistyped_one_is_not() {
        let key = ApiKeyText::generate();
        assert!(ApiKeyText::read(&key.whole).unwrap() == key);
        for position in [12, 40, key.whole.len() - 1] {
            let mut wrong: Vec<u8> = key.whole.bytes().collect();
            wrong[position] = if wrong[position] == b'0' { b'1' } else { b'0' };
            assert!(ApiKeyText::read(std::str::from_utf8(&wrong).unwrap()).is_none());
        }
        assert!(ApiKeyText::read("prm_live_").is_none() && ApiKeyText::read("").is_none());
    }

    #[test]
    fn secrets_differ_and_say_what_they_are() {
        let (one, other) = (secret(Kind::Refresh), secret(Kind::Refresh));
        assert!(one != other && one.starts_with("prm_refresh_") && one.len() == 55);
        assert_eq!(last4("abcdefgh"), "efgh");
        assert_eq!(hash("x").len(), 64);
        assert_eq!(readable(3, 4).split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4]);
    }
}
