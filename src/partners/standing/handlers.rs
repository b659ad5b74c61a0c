//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{PartnerActions, PartnerNotice, PartnerReinstatement, PartnerSuspension, PartnerTermination, StatusChange},
    queries, rules,
};
use crate::{
    auth::{Caller, permissions},
    capabilities,
    db::{Db, Tx},
    error::{Error, Result},
    http::{IfMatch, IfMatchIfSent, Json, Path, Plain, Reply},
    identity::Identity,
    kernel::{
        ids::PartnerId,
        page::{Page, Paging},
        states::{Action, FailingGuard},
    },
    partners::{
        self, Partner, applications, consequences, domains, reviews,
        rules::{MACHINE, Reason},
    },
};

fn found(tx: &mut Tx<'_>, id: PartnerId, seen: IfMatch) -> Result<Partner> {
    let partner = partners::find(tx, id)?;
    seen.check(partner.revision)?;
    Ok(partner)
}

/// What stands in the way of an action, as far as it does not lie in the request's own body.
fn failing(tx: &mut Tx<'_>, partner: &Partner, action: &str) -> Result<Vec<FailingGuard>> {
    Ok(match action {
        "start_review" => {
            let verified = applications::find(tx, partner.id)?
                .applicant_email_verified_at
                .is_some()
                || domains::has_verified(tx, partner.id)?;
            reviews::failing(action, verified)
        }
        "activate" => {
            let mut failing = rules::failing_manager(partner.account_manager_id.is_some());
            failing.extend(capabilities::onboarding_complete(tx, partner.id)?.failing());
            failing.extend(capabilities::agreements_executed(tx, partner.id)?.failing());
            failing
        }
        "reinstate" => rules::failing_manager(partner.account_manager_id.is_some()),
        "terminate" => rules::failing_end(partner.effective_end_at, false, tx.now),
        _ => Vec::new(),
    })
}

fn checked(partner: &Partner, action: &'static str, failing: Vec<FailingGuard>) -> Result<()> {
    if failing.is_empty() {
        Ok(())
    } else {
        Err(Error::guards(partner.status, action, failing))
    }
}

/// Activate a partner
///
/// The firm that was accepted may work: somebody looks after it, and what onboarding and agreements require is done, where the
/// vendor uses them.
#[utoipa::path(params(PartnerId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "conflict"]))))]
#[post("/{id}/activate")]
pub async fn activate_partner(db: Db, caller: Caller, id: Path<PartnerId>, seen: IfMatch) -> Reply<Json<Partner>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let after = before.clone().moved("activate", Reason::default(), tx.now)?;
        let failing = failing(tx, &before, "activate")?;
        checked(&before, "activate", failing)?;
        partners::save(tx, &before, after, "partner.activated").map(Json)
    })
    .await
}

/// Suspend a partner
///
/// It may register nothing new. Its protections stay in force, or pause until it is reinstated.
#[utoipa::path(params(PartnerId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state"]))))]
#[post("/{id}/suspend")]
pub async fn suspend_partner(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    seen: IfMatch,
    why: Json<PartnerSuspension>,
) -> Reply<Json<Partner>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let reason = Reason {
            code: Some(why.0.reason_code.clone()),
            text: why.0.reason_text.clone(),
        };
        let after = before
            .clone()
            .moved("suspend", reason, tx.now)?
            .with_protections(why.0.protections);
        let saved = partners::save(tx, &before, after, "partner.suspended")?;
        consequences::suspended(tx, &saved)?;
        Ok(Json(saved))
    })
    .await
}

/// Reinstate a suspended partner
///
/// It may work again, and protections that paused count again.
#[utoipa::path(params(PartnerId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "protection_overlap"]))))]
#[post("/{id}/reinstate")]
pub async fn reinstate_partner(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    seen: IfMatch,
    why: Json<PartnerReinstatement>,
) -> Reply<Json<Partner>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let reason = Reason {
            code: why.0.reason_code.clone(),
            text: why.0.reason_text.clone(),
        };
        let after = before.clone().moved("reinstate", reason, tx.now)?;
        let failing = failing(tx, &before, "reinstate")?;
        checked(&before, "reinstate", failing)?;
        let saved = partners::save(tx, &before, after, "partner.reinstated")?;
        consequences::reinstated(tx, &saved)?;
        Ok(Json(saved))
    })
    .await
}

