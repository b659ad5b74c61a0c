//! Whether a customer, as it was typed, can be told from others.

use super::rows::CustomerRow;
use crate::customers::matching::domain;

/// The registrable domain of the customer's website, or else of its mail address, unless many share it: free mailboxes,
/// shop and site builders, link shorteners.
pub fn own_domain(website: Option<&str>, email: Option<&str>) -> Option<String> {
    let of = |text: &str| domain::corporate_domain(text).ok().flatten();
    website.and_then(of).or_else(|| email.and_then(of))
}

/// The fields of a customer of which one set must be there: what `is_recognisable` asks for, as far as a form can know it.
/// A website or mail address counts only if its domain is the customer's own.
pub const RECOGNISED_BY: &[&[&str]] = &[
    &["website"],
    &["email"],
    &["registration_number"],
    &["street", "city", "country"],
    &["street", "postal_code", "country"],
];

/// Whether there is one strong mark: a domain, a registration number, or name and address (`domain.md` part 4).
pub fn is_recognisable(customer: &CustomerRow) -> bool {
    let address = customer.street.is_some()
        && customer.country.is_some()
        && (customer.city.is_some() || customer.postal_code.is_some());
    customer.domain.is_some() || customer.registration_number.is_some() || address
}
