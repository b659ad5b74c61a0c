//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{ApplicantAnswers, ApplicationReceipt, ApplicationToken, NewPartnerApplication, PartnerApplication},
    queries, rules,
};
use crate::{
    auth::Caller,
    catalog::territories,
    db::{Db, Tx},
    error::{Error, Result, codes},
    http::{Created, Json, Path, Plain, Reply},
    kernel::{ids::PartnerId, words::fold},
    numbers,
    partners::{
        self, NUMBERS, Partner, PartnerStatus,
        domains::{self, Domain, DomainMethod},
        invitations::{self, Invitation, InvitationState},
        letters::{self, Letter, Token},
        reviews,
        rules::Reason,
    },
};

/// Apply to become a partner
///
/// Anybody can apply for a firm that is not a partner yet. The mail that confirms the application holds a token: it verifies
/// the applicant's address, and with it the firm's domain, and follows the application. With the token of an invitation the
/// address is verified at once. Of two people of one firm who apply, one succeeds; a firm that was a partner, or was turned
/// down, applies again on its own record.
#[utoipa::path(extensions(("x-errors" = json!(["unauthenticated", "duplicate_partner", "guard_failed", "invalid_state", "conflict"]))))]
#[post("")]
pub async fn apply_as_partner(
    db: Db,
    caller: Caller,
    new: Json<NewPartnerApplication>,
) -> Reply<Created<ApplicationReceipt>> {
    db.write(&caller, move |tx| apply(tx, &new.0).map(Created)).await
}

fn apply(tx: &mut Tx<'_>, new: &NewPartnerApplication) -> Result<ApplicationReceipt> {
    for (index, code) in new.territory_codes.iter().enumerate() {
        territories::by_code(tx, code).map_err(|_none| {
            Error::unknown_reference(
                format!("#/territory_codes/{index}"),
                format!("There is no territory `{code}`."),
            )
        })?;
    }
    let domain = domains::of_text(&new.applicant.email);
    let invitation = match &new.invitation_token {
        Some(token) => {
            invitations::by_token(tx, &letters::hash(token))?.filter(|found| found.state == InvitationState::Open)
        }
        None => None,
    };
    let known = known_firm(tx, new, &domain, invitation.as_ref())?;
    let earlier = known
        .as_ref()
        .map(|firm| queries::earlier(tx, firm.id))
        .transpose()?
        .flatten();
    let failing = rules::failing(new, &domain, invitation.is_some(), earlier.as_ref(), tx.now);
    if !failing.is_empty() {
        let status = known
            .as_ref()
            .map_or("unknown".to_owned(), |firm| firm.status.to_string());
        return Err(Error::guards(status, "apply", failing));
    }
    let partner = match known {
        None => {
            let number = numbers::next(tx, NUMBERS)?;
            let partner = rules::applied_new(new, number, tx.now);
            partners::insert(tx, partner, "partner.applied")?
        }
        Some(firm) => {
            let after = rules::applied_again(firm.clone(), new, tx.now)?;
            // Somebody else of the firm was faster on the same record.
            partners::save(tx, &firm, after, "partner.applied")
                .map_err(|error| error.when(&codes::PRECONDITION_FAILED, || Error::new(&codes::DUPLICATE_PARTNER)))?
        }
    };
    let is_verified = invitation
        .as_ref()
        .is_some_and(|found| found.email_key == fold(&new.applicant.email));
    if let Some(invitation) = &invitation {
        invitations::accept(tx, invitation)?;
    }
    if let Domain::Own(domain) = &domain {
        domains::claim(tx, partner.id, domain, is_verified.then_some(DomainMethod::Email)).map_err(at_email)?;
    }
    let token = Token::new();
    let policy = partners::policy(tx)?;
    let time = super::hours(tx, Some(policy.review_clock))?;
    let due = rules::days_later(tx.now, policy.review_days, time.as_deref());
    let application = PartnerApplication {
        clock_basis: Some(policy.review_clock),
        ..PartnerApplication::new(partner.id, new, token.hash, is_verified, due, tx.now)
    };
    let application = queries::put(tx, earlier.as_ref(), application)?;
    letters::send(
        tx,
        &Letter::receipt(&application.applicant_email, &partner.number, &token.text, is_verified),
    )?;
    Ok(application.receipt(&partner, Vec::new()))
}

/// The record that the firm has already, if it may apply on it.
///
/// # Errors
/// 409 `duplicate_partner` if it is a partner, has applied, or was invited and brings no invitation.
fn known_firm(
    tx: &mut Tx<'_>,
    new: &NewPartnerApplication,
    domain: &Domain,
    invitation: Option<&Invitation>,
) -> Result<Option<Partner>> {
    let invited = invitation
        .map(|found| partners::find_by_secret(tx, found.partner_id))
        .transpose()?;
    let numbered = new
        .registration
        .as_ref()
        .map(|entry| partners::by_registration(tx, entry))
        .transpose()?
        .flatten();
    let (holder, former) = match domain {
        Domain::Own(domain) => (domains::holder(tx, domain)?, domains::former_holder(tx, domain)?),
        Domain::Shared(_) | Domain::None => (None, None),
    };
    let holder = holder.map(|id| partners::find_by_secret(tx, id)).transpose()?;
    let former = former.map(|id| partners::find_by_secret(tx, id)).transpose()?;
    let firm = invited
        .or_else(|| numbered.clone())
        .or_else(|| holder.clone())
        .or(former);
    let is_other = |other: &Partner| firm.as_ref().is_none_or(|firm| firm.id != other.id);
    if let Some(other) = holder.as_ref().filter(|other| is_other(other)) {
        return Err(partners::duplicate(
            tx,
            Some(other),
            "#/applicant/email",
            "a domain of this address",
        ));
    }
    if let Some(other) = numbered
        .as_ref()
        .filter(|other| other.status.is_live() && is_other(other))
    {
        return Err(partners::duplicate(
            tx,
            Some(other),
            "#/registration",
            "the registration number",
        ));
    }
    match firm {
        Some(firm) if !rules::may_apply(firm.status, invitation.is_some()) => {
            let (pointer, what) = if numbered.is_some() {
                ("#/registration", "the registration number")
            } else {
                ("#/applicant/email", "a domain of this address")
            };
            Err(partners::duplicate(tx, Some(&firm), pointer, what))
        }
        firm => Ok(firm),
    }
}

