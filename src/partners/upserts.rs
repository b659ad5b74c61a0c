//! Partners as another system has them, put at that system's ids.

use super::{
    change, create,
    handlers::shown_one,
    model::{NewPartner, Partner, PartnerPatch},
    queries,
};
use crate::{
    custom_fields::{CustomFields, CustomFieldsPatch},
    db::Tx,
    error::{Error, Fault, Result, codes},
    http::{
        IfMatch, Resource as _, Upserted,
        batch::{Batch, BatchData, Done, Operations, Records, Upsert},
    },
    kernel::{Patch, ids::PartnerId},
    references::{self, ExternalRef},
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
/// `already_exists` if the id names a partner that the caller may not see.
pub fn upsert_by_external(
    tx: &mut Tx<'_>,
    reference: &ExternalRef,
    given: &PartnerPatch,
    seen: IfMatch,
) -> Result<Upserted<Partner>> {
    let holder = references::holder(tx, Partner::TYPE, reference)?;
    let upsert = Upsert {
        holder: holder.as_deref(),
        reference,
        data: given,
        seen,
    };
    put(tx, &upsert)
}

fn put(tx: &mut Tx<'_>, upsert: &Upsert<'_, PartnerPatch>) -> Result<Upserted<Partner>> {
    let reference = upsert.reference;
    let mut given = upsert.data.clone();
    let refs = given.external_refs.get_or_insert_default();
    if !refs.contains(reference) {
        refs.push(reference.clone());
    }
    let mut holder = upsert.holder.map(str::to_owned);
    if holder.is_none() {
        let new = new_partner(given.clone())?;
        match tx.attempt(|tx| create(tx, &new)) {
            Ok(partner) => {
                return Ok(Upserted {
                    record: shown_one(tx, partner)?,
                    created: true,
                });
            }
            // Somebody else was faster with the same id, or another reference, or the registration number, is taken.
            Err(error) => match references::holder(tx, Partner::TYPE, reference)? {
                Some(other) if error.is(&codes::ALREADY_EXISTS) || error.is(&codes::DUPLICATE_PARTNER) => {
                    holder = Some(other);
                }
                _ => return Err(error),
            },
        }
    }
    let id = holder.and_then(|id| id.parse().ok());
    let id = id.ok_or_else(|| Error::internal("an external reference names no partner"))?;
    let before = locked(tx, id).map_err(|error| {
        error.when(&codes::NOT_FOUND, || {
            Error::new(&codes::ALREADY_EXISTS).detail("Another record has this id; use another.")
        })
    })?;
    upsert.seen.check(before.revision)?;
    let (record, _) = merged(tx, before, given)?;
    Ok(Upserted {
        record: shown_one(tx, record)?,
        created: false,
    })
}

fn locked(tx: &mut Tx<'_>, id: PartnerId) -> Result<Partner> {
    queries::lock(tx, id)?;
    queries::find(tx, id)
}

/// The partner with what is said of it: references are added, none is taken away.
fn merged(tx: &mut Tx<'_>, before: Partner, mut given: PartnerPatch) -> Result<(Partner, bool)> {
    if let Some(added) = &mut given.external_refs {
        added.extend(before.external_refs.iter().flatten().cloned());
        *added = references::distinct(std::mem::take(added));
    }
    differing(tx, before, &given)
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
    fn differs<T: PartialEq>(wanted: Option<T>, present: &T) -> Option<T> {
        wanted.filter(|wanted| wanted != present)
    }
    fn changes<T: PartialEq>(wanted: Patch<T>, present: Option<&T>) -> Patch<T> {
        match wanted {
            Patch::Set(value) if Some(&value) == present => Patch::Keep,
            Patch::Clear if present.is_none() => Patch::Keep,
            wanted => wanted,
        }
    }
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
    let hq_address = match patch.hq_address {
        Patch::Set(change) if change.clone().apply(before.hq_address.clone()) == before.hq_address => Patch::Keep,
        Patch::Clear if before.hq_address.is_none() => Patch::Keep,
        wanted => wanted,
    };
    let custom = patch.custom.map(|change| {
        let changed = change.0.into_iter();
        CustomFieldsPatch(
            changed
                .filter(|(name, value)| before.custom.0.get(name) != value.as_ref())
                .collect(),
        )
    });
    PartnerPatch {
        legal_name: differs(patch.legal_name, &before.legal_name),
        trading_names: differs(patch.trading_names, &before.trading_names),
        types: others(patch.types, &before.types),
        registration: changes(patch.registration, before.registration.as_ref()),
        tax_ids: differs(patch.tax_ids, &before.tax_ids),
        website: changes(patch.website, before.website.as_ref()),
        phone: changes(patch.phone, before.phone.as_ref()),
        hq_address,
        parent_id: changes(patch.parent_id, before.parent_id.as_ref()),
        territory_ids: others(patch.territory_ids, &before.territory_ids),
        default_currency: differs(patch.default_currency, &before.default_currency),
        time_zone: differs(patch.time_zone, &before.time_zone),
        tags: others(patch.tags, before.tags.as_deref().unwrap_or_default()),
        custom: custom.filter(|changed| !changed.0.is_empty()),
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
    let custom = patch.custom.unwrap_or_default().0.into_iter();
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
        custom: CustomFields(
            custom
                .filter_map(|(name, value)| value.map(|value| (name, value)))
                .collect(),
        ),
        external_refs: patch.external_refs.unwrap_or_default(),
    })
}

fn upsert_item(tx: &mut Tx<'_>, upsert: Upsert<'_, PartnerPatch>) -> Result<Done> {
    let done = put(tx, &upsert)?;
    Done::of(tx, done)
}

fn update_item(tx: &mut Tx<'_>, id: &str, given: &PartnerPatch, seen: IfMatch) -> Result<Done> {
    let id = id.parse().map_err(|_malformed| Error::not_found())?;
    let before = locked(tx, id)?;
    seen.check(before.revision)?;
    let (record, _) = merged(tx, before, given.clone())?;
    let record = shown_one(tx, record)?;
    Done::changed(tx, record)
}
