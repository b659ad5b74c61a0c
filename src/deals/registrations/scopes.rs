//! What an approval grants: all that was asked for, or a part of it; never more.

use super::{decisions::DealApprovalScope, model::GrantedScope, naming, rows::Registration};
use crate::{
    catalog::{products, territories},
    db::Tx,
    error::{Error, Result},
    kernel::{
        ids::{ProductId, TerritoryId},
        states::{FailingGuard, guard},
    },
};

/// What is granted.
#[derive(Debug, Clone)]
pub struct Scope {
    pub products: Vec<(ProductId, String)>,
    pub territory: (TerritoryId, String),
    pub narrowed: bool,
}

impl Scope {
    /// The scope as a decision keeps it.
    pub fn granted(&self) -> GrantedScope {
        GrantedScope {
            products: self.products.iter().map(|(_, code)| code.clone()).collect(),
            territory: self.territory.1.clone(),
            narrowed: self.narrowed,
        }
    }
}

/// Whether the line's product is granted, whole or in part.
pub fn covers(tx: &mut Tx<'_>, granted: &[(ProductId, String)], product: ProductId) -> Result<bool> {
    for (other, _) in granted {
        if *other == product || products::overlaps(tx, *other, product)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The scope to be granted: what was asked for, or less. The inner error names what is not within it.
pub fn narrowed(
    tx: &mut Tx<'_>,
    registration: &Registration,
    wanted: Option<&DealApprovalScope>,
) -> Result<std::result::Result<Scope, Vec<FailingGuard>>> {
    let asked: Vec<(ProductId, String)> = registration
        .lines
        .iter()
        .map(|line| (line.row.product_id, line.product.clone()))
        .collect();
    let own = registration.deal.territory_id.zip(registration.territory.clone());
    let Some(own) = own else {
        return Ok(Err(vec![guard(
            "territory_there",
            "#/scope/territory",
            "The registration names no territory.",
        )]));
    };
    let mut failing = Vec::new();
    let mut chosen = Vec::new();
    for (index, text) in wanted
        .and_then(|scope| scope.products.as_ref())
        .into_iter()
        .flatten()
        .enumerate()
    {
        let pointer = format!("#/scope/products/{index}");
        let Some(product) = naming::product(tx, text)? else {
            return Err(Error::unknown_reference(
                pointer,
                format!("There is no product `{text}`."),
            ));
        };
        let above = products::ancestors(tx, product.0)?;
        if asked.iter().any(|(line, _)| *line == product.0 || above.contains(line)) {
            chosen.push(product);
        } else {
            failing.push(guard(
                "scope_within",
                &pointer,
                format!("{} is not part of what the registration asks for.", product.1),
            ));
        }
    }
    let territory = match wanted.and_then(|scope| scope.territory.as_deref()) {
        None => own.clone(),
        Some(text) => {
            let Some(territory) = naming::territory(tx, text)? else {
                return Err(Error::unknown_reference(
                    "#/scope/territory",
                    format!("There is no territory `{text}`."),
                ));
            };
            let within = territory.0 == own.0 || territories::ancestors(tx, territory.0)?.contains(&own.0);
            if !within {
                failing.push(guard(
                    "scope_within",
                    "#/scope/territory",
                    format!(
                        "{} is not within {}, which the registration asks for.",
                        territory.1, own.1
                    ),
                ));
            }
            territory
        }
    };
    if !failing.is_empty() {
        return Ok(Err(failing));
    }
    let narrowed = territory.0 != own.0 || (!chosen.is_empty() && chosen != asked);
    Ok(Ok(Scope {
        products: if chosen.is_empty() { asked } else { chosen },
        territory,
        narrowed,
    }))
}
