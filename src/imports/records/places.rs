//! Territories. One that exists with the row's code is taken for the same place.

use super::{Applied, ImportKind, Incoming};
use crate::{
    catalog::territories::{self, NewTerritory, Territory, TerritoryPatch},
    db::Tx,
    error::{Result, codes},
    kernel::{Patch, ids::TerritoryId},
};

pub fn apply(tx: &mut Tx<'_>, incoming: &Incoming<'_>) -> Result<Applied> {
    let new: NewTerritory = incoming.parsed()?;
    let before = match incoming.known::<TerritoryId>()? {
        Some(id) => Some(territories::find(tx, id)?),
        None => match territories::by_code(tx, &new.code) {
            Ok(known) => Some(known),
            Err(error) if error.is(&codes::NOT_FOUND) => None,
            Err(error) => return Err(error),
        },
    };
    let Some(before) = before else {
        let made = territories::insert(tx, Territory::new(&new, tx.now))?;
        incoming.name(tx, ImportKind::Territories, &made.id.to_string())?;
        return Ok(Applied::made(made.id));
    };
    incoming.name(tx, ImportKind::Territories, &before.id.to_string())?;
    let parent_id = new.parent_id.map_or(Patch::Keep, Patch::Set);
    if before.name == new.name && new.parent_id.is_none_or(|parent| before.parent_id == Some(parent)) {
        return Ok(Applied::changed(false, before.id));
    }
    let after = before.clone().patched(
        &TerritoryPatch {
            name: Some(new.name),
            parent_id,
            calendar_id: Patch::Keep,
            status: None,
        },
        tx.now,
    );
    let after = territories::save(tx, &before, after)?;
    Ok(Applied::changed(true, after.id))
}