/// Give notice to a partner
///
/// By the vendor, or by the partner's administrator. Until the end, work that exists goes on, and nothing new begins. The
/// shortest notice is 30 days unless the settings say otherwise.
#[utoipa::path(params(PartnerId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed"]))))]
#[post("/{id}/offboard")]
pub async fn offboard_partner(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    seen: IfMatch,
    notice: Json<PartnerNotice>,
) -> Reply<Json<Partner>> {
    db.write(&caller, move |tx| {
        let before = found(tx, id.0, seen)?;
        let reason = Reason {
            code: Some(notice.0.reason_code.clone()),
            text: notice.0.reason_text.clone(),
        };
        let days = partners::policy(tx)?.notice_days;
        let end = notice.0.effective_end_at.unwrap_or_else(|| tx.now.plus_days(days));
        let after = before.clone().moved("offboard", reason, tx.now)?.ending(end);
        checked(&before, "offboard", rules::failing_notice(end, days, tx.now))?;
        let saved = partners::save(tx, &before, after, "partner.offboarding_started")?;
        partners::shown_one(tx, saved).map(Json)
    })
    .await
}

/// End a partnership
///
/// When the notice has run out, or at once if forced. The partner's protections are released, its people can no longer sign
/// in for it, its authorisations and memberships end, its domains are free. Its record and history stay, and it may apply again.
#[utoipa::path(params(PartnerId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed"]))))]
#[post("/{id}/terminate")]
pub async fn terminate_partner(
    db: Db,
    identity: Identity,
    caller: Caller,
    id: Path<PartnerId>,
    seen: IfMatch,
    end: Json<PartnerTermination>,
) -> Reply<Json<Partner>> {
    let reply = db
        .write(&caller, move |tx| {
            let before = found(tx, id.0, seen)?;
            MACHINE.go(before.status, "terminate")?;
            checked(
                &before,
                "terminate",
                rules::failing_end(before.effective_end_at, end.0.force, tx.now),
            )?;
            let reason = Reason {
                code: end.0.reason_code.clone().or_else(|| before.status_reason_code.clone()),
                text: end.0.reason_text.clone().or_else(|| before.status_reason_text.clone()),
            };
            super::terminate(tx, &before, reason).map(Json)
        })
        .await;
    // Nobody is believed to act for the partner any more.
    identity.forget();
    reply
}

/// List what can be done with a partner
///
/// The actions that the partner's status and the caller's role permit now, each with the guards that fail and why.
#[utoipa::path(params(PartnerId))]
#[get("/{id}/actions")]
pub async fn list_partner_actions(db: Db, caller: Caller, id: Path<PartnerId>) -> Reply<Plain<PartnerActions>> {
    db.snapshot(&caller, move |tx| {
        let partner = partners::find(tx, id.0)?;
        let mut actions = Vec::new();
        for row in MACHINE
            .transitions
            .iter()
            .filter(|row| row.from.contains(&partner.status))
        {
            let Some(operation) = row.operation else { continue };
            let permitted = permissions::of(operation).is_some_and(|permission| {
                permission.who != permissions::Who::Anyone && permission.check(tx.caller()).is_ok()
            });
            if permitted {
                let failing = failing(tx, &partner, row.action)?;
                actions.push(Action::new(row.action, operation, failing));
            }
        }
        Ok(Plain(PartnerActions {
            status: partner.status,
            actions,
        }))
    })
    .await
}

/// List the changes of a partner's status
///
/// Where it stood when and why, the latest change first.
#[utoipa::path(params(PartnerId, Paging))]
#[get("/{id}/status-changes")]
pub async fn list_partner_status_changes(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    paging: Paging,
) -> Reply<Page<StatusChange>> {
    db.snapshot(&caller, move |tx| {
        partners::status(tx, id.0)?;
        let page = queries::page(tx, id.0, &paging)?;
        Ok(if tx.caller().is_vendor() {
            page
        } else {
            page.map(StatusChange::for_partners)
        })
    })
    .await
}
