//! Answers that show a secret once: never stored in clear for a replay, never kept by a cache.

use std::collections::BTreeMap;

use utoipa::openapi::{RefOr, Response};

use super::{Answer, Documented, Rendered};
use crate::{auth::Request, error::Result};

/// Another answer, shown once. The replay of its idempotency key tells that the record exists, without the body.
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
