//! Answers that have the browser keep a cookie, or drop one.

use std::collections::BTreeMap;

use utoipa::openapi::{Ref, RefOr, Response};

use super::{Answer, Documented, Rendered};
use crate::{auth::Request, error::Result};

/// Another answer, with the value of its `Set-Cookie` header, if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithCookie<A>(pub A, pub Option<String>);

impl<A: Answer> Answer for WithCookie<A> {
    fn render(self, request: &Request) -> Result<Rendered> {
        Ok(Rendered {
            cookie: self.1,
            ..self.0.render(request)?
        })
    }
}

impl<A: Documented> Documented for WithCookie<A> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = A::responses();
        for response in responses.values_mut() {
            if let RefOr::T(response) = response {
                let header = RefOr::Ref(Ref::new("#/components/headers/Set-Cookie"));
                response.headers.insert("Set-Cookie".to_owned(), header);
            }
        }
        responses
    }
}
