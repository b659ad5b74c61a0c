//! Answers that show a secret once: stored for a replay only under seal, never kept by a cache.

use std::collections::BTreeMap;

use utoipa::openapi::{RefOr, Response};

use super::{Answer, Documented, Rendered};
use crate::{auth::Request, error::Result};

/// Another answer, shown once. For the replay of its idempotency key it is kept sealed with the master secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confidential<A>(pub A);

impl<A: Answer> Answer for Confidential<A> {
    fn render(self, request: &Request) -> Result<Rendered> {
        Ok(Rendered {
            secret: true,
            ..self.0.render(request)?
        })
    }
}

impl<A: Documented> Documented for Confidential<A> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        A::responses()
    }
}
