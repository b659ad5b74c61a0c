//! Which tier a partner held in a program from when on. A membership begins with its first tier; later rows add to it.

use super::{Applied, ImportKind, Incoming};
use crate::{
    db::Tx,
    error::{Error, Result, codes},
    imports::lookup,
    kernel::ids::{PartnerId, ProgramId},
    programs::{self, ImportedMembership, ImportedTier},
};

pub fn apply(tx: &mut Tx<'_>, incoming: &Incoming<'_>) -> Result<Applied> {
    if incoming.present.is_some() {
        return Err(Error::field(
            "#/key",
            "history_kept",
            "it was imported with other values before, and what has been is not rewritten",
        ));
    }
    let row = incoming.row;
    let (partner_id, program_id) = (
        lookup::needed::<PartnerId>(&incoming.ids, "partner")?,
        lookup::needed::<ProgramId>(&incoming.ids, "program")?,
    );
    let valid_from = row
        .moment("valid_from")
        .ok_or_else(|| Error::field("#/valid_from", "required", "a tier is held from a moment on"))?;
    if valid_from > tx.now {
        return Err(Error::field(
            "#/valid_from",
            "in_the_future",
            "history does not lie in the future",
        ));
    }
    let ended = row
        .moment("ended_at")
        .map(|at| (at, row.text("end_reason").unwrap_or("imported").to_owned()));
    if ended.as_ref().is_some_and(|(at, _)| *at <= valid_from || *at > tx.now) {
        return Err(Error::field(
            "#/ended_at",
            "invalid_value",
            "a membership ends after its tier began, and not in the future",
        ));
    }
    let name = row.text("tier").unwrap_or_default();
    let Some(tier) = programs::tier_named(tx, program_id, name, valid_from)? else {
        return Err(Error::field(
            "#/tier",
            "unknown_reference",
            format!("the program has no tier `{name}` then; publish its version first"),
        ));
    };
    let imported = ImportedMembership {
        partner_id,
        program_id,
        tiers: vec![ImportedTier {
            valid_from,
            tier: tier.id,
        }],
        ended,
    };
    let (membership, added) = programs::insert_membership_imported(tx, &imported).map_err(explained)?;
    incoming.name(tx, ImportKind::TierMemberships, &membership.to_string())?;
    Ok(if added {
        Applied::made(membership).because("legacy", "history: begins in the past, and no evaluation was asked for")
    } else {
        Applied::changed(false, membership)
    })
}

fn explained(error: Error) -> Error {
    error.when(&codes::ALREADY_EXISTS, || {
        Error::field(
            "#/partner",
            "already_exists",
            "the partner is in the program for that time already",
        )
    })
}
