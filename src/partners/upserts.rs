//! Partners as another system has them, put at that system's ids.

use super::{
    change, create,
    handlers::{one, shown_one},
    model::{NewPartner, Partner, PartnerPatch},
    queries,
};
use crate::{
    db::Tx,
    error::{Error, Fault, Result},
    http::{
        IfMatch, Resource as _, Upserted,
        batch::{Batch, BatchData, Done, Operations, Records, Settled, Upsert},
    },
    kernel::{Patch, ids::PartnerId, patch::unless_same, words::fold},
    references::{self, ExternalRef},
    sync::{self, Carried, SyncedType},
};

/// Partners that are put in one call.
pub type PartnerBatch = Batch<PartnerPatch>;

/// What a batch does with partners.
pub const BATCH: Records<PartnerPatch> = Records {
    kind: Partner::TYPE,
    operations: Operations {
        upsert: "upsertPartner",
        update: "updatePartner",
    },
    upsert: upsert_item,
    update: update_item,
};

impl BatchData for PartnerPatch {
    const RECORD: &'static str = "Partner";
    const ID: &'static str = "partner_01jdq4p6c8f3kb2v9y0s7x5ham";
}

/// Makes a prospect or changes the partner that another system knows by that id. What `given` leaves out stays as it is, null
/// clears. Of several who do so at once for a new id, one makes the partner and the others change it.
///
/// # Errors
/// As the operations that create and change; 409 `contradiction` naming what a new partner needs and `given` lacks; 409
/// `already_exists` if the id names a partner that the caller may not see; 412 if it was changed since the caller read
/// it, or is not there any more.
pub fn upsert_by_external(
    tx: &mut Tx<'_>,
    reference: &ExternalRef,
    given: &PartnerPatch,
    seen: IfMatch,
) -> Result<Upserted<Partner>> {
    let upsert = Upsert::of_one(tx, Partner::TYPE, reference, given, seen)?;
    put(tx, &upsert)
}

fn put(tx: &mut Tx<'_>, upsert: &Upsert<'_, PartnerPatch>) -> Result<Upserted<Partner>> {
    let mut given = upsert.data.clone();
    references::add(&mut given.external_refs, upsert.reference);
    let new = given.clone();
    references::put(
        tx,
        Partner::TYPE,
        upsert.reference,
        (upsert.holder.as_deref(), upsert.seen),
        |tx| {
            let made = create(tx, &new_partner(new)?)?;
            shown_one(tx, made)
        },
        |tx, id| {
            let before = locked(tx, id).map_err(references::unseen)?;
            merged(tx, before, given, upsert.seen)
        },
    )
}

fn locked(tx: &mut Tx<'_>, id: PartnerId) -> Result<Partner> {
    queries::lock(tx, id)?;
    queries::find(tx, id)
}

/// The partner with what is said of it: references are added, none is taken away.
fn merged(tx: &mut Tx<'_>, before: Partner, mut given: PartnerPatch, seen: IfMatch) -> Result<Partner> {
    seen.check(before.revision)?;
    if let Some(added) = &mut given.external_refs {
        added.extend(before.external_refs.iter().flatten().cloned());
        *added = references::distinct(std::mem::take(added));
    }
    let (partner, _) = differing(tx, before, &given)?;
    shown_one(tx, partner)
}

/// Changes the partner if the patch says anything new of it, and tells whether it did. A partner that has ended is not held
/// against a patch that says nothing new.
///
/// # Errors
/// As a change by a request.
pub fn differing(tx: &mut Tx<'_>, before: Partner, patch: &PartnerPatch) -> Result<(Partner, bool)> {
    let patch = changing(&before, patch.clone());
    if patch == PartnerPatch::default() {
        return Ok((before, false));
    }
    Ok((change(tx, &before, &patch)?, true))
}

