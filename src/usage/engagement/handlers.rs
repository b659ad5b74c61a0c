//! One function per operation: take, call, answer.

use actix_web::get;

use super::{
    model::{EngagementFilter, PartnerEngagement},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Query, Reply},
    kernel::page::{Page, Paging},
};

/// List engagement by partner
///
/// For each partner, by name, over days in UTC (the last thirty if left out): on how many days its people signed in, how many
/// of them did something, how often they looked, searched, searched in vain and changed something, and how long each side took
/// to answer the other. Figures of partners, never of persons. A partner's administrators see their own partner alone. Counts
/// of use arrive up to half a minute late, response times up to a few minutes; where a deployment does not count use, those
/// are 0. Nothing is known from before it was first recorded.
#[utoipa::path(params(EngagementFilter, Paging))]
#[get("/engagement")]
pub async fn list_engagement(
    db: Db,
    caller: Caller,
    filter: Query<EngagementFilter>,
    paging: Paging,
) -> Reply<Page<PartnerEngagement>> {
    db.snapshot(&caller, move |tx| queries::page(tx, &filter.0, &paging))
        .await
}
