//! Who asks, what they may do, and whose rows they may see.

mod caller;
pub mod permissions;
mod roles;
mod vault;

pub use caller::{Actor, Caller, Facts, IdempotencyKey, Request, Rows, Side};
pub use permissions::{Idempotency, Permission, Who};
pub use roles::{Role, Roles};
pub use vault::MasterSecret;

use std::{future::Future, pin::Pin};

use crate::error::Result;

/// Knows callers by what they present: an access token or an API key.
pub trait Authenticator: Send + Sync {
    /// The caller that the token stands for, in this request.
    ///
    /// # Errors
    /// 401 `unauthenticated` or `token_expired`.
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Result<Caller>> + 'a>>;
}
