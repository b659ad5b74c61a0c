//! Postal addresses, as people write them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Patch, country::Country};

/// A postal address. What is not known is null.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Street and house number, or a post box.
    #[schema(example = "Musterstr. 12", min_length = 1, max_length = 200)]
    pub street: Option<String>,
    /// The city or town.
    #[schema(example = "Berlin", min_length = 1, max_length = 120)]
    pub city: Option<String>,
    /// The state, province or county.
    #[schema(example = "BE", min_length = 1, max_length = 120)]
    pub region: Option<String>,
    /// The postal code.
    #[schema(example = "10115", min_length = 1, max_length = 20)]
    pub postal_code: Option<String>,
    /// The country.
    pub country: Option<Country>,
}

impl Address {
    /// The address, or nothing if none of it is known.
    pub fn known(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }
}

/// Changes of an address. What is left out stays, null clears.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressPatch {
    /// Street and house number, or a post box.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Musterstr. 12", min_length = 1, max_length = 200)]
    pub street: Patch<String>,
    /// The city or town.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Berlin", min_length = 1, max_length = 120)]
    pub city: Patch<String>,
    /// The state, province or county.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "BE", min_length = 1, max_length = 120)]
    pub region: Patch<String>,
    /// The postal code.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "10115", min_length = 1, max_length = 20)]
    pub postal_code: Patch<String>,
    /// The country.
    #[serde(default)]
    #[schema(value_type = Option<Country>)]
    pub country: Patch<Country>,
}

impl AddressPatch {
    /// The address with the changes made.
    pub fn apply(self, current: Option<Address>) -> Option<Address> {
        let current = current.unwrap_or_default();
        Address {
            street: self.street.apply(current.street),
            city: self.city.apply(current.city),
            region: self.region.apply(current.region),
            postal_code: self.postal_code.apply(current.postal_code),
            country: self.country.apply(current.country),
        }
        .known()
    }
}
