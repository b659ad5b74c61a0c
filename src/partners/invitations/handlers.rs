//! One function per operation: take, call, answer.

use actix_web::{get, post};

use super::{
    model::{Invitation, NewPartnerInvitation},
    queries, rules,
};
use crate::{
    auth::Caller,
    db::Db,
    error::Error,
    http::{IfMatch, IfMatchIfSent, Json, Path, Reply},
    kernel::{
        ids::PartnerId,
        page::{Page, Paging},
    },
    partners::{
        self, Partner,
        domains::{self, Domain},
        letters::{self, Letter, Token},
    },
};

/// Invite a firm to apply
///
/// Sends a mail with a token to an address of the firm's own domain. The invitation can be taken up once, within 30 days
/// unless the settings say otherwise; one to the same domain can be open at a time.
#[utoipa::path(params(PartnerId, IfMatchIfSent), extensions(("x-errors" = json!(["invalid_state", "guard_failed", "already_exists"]))))]
#[post("/{id}/invite")]
pub async fn invite_partner(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    seen: IfMatch,
    new: Json<NewPartnerInvitation>,
) -> Reply<Json<Partner>> {
    db.write(&caller, move |tx| {
        let before = partners::find(tx, id.0)?;
        seen.check(before.revision)?;
        let after = rules::invited(before.clone(), tx.now)?;
        let domain = domains::of_text(&new.0.email);
        let (held, open) = match &domain {
            Domain::Own(domain) => {
                let holder = domains::holder(tx, domain)?;
                (
                    holder.is_some_and(|holder| holder != before.id),
                    queries::is_open(tx, domain)?,
                )
            }
            Domain::Shared(_) | Domain::None => (false, false),
        };
        let failing = rules::failing(&domain, held, open);
        let Domain::Own(domain) = domain else {
            return Err(Error::guards(before.status, "invite", failing));
        };
        if !failing.is_empty() {
            return Err(Error::guards(before.status, "invite", failing));
        }
        let token = Token::new();
        let end = tx.now.plus_days(partners::policy(tx)?.invitation_days);
        let invitation = Invitation::new(
            before.id,
            &new.0.email,
            domain,
            token.hash,
            tx.caller().actor_text(),
            end,
            tx.now,
        );
        let invitation = queries::insert(tx, invitation)?;
        letters::send(
            tx,
            &Letter::invitation(
                &invitation.email,
                &before.legal_name,
                &token.text,
                invitation.expires_at,
            ),
        )?;
        partners::save(tx, &before, after, "partner.invited").map(Json)
    })
    .await
}

/// List the invitations of a partner
///
/// Each with what became of it, the latest first.
#[utoipa::path(params(PartnerId, Paging))]
#[get("/{id}/invitations")]
pub async fn list_partner_invitations(
    db: Db,
    caller: Caller,
    id: Path<PartnerId>,
    paging: Paging,
) -> Reply<Page<Invitation>> {
    db.snapshot(&caller, move |tx| {
        partners::status(tx, id.0)?;
        queries::page(tx, id.0, &paging)
    })
    .await
}
