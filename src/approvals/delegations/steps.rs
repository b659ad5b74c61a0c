//! The steps of a delegation: entered and cancelled.

use super::{
    model::{Delegation, NewDelegation},
    queries, rules,
};
use crate::{
    auth::Role,
    db::Tx,
    error::{Error, Result, codes},
    http::IfMatch,
    identity,
    kernel::{ids::DelegationId, states::guard},
};

/// Enters a delegation: of the caller, or by an administrator of somebody else.
///
/// # Errors
/// 403 `field_forbidden` for somebody else's; 409 `unknown_reference` for people who are not active at the vendor; 409
/// `guard_failed` naming all that stands against it.
pub fn create(tx: &mut Tx<'_>, new: &NewDelegation) -> Result<Delegation> {
    let caller = tx.caller();
    let me = caller.person()?;
    let person = new.person_id.unwrap_or(me);
    if person != me && !caller.has(Role::Admin) {
        return Err(Error::new(&codes::FIELD_FORBIDDEN).fault(
            "#/person_id",
            "field_forbidden",
            "Only an administrator enters a delegation for somebody else.",
        ));
    }
    let known = identity::users::vendor_people(tx, &[], &[person, new.delegate_id])?;
    for (user, pointer) in [(person, "#/person_id"), (new.delegate_id, "#/delegate_id")] {
        if !known.iter().any(|one| one.id == user) {
            return Err(Error::unknown_reference(
                pointer,
                "There is nobody of the vendor with that id who is active.",
            ));
        }
    }
    queries::hold(tx)?;
    let now = tx.now;
    let made = Delegation::new(new, person, caller.actor_text(), now);
    let others = queries::meeting(tx, made.starts_at, made.ends_at)?;
    let failing = rules::failing(&made, &others, now);
    if !failing.is_empty() {
        return Err(Error::guards("new", "create", failing));
    }
    queries::insert(tx, made)
}

/// Cancels a delegation.
///
/// # Errors
/// 409 `invalid_state`; 409 `guard_failed` for those whom it does not concern.
pub fn cancel(tx: &mut Tx<'_>, id: DelegationId, seen: IfMatch) -> Result<Delegation> {
    let before = queries::find(tx, id)?;
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
    queries::save(tx, &before, after)
}
