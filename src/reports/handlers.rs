//! One function per operation: take, call, answer.

use actix_web::get;

use super::{
    model::{PartnerWinRate, WinRateFilter},
    queries,
    review_times::{ReviewTimeFilter, ReviewTimes},
};
use crate::{
    auth::Caller,
    db::Db,
    http::{Plain, Query, Reply},
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

/// List review times
///
/// How long decisions on registrations took, in business time of the deals' territories, by month, quarter or year of the
/// decision: half of them, and nine in ten, took no longer. Once as the vendor works on them, without the pauses in which
/// the partner owes answers, and once with them. The figures are over all partners, and partners may see them, but of no single
/// decision: to them the bounds go out to whole periods (months where nothing is divided), and months with fewer than five
/// decisions that meet the filter count nowhere. Decisions that the rules made without a person are not among them.
#[utoipa::path(params(ReviewTimeFilter))]
#[get("/review-times")]
pub async fn list_review_times(db: Db, caller: Caller, filter: Query<ReviewTimeFilter>) -> Reply<Plain<ReviewTimes>> {
    db.read(&caller, move |tx| {
        let vendor = tx.caller().is_vendor();
        let filter = filter.0.asked(tx.now, vendor);
        let data = queries::review_times(tx, &filter)?;
        Ok(Plain(ReviewTimes {
            data: data.into_iter().map(|period| period.seen(vendor)).collect(),
        }))
    })
    .await
}
