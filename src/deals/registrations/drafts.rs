//! Writing a registration before it is sent in: who may write it for whom, and the upsert by an id of another system.

use super::{
    ahead::Ahead,
    queries,
    requests::{DealPatch, NewDeal},
    rows::Registration,
    rules::{self, Author, Named},
    upserts::{self, DealUpsert, Said, Sale},
};
use crate::{
    auth::{Caller, Role, Side},
    custom_fields,
    db::Tx,
    error::{Error, Result, codes},
    http::IfMatch,
    kernel::{
        ids::{DealId, PartnerId},
        states::guard,
    },
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
pub fn create(tx: &mut Tx<'_>, ahead: &mut Ahead, new: NewDeal) -> Result<Registration> {
    let draft = drafted(tx, ahead, new)?;
    let draft = queries::insert(tx, draft, "deal.created")?;
    super::history::begin(tx, draft.deal.id, super::history::Entry::action("create"))?;
    Ok(draft)
}

/// A new draft that is not stored.
fn drafted(tx: &mut Tx<'_>, ahead: &mut Ahead, new: NewDeal) -> Result<Registration> {
    let author = author(tx.caller(), new.partner_id)?;
    if !ahead.has_partner(tx, author.partner_id)? {
        return Err(Error::unknown_reference(
            "#/partner_id",
            "There is no such partner, or it is not yours to register for.",
        ));
    }
    let is_vendor = tx.caller().is_vendor();
    let custom = custom_fields::created(ahead.fields(tx)?, &new.custom, is_vendor)?;
    let named = Named {
        custom,
        ..ahead.named(tx, new.territory.as_deref(), &new.lines)?
    };
    let stage = ahead.first_stage(tx)?;
    let number = ahead.number(tx)?;
    let now = tx.now;
    Ok(rules::draft(new, named, author, number, stage, now))
}

/// The draft that [`upsert`] makes at a new id, not stored and not told of: whoever sends it in at once stores it as it stands
/// then. Nothing if the registration is there, if that is not known ahead, or if the body moves the sale, which takes a stored one.
///
/// # Errors
/// As [`upsert`].
pub fn unstored(
    tx: &mut Tx<'_>,
    ahead: &mut Ahead,
    reference: &ExternalRef,
    body: &DealUpsert,
    seen_at: IfMatch,
) -> Result<Option<Registration>> {
    if !ahead.has_read() || body.stage.is_some() || ahead.holder(tx, reference, false)?.is_some() {
        return Ok(None);
    }
    let mut said = body.clone().parts()?;
    references::add(&mut said.patch.external_refs, reference);
    seen_at.check_none()?;
    let new = upserts::new_deal(said.partner_id, said.patch)?;
    drafted(tx, ahead, new).map(Some)
}

/// A registration with changes.
///
/// # Errors
/// 422 `field_locked`, 409 `unknown_reference`, 403 for those who may only read it.
pub fn change(tx: &mut Tx<'_>, ahead: &mut Ahead, before: &Registration, patch: DealPatch) -> Result<Registration> {
    may_write(tx.caller(), before)?;
    let is_vendor = tx.caller().is_vendor();
    let present = before.deal.custom.0.clone();
    let custom = match &patch.custom {
        Some(change) if !change.0.is_empty() => custom_fields::patched(ahead.fields(tx)?, present, change, is_vendor)?,
        _ => present,
    };
    let named = ahead.named(
        tx,
        patch.territory.value().map(String::as_str),
        patch.lines.as_deref().unwrap_or_default(),
    )?;
    let named = Named { custom, ..named };
    let after = before.clone().patched(patch, named, tx.now)?;
    let after = queries::save(tx, before, after, "deal.updated")?;
    ahead.note(tx, after.deal.id, super::history::Entry::action("update"))?;
    Ok(after)
}

/// Puts a registration at the caller's own id: a new draft, or the changes that the body makes to the one that is there.
/// Answers it and whether it is new. Of several who do so at once for a new id, one makes it and the others change it.
///
/// # Errors
/// As [`create`] and [`change`]; 409 `already_exists` if the id names a registration that the caller may not see; as the
/// operations that move, win and lose, if the sale stands elsewhere; 412 if the registration was changed since the caller read it,
/// or is not there any more.
pub fn upsert(
    tx: &mut Tx<'_>,
    ahead: &mut Ahead,
    reference: &ExternalRef,
    body: DealUpsert,
    seen_at: IfMatch,
) -> Result<(Registration, bool)> {
    let mut said = body.parts()?;
    references::add(&mut said.patch.external_refs, reference);
    let sale = said.sale.take();
    let decides = sale.as_ref().is_some_and(Sale::is_over);
    let (registration, created) = match ahead.holder(tx, reference, decides)? {
        Some(before) => (merge(tx, ahead, &before, said, seen_at)?, false),
        None if ahead.has_read() => {
            seen_at.check_none()?;
            let new = upserts::new_deal(said.partner_id, said.patch)?;
            (create(tx, ahead, new)?, true)
        }
        None => {
            seen_at.check_none()?;
            let new = upserts::new_deal(said.partner_id, said.patch.clone())?;
            match tx.attempt(|tx| create(tx, ahead, new)) {
                // Another request made it in between.
                Err(error) if error.is(&codes::ALREADY_EXISTS) => match ahead.holder(tx, reference, decides)? {
                    Some(before) => (merge(tx, ahead, &before, said, seen_at)?, false),
                    None => return Err(error),
                },
                made => (made?, true),
            }
        }
    };
    let registration = match sale {
        Some(sale) => sale.reach(tx, registration, Some(reference))?,
        None => registration,
    };
    ahead.keep(&registration);
    Ok((registration, created))
}

/// The registration with what the body says of it. What says the same is not written, so a repeated upsert of what was
/// sent in does not trip over its locks.
fn merge(
    tx: &mut Tx<'_>,
    ahead: &mut Ahead,
    before: &Registration,
    said: Said,
    seen_at: IfMatch,
) -> Result<Registration> {
    seen_at.check(before.deal.revision)?;
    if said.partner_id.is_some_and(|partner| partner != before.deal.partner_id) {
        return Err(Error::new(&codes::FIELD_LOCKED).fault(
            "#/partner_id",
            "locked",
            "A registration never changes its partner; transfer it instead.",
        ));
    }
    let patch = said.patch;
    let named = ahead.named(
        tx,
        patch.territory.value().map(String::as_str),
        patch.lines.as_deref().unwrap_or_default(),
    )?;
    let patch = super::differences::changing(before, patch, &named);
    if patch == DealPatch::default() {
        return Ok(before.clone());
    }
    change(tx, ahead, before, patch)
}

/// The registration with that id with what the body says of it.
///
/// # Errors
/// 404 if the caller may not see it, otherwise as `upsert`.
pub fn update(
    tx: &mut Tx<'_>,
    ahead: &mut Ahead,
    id: DealId,
    body: DealUpsert,
    seen_at: IfMatch,
) -> Result<Registration> {
    let mut said = body.parts()?;
    let sale = said.sale.take();
    let before = ahead.find(tx, id, sale.as_ref().is_some_and(Sale::is_over))?;
    let after = merge(tx, ahead, &before, said, seen_at)?;
    let after = match sale {
        Some(sale) => sale.reach(tx, after, None)?,
        None => after,
    };
    ahead.keep(&after);
    Ok(after)
}
