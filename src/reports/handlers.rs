//! One function per operation: take, call, answer.

use actix_web::get;

use super::{
    model::{PartnerWinRate, WinRateFilter},
    queries,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Query, Reply},
    kernel::page::{Page, Paging},
};

/// List win rates by partner
///
/// For each partner how many of its deals were won and lost, what the won ones brought, and the win rate: won deals among
/// won and lost ones, by count. Imported history counts unless `legacy` says otherwise. Amounts of different currencies are
/// never added.
#[utoipa::path(params(WinRateFilter, Paging))]
#[get("/win-rates")]
pub async fn list_win_rates(
    db: Db,
    caller: Caller,
    filter: Query<WinRateFilter>,
    paging: Paging,
) -> Reply<Page<PartnerWinRate>> {
    db.snapshot(&caller, move |tx| queries::win_rates(tx, &filter.0, &paging))
        .await
}
