//! Passwords: which are taken, and how they are hashed without starving everything else.
//!
//! Argon2id with 19 MiB, two passes and one lane (OWASP's second recommendation; 25 ms of one core). One hash runs at a
//! time, and the wait for it is asynchronous, *before* the threads that reads need; a queue that grows too long is
//! answered with 503 at once.

use std::sync::{Arc, LazyLock, OnceLock};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    error::{Error, Result, codes},
    kernel::words::fold,
};

/// Fewest characters of a password.
pub const SHORTEST: usize = 12;
/// How many may wait for their turn.
const QUEUE: usize = 64;

/// Passwords that guessers try first, folded, one a line.
static BLOCKED: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    include_str!("blocked_passwords.txt")
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
});

fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The hash of a password, as a PHC text. Takes 25 ms of this thread: for the command line and set-up only.
///
/// # Errors
/// `internal` if the hasher fails.
pub fn hash_now(password: &str) -> Result<String> {
    argon2()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::internal(format!("Argon2: {error}")))
}

fn matches_now(password: &str, hash: &str) -> bool {
    argon2().verify_password(password.as_bytes(), hash).is_ok()
}

/// Hashes passwords, one at a time.
#[derive(Debug, Clone)]
pub struct Hasher {
    places: Arc<Semaphore>,
    turn: Arc<Semaphore>,
    /// What a password is compared with where there is no user, so that both take the same time.
    nobody: Arc<str>,
}

/// The right to hash now. Whoever holds it is alone.
pub struct Turn {
    _place: OwnedSemaphorePermit,
    _turn: OwnedSemaphorePermit,
    nobody: Arc<str>,
}

impl Hasher {
    /// A hasher.
    ///
    /// # Errors
    /// `internal` if Argon2 fails.
    pub fn new() -> Result<Self> {
        static NOBODY: OnceLock<Arc<str>> = OnceLock::new();
        let nobody = if let Some(nobody) = NOBODY.get() {
            nobody.clone()
        } else {
            let made: Arc<str> = hash_now("nobody has this password").map(Arc::from)?;
            NOBODY.get_or_init(|| made).clone()
        };
        Ok(Self {
            places: Arc::new(Semaphore::new(QUEUE)),
            turn: Arc::new(Semaphore::new(1)),
            nobody,
        })
    }

    /// Waits for its turn.
    ///
    /// # Errors
    /// 503 `unavailable` if too many wait already.
    pub async fn turn(&self) -> Result<Turn> {
        let place = self.places.clone().try_acquire_owned().map_err(|_full| {
            Error::new(&codes::UNAVAILABLE)
                .detail("Too many people sign in at this moment; try again in some seconds.")
                .retry_after(3)
        })?;
        let turn = self.turn.clone().acquire_owned().await.map_err(Error::internal)?;
        Ok(Turn {
            _place: place,
            _turn: turn,
            nobody: self.nobody.clone(),
        })
    }
}

impl Turn {
    /// Whether the password belongs to the hash. Without a hash it never does, after the same time.
    ///
    /// # Errors
    /// `internal` if the work was lost.
    pub async fn matches(&self, password: String, hash: Option<String>) -> Result<bool> {
        let (known, hash) = (hash.is_some(), hash.unwrap_or_else(|| self.nobody.to_string()));
        let right = actix_web::web::block(move || matches_now(&password, &hash))
            .await
            .map_err(Error::internal)?;
        Ok(right && known)
    }

    /// The hash of a password.
    ///
    /// # Errors
    /// `internal` if the hasher fails.
    pub async fn hash(&self, password: String) -> Result<String> {
        actix_web::web::block(move || hash_now(&password))
            .await
            .map_err(Error::internal)?
    }
}

