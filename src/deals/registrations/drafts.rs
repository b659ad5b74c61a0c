//! Writing a registration before it is sent in: who may write it for whom, and the upsert by an id of another system.

use super::{
    model::Deal,
    naming, queries,
    requests::{DealPatch, NewDeal},
    rows::Registration,
    rules::{self, Author, Named},
};
use crate::{
    auth::{Caller, Role, Side},
    custom_fields::{self, CustomRecord},
    db::Tx,
    error::{Error, Result, codes},
    http::{IfMatch, Resource as _},
    kernel::{ids::PartnerId, states::guard},
    numbers, partners, policies,
    references::{self, ExternalRef},
};

/// Who the caller writes a registration as.
fn author(caller: &Caller, wanted: Option<PartnerId>) -> Result<Author> {
    let unknown = || {
        Error::unknown_reference(
            "#/partner_id",
            "There is no such partner, or it is not yours to register for.",
        )
    };
    match caller.side() {
        Side::Partner(own) => {
            let partner_id = wanted.unwrap_or(own);
            if partner_id != own && !caller.sees(partner_id) {
                return Err(unknown());
            }
            // A distributor that registers for its reseller stands between the two.
            let distributor_id = (partner_id != own).then_some(own);
            Ok(Author {
                partner_id,
                distributor_id,
                submitter_id: caller.user(),
                on_behalf_of: None,
            })
        }
        Side::Vendor => {
            let partner_id = wanted.ok_or_else(|| {
                Error::guards(
                    "new",
                    "create",
                    vec![guard(
                        "partner_required",
                        "#/partner_id",
                        "Say for which partner it is registered: the vendor registers on a partner's behalf only.",
                    )],
                )
            })?;
            if !caller.sees(partner_id) {
                return Err(unknown());
            }
            Ok(Author {
                partner_id,
                distributor_id: None,
                submitter_id: caller.user(),
                on_behalf_of: Some(caller.actor_text()),
            })
        }
        Side::Nobody => Err(Error::new(&codes::UNAUTHENTICATED)),
    }
}

/// Whether the caller may change the registration, and not only read it: its partner, the distributor it is sold through,
/// and of the vendor whoever runs the program or manages the partner.
///
/// # Errors
/// 403 `forbidden` otherwise.
pub fn may_write(caller: &Caller, registration: &Registration) -> Result<()> {
    let writes = match caller.side() {
        Side::Partner(own) => own == registration.deal.partner_id || Some(own) == registration.deal.distributor_id,
        Side::Vendor => {
            caller.scopes().is_some()
                || caller.has(Role::Admin)
                || caller.has(Role::ChannelOps)
                || caller.has(Role::Cam)
        }
        Side::Nobody => false,
    };
    let refusal =
        || Error::new(&codes::FORBIDDEN).detail("You may read this registration, but it is another's to change.");
    writes.then_some(()).ok_or_else(refusal)
}

/// A new draft.
///
/// # Errors
/// 409 `unknown_reference` for a partner, product or territory that is not there; 409 `guard_failed` if the vendor names no partner.
pub fn create(tx: &mut Tx<'_>, new: NewDeal) -> Result<Registration> {
    let author = author(tx.caller(), new.partner_id)?;
    if !partners::exists(tx, author.partner_id)? {
        return Err(Error::unknown_reference(
            "#/partner_id",
            "There is no such partner, or it is not yours to register for.",
        ));
    }
    let custom = custom_fields::for_new(tx, CustomRecord::Deal, &new.custom)?;
    let named = Named {
        custom,
        ..naming::resolve(tx, new.territory.as_deref(), &new.lines)?
    };
    let number = numbers::next(tx, "DR")?;
    let now = tx.now;
    let stage = policies::in_force(tx, now)?.pipeline.first();
    let draft = rules::draft(new, named, author, number, stage, now);
    let draft = queries::insert(tx, draft, "deal.created")?;
    super::history::note(tx, draft.deal.id, super::history::Entry::action("create"))?;
    Ok(draft)
}

/// A registration with changes.
///
/// # Errors
/// 422 `field_locked`, 409 `unknown_reference`, 403 for those who may only read it.
pub fn change(tx: &mut Tx<'_>, before: &Registration, patch: DealPatch) -> Result<Registration> {
    may_write(tx.caller(), before)?;
    let custom = match &patch.custom {
        Some(change) => custom_fields::for_changed(tx, CustomRecord::Deal, before.deal.custom.0.clone(), change)?,
        None => before.deal.custom.0.clone(),
    };
    let named = naming::resolve(
        tx,
        patch.territory.value().map(String::as_str),
        patch.lines.as_deref().unwrap_or_default(),
    )?;
    let named = Named { custom, ..named };
    let after = before.clone().patched(patch, named, tx.now)?;
    let after = queries::save(tx, before, after, "deal.updated")?;
    super::history::note(tx, after.deal.id, super::history::Entry::action("update"))?;
    Ok(after)
}

/// Puts a registration at the caller's own id: a new draft, or the changes that the body makes to the one that is there.
/// Answers it and whether it is new.
///
/// # Errors
/// As [`create`] and [`change`]; 409 `already_exists` if the id names a registration that the caller may not see.
pub fn upsert(
    tx: &mut Tx<'_>,
    reference: &ExternalRef,
    mut body: NewDeal,
    seen_at: IfMatch,
) -> Result<(Registration, bool)> {
    if !body.external_refs.contains(reference) {
        body.external_refs.push(reference.clone());
    }
    if let Some(before) = present(tx, reference)? {
        replace(tx, &before, body, seen_at).map(|after| (after, false))
    } else {
        let made = tx.attempt(|tx| create(tx, body.clone()));
        match made {
            // Another request made it in between.
            Err(error) if error.is(&codes::ALREADY_EXISTS) => match present(tx, reference)? {
                Some(before) => replace(tx, &before, body, seen_at).map(|after| (after, false)),
                None => Err(error),
            },
            made => made.map(|new| (new, true)),
        }
    }
}

fn present(tx: &mut Tx<'_>, reference: &ExternalRef) -> Result<Option<Registration>> {
    let Some(id) = references::holder(tx, Deal::TYPE, reference)? else {
        return Ok(None);
    };
    let Ok(id) = id.parse() else { return Ok(None) };
    queries::find(tx, id).map(Some).map_err(|error| {
        error.when(&codes::NOT_FOUND, || {
            Error::new(&codes::ALREADY_EXISTS).detail("Another record has this id; use another.")
        })
    })
}

/// The registration as the body says it whole: what the body leaves out is emptied. Unchanged fields are not written, so
/// a repeated upsert of what was sent in does not trip over its locks.
fn replace(tx: &mut Tx<'_>, before: &Registration, body: NewDeal, seen_at: IfMatch) -> Result<Registration> {
    seen_at.check(before.deal.revision)?;
    if body.partner_id.is_some_and(|partner| partner != before.deal.partner_id) {
        return Err(Error::new(&codes::FIELD_LOCKED).fault(
            "#/partner_id",
            "locked",
            "A registration never changes its partner; transfer it instead.",
        ));
    }
    let named = naming::resolve(tx, body.territory.as_deref(), &body.lines)?;
    let patch = super::whole::patch(before, body, &named);
    if patch == DealPatch::default() {
        return Ok(before.clone());
    }
    change(tx, before, patch)
}
