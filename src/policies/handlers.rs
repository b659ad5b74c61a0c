//! One function per operation: take, call, answer.

use actix_web::{delete, get, patch, post};

use super::{
    model::Document,
    queries,
    resource::{
        NewPolicy, Policy, PolicyChanges, PolicyFilter, PolicyInForce, PolicyMoment, PolicyPatch, PolicyPublication,
    },
    rules, simulations,
};
use crate::{
    approvals,
    auth::Caller,
    db::{Db, Tx},
    error::{Error, Result, codes},
    http::{Created, IfMatch, IfMatchIfSent, Json, NoContent, Path, Plain, Query, Reply},
    kernel::{
        differences::differences,
        ids::PolicyId,
        page::{Page, Paging},
    },
};

/// List policies
///
/// Drafts, what will hold, what holds and what did, newest first. Where each stands is worked out from the moment of asking.
#[utoipa::path(params(PolicyFilter, Paging))]
#[get("")]
pub async fn list_policies(db: Db, caller: Caller, filter: Query<PolicyFilter>, paging: Paging) -> Reply<Page<Policy>> {
    db.snapshot(&caller, move |tx| queries::page(tx, &filter.0, &paging))
        .await
}

/// Read the policy in force
///
/// The policy that holds now, or at the moment asked for. Version 0 are the built-in defaults, which hold until something is
/// published.
#[utoipa::path(params(PolicyMoment))]
#[get("/in-force")]
pub async fn get_policy_in_force(db: Db, caller: Caller, moment: Query<PolicyMoment>) -> Reply<Plain<PolicyInForce>> {
    db.read(&caller, move |tx| {
        let asked = moment.0.as_of;
        let at = asked.unwrap_or(tx.now);
        queries::row_at(tx, at).map(|row| Plain(PolicyInForce::of(row, asked)))
    })
    .await
}

/// Begin a draft
///
/// A whole policy: what is left out is as in the version that was published last, or in the one that is named. It holds for
/// nothing until it is published; simulate it before.
#[utoipa::path(extensions(("x-errors" = json!(["unknown_reference"]))))]
#[post("")]
pub async fn create_policy(db: Db, caller: Caller, new: Json<NewPolicy>) -> Reply<Created<Policy>> {
    db.write(&caller, move |tx| {
        let last = queries::published(tx)?.last;
        let base = document(tx, new.0.from_version.unwrap_or(last), "#/from_version")?;
        let (by, now) = (tx.caller().actor_text(), tx.now);
        let draft = rules::draft(&new.0, base, last, by, now)?;
        known_territories(tx, new.0.registration.is_some(), &draft.document)?;
        queries::insert(tx, draft).map(Created)
    })
    .await
}

/// Refuses chains that were sent and name a territory that there is not. What was taken over was checked when it was sent.
fn known_territories(tx: &mut Tx<'_>, sent: bool, document: &Document) -> Result<()> {
    if !sent {
        return Ok(());
    }
    let rules = &document.registration;
    for (name, chain) in [
        ("approval_chain", &rules.approval_chain),
        ("extension_chain", &rules.extension_chain),
        ("reopening_chain", &rules.reopening_chain),
    ] {
        approvals::known_territories(tx, chain, &format!("#/registration/{name}"))?;
    }
    Ok(())
}

/// The document of a version; of 0 the built-in defaults.
fn document(tx: &mut Tx<'_>, version: i64, pointer: &'static str) -> Result<Document> {
    if version == 0 {
        return Ok(Document::default());
    }
    queries::by_version(tx, version)
        .map(|row| row.document.0)
        .map_err(|error| {
            error.when(&codes::NOT_FOUND, || {
                Error::unknown_reference(pointer, "There is no such version; name one that was published, or 0.")
            })
        })
}

/// Read a policy
///
/// A draft or a version, whole, with where it stands now.
#[utoipa::path(params(PolicyId))]
#[get("/{id}")]
pub async fn get_policy(db: Db, caller: Caller, id: Path<PolicyId>) -> Reply<Json<Policy>> {
    db.snapshot(&caller, move |tx| {
        let row = queries::find_row(tx, id.0)?;
        queries::seen(tx, row).map(Json)
    })
    .await
}

