//! What can go wrong, each with a stable code. The one error type of the whole program.
//!
//! Which error belongs where: a malformed query is 400; a fact of the body that is wrong is 422; the state of the world
//! that forbids it is 409; what does not exist or is not yours is 404; what your role may never do is 403.
//! Internal causes are logged once at the boundary and never sent.

pub mod codes;

use std::{borrow::Cow, fmt};

pub use codes::{Code, Common};
use serde::Serialize;

/// `Result` with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// One thing that is wrong with one part of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where: `#/customer/domain` in the body, `query:limit`, `header:If-Match`.
    #[serde(serialize_with = "printable")]
    pub pointer: String,
    /// Stable code, `invalid_format`.
    pub code: Cow<'static, str>,
    /// What is wrong and what to do about it.
    #[serde(serialize_with = "printable")]
    pub detail: String,
}

/// The most characters of a text about a fault: what a caller calls its fields may be longer.
const LONGEST: usize = 1000;

/// Writes a text that may hold what a caller sent: short, and without characters that no terminal should see.
fn printable<S: serde::Serializer>(text: &str, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    let shown = text
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c });
    serializer.collect_str(&shown.collect::<String>())
}

/// The state that forbids an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFacts {
    /// The state the record is in.
    pub current: String,
    /// The action that was tried.
    pub attempted: String,
    /// The actions that the state allows.
    pub allowed: Vec<String>,
}

/// What completes a sign-in that a password began. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    /// What to send back with a code.
    pub token: String,
    /// How many seconds it is good for.
    pub seconds: i64,
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge")
    }
}

/// A refusal or a failure.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: &'static Code,
    detail: Cow<'static, str>,
    faults: Vec<Fault>,
    state: Option<StateFacts>,
    retry_after: Option<u32>,
    etag: Option<String>,
    challenge: Option<Challenge>,
    cause: Option<String>,
    retry_transaction: bool,
}

impl Error {
    /// An error with the code's own sentence.
    pub fn new(code: &'static Code) -> Self {
        Self(Box::new(Inner {
            code,
            detail: Cow::Borrowed(code.detail),
            faults: Vec::new(),
            state: None,
            retry_after: None,
            etag: None,
            challenge: None,
            cause: None,
            retry_transaction: false,
        }))
    }

    /// With a sentence for this case.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// With one more thing that is wrong.
    #[must_use]
    pub fn fault(
        mut self,
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        self.0.faults.push(Fault {
            pointer: pointer.into(),
            code: code.into(),
            detail: detail.into(),
        });
        self
    }

    /// With everything that is wrong.
    #[must_use]
    pub fn faults(mut self, faults: Vec<Fault>) -> Self {
        self.0.faults.extend(faults);
        self
    }

    /// With what happened inside: for the log, never for the answer.
    #[must_use]
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// With the seconds after which another try makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// With the record's present `ETag`.
    #[must_use]
    pub fn etag(mut self, etag: String) -> Self {
        self.0.etag = Some(etag);
        self
    }

    /// With what completes the sign-in.
    #[must_use]
    pub fn challenge(mut self, challenge: Challenge) -> Self {
        self.0.challenge = Some(challenge);
        self
    }

    /// 404: there is no such record, or it is not yours.
    pub fn not_found() -> Self {
        Self::new(&codes::NOT_FOUND)
    }

    /// 422 for one field of the body.
    pub fn field(pointer: impl Into<String>, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::new(&codes::VALIDATION_FAILED).fault(pointer, code, detail)
    }

    /// 409: a record that the body names does not exist or is not yours to name.
    pub fn unknown_reference(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(&codes::UNKNOWN_REFERENCE).fault(pointer, "unknown_reference", detail)
    }

    /// 409: the record's state does not permit the action.
    pub fn invalid_state(current: impl fmt::Display, attempted: impl Into<String>, allowed: Vec<&'static str>) -> Self {
        let attempted = attempted.into();
        let next = if allowed.is_empty() {
            "nothing more can happen to it".to_owned()
        } else {
            format!("possible are: {}", allowed.join(", "))
        };
        let mut error = Self::new(&codes::INVALID_STATE).detail(format!(
            "In state `{current}` the action `{attempted}` is not possible; {next}."
        ));
        error.0.state = Some(StateFacts {
            current: current.to_string(),
            attempted,
            allowed: allowed.into_iter().map(str::to_owned).collect(),
        });
        error
    }

