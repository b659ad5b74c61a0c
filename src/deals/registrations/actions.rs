//! What this caller can do with a registration now: the transitions that the states and the role allow, each with the
//! guards that fail. Answered from the same tables and guards that the actions run.

use super::{
    approvals as reviewing, chains,
    decisions::{DealActions, DealApprovalChain},
    rows::Registration,
    rules, segregation,
    states::{REVIEW, ReviewStatus, STAGE},
    submission,
    view::Reader,
};
use crate::{
    approvals::{self, Chain},
    auth::{Caller, permissions::may_call},
    db::Tx,
    deals::{amendments, appeals, extensions, outcomes, reopenings, transfers},
    error::Result,
    kernel::{
        states::guard,
        states::{Action, FailingGuard, Transition},
    },
    policies,
};

/// What can be done with the registration.
///
/// # Errors
/// What the database reports.
pub fn of(tx: &mut Tx<'_>, registration: &Registration) -> Result<DealActions> {
    let now = tx.now;
    let (status, stage) = (rules::status_at(registration, now), registration.deal.stage);
    let mut data = Vec::new();
    // Reopenings and appeals take steps of their own, told below.
    let reviewed = REVIEW
        .transitions
        .iter()
        .filter(|row| !matches!(row.action, "reopen" | "uphold_appeal"));
    for row in reviewed.filter(|row| row.from.contains(&status)) {
        push(tx, registration, row, &mut data)?;
    }
    for row in STAGE
        .transitions
        .iter()
        .filter(|row| row.from.contains(&stage.standing()))
    {
        push(tx, registration, row, &mut data)?;
    }
    data.extend(reopenings::actions(tx, registration)?);
    data.extend(appeals::actions(tx, registration)?);
    data.extend(extensions::actions(tx, registration)?);
    data.extend(amendments::actions(tx, registration)?);
    data.extend(transfers::actions(tx, registration)?);
    Ok(DealActions {
        review_status: status,
        stage,
        data,
    })
}

/// An action as it stands for the caller, if the caller's role permits it at all.
pub fn action(caller: &Caller, action: &str, operation: &str, failing: Vec<FailingGuard>) -> Option<Action> {
    may_call(caller, operation).then(|| Action::new(action, operation, failing))
}

/// What keeps those from writing who may only read the registration.
pub fn own_failing(caller: &Caller, registration: &Registration) -> Option<FailingGuard> {
    let error = super::may_write(caller, registration).err()?;
    Some(FailingGuard::new("own_registration", error.message().to_owned()))
}

fn push<S>(tx: &mut Tx<'_>, registration: &Registration, row: &Transition<S>, data: &mut Vec<Action>) -> Result<()> {
    let Some(operation) = row.operation.filter(|operation| may_call(tx.caller(), operation)) else {
        return Ok(());
    };
    let failing = failing(tx, registration, row.action)?;
    data.extend(action(tx.caller(), row.action, operation, failing));
    Ok(())
}

fn failing(tx: &mut Tx<'_>, registration: &Registration, action: &str) -> Result<Vec<FailingGuard>> {
    let closed = |detail: &str| guard("deal_open", "#/stage", detail.to_owned());
    let mut failing = match action {
        "submit" => {
            let now = tx.now;
            let policy = policies::in_force(tx, now)?.registration;
            submission::failing(tx, registration, registration.deal.customer_account_id, &policy)?
        }
        "approve" => reviewing::failing(tx, registration)?,
        "reject" => reviewing::failing_to_refuse(tx, registration)?,
        "claim_review" | "request_info" => {
            let now = tx.now;
            let policy = policies::in_force(tx, now)?.registration.segregation;
            segregation::failing(tx, registration, &policy)?
        }
        "withdraw" if registration.deal.stage.is_closed() => {
            vec![closed("The deal is won or lost, so there is nothing to take back.")]
        }
        "move_stage" => ended(rules::status_at(registration, tx.now)),
        "win" => outcomes::winning_fails(tx, registration)?,
        "verify_win" => outcomes::verifying_fails(tx, registration)?,
        "reject_win" => outcomes::rejecting_fails(tx, registration)?,
        "lose" => outcomes::losing_fails(rules::status_at(registration, tx.now)),
        _ => Vec::new(),
    };
    let writes = matches!(
        action,
        "submit" | "answer_info" | "withdraw" | "move_stage" | "win" | "lose"
    );
    if writes {
        failing.extend(own_failing(tx.caller(), registration));
    }
    Ok(failing)
}

fn ended(status: ReviewStatus) -> Vec<FailingGuard> {
    let dead = matches!(
        status,
        ReviewStatus::Rejected
            | ReviewStatus::Withdrawn
            | ReviewStatus::Lapsed
            | ReviewStatus::Revoked
            | ReviewStatus::Superseded
    );
    let detail = format!("The registration is {status}; register the deal anew to go on with it.");
    dead.then(|| guard("registration_alive", "#/review_status", detail))
        .into_iter()
        .collect()
}

/// Who must agree: the running chain, or for a draft the one that it would ask for. The vendor reads who is asked by name.
///
/// # Errors
/// What the database reports.
pub fn chain(tx: &mut Tx<'_>, registration: &Registration) -> Result<DealApprovalChain> {
    let now = tx.now;
    let settings = policies::in_force(tx, now)?;
    let preview = registration.review.is_none();
    let auto_approval = reviewing::may_grant_without_person(tx, registration, &settings)?;
    let chain = if preview {
        Chain::planned(chains::planned(tx, registration, &settings.registration)?)
    } else {
        chains::find(tx, registration, false)?
    };
    let mut data = match Reader::of(tx.caller()) {
        Reader::Vendor => {
            let segregation = &settings.registration.segregation;
            let interests = segregation::interests(tx, registration, segregation)?;
            approvals::for_vendor(tx, &chain, &interests, segregation)?
        }
        Reader::Partner => approvals::for_partner(&chain),
    };
    if preview {
        for step in &mut data {
            (step.id, step.pending_since, step.escalates_at) = (None, None, None);
        }
    }
    Ok(DealApprovalChain {
        preview,
        auto_approval,
        data,
    })
}