/// A domain that is taken, in terms of the address.
fn at_email(error: Error) -> Error {
    error.when(&codes::DUPLICATE_PARTNER, || {
        Error::new(&codes::DUPLICATE_PARTNER).fault(
            "#/applicant/email",
            "duplicate_partner",
            "Another partner has a domain of this address.",
        )
    })
}

fn by_token(tx: &mut Tx<'_>, token: &str) -> Result<(PartnerApplication, Partner)> {
    let application = queries::find_by_token(tx, &letters::hash(token))?.ok_or_else(rules::unknown_token)?;
    let partner = partners::find_by_secret(tx, application.partner_id)?;
    Ok((application, partner))
}

fn receipt(tx: &mut Tx<'_>, application: &PartnerApplication, partner: &Partner) -> Result<ApplicationReceipt> {
    let questions = reviews::open_questions(tx, partner.id)?;
    Ok(application.receipt(partner, questions))
}

/// Verify the applicant's address
///
/// With the token in the mail that confirmed the application. The domain of the address becomes the firm's, unless anybody
/// can have an address in it; if another firm's it is by now, the application cannot go on. Repeating it does no harm.
#[utoipa::path(extensions(("x-errors" = json!(["unauthenticated", "duplicate_partner", "invalid_state"]))))]
#[post("/verify-email")]
pub async fn verify_applicant_email(
    db: Db,
    caller: Caller,
    token: Json<ApplicationToken>,
) -> Reply<Plain<ApplicationReceipt>> {
    db.write(&caller, move |tx| {
        let (before, partner) = by_token(tx, &token.0.token)?;
        if before.applicant_email_verified_at.is_some() {
            return receipt(tx, &before, &partner).map(Plain);
        }
        if !partner.status.is_live() {
            return Err(Error::invalid_state(partner.status, "verify_email", vec![]));
        }
        if let Domain::Own(domain) = domains::of_text(&before.applicant_email) {
            domains::claim(tx, partner.id, &domain, Some(DomainMethod::Email))?;
        }
        let after = PartnerApplication {
            applicant_email_verified_at: Some(tx.now),
            ..before.clone()
        };
        let after = queries::save(tx, &before, after, "partner_application.verified")?;
        receipt(tx, &after, &partner).map(Plain)
    })
    .await
}

/// Follow an application
///
/// Where it stands, and what the vendor asks, for whoever holds its token. The token stands in the body, so that it is in
/// no log.
#[utoipa::path(extensions(("x-errors" = json!(["unauthenticated"]))))]
#[post("/status")]
pub async fn read_own_application(
    db: Db,
    caller: Caller,
    token: Json<ApplicationToken>,
) -> Reply<Plain<ApplicationReceipt>> {
    db.snapshot(&caller, move |tx| {
        let (application, partner) = by_token(tx, &token.0.token)?;
        receipt(tx, &application, &partner).map(Plain)
    })
    .await
}

/// Answer the vendor's questions as the applicant
///
/// The review goes on, and its clock runs again.
#[utoipa::path(extensions(("x-errors" = json!(["unauthenticated", "invalid_state"]))))]
#[post("/answer")]
pub async fn answer_own_application(
    db: Db,
    caller: Caller,
    answers: Json<ApplicantAnswers>,
) -> Reply<Plain<ApplicationReceipt>> {
    db.write(&caller, move |tx| {
        let (application, before) = by_token(tx, &answers.0.token)?;
        let (application, partner) = reviews::answer(tx, &before, &application, &answers.0.answers)?;
        receipt(tx, &application, &partner).map(Plain)
    })
    .await
}

/// Withdraw an application as the applicant
///
/// The firm gives up. It may apply again at any time, on the same record.
#[utoipa::path(extensions(("x-errors" = json!(["unauthenticated", "invalid_state"]))))]
#[post("/withdraw")]
pub async fn withdraw_own_application(
    db: Db,
    caller: Caller,
    token: Json<ApplicationToken>,
) -> Reply<Plain<ApplicationReceipt>> {
    db.write(&caller, move |tx| {
        let (application, before) = by_token(tx, &token.0.token)?;
        // With an account the firm has other ways; the token is for the time before.
        if before.status == PartnerStatus::Onboarding {
            return Err(Error::invalid_state(before.status, "withdraw", vec![]));
        }
        let reason = Reason {
            code: Some("applicant".to_owned()),
            text: None,
        };
        let partner = reviews::withdraw(tx, &before, reason)?;
        let application = queries::earlier(tx, partner.id)?.unwrap_or(application);
        receipt(tx, &application, &partner).map(Plain)
    })
    .await
}

/// Read the application of a partner
///
/// Who applied, for what, and what was decided. Who reviews and why they decided so is for the vendor.
#[utoipa::path(params(PartnerId))]
#[get("/{id}/application")]
pub async fn get_partner_application(db: Db, caller: Caller, id: Path<PartnerId>) -> Reply<Json<PartnerApplication>> {
    db.read(&caller, move |tx| {
        let application = queries::find(tx, id.0)?;
        Ok(Json(if tx.caller().is_vendor() {
            application
        } else {
            application.for_partners()
        }))
    })
    .await
}