    /// 409: the state permits the action, but its guards do not.
    pub fn guards(
        current: impl fmt::Display,
        attempted: &'static str,
        failing: Vec<crate::kernel::states::FailingGuard>,
    ) -> Self {
        let mut error = Self::new(&codes::GUARD_FAILED).faults(
            failing
                .into_iter()
                .map(|guard| Fault {
                    pointer: guard.pointer.unwrap_or_else(|| "#".to_owned()),
                    code: guard.guard.into(),
                    detail: guard.detail,
                })
                .collect(),
        );
        error.0.state = Some(StateFacts {
            current: current.to_string(),
            attempted: attempted.to_owned(),
            allowed: Vec::new(),
        });
        error
    }

    /// What the error means here, if it is of that kind; else the error itself. So a refusal of the database gets the words
    /// of the record that was to be written.
    #[must_use]
    pub fn when(self, code: &'static Code, meaning: impl FnOnce() -> Self) -> Self {
        if self.is(code) { meaning() } else { self }
    }

    /// 409: values that the schema permits, each for itself, but that do not go together, or not with what the program has
    /// defined: its custom fields, its calendars, its texts.
    pub fn contradiction(faults: Vec<Fault>) -> Self {
        Self::new(&codes::CONTRADICTION).faults(faults)
    }

    /// [`Error::contradiction`] of one value.
    pub fn contradicts(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(&codes::CONTRADICTION).fault(pointer, code, detail)
    }

    /// 405: the address takes other methods.
    pub fn wrong_method(attempted: &str, allowed: Vec<&str>) -> Self {
        let mut error = Self::new(&codes::METHOD_NOT_ALLOWED).detail(format!(
            "{attempted} is not possible here; possible are: {}.",
            allowed.join(", ")
        ));
        let allowed = allowed.into_iter().map(str::to_owned).collect();
        error.0.state = Some(StateFacts {
            current: "-".to_owned(),
            attempted: attempted.to_owned(),
            allowed,
        });
        error
    }

    /// 500, with the cause in the log alone.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::new(&codes::INTERNAL).cause(cause)
    }

    /// The code.
    pub fn code(&self) -> &'static Code {
        self.0.code
    }

    /// Whether the error has that code.
    pub fn is(&self, code: &Code) -> bool {
        self.0.code.code == code.code
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.0.detail
    }

    /// What is wrong, part by part.
    pub fn all_faults(&self) -> &[Fault] {
        &self.0.faults
    }

    /// The state that forbids.
    pub fn state(&self) -> Option<&StateFacts> {
        self.0.state.as_ref()
    }

    /// Seconds until another try makes sense.
    pub fn seconds_to_wait(&self) -> Option<u32> {
        self.0.retry_after
    }

    /// The record's present `ETag`.
    pub fn current_etag(&self) -> Option<&str> {
        self.0.etag.as_deref()
    }

    /// What completes the sign-in.
    pub fn open_challenge(&self) -> Option<&Challenge> {
        self.0.challenge.as_ref()
    }

    /// What happened inside, for the log.
    pub fn inner_cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// Whether the whole transaction may be tried again: two of them met, neither was wrong.
    pub fn may_retry(&self) -> bool {
        self.0.retry_transaction
    }

    /// Marks that the transaction may be tried again.
    #[must_use]
    pub(crate) fn retry_transaction(mut self) -> Self {
        self.0.retry_transaction = true;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.code, self.0.detail)?;
        for fault in &self.0.faults {
            write!(f, " [{} {}: {}]", fault.pointer, fault.code, fault.detail)?;
        }
        if let Some(cause) = &self.0.cause {
            write!(f, " ({cause})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        crate::db::failure::from_diesel(&error)
    }
}
