//! What may happen to products. Pure.

use super::model::{NewProduct, Product, ProductAlias, ProductKind, ProductPatch, ProductStatus};
use crate::{
    custom_fields::CustomFields,
    error::{Error, Result, codes},
    kernel::{Time, ids::Id as _, words::fold},
};

impl Product {
    /// A new product.
    pub fn new(new: &NewProduct, custom: CustomFields, now: Time) -> Self {
        Self {
            id: crate::kernel::ids::ProductId::at(now),
            code: new.code.clone(),
            name: new.name.clone(),
            kind: new.kind,
            parent_id: new.parent_id,
            status: ProductStatus::Active,
            description: new.description.clone(),
            list_price: new.list_price,
            custom,
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The product with the changes made.
    #[must_use]
    pub fn patched(self, patch: &ProductPatch, custom: CustomFields, now: Time) -> Self {
        Self {
            code: patch.code.clone().unwrap_or(self.code),
            name: patch.name.clone().unwrap_or(self.name),
            parent_id: patch.parent_id.apply(self.parent_id),
            status: patch.status.unwrap_or(self.status),
            description: patch.description.clone().apply(self.description),
            list_price: patch.list_price.apply(self.list_price),
            custom,
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }

    /// Another name of the product.
    pub fn alias(&self, name: &str, now: Time) -> ProductAlias {
        ProductAlias {
            id: crate::kernel::ids::ProductAliasId::at(now),
            product_id: self.id,
            alias: name.to_owned(),
            alias_key: fold(name),
            created_at: now,
        }
    }
}

/// Whether a node of that kind may lie in `parent`: a line in a product would be sold by the piece of what it holds.
///
/// # Errors
/// 409 `conflict` naming the parent.
pub fn may_lie_in(kind: ProductKind, parent: &Product) -> Result<()> {
    if kind == ProductKind::Line && parent.kind == ProductKind::Product {
        return Err(Error::new(&codes::CONFLICT).fault(
            "#/parent_id",
            "not_a_line",
            format!(
                "`{}` is a product; a line lies in another line, or nowhere.",
                parent.code
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(kind: ProductKind) -> Product {
        let new = NewProduct {
            code: "A".to_owned(),
            name: "A".to_owned(),
            kind,
            parent_id: None,
            description: None,
            list_price: None,
            custom: CustomFields::default(),
        };
        Product::new(&new, CustomFields::default(), Time::from_micros(0))
    }

    #[test]
    fn a_line_never_lies_in_a_product() {
        use ProductKind::{Line, Product};
        assert!(may_lie_in(Line, &product(Product)).is_err());
        for (kind, parent) in [(Line, Line), (Product, Line), (Product, Product)] {
            assert!(may_lie_in(kind, &product(parent)).is_ok());
        }
    }
}