/// Checks a new password. Length counts; nobody is made to use signs or digits (NIST SP 800-63B).
///
/// # Errors
/// 409 `contradiction` with what to choose instead, at `pointer`.
pub fn check(password: &str, email: &str, name: &str, pointer: &str) -> Result<()> {
    let weak = |detail: &str| Err(Error::contradicts(pointer, "weak_password", detail));
    if password.chars().count() < SHORTEST {
        return weak("Choose a password of at least 12 characters; several words are fine.");
    }
    let folded: String = fold(password).split_whitespace().collect();
    let core = folded.trim_matches(|c: char| !c.is_alphabetic());
    if BLOCKED.contains(&folded.as_str()) || BLOCKED.contains(&core) || repeats(&folded) || runs(&folded) {
        return weak(
            "This password is among the first that guessers try; choose several words that do not belong together.",
        );
    }
    let own = [
        fold(email),
        fold(email).split('@').next().unwrap_or_default().to_owned(),
        fold(name).split_whitespace().collect(),
    ];
    if own
        .iter()
        .any(|own| own.chars().count() > 3 && (folded == *own || core == own))
    {
        return weak("The password is your own name or address; choose several words that do not belong together.");
    }
    Ok(())
}

/// Whether the text is a short piece over and over: `passpasspass`, `aaaaaaaaaaaa`.
fn repeats(text: &str) -> bool {
    let all: Vec<char> = text.chars().collect();
    (1..=8).any(|length| {
        all.len() >= length * 2
            && all
                .iter()
                .zip(all.iter().cycle().skip(length))
                .take(all.len() - length)
                .all(|(one, other)| one == other)
    })
}

/// Whether the text only counts up or down: `123456789012`, `abcdefghijkl`.
fn runs(text: &str) -> bool {
    let all: Vec<u32> = text.chars().map(u32::from).collect();
    let follows = |step: i64| {
        all.iter().zip(all.iter().skip(1)).all(|(one, next)| {
            let difference = i64::from(*next) - i64::from(*one);
            difference == step || (difference == -9 * step && (48..=57).contains(one))
        })
    };
    follows(1) || follows(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(password: &str) -> bool {
        check(password, "maria.keller@example.com", "Maria Keller", "#/password").is_ok()
    }

    #[test]
    fn long_phrases_are_taken_and_what_guessers_try_first_is_not() {
        for good in ["plum kettle orbit sandal", "Zwölf-Zeichen!", "nine lime tractors"] {
            assert!(taken(good), "{good}");
        }
        for bad in [
            "short",
            "password1234",
            "Password12345!",
            "passwordpassword",
            "aaaaaaaaaaaa",
            "123456789012",
            "abcdefghijkl",
            "qwertyuiop123",
            "maria.keller@example.com",
            "MariaKeller2026",
            "987654321098",
        ] {
            assert!(!taken(bad), "{bad}");
        }
    }

    #[test]
    fn a_hash_is_argon2id_and_fits_its_password_alone() {
        let hash = hash_now("nine lime tractors").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(matches_now("nine lime tractors", &hash) && !matches_now("nine lime tractor", &hash));
    }

    #[actix_web::test]
    async fn one_hash_runs_at_a_time_and_a_full_queue_says_so_at_once() {
        let hasher = Hasher::new().unwrap();
        let first = hasher.turn().await.unwrap();
        assert_eq!(hasher.turn.available_permits(), 0, "whoever has the turn is alone");
        // All other places wait without a thread.
        let waiting: Vec<_> = (1..QUEUE)
            .map(|_| {
                let hasher = hasher.clone();
                actix_web::rt::spawn(async move { hasher.turn().await.map(drop) })
            })
            .collect();
        while hasher.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refusal = hasher.turn().await.err().unwrap();
        assert!(refusal.is(&codes::UNAVAILABLE) && refusal.seconds_to_wait().is_some());
        drop(first);
        for one in waiting {
            one.await.unwrap().unwrap();
        }
        assert!(
            !hasher
                .turn()
                .await
                .unwrap()
                .matches("anything at all".to_owned(), None)
                .await
                .unwrap()
        );
    }
}
