//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{Delegation, DelegationFilter, NewDelegation},
    queries, rules,
};
use crate::{
    auth::{Caller, Role},
    db::Db,
    error::{Error, codes},
    http::{Created, IfMatch, IfMatchIfSent, Json, Path, Query, Reply},
    identity,
    kernel::{
        ids::DelegationId,
        page::{Page, Paging},
        states::guard,
    },
};

/// List delegations
///
/// Who is away, was or will be, and who stands in; the latest start first.
#[utoipa::path(params(DelegationFilter, Paging))]
#[get("")]
pub async fn list_delegations(
    db: Db,
    caller: Caller,
    filter: Query<DelegationFilter>,
    paging: Paging,
) -> Reply<Page<Delegation>> {
    db.read(&caller, move |tx| queries::page(tx, &filter.0, &paging)).await
}

/// Enter a delegation
///
/// Names who decides in the place of the caller while they are away; administrators do it for anybody of the vendor. The
/// delegate decides what the absent person's roles and rows permit, as far as their own role lets them call the operation, and
/// never what concerns either of them. Periods of one person do not overlap, and delegations never lead back to who is away.
#[utoipa::path(extensions(("x-errors" = json!(["guard_failed", "field_forbidden"]))))]
#[post("")]
pub async fn create_delegation(db: Db, caller: Caller, new: Json<NewDelegation>) -> Reply<Created<Delegation>> {
    db.write(&caller, move |tx| {
        let caller = tx.caller();
        let me = caller.person()?;
        let person = new.0.person_id.unwrap_or(me);
        if person != me && !caller.has(Role::Admin) {
            return Err(Error::new(&codes::FIELD_FORBIDDEN).fault(
                "#/person_id",
                "field_forbidden",
                "Only an administrator enters a delegation for somebody else.",
            ));
        }
        let known = identity::users::vendor_people(tx, &[], &[person, new.0.delegate_id])?;
        for (user, pointer) in [(person, "#/person_id"), (new.0.delegate_id, "#/delegate_id")] {
            if !known.iter().any(|one| one.id == user) {
                return Err(Error::unknown_reference(
                    pointer,
                    "There is nobody of the vendor with that id who is active.",
                ));
            }
        }
        queries::hold(tx)?;
        let now = tx.now;
        let made = Delegation::new(&new.0, person, caller.actor_text(), now);
        let others = queries::meeting(tx, made.starts_at, made.ends_at)?;
        let failing = rules::failing(&made, &others, now);
        if !failing.is_empty() {
            return Err(Error::guards("new", "create", failing));
        }
        queries::insert(tx, made).map(Created)
    })
    .await
}

/// Read a delegation
///
/// Who is away, who stands in, and whether it holds.
#[utoipa::path(params(DelegationId))]
#[get("/{id}")]
pub async fn get_delegation(db: Db, caller: Caller, id: Path<DelegationId>) -> Reply<Json<Delegation>> {
    db.read(&caller, move |tx| queries::find(tx, id.0).map(Json)).await
}

/// Cancel a delegation
///
/// It holds no longer, or never does if it has not begun. By who is away, by who stands in, or by an administrator. What was
/// decided under it stays.
#[utoipa::path(params(DelegationId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "precondition_failed"]))))]
#[post("/{id}/cancel")]
pub async fn cancel_delegation(
    db: Db,
    caller: Caller,
    id: Path<DelegationId>,
    seen: IfMatch,
) -> Reply<Json<Delegation>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx, id.0)?;
        seen.check(before.revision)?;
        rules::MACHINE.go(before.status, "cancel")?;
        let (caller, now) = (tx.caller(), tx.now);
        let own = caller
            .user()
            .is_some_and(|me| me == before.person_id || me == before.delegate_id);
        if !own && !caller.has(Role::Admin) {
            let detail = "It is cancelled by who is away, by who stands in, or by an administrator.";
            return Err(Error::guards(
                before.status,
                "cancel",
                vec![guard("own_delegation", "#", detail)],
            ));
        }
        let after = before.clone().cancelled(caller.actor_text(), now);
        queries::save(tx, &before, after).map(Json)
    })
    .await
}
