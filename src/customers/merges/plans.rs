//! What a merge would do now.

use super::{
    collisions,
    model::{MergePlan, MovedKind, PlannedMove},
    queries, rules,
};
use crate::{
    customers::accounts::{self, CustomerAccount},
    db::Tx,
    error::{Error, Result, codes},
};

/// The plan to merge `other` into `survivor`.
///
/// # Errors
/// 409 `account_merged` if one of them was merged already, `conflict` if the hierarchy would close a circle.
pub fn make(tx: &mut Tx<'_>, survivor: &CustomerAccount, other: &CustomerAccount) -> Result<MergePlan> {
    survivor.check_live().map_err(|error| {
        error.fault(
            "#/survivor_id",
            "account_merged",
            "Name the account that stands for it.",
        )
    })?;
    other
        .check_live()
        .map_err(|error| error.fault("#/other_id", "account_merged", "Name the account that stands for it."))?;
    if survivor.id == other.id {
        return Err(Error::contradicts(
            "#/other_id",
            "same_account",
            "Name two different accounts.",
        ));
    }
    let above = accounts::queries::ancestors(tx, survivor.id)?;
    if above.iter().skip(1).any(|ancestor| *ancestor == other.id) {
        return Err(Error::new(&codes::CONFLICT)
            .detail("The account that stays lies deep below the one that goes; merge the other way round, or move it first.")
            .fault("#/survivor_id", "circle", "What lies between the two would come to lie below itself."));
    }
    let united = rules::united(survivor.clone(), other, tx.now);
    let gained = |now: usize, before: usize| i64::try_from(now.saturating_sub(before)).unwrap_or(i64::MAX);
    let mut counts = queries::counts(tx, other.id, survivor.id)?;
    counts.push((MovedKind::Aliases, gained(united.aliases.len(), survivor.aliases.len())));
    counts.push((MovedKind::ExternalRefs, gained(other.external_refs.len(), 0)));
    counts.push((MovedKind::Tags, gained(united.tags.len(), survivor.tags.len())));
    counts.sort();
    let moves = counts
        .into_iter()
        .filter(|(_, rows)| *rows > 0)
        .map(|(kind, rows)| PlannedMove { kind, rows })
        .collect();

    let both = [survivor.id, other.id];
    let held = queries::held(tx, &both)?;
    let (products, territories) = queries::trees(tx, &held)?;
    let mut found = collisions::of_protections(held, &products, &territories);
    let (slots, received) = queries::open_slots(tx, &both)?;
    found.extend(collisions::of_slots(&slots, &received));
    Ok(rules::plan(survivor, other, moves, found))
}
