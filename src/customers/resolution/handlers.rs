//! One function per operation: take, call, answer.

use actix_web::post;

use super::model::{CustomerInput, ResolvedCustomer};
use crate::{
    auth::Caller,
    db::Db,
    http::{Json, Plain, Reply},
};

/// Resolve a customer
///
/// Finds the accounts that a description may mean, with all evidence for and against each. Nothing is stored. For the vendor
/// alone: partners learn of customers only through their own registrations.
#[utoipa::path]
#[post("/resolve")]
pub async fn resolve_customer(
    db: Db,
    caller: Caller,
    described: Json<CustomerInput>,
) -> Reply<Plain<ResolvedCustomer>> {
    db.snapshot(&caller, move |tx| super::resolve(tx, &described.0).map(Plain))
        .await
}
