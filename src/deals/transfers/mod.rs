//! Transfers: a registration goes from one partner to another, with the consent of both.
//!
//! A registration never changes its partner, so that what each side did stays its own: executing a transfer supersedes the
//! giver's registration and opens another for the receiver, in one transaction under the account's lock.
//!
//! The vendor sees both registrations, each partner its own alone: before the transfer is executed the receiver reads a
//! summary, and it forgets that too if the transfer comes to nothing. The two partners know each other by name, because
//! they consent to each other. Ids in other systems stay with the superseded registration: they name what the other system
//! knows as the giver's; whoever keeps that system in step reads the new registration's id from the transfer.

mod execution;
mod handlers;
mod model;
mod queries;
mod rows;
mod rules;

use model::NewDealTransfer;
pub use model::{DealTransfer, TransferReason, TransferStatus};
use rows::TransferRow;
pub use rules::MACHINE;
use rules::Party;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::{
    auth::permissions::may_call,
    db::Tx,
    deals::{
        attribution,
        registrations::{
            self, Registration,
            history::{self, Entry},
        },
    },
    error::{Error, Result, codes},
    http::IfMatch,
    kernel::{
        ids::{DealId, TransferId},
        states::{Action, FailingGuard, guard},
    },
    partners,
};

/// The routes within `/v1/deals`.
pub fn deal_routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::propose_deal_transfer)
        .service(handlers::list_deal_transfers);
}

/// The routes of transfers themselves.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/deal-transfers")
            .service(handlers::list_transfers)
            .service(handlers::get_deal_transfer)
            .service(handlers::consent_to_deal_transfer)
            .service(handlers::decline_deal_transfer)
            .service(handlers::cancel_deal_transfer)
            .service(handlers::execute_deal_transfer),
    );
}

/// Proposes a transfer.
///
/// # Errors
/// 404 for a registration that the caller may not see; 412 if it was changed meanwhile; 422 for shares that do not add up;
/// 409 `unknown_reference`, `guard_failed`, `already_exists`.
fn propose(tx: &mut Tx<'_>, id: DealId, seen: IfMatch, new: &NewDealTransfer) -> Result<TransferRow> {
    let before = registrations::locked(tx, id)?;
    seen.check(before.deal.revision)?;
    if let Some(shares) = &new.attribution {
        attribution::check(shares, "#/attribution")?;
        attribution::known(tx, shares, "#/attribution")?;
    }
    match partners::status(tx, new.to_partner_id) {
        Err(error) if error.is(&codes::NOT_FOUND) => {
            let detail = "There is no such partner, or it is not yours to name.";
            return Err(Error::unknown_reference("#/to_partner_id", detail));
        }
        found => found.map(drop)?,
    }
    let now = tx.moment();
    let mut failing = rules::failing_deal(&before, now);
    if new.to_partner_id == before.deal.partner_id {
        failing.push(guard(
            "another_partner",
            "#/to_partner_id",
            "The registration is that partner's already; name another.",
        ));
    }
    if !failing.is_empty() {
        let status = registrations::status_at(&before, now);
        return Err(Error::guards(status, "propose_transfer", failing));
    }
    let transfer = TransferRow::proposed(&before, new, tx.caller().actor_text(), now);
    let transfer = queries::insert(tx, transfer)?;
    let after = before.clone().touched(now);
    registrations::save(tx, &before, after, "deal.transfer_proposed")?;
    let entry = Entry::action("propose_transfer")
        .because(Some(new.reason_code.to_string()), new.reason_text.clone())
        .detail(format!("{} to {}.", transfer.id, transfer.to_partner_id));
    history::note(tx, id, entry)?;
    Ok(transfer)
}

/// The transfer, held, and which of its partners the caller acts for.
fn as_party(tx: &mut Tx<'_>, id: TransferId, seen: IfMatch) -> Result<(TransferRow, Party)> {
    let transfer = queries::hold(tx, id)?;
    seen.check(transfer.revision)?;
    let party = transfer.party(tx.caller().partner());
    let refusal = || Error::new(&codes::FORBIDDEN).detail("Only the two partners of the transfer say yes or no to it.");
    Ok((transfer, party.ok_or_else(refusal)?))
}

