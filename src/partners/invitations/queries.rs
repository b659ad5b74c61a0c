//! The only file that knows the table of invitations.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::model::{Invitation, InvitationState, ORDER};
use crate::{
    db::{Clause, Tx, among},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Time,
        ids::PartnerId,
        page::{Page, Paging},
    },
    load_page,
    schema::partner_invitations::{self as invitations, table},
};

/// One page of a partner's invitations, as they stand now.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, partner: PartnerId, paging: &Paging) -> Result<Page<Invitation>> {
    let mut clause = Clause::rows_of(tx.caller(), "partner_invitations.partner_id");
    clause.equals("partner_invitations.partner_id", &partner);
    let rows = load_page!(tx, table => Invitation, clause, ORDER, paging)?;
    let now = tx.now;
    Ok(Page::of(rows, paging, |row| (row.created_at.into(), row.id.to_string())).map(|row| row.at(now)))
}

/// When the open invitations of those partners end.
///
/// # Errors
/// What the database reports.
pub fn ends_of(tx: &mut Tx<'_>, partners: &[PartnerId]) -> Result<BTreeMap<PartnerId, Time>> {
    if partners.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(PartnerId, Time)> = table
        .filter(invitations::partner_id.eq_any(among(partners)))
        .filter(invitations::state.eq(InvitationState::Open))
        .order(invitations::expires_at.asc())
        .select((invitations::partner_id, invitations::expires_at))
        .load(tx.conn())?;
    Ok(rows.into_iter().collect())
}

fn open_to(tx: &mut Tx<'_>, domain: &str) -> Result<Vec<Invitation>> {
    Ok(table
        .filter(invitations::domain.eq(domain))
        .filter(invitations::state.eq(InvitationState::Open))
        .select(Invitation::as_select())
        .load(tx.conn())?)
}

/// Whether an invitation to the domain can still be taken up. What is over by the clock makes room for the next.
///
/// # Errors
/// What the database reports.
pub fn is_open(tx: &mut Tx<'_>, domain: &str) -> Result<bool> {
    let now = tx.now;
    let mut open = false;
    for invitation in open_to(tx, domain)? {
        if invitation.expires_at > now {
            open = true;
        } else {
            close(tx, &invitation, InvitationState::Expired)?;
        }
    }
    Ok(open)
}

/// Stores a new invitation, and tells of it.
///
/// # Errors
/// 409 `already_exists` if one to the domain was opened meanwhile.
pub fn insert(tx: &mut Tx<'_>, invitation: Invitation) -> Result<Invitation> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&invitation).execute(tx.conn())?))
        .map_err(|error| {
            error.when(&codes::ALREADY_EXISTS, || {
                let detail = format!("An invitation to {} can still be taken up.", invitation.domain);
                Error::new(&codes::ALREADY_EXISTS).fault("#/email", "already_exists", detail)
            })
        })?;
    tx.record(Fact::created("partner_invitation.sent", &invitation))?;
    Ok(invitation)
}

/// The invitation whose token that is, as it stands now.
///
/// # Errors
/// What the database reports.
pub fn by_token(tx: &mut Tx<'_>, token_hash: &str) -> Result<Option<Invitation>> {
    let found: Option<Invitation> = table
        .filter(invitations::token_hash.eq(token_hash))
        .select(Invitation::as_select())
        .first(tx.conn())
        .optional()?;
    let now = tx.now;
    Ok(found.map(|invitation| invitation.at(now)))
}

fn close(tx: &mut Tx<'_>, invitation: &Invitation, state: InvitationState) -> Result<()> {
    let accepted = (state == InvitationState::Accepted).then_some(tx.now);
    let changed = diesel::update(
        table
            .filter(invitations::id.eq(invitation.id))
            .filter(invitations::state.eq(InvitationState::Open)),
    )
    .set((invitations::state.eq(state), invitations::accepted_at.eq(accepted)))
    .execute(tx.conn())?;
    if changed == 0 {
        return Err(Error::new(&codes::CONFLICT).detail("The invitation was used or taken back meanwhile."));
    }
    let after = Invitation {
        state,
        accepted_at: accepted,
        ..invitation.clone()
    };
    tx.record(Fact::changed("partner_invitation.closed", invitation, &after))
}

/// Marks that the firm applied with the invitation: it works once.
///
/// # Errors
/// 409 `conflict` if it was used meanwhile.
pub fn accept(tx: &mut Tx<'_>, invitation: &Invitation) -> Result<()> {
    close(tx, invitation, InvitationState::Accepted)
}

/// Takes back the invitations of a partner that can still be taken up.
///
/// # Errors
/// What the database reports.
pub fn cancel_open(tx: &mut Tx<'_>, partner: PartnerId) -> Result<()> {
    let open: Vec<Invitation> = table
        .filter(invitations::partner_id.eq(partner))
        .filter(invitations::state.eq(InvitationState::Open))
        .select(Invitation::as_select())
        .load(tx.conn())?;
    for invitation in open {
        close(tx, &invitation, InvitationState::Cancelled)?;
    }
    Ok(())
}

/// Closes at most so many invitations that were not taken up in time; tells how many.
///
/// # Errors
/// What the database reports.
pub fn close_expired(tx: &mut Tx<'_>, most: i64) -> Result<usize> {
    let now = tx.now;
    let over: Vec<Invitation> = table
        .filter(invitations::state.eq(InvitationState::Open))
        .filter(invitations::expires_at.le(now))
        .order((invitations::expires_at, invitations::id))
        .limit(most)
        .select(Invitation::as_select())
        .load(tx.conn())?;
    for invitation in &over {
        close(tx, invitation, InvitationState::Expired)?;
    }
    Ok(over.len())
}
