//! Whether what the rules of a chain name exists.

use std::collections::BTreeSet;

use super::policy::ApprovalStepRule;
use crate::{
    catalog,
    db::Tx,
    error::{Error, Result},
    kernel::ids::TerritoryId,
};

/// Checks that the territories exist that a chain's conditions name. `pointer`: where the chain stands in the body.
///
/// # Errors
/// 409 `unknown_reference` naming the first that does not.
pub fn known_territories(tx: &mut Tx<'_>, rules: &[ApprovalStepRule], pointer: &str) -> Result<()> {
    let named: BTreeSet<TerritoryId> = rules.iter().flat_map(|rule| rule.territory_ids.clone()).collect();
    if named.is_empty() {
        return Ok(());
    }
    let known = catalog::territories::by_ids(tx, &named.into_iter().collect::<Vec<_>>())?;
    for (step, rule) in rules.iter().enumerate() {
        for (place, id) in rule.territory_ids.iter().enumerate() {
            if !known.contains_key(id) {
                return Err(Error::unknown_reference(
                    format!("{pointer}/{step}/territory_ids/{place}"),
                    "There is no such territory.",
                ));
            }
        }
    }
    Ok(())
}
