//! Records with an address and a revision of their own.

use serde::Serialize;
use utoipa::{ToSchema, openapi::Ref};

use crate::kernel::{ids::PartnerId, schemas};

/// A record with an address and a revision of its own.
pub trait Resource: Serialize + ToSchema + Send + Sized + 'static {
    /// Its type in events, audit records and external references: `deal`.
    const TYPE: &'static str;

    /// Whether its reads can embed related records. Then every answer has the field `expanded`, so that a record looks the
    /// same, and has the same tag, whether it was read or changed.
    const EXPANDABLE: bool = false;

    /// Its id as text.
    fn id(&self) -> String;

    /// How often it was changed.
    fn revision(&self) -> i64;

    /// Its address: `/v1/deals/deal_…`.
    fn path(&self) -> String;

    /// The partners that may learn of its events, besides the vendor.
    fn audience(&self) -> Vec<PartnerId> {
        Vec::new()
    }

    /// The schema of answers that show it; of those that are expandable, [`Expandable`](super::Expandable)'s.
    fn answered() -> Ref {
        schemas::met::<Self>()
    }
}

/// A record whose address is that of a collection, and its id.
pub trait Addressed: Resource {
    /// The collection: `/v1/deals`.
    const COLLECTION: &'static str;

    /// Where the record with that id is read.
    fn path_of(id: &str) -> String {
        format!("{}/{id}", Self::COLLECTION)
    }
}

/// Makes a struct with the fields `id` and `revision` a [`Resource`] that is read at an address of its own: its type in events,
/// the collection, whether its reads can embed related records (`expandable`), and which partners learn of its events besides
/// the vendor (`told`; none if left out).
///
/// ```ignore
/// resource!(Territory, "territory", "/v1/territories");
/// resource!(BenefitGrant, "benefit_grant", "/v1/benefit-grants", told = |record| vec![record.partner_id]);
/// ```
#[macro_export]
macro_rules! resource {
    ($name:ty, $kind:expr, $collection:literal $(, told = |$record:ident| $told:expr)?) => {
        impl $crate::http::Resource for $name {
            $crate::resource!(@fields $kind $(, $record, $told)?);
        }
        $crate::resource!(@addressed $name, $collection);
    };
    ($name:ty, $kind:expr, $collection:literal, expandable $(, told = |$record:ident| $told:expr)?) => {
        impl $crate::http::Resource for $name {
            const EXPANDABLE: bool = true;
            fn answered() -> utoipa::openapi::Ref { $crate::http::Expandable::<Self>::answered() }
            $crate::resource!(@fields $kind $(, $record, $told)?);
        }
        $crate::resource!(@addressed $name, $collection);
    };
    (@fields $kind:expr $(, $record:ident, $told:expr)?) => {
        const TYPE: &'static str = $kind;
        fn id(&self) -> String { self.id.to_string() }
        fn revision(&self) -> i64 { self.revision }
        fn path(&self) -> String { <Self as $crate::http::Addressed>::path_of(&self.id.to_string()) }
        $(fn audience(&self) -> Vec<$crate::kernel::ids::PartnerId> { let $record = self; $told })?
    };
    (@addressed $name:ty, $collection:literal) => {
        impl $crate::http::Addressed for $name {
            const COLLECTION: &'static str = $collection;
        }
    };
}
