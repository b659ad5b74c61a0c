//! What of a patch another system has sent makes a difference: what says the same as the registration does is left out, so
//! that a repeated upsert neither counts as a change nor trips over the locks of what was sent in.

use super::{
    requests::{DealCustomerPatch, DealPatch, NewDealContact, NewDealLine, NewDealSite},
    rows::{CustomerRow, Registration},
    rules::Named,
};
use crate::{
    custom_fields::{CustomFields, CustomFieldsPatch},
    kernel::Patch,
    references::ExternalRef,
};

fn differs<T: PartialEq>(wanted: Option<T>, present: &T) -> Option<T> {
    wanted.filter(|wanted| wanted != present)
}

fn changes<T: PartialEq>(wanted: Patch<T>, present: Option<&T>) -> Patch<T> {
    match wanted {
        Patch::Set(value) if Some(&value) == present => Patch::Keep,
        Patch::Clear if present.is_none() => Patch::Keep,
        wanted => wanted,
    }
}

/// The part of the patch that changes something; references to other systems are added, none is taken away.
pub fn changing(before: &Registration, patch: DealPatch, named: &Named) -> DealPatch {
    let (deal, details) = (&before.deal, &before.details);
    let territory = match patch.territory {
        Patch::Set(_) if named.territory.as_ref().map(|(id, _)| *id) == deal.territory_id => Patch::Keep,
        Patch::Clear if deal.territory_id.is_none() => Patch::Keep,
        wanted => wanted,
    };
    DealPatch {
        title: differs(patch.title, &deal.title),
        description: changes(patch.description, details.description.as_ref()),
        deal_type: differs(patch.deal_type, &deal.deal_type),
        source: differs(patch.source, &deal.source),
        customer: customer(before.customer.as_ref(), patch.customer),
        territory,
        lines: patch.lines.filter(|lines| !same_lines(before, lines, named)),
        amount: changes(patch.amount, deal.amount().as_ref()),
        expected_close_on: changes(patch.expected_close_on, deal.expected_close_on.as_ref()),
        next_step: changes(patch.next_step, details.next_step.as_ref()),
        competitor: changes(patch.competitor, details.competitor.as_ref()),
        co_sell_needs: differs(patch.co_sell_needs, &details.co_sell_needs.0),
        visibility: differs(patch.visibility, &details.visibility),
        customer_consent: differs(patch.customer_consent, &details.customer_consent),
        contacts: patch.contacts.filter(|contacts| !same_contacts(before, contacts)),
        sites: patch.sites.filter(|sites| !same_sites(before, sites)),
        custom: patch.custom.and_then(|change| custom(&deal.custom, change)),
        external_refs: patch.external_refs.and_then(|refs| added(&before.references, refs)),
    }
}

fn added(present: &[ExternalRef], mut refs: Vec<ExternalRef>) -> Option<Vec<ExternalRef>> {
    refs.extend(present.iter().cloned());
    refs.sort();
    refs.dedup();
    (refs != present).then_some(refs)
}

fn custom(present: &CustomFields, change: CustomFieldsPatch) -> Option<CustomFieldsPatch> {
    let wanted = change.0.into_iter();
    let changed: CustomFieldsPatch = CustomFieldsPatch(
        wanted
            .filter(|(name, value)| present.0.get(name) != value.as_ref())
            .collect(),
    );
    (!changed.0.is_empty()).then_some(changed)
}

fn same_contacts(before: &Registration, contacts: &[NewDealContact]) -> bool {
    let wanted = contacts
        .iter()
        .map(|new| (&new.name, &new.email, &new.phone, &new.title, &new.role));
    wanted.eq(before
        .contacts
        .iter()
        .map(|row| (&row.name, &row.email, &row.phone, &row.title, &row.role)))
}

fn same_sites(before: &Registration, sites: &[NewDealSite]) -> bool {
    let wanted = sites.iter().map(|new| {
        (
            &new.name,
            &new.street,
            &new.city,
            &new.region,
            &new.postal_code,
            new.country,
        )
    });
    wanted.eq(before.sites.iter().map(|row| {
        (
            &row.name,
            &row.street,
            &row.city,
            &row.region,
            &row.postal_code,
            row.country,
        )
    }))
}

fn same_lines(before: &Registration, lines: &[NewDealLine], named: &Named) -> bool {
    let wanted = lines.iter().zip(&named.products).map(|(line, (product, _))| {
        (
            *product,
            line.quantity.unwrap_or(1),
            line.unit_price.map(|price| price.minor),
            line.unit_price.map(|price| price.currency),
        )
    });
    wanted.eq(before.lines.iter().map(|line| {
        (
            line.row.product_id,
            line.row.quantity,
            line.row.unit_price_minor,
            line.row.unit_price_currency,
        )
    }))
}

fn customer(present: Option<&CustomerRow>, patch: Patch<DealCustomerPatch>) -> Patch<DealCustomerPatch> {
    let (row, wanted) = match (present, patch) {
        (None, Patch::Clear) => return Patch::Keep,
        (Some(row), Patch::Set(wanted)) => (row, wanted),
        (_, patch) => return patch,
    };
    let changed = DealCustomerPatch {
        name: differs(wanted.name, &row.name),
        website: changes(wanted.website, row.website.as_ref()),
        registration_number: changes(wanted.registration_number, row.registration_number.as_ref()),
        registration_authority: changes(wanted.registration_authority, row.registration_authority.as_ref()),
        phone: changes(wanted.phone, row.phone.as_ref()),
        email: changes(wanted.email, row.email.as_ref()),
        street: changes(wanted.street, row.street.as_ref()),
        city: changes(wanted.city, row.city.as_ref()),
        region: changes(wanted.region, row.region.as_ref()),
        postal_code: changes(wanted.postal_code, row.postal_code.as_ref()),
        country: changes(wanted.country, row.country.as_ref()),
    };
    if changed == DealCustomerPatch::default() {
        Patch::Keep
    } else {
        Patch::Set(changed)
    }
}
