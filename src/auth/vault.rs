//! The master secret, and what is kept under it: sealed with AES-256-GCM, or hashed with a key.
//!
//! It comes from `OPENPRM_SECRET`, or, with SQLite and for the demo program, from a file of mode 0600 that is made on the
//! first start ([`Config::secret_file`]). Each purpose has a key of its own, so that one leaked key opens one thing.

use std::{fmt, io::Write as _, path::Path, sync::Arc};

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{
    config::Config,
    error::{Error, Result, codes},
    kernel::page::Signer,
};

/// Bytes of a nonce of AES-GCM.
const NONCE: usize = 12;
/// How sealed text begins: the way it was sealed.
const FORM: &str = "v1.";

/// The secret that all others are kept under. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct MasterSecret(Arc<[u8]>);

impl fmt::Debug for MasterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterSecret")
    }
}

fn unusable(sentence: String) -> Error {
    Error::new(&codes::UNAVAILABLE).detail(sentence)
}

impl MasterSecret {
    /// The secret out of a text of at least 32 characters.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text.trim().as_bytes()))
    }

    /// The secret that the settings name, or that of their file, which is made if there is none yet. What a database in
    /// memory holds sealed is gone with the program, and so is its secret.
    ///
    /// # Errors
    /// A sentence that says what to do if its file cannot be read or made, or others may read it.
    pub fn load(config: &Config) -> Result<Self> {
        match (&config.secret, &config.secret_file) {
            (Some(text), _) => Ok(Self::new(text)),
            (None, Some(path)) => Self::from_file(path),
            (None, None) => Ok(Self::new(&random_text())),
        }
    }

    fn from_file(path: &Path) -> Result<Self> {
        use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
        let made = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path);
        match made {
            Ok(mut file) => {
                let text = random_text();
                file.write_all(text.as_bytes())
                    .and_then(|()| file.sync_all())
                    .map_err(|error| {
                        // The next start would look for the secret in what there is of it.
                        let _half_written = std::fs::remove_file(path);
                        unusable(format!(
                            "The master secret cannot be stored in {}: {error}. Free the disk, or set OPENPRM_SECRET.",
                            path.display()
                        ))
                    })?;
                return Ok(Self::new(&text));
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(unusable(format!(
                    "The master secret cannot be stored in {}: {error}. Make the folder writable, or set OPENPRM_SECRET.",
                    path.display()
                )));
            }
        }
        let read = || -> std::io::Result<(u32, String)> {
            Ok((
                std::fs::metadata(path)?.permissions().mode(),
                std::fs::read_to_string(path)?,
            ))
        };
        let (mode, text) = read().map_err(|error| {
            unusable(format!(
                "The master secret in {} cannot be read: {error}.",
                path.display()
            ))
        })?;
        if mode & 0o077 != 0 {
            return Err(unusable(format!(
                "Others may read the master secret; run: chmod 600 {}",
                path.display()
            )));
        }
        if text.trim().len() < 32 {
            return Err(unusable(format!(
                "{} holds no master secret; restore it from the backup of the database, or set OPENPRM_SECRET.",
                path.display()
            )));
        }
        Ok(Self::new(&text))
    }

    /// The key of one purpose.
    pub fn key(&self, purpose: &'static str) -> [u8; 32] {
        keyed(&self.0, &[b"openprm:", purpose.as_bytes()])
    }

    /// A keyed hash: the same text gives the same hash, and nobody without the secret can try texts.
    pub fn hash(&self, purpose: &'static str, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(keyed(&self.key(purpose), &[text.as_bytes()]))
    }

    /// Signs the cursors of lists.
    pub fn signer(&self) -> Signer {
        Signer::new(self.key("cursors"))
    }

    fn cipher(&self, purpose: &'static str) -> Result<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.key(purpose))
            .map_err(|_unspecified| Error::internal("the cipher refused its key"))
    }

    /// Seals `plain` so that it opens only for the same purpose and row.
    ///
    /// # Errors
    /// `internal` if the cipher fails.
    pub fn seal(&self, purpose: &'static str, row: &str, plain: &[u8]) -> Result<String> {
        let mut bytes = plain.to_vec();
        let nonce = self
            .cipher(purpose)?
            .seal_in_place_append_tag(Aad::from(row.as_bytes()), &mut bytes)
            .map_err(|_unspecified| Error::internal("sealing failed"))?;
        let mut whole = nonce.as_ref().to_vec();
        whole.extend_from_slice(&bytes);
        Ok(format!("{FORM}{}", STANDARD.encode(whole)))
    }

    /// What was sealed for that purpose and row.
    ///
    /// # Errors
    /// `unavailable` if it was sealed under another master secret, for something else, or was changed since.
    pub fn open(&self, purpose: &'static str, row: &str, sealed: &str) -> Result<Vec<u8>> {
        let foreign = || {
            unusable("What is sealed in the database does not open with this master secret; start with the OPENPRM_SECRET (or the secret file) that the database was set up with.".to_owned())
        };
        let whole = sealed
            .strip_prefix(FORM)
            .and_then(|text| STANDARD.decode(text).ok())
            .ok_or_else(foreign)?;
        let (nonce, rest) = whole.split_at_checked(NONCE).ok_or_else(foreign)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_unspecified| foreign())?;
        let mut bytes = rest.to_vec();
        let plain = self
            .cipher(purpose)?
            .open_in_place(nonce, Aad::from(row.as_bytes()), &mut bytes)
            .map_err(|_unspecified| foreign())?;
        Ok(plain.to_vec())
    }
}

fn keyed(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|_any_length_is_taken| Hmac::new(&hmac::digest::array::Array::default()));
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// 256 random bits as text.
fn random_text() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_own_purpose_and_row_alone() {
        let secret = MasterSecret::new("a master secret of more than 32 characters");
        let sealed = secret.seal("mail", "mail_1", b"hello").unwrap();
        assert_eq!(secret.open("mail", "mail_1", &sealed).unwrap(), b"hello");
        assert_ne!(
            secret.seal("mail", "mail_1", b"hello").unwrap(),
            sealed,
            "a nonce is used once"
        );
        assert!(secret.open("mail", "mail_2", &sealed).is_err());
        assert!(secret.open("keys", "mail_1", &sealed).is_err());
        assert!(
            MasterSecret::new("another master secret of 32 characters")
                .open("mail", "mail_1", &sealed)
                .is_err()
        );
        assert!(secret.open("mail", "mail_1", &format!("{sealed}AA")).is_err());
    }

    #[test]
    fn the_secret_file_is_made_once_and_must_be_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("openprm-vault-{:016x}", rand::random::<u64>()));
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("x.db.secret");
        let first = MasterSecret::from_file(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(MasterSecret::from_file(&path).unwrap().0, first.0);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let refusal = MasterSecret::from_file(&path).unwrap_err();
        assert!(refusal.message().contains("chmod 600"), "{refusal}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn debug_shows_nothing_of_the_secret() {
        assert_eq!(
            format!("{:?}", MasterSecret::new("a master secret of more than 32 characters")),
            "MasterSecret"
        );
    }
}