/// Change a draft
///
/// A merge patch over the whole document. What was published never changes: begin another draft.
#[utoipa::path(params(PolicyId, IfMatch), extensions(("x-errors" = json!(["invalid_state", "unknown_reference"]))))]
#[patch("/{id}")]
pub async fn update_policy(
    db: Db,
    caller: Caller,
    id: Path<PolicyId>,
    seen: IfMatch,
    patch: Json<PolicyPatch>,
) -> Reply<Json<Policy>> {
    db.write(&caller, move |tx| {
        let before = queries::find_row(tx, id.0)?;
        seen.check(before.revision)?;
        let now = tx.now;
        rules::MACHINE.go(queries::status(tx, &before, now)?, "update")?;
        if let Some(base) = patch.0.base_version {
            document(tx, base, "#/base_version")?;
        }
        let after = before.clone().patched(&patch.0, now)?;
        known_territories(tx, patch.0.registration.is_some(), &after.document)?;
        queries::save(tx, before, after, "policy.updated").map(Json)
    })
    .await
}

/// Delete a draft
///
/// With its simulations. What was published stays; one that does not hold yet is withdrawn instead.
#[utoipa::path(params(PolicyId, IfMatch), extensions(("x-errors" = json!(["invalid_state"]))))]
#[delete("/{id}")]
pub async fn delete_policy(db: Db, caller: Caller, id: Path<PolicyId>, seen: IfMatch) -> Reply<NoContent> {
    db.write(&caller, move |tx| {
        let row = queries::find_row(tx, id.0)?;
        seen.check(row.revision)?;
        let now = tx.now;
        rules::MACHINE.go(queries::status(tx, &row, now)?, "delete")?;
        simulations::delete_of(tx, row.id)?;
        queries::delete(tx, row).map(|()| NoContent)
    })
    .await
}

/// Publish a draft
///
/// It becomes the next version, holds from the moment given or from now on, and never changes again. Decisions that were made
/// keep the version they were made under; reviews that run keep the approval chain that they began with. Of two drafts that are
/// published at once one is refused: it was begun without the other. Look at what the other changed, set `base_version`, and
/// publish again.
#[utoipa::path(
    params(PolicyId, IfMatchIfSent),
    extensions(("x-errors" = json!(["invalid_state", "guard_failed", "conflict"])))
)]
#[post("/{id}/publish")]
pub async fn publish_policy(
    db: Db,
    caller: Caller,
    id: Path<PolicyId>,
    seen: IfMatch,
    how: Json<PolicyPublication>,
) -> Reply<Json<Policy>> {
    db.write(&caller, move |tx| {
        let before = queries::find_row(tx, id.0)?;
        seen.check(before.revision)?;
        let (by, now) = (tx.caller().actor_text(), tx.now);
        rules::MACHINE.go(queries::status(tx, &before, now)?, "publish")?;
        let others = queries::published(tx)?;
        let after = before.clone().published(&how.0, &others, by, now)?;
        queries::save(tx, before, after, "policy.published").map(Json)
    })
    .await
}

/// Withdraw a version
///
/// One that does not hold yet never will; what holds goes on. Its number is not given again.
#[utoipa::path(params(PolicyId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/withdraw")]
pub async fn withdraw_policy(db: Db, caller: Caller, id: Path<PolicyId>, seen: IfMatch) -> Reply<Json<Policy>> {
    db.write(&caller, move |tx| {
        let before = queries::find_row(tx, id.0)?;
        seen.check(before.revision)?;
        let now = tx.moment();
        let status = queries::status(tx, &before, now)?;
        let after = before.clone().withdrawn(status, tx.caller().actor_text(), now)?;
        queries::save(tx, before, after, "policy.withdrawn").map(Json)
    })
    .await
}

/// Read what a policy changes
///
/// Field by field, where it differs from the version in force now.
#[utoipa::path(params(PolicyId))]
#[get("/{id}/changes")]
pub async fn get_policy_changes(db: Db, caller: Caller, id: Path<PolicyId>) -> Reply<Plain<PolicyChanges>> {
    db.snapshot(&caller, move |tx| {
        let row = queries::find_row(tx, id.0)?;
        let now = tx.now;
        let held = queries::row_at(tx, now)?;
        let version = held.as_ref().and_then(|held| held.version).unwrap_or(0);
        let before = held.map_or_else(Document::default, |held| held.document.0);
        Ok(Plain(PolicyChanges {
            policy_id: row.id,
            compared_version: version,
            changes: differences(&before, &row.document.0)?,
        }))
    })
    .await
}