/// Consents for the caller's partner; again changes nothing.
///
/// # Errors
/// 404, 412; 403 for those who only read it; 409 `invalid_state` once it is over.
fn consent(tx: &mut Tx<'_>, id: TransferId, seen: IfMatch) -> Result<TransferRow> {
    let (before, party) = as_party(tx, id, seen)?;
    let (actor, now) = (tx.caller().actor_text(), tx.moment());
    let after = before.clone().consented(party, actor, now)?;
    if after == before {
        return Ok(before);
    }
    queries::save(tx, &before, after, "deal_transfer.consented")
}

/// Declines for the caller's partner.
///
/// # Errors
/// As [`consent`].
fn decline(tx: &mut Tx<'_>, id: TransferId, seen: IfMatch, reason: &str) -> Result<TransferRow> {
    let (before, _) = as_party(tx, id, seen)?;
    let (actor, now) = (tx.caller().actor_text(), tx.moment());
    let after = before.clone().ended("decline", Some(reason.to_owned()), actor, now)?;
    queries::save(tx, &before, after, "deal_transfer.declined")
}

/// Takes a proposal back.
///
/// # Errors
/// 404, 412; 409 `invalid_state` once it is over.
fn cancel(tx: &mut Tx<'_>, id: TransferId, seen: IfMatch, reason: Option<&str>) -> Result<TransferRow> {
    let before = queries::hold(tx, id)?;
    seen.check(before.revision)?;
    let (actor, now) = (tx.caller().actor_text(), tx.moment());
    let after = before.clone().ended("cancel", reason.map(str::to_owned), actor, now)?;
    queries::save(tx, &before, after, "deal_transfer.cancelled")
}

/// Cancels what is proposed for a registration that ends: withdrawn, refused, lapsed, revoked, won or lost. Nothing
/// happens if nothing is proposed. Who calls this has locked the registration's account.
///
/// # Errors
/// What the database reports.
pub fn close_open(tx: &mut Tx<'_>, deal: DealId) -> Result<()> {
    let Some(before) = queries::hold_open(tx, deal)? else {
        return Ok(());
    };
    let (actor, now) = (tx.caller().actor_text(), tx.moment());
    let reason = "The registration ended.".to_owned();
    let after = before.clone().ended("cancel", Some(reason), actor, now)?;
    queries::save(tx, &before, after, "deal_transfer.cancelled").map(drop)
}

/// What the caller can do about transfers of a registration now, each with the guards that fail.
///
/// # Errors
/// What the database reports.
pub fn actions(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<Action>> {
    let mut actions = Vec::new();
    let now = tx.now;
    let mut add = |tx: &Tx<'_>, action: &str, operation: &str, failing: Vec<FailingGuard>| {
        if may_call(tx.caller(), operation) {
            actions.push(Action::new(action, operation, failing));
        }
    };
    let Some(open) = queries::open_of(tx, registration.deal.id)? else {
        let failing = rules::failing_deal(registration, now);
        add(tx, "propose_transfer", "proposeDealTransfer", failing);
        return Ok(actions);
    };
    for (action, operation) in [
        ("consent_to_transfer", "consentToDealTransfer"),
        ("decline_transfer", "declineDealTransfer"),
    ] {
        let party = open.party(tx.caller().partner());
        let failing = party.is_none().then(|| {
            FailingGuard::new(
                "own_transfer",
                "Only the two partners of the transfer say yes or no to it.",
            )
        });
        add(tx, action, operation, failing.into_iter().collect());
    }
    add(tx, "cancel_transfer", "cancelDealTransfer", Vec::new());
    if may_call(tx.caller(), "executeDealTransfer") {
        let failing = execution::failing(tx, &open, registration)?;
        add(tx, "execute_transfer", "executeDealTransfer", failing);
    }
    Ok(actions)
}