/// The part of the patch that changes something.
fn changing(before: &Partner, patch: PartnerPatch) -> PartnerPatch {
    // The order of these lists says nothing.
    fn sorted<T: Clone + Ord>(values: &[T]) -> Vec<T> {
        let mut sorted = values.to_vec();
        sorted.sort();
        sorted.dedup();
        sorted
    }
    fn others<T: Clone + Ord>(wanted: Option<Vec<T>>, present: &[T]) -> Option<Vec<T>> {
        wanted.filter(|wanted| sorted(wanted) != sorted(present))
    }
    // Nor does the spelling of a tag: the first one stays.
    let keys = |tags: &[String]| sorted(&tags.iter().map(|tag| fold(tag)).collect::<Vec<_>>());
    let tags = keys(before.tags.as_deref().unwrap_or_default());
    let hq_address = match patch.hq_address {
        Patch::Set(change) if change.clone().apply(before.hq_address.clone()) == before.hq_address => Patch::Keep,
        Patch::Clear if before.hq_address.is_none() => Patch::Keep,
        wanted => wanted,
    };
    PartnerPatch {
        legal_name: unless_same(patch.legal_name, &before.legal_name),
        trading_names: unless_same(patch.trading_names, &before.trading_names),
        types: others(patch.types, &before.types),
        registration: patch.registration.unless_same(before.registration.as_ref()),
        tax_ids: unless_same(patch.tax_ids, &before.tax_ids),
        website: patch.website.unless_same(before.website.as_ref()),
        phone: patch.phone.unless_same(before.phone.as_ref()),
        hq_address,
        parent_id: patch.parent_id.unless_same(before.parent_id.as_ref()),
        territory_ids: others(patch.territory_ids, &before.territory_ids),
        default_currency: unless_same(patch.default_currency, &before.default_currency),
        time_zone: unless_same(patch.time_zone, &before.time_zone),
        tags: patch.tags.filter(|wanted| keys(wanted) != tags),
        custom: patch.custom.and_then(|change| change.unless_same(&before.custom)),
        external_refs: others(patch.external_refs, before.external_refs.as_deref().unwrap_or_default()),
    }
}

/// A prospect of what another system says.
fn new_partner(patch: PartnerPatch) -> Result<NewPartner> {
    let mut lacking = Vec::new();
    let mut lacks = |is_missing: bool, pointer: &str| {
        if is_missing {
            lacking.push(Fault {
                pointer: pointer.to_owned(),
                code: "required".into(),
                detail: "There is no such partner yet, and a new one needs it.".to_owned(),
            });
        }
    };
    lacks(patch.legal_name.is_none(), "#/legal_name");
    lacks(patch.default_currency.is_none(), "#/default_currency");
    lacks(patch.time_zone.is_none(), "#/time_zone");
    let (Some(legal_name), Some(default_currency), Some(time_zone)) =
        (patch.legal_name, patch.default_currency, patch.time_zone)
    else {
        return Err(Error::contradiction(lacking));
    };
    Ok(NewPartner {
        legal_name,
        trading_names: patch.trading_names.unwrap_or_default(),
        types: patch.types.unwrap_or_default(),
        registration: patch.registration.apply(None),
        tax_ids: patch.tax_ids.unwrap_or_default(),
        website: patch.website.apply(None),
        phone: patch.phone.apply(None),
        hq_address: patch.hq_address.apply(None).and_then(|address| address.apply(None)),
        parent_id: patch.parent_id.apply(None),
        territory_ids: patch.territory_ids.unwrap_or_default(),
        default_currency,
        time_zone,
        tags: patch.tags.unwrap_or_default(),
        custom: patch.custom.unwrap_or_default().set(),
        external_refs: patch.external_refs.unwrap_or_default(),
    })
}

fn upsert_item(tx: &mut Tx<'_>, item: Upsert<'_, PartnerPatch>, carried: &Carried) -> Result<Settled> {
    let settled = sync::arrival(tx, SyncedType::Partner, item.reference, carried, one, &mut |tx| {
        put(tx, &item)
    })?;
    Done::settled(tx, settled)
}

fn update_item(tx: &mut Tx<'_>, id: &str, given: &PartnerPatch, seen: IfMatch) -> Result<Done> {
    let id = id.parse().map_err(|_malformed| Error::not_found())?;
    let before = locked(tx, id)?;
    let record = merged(tx, before, given.clone(), seen)?;
    Done::changed(tx, record)
}
