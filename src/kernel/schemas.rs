//! The schemas that were referred to while the contract is built.
//!
//! utoipa registers the schemas of bodies by itself, but not those that replies and query parameters refer to.
//! They are noted here when they are referred to, and taken when the document is finished.

use std::cell::RefCell;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Ref, RefOr, schema::Schema},
};

type Named = (String, RefOr<Schema>);

thread_local! {
    static MET: RefCell<Vec<Named>> = const { RefCell::new(Vec::new()) };
}

/// A reference to the schema of `T`, which the document will then hold with everything it refers to.
pub fn met<T: ToSchema>() -> Ref {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    MET.with_borrow_mut(|met| met.append(&mut schemas));
    Ref::from_schema_name(T::name())
}

/// Notes a schema that refers to no other, under its name: for types whose name utoipa asks for when it refers to them.
pub fn note<T: PartialSchema>(name: &'static str) -> std::borrow::Cow<'static, str> {
    let schema = T::schema();
    MET.with_borrow_mut(|met| {
        if !met.iter().any(|(known, _)| known == name) {
            met.push((name.to_owned(), schema));
        }
    });
    std::borrow::Cow::Borrowed(name)
}

/// Everything that was met since it was last taken.
pub fn take() -> Vec<Named> {
    MET.take()
}
