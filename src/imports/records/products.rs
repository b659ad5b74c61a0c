//! Product lines and products. One that exists with the row's code is taken for the same product.

use super::{Applied, ImportKind, Incoming};
use crate::{
    catalog::products::{self, NewProduct, Product, ProductPatch},
    custom_fields::{self, CustomFieldsPatch, CustomRecord},
    db::Tx,
    error::{Result, codes},
    kernel::{Patch, ids::ProductId, words::fold},
};

pub fn apply(tx: &mut Tx<'_>, incoming: &Incoming<'_>) -> Result<Applied> {
    let new: NewProduct = incoming.parsed()?;
    let before = match incoming.known::<ProductId>()? {
        Some(id) => Some(products::find(tx, id)?),
        None => match products::by_code(tx, &new.code) {
            Ok(known) => Some(known),
            Err(error) if error.is(&codes::NOT_FOUND) => None,
            Err(error) => return Err(error),
        },
    };
    let Some(before) = before else {
        let custom = custom_fields::for_new(tx, CustomRecord::Product, &new.custom)?;
        let made = products::insert(tx, Product::new(&new, custom, tx.now))?;
        incoming.name(tx, ImportKind::Products, &made.id.to_string())?;
        aliases(tx, &made, incoming.row.list("aliases"))?;
        return Ok(Applied::made(made.id));
    };
    incoming.name(tx, ImportKind::Products, &before.id.to_string())?;
    let given = CustomFieldsPatch(
        new.custom
            .0
            .into_iter()
            .map(|(name, value)| (name, Some(value)))
            .collect(),
    );
    let custom = custom_fields::for_changed(tx, CustomRecord::Product, before.custom.clone(), &given)?;
    let patch = ProductPatch {
        code: Some(new.code),
        name: Some(new.name),
        parent_id: new.parent_id.map_or(Patch::Keep, Patch::Set),
        status: None,
        description: new.description.map_or(Patch::Keep, Patch::Set),
        list_price: new.list_price.map_or(Patch::Keep, Patch::Set),
        custom: CustomFieldsPatch::default(),
    };
    let after = before.clone().patched(&patch, custom, tx.now);
    let differs = Product {
        revision: before.revision,
        updated_at: before.updated_at,
        ..after.clone()
    } != before;
    let product = if differs {
        products::save(tx, &before, after)?
    } else {
        before
    };
    let added = aliases(tx, &product, incoming.row.list("aliases"))?;
    Ok(Applied::changed(differs || added, product.id))
}

/// Gives the product the names that it lacks; tells whether it lacked any.
fn aliases(tx: &mut Tx<'_>, product: &Product, names: &[String]) -> Result<bool> {
    let mut added = false;
    for name in names.iter().filter(|name| fold(name) != fold(&product.code)) {
        // A name that leads to another product is refused by add_alias.
        if products::resolve(tx, name)?.is_none_or(|known| known.id != product.id) {
            products::add_alias(tx, product.alias(name, tx.now))?;
            added = true;
        }
    }
    Ok(added)
}
