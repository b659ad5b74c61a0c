//! What the codes and ids of a request stand for. A code is what people type, an id what machines keep; a request may
//! use either, and both are answered.

use super::{ahead::Ahead, requests::NewDealLine, rules::Named};
use crate::{
    catalog::{products, territories},
    db::Tx,
    error::{Error, Fault, Result, codes},
    kernel::ids::{ProductId, TerritoryId},
};

/// The territory and the products that a request names.
///
/// # Errors
/// 409 `unknown_reference` naming every one that does not exist.
pub fn resolve(tx: &mut Tx<'_>, territory: Option<&str>, lines: &[NewDealLine]) -> Result<Named> {
    Ahead::default().named(tx, territory, lines)
}

/// The territory and the products that a request names, given what each text stands for.
///
/// # Errors
/// 409 `unknown_reference` naming every one that stands for nothing.
pub fn named(
    territory: Option<&str>,
    lines: &[NewDealLine],
    territory_of: impl Fn(&str) -> Option<(TerritoryId, String)>,
    product_of: impl Fn(&str) -> Option<(ProductId, String)>,
) -> Result<Named> {
    let mut faults = Vec::new();
    let mut missing = |pointer: String, detail: String| {
        faults.push(Fault {
            pointer,
            code: "unknown_reference".into(),
            detail,
        });
    };
    let mut named = Named::default();
    if let Some(text) = territory {
        named.territory = territory_of(text);
        if named.territory.is_none() {
            missing(
                "#/territory".to_owned(),
                format!("There is no territory `{text}`; /v1/territories lists those there are."),
            );
        }
    }
    for (index, line) in lines.iter().enumerate() {
        match product_of(&line.product) {
            Some(product) => named.products.push(product),
            None => missing(
                format!("#/lines/{index}/product"),
                format!(
                    "There is no product `{}`; /v1/products lists those there are.",
                    line.product
                ),
            ),
        }
    }
    if faults.is_empty() {
        Ok(named)
    } else {
        Err(Error::new(&codes::UNKNOWN_REFERENCE).faults(faults))
    }
}

/// The product that a code, an alias or an id names, with its code.
///
/// # Errors
/// What the database reports.
pub fn product(tx: &mut Tx<'_>, text: &str) -> Result<Option<(ProductId, String)>> {
    let Ok(id) = text.parse() else {
        return Ok(products::resolve(tx, text)?.map(|product| (product.id, product.code)));
    };
    match products::find(tx, id) {
        Ok(product) => Ok(Some((product.id, product.code))),
        Err(error) if error.is(&codes::NOT_FOUND) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The territory that a code or an id names, with its code.
///
/// # Errors
/// What the database reports.
pub fn territory(tx: &mut Tx<'_>, text: &str) -> Result<Option<(TerritoryId, String)>> {
    let found = match text.parse() {
        Ok(id) => territories::find(tx, id),
        Err(_no_id) => territories::by_code(tx, &text.to_uppercase()),
    };
    match found {
        Ok(territory) => Ok(Some((territory.id, territory.code))),
        Err(error) if error.is(&codes::NOT_FOUND) => Ok(None),
        Err(error) => Err(error),
    }
}
