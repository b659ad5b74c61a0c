//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{AccountMerge, AccountMergeFilter, MergeActions, MergeExecution, NewAccountMerge},
    moves, plans, queries,
    rules::{STATES, refuse},
};
use crate::{
    auth::Caller,
    customers::accounts,
    db::{Db, Tx},
    error::{Error, Result, codes},
    http::{Created, IfMatch, IfMatchIfSent, Json, Path, Plain, Query, Reply},
    kernel::{
        ids::AccountMergeId,
        page::{Page, Paging},
        states::{Action, FailingGuard},
    },
};

/// List merges of customer accounts
///
/// Planned, done and undone ones.
#[utoipa::path(params(AccountMergeFilter, Paging))]
#[get("")]
pub async fn list_account_merges(
    db: Db,
    caller: Caller,
    filter: Query<AccountMergeFilter>,
    paging: Paging,
) -> Reply<Page<AccountMerge>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Plan a merge of two customer accounts
///
/// Says what would move, what would collide, in what the accounts differ, and what somebody has to agree to. Nothing happens
/// until the plan is executed.
#[utoipa::path(extensions(("x-errors" = json!(["account_merged", "conflict"]))))]
#[post("")]
pub async fn plan_account_merge(db: Db, caller: Caller, new: Json<NewAccountMerge>) -> Reply<Created<AccountMerge>> {
    db.write(&caller, move |tx| {
        let named = |error: Error, pointer: &str| {
            error.when(&codes::NOT_FOUND, || {
                Error::unknown_reference(pointer, "There is no such customer account.")
            })
        };
        let survivor = accounts::find(tx, new.0.survivor_id).map_err(|error| named(error, "#/survivor_id"))?;
        let other = accounts::find(tx, new.0.other_id).map_err(|error| named(error, "#/other_id"))?;
        let plan = plans::make(tx, &survivor, &other)?;
        let by = tx.caller().actor_text();
        queries::insert(tx, AccountMerge::planned(&new.0, plan, by, tx.now)).map(Created)
    })
    .await
}

/// Read a merge of customer accounts
///
/// The plan, and what came of it.
#[utoipa::path(params(AccountMergeId))]
#[get("/{id}")]
pub async fn get_account_merge(db: Db, caller: Caller, id: Path<AccountMergeId>) -> Reply<Json<AccountMerge>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// List what can happen to a merge
///
/// The actions that its state allows, each with what stands in the way now: for a split, what has changed since the merge.
#[utoipa::path(params(AccountMergeId))]
#[get("/{id}/actions")]
pub async fn list_account_merge_actions(
    db: Db,
    caller: Caller,
    id: Path<AccountMergeId>,
) -> Reply<Plain<MergeActions>> {
    db.snapshot(&caller, move |tx| {
        let merge = queries::find(tx, id.0)?;
        let mut actions = Vec::new();
        for row in STATES.transitions.iter().filter(|row| row.from.contains(&merge.status)) {
            let failing = match row.action {
                "execute" => {
                    let (survivor, other) = (
                        accounts::find(tx, merge.survivor_id)?,
                        accounts::find(tx, merge.other_id)?,
                    );
                    match plans::make(tx, &survivor, &other) {
                        Ok(now) => merge.not_executable(&now, &[]),
                        Err(error) => vec![FailingGuard::new(error.code().code, error.message())],
                    }
                }
                "split" => {
                    let (survivor, other) = (
                        accounts::find(tx, merge.survivor_id)?,
                        accounts::find(tx, merge.other_id)?,
                    );
                    moves::not_undoable(tx, &merge, &survivor, &other)?
                }
                _ => Vec::new(),
            };
            actions.push(Action::new(row.action, row.operation.unwrap_or_default(), failing));
        }
        Ok(Plain(MergeActions { actions }))
    })
    .await
}

/// The merge, with both accounts locked: two who act on one of them come one after the other.
fn locked(tx: &mut Tx<'_>, id: AccountMergeId, seen: IfMatch) -> Result<AccountMerge> {
    let merge = queries::find(tx, id)?;
    accounts::lock_all(tx, &[merge.survivor_id, merge.other_id])?;
    // What was read before the locks may have changed while they were waited for.
    let merge = queries::find(tx, id)?;
    seen.check(merge.revision)?;
    Ok(merge)
}

/// Merge two customer accounts
///
/// Does what the plan says, if nothing has changed since and every decision in it is agreed to. What hangs on the account that
/// goes moves to the one that stays; what it was known by becomes aliases; claims that collide open conflict cases. The
/// account that goes remains readable, and names the one that stands for it.
#[utoipa::path(params(AccountMergeId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "account_merged", "conflict", "protection_overlap"]))))]
#[post("/{id}/execute")]
pub async fn merge_accounts(
    db: Db,
    caller: Caller,
    id: Path<AccountMergeId>,
    seen: IfMatch,
    execution: Json<MergeExecution>,
) -> Reply<Json<AccountMerge>> {
    db.write(&caller, move |tx| {
        let before = locked(tx, id.0, seen)?;
        STATES.go(before.status, "execute")?;
        let (survivor, other) = (
            accounts::find(tx, before.survivor_id)?,
            accounts::find(tx, before.other_id)?,
        );
        let now = plans::make(tx, &survivor, &other)?;
        refuse(
            before.status,
            "execute",
            before.not_executable(&now, &execution.0.accept),
        )?;
        let effects = moves::apply(tx, &before, &survivor, &other)?;
        let by = tx.caller().actor_text();
        let after = before.clone().executed(effects, by, tx.now)?;
        queries::save(tx, &before, after, "account_merge.executed").map(Json)
    })
    .await
}

/// Split two customer accounts that were merged
///
/// Undoes a merge as long as nothing that it moved has changed since: everything goes back where it was, and the cases that it
/// opened are closed. What was recorded on the account after the merge stays with it.
#[utoipa::path(params(AccountMergeId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "protection_overlap"]))))]
#[post("/{id}/split")]
pub async fn split_account(
    db: Db,
    caller: Caller,
    id: Path<AccountMergeId>,
    seen: IfMatch,
) -> Reply<Json<AccountMerge>> {
    db.write(&caller, move |tx| {
        let before = locked(tx, id.0, seen)?;
        STATES.go(before.status, "split")?;
        let (survivor, other) = (
            accounts::find(tx, before.survivor_id)?,
            accounts::find(tx, before.other_id)?,
        );
        refuse(
            before.status,
            "split",
            moves::not_undoable(tx, &before, &survivor, &other)?,
        )?;
        moves::undo(tx, &before, &survivor, &other)?;
        let by = tx.caller().actor_text();
        let after = before.clone().undone(by, tx.now)?;
        queries::save(tx, &before, after, "account_merge.undone").map(Json)
    })
    .await
}

/// Cancel a planned merge
///
/// The plan stays readable, and can no longer be executed.
#[utoipa::path(params(AccountMergeId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/cancel")]
pub async fn cancel_account_merge(
    db: Db,
    caller: Caller,
    id: Path<AccountMergeId>,
    seen: IfMatch,
) -> Reply<Json<AccountMerge>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        let after = before.clone().cancelled(tx.now)?;
        queries::save(tx, &before, after, "account_merge.cancelled").map(Json)
    })
    .await
}
