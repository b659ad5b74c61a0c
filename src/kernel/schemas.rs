//! The schemas that were referred to while the contract is built.
//!
//! utoipa registers the schemas of bodies by itself, but not those that replies and query parameters refer to.
//! They are noted here when they are referred to, and taken when the document is finished.

use std::{any::type_name, borrow::Cow, cell::RefCell, collections::HashSet};

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Ref, RefOr, schema::Schema},
};

/// Schemas with their names.
pub type Named = Vec<(String, RefOr<Schema>)>;

/// What was met.
#[derive(Default)]
struct Met {
    /// The types, so that what is referred to hundreds of times is composed once.
    types: HashSet<&'static str>,
    /// Their schemas, and those that they refer to.
    schemas: Named,
}

thread_local! {
    /// What was met; nothing while nobody wants to know.
    static MET: RefCell<Option<Met>> = const { RefCell::new(None) };
}

/// Notes what `make` tells of a type, unless that is known already, or nobody wants to know.
fn noted(name: &'static str, make: impl FnOnce() -> Named) {
    let is_new = MET.with_borrow_mut(|met| met.as_mut().is_some_and(|met| met.types.insert(name)));
    if !is_new {
        return;
    }
    // Making it meets what it refers to.
    let made = make();
    MET.with_borrow_mut(|met| {
        if let Some(met) = met {
            met.schemas.extend(made);
        }
    });
}

/// A reference to the schema of `T`, which the document will then hold with everything it refers to.
pub fn met<T: ToSchema>() -> Ref {
    noted(type_name::<T>(), || {
        let mut schemas = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut schemas);
        schemas
    });
    Ref::from_schema_name(T::name())
}

/// Notes a schema that refers to no other, under its name: for types whose name utoipa asks for when it refers to them.
pub fn note<T: PartialSchema>(name: &'static str) -> Cow<'static, str> {
    noted(type_name::<T>(), || vec![(name.to_owned(), T::schema())]);
    Cow::Borrowed(name)
}

/// Does `work`, and gives what was met meanwhile besides its result. Each worker of the server tells the routes for itself, and
/// makes no document of them: then nothing is composed.
pub fn meeting<R>(work: impl FnOnce() -> R) -> (R, Named) {
    MET.set(Some(Met::default()));
    let result = work();
    (result, MET.take().unwrap_or_default().schemas)
}
