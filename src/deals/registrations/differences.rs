//! What of a patch another system has sent makes a difference: what says the same as the registration does is left out, so
//! that a repeated upsert neither counts as a change nor trips over the locks of what was sent in.

use super::{
    requests::{DealCustomerPatch, DealPatch, NewDealContact, NewDealLine, NewDealSite},
    rows::{CustomerRow, Registration},
    rules::Named,
};
use crate::{
    kernel::{Patch, patch::unless_same},
    references::ExternalRef,
};

/// The part of the patch that changes something; references to other systems are added, none is taken away.
pub fn changing(before: &Registration, patch: DealPatch, named: &Named) -> DealPatch {
    let (deal, details) = (&before.deal, &before.details);
    let territory = match patch.territory {
        Patch::Set(_) if named.territory.as_ref().map(|(id, _)| *id) == deal.territory_id => Patch::Keep,
        Patch::Clear if deal.territory_id.is_none() => Patch::Keep,
        wanted => wanted,
    };
    DealPatch {
        title: unless_same(patch.title, &deal.title),
        description: patch.description.unless_same(details.description.as_ref()),
        deal_type: unless_same(patch.deal_type, &deal.deal_type),
        source: unless_same(patch.source, &deal.source),
        customer: customer(before.customer.as_ref(), patch.customer),
        territory,
        lines: patch.lines.filter(|lines| !same_lines(before, lines, named)),
        amount: patch.amount.unless_same(deal.amount().as_ref()),
        expected_close_on: patch.expected_close_on.unless_same(deal.expected_close_on.as_ref()),
        next_step: patch.next_step.unless_same(details.next_step.as_ref()),
        competitor: patch.competitor.unless_same(details.competitor.as_ref()),
        co_sell_needs: unless_same(patch.co_sell_needs, &details.co_sell_needs.0),
        visibility: unless_same(patch.visibility, &details.visibility),
        customer_consent: unless_same(patch.customer_consent, &details.customer_consent),
        contacts: patch.contacts.filter(|contacts| !same_contacts(before, contacts)),
        sites: patch.sites.filter(|sites| !same_sites(before, sites)),
        custom: patch.custom.and_then(|change| change.unless_same(&deal.custom)),
        external_refs: patch.external_refs.and_then(|refs| added(&before.references, refs)),
    }
}

fn added(present: &[ExternalRef], mut refs: Vec<ExternalRef>) -> Option<Vec<ExternalRef>> {
    refs.extend(present.iter().cloned());
    refs.sort();
    refs.dedup();
    (refs != present).then_some(refs)
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
        name: unless_same(wanted.name, &row.name),
        website: wanted.website.unless_same(row.website.as_ref()),
        registration_number: wanted.registration_number.unless_same(row.registration_number.as_ref()),
        registration_authority: wanted
            .registration_authority
            .unless_same(row.registration_authority.as_ref()),
        phone: wanted.phone.unless_same(row.phone.as_ref()),
        email: wanted.email.unless_same(row.email.as_ref()),
        street: wanted.street.unless_same(row.street.as_ref()),
        city: wanted.city.unless_same(row.city.as_ref()),
        region: wanted.region.unless_same(row.region.as_ref()),
        postal_code: wanted.postal_code.unless_same(row.postal_code.as_ref()),
        country: wanted.country.unless_same(row.country.as_ref()),
    };
    if changed == DealCustomerPatch::default() {
        Patch::Keep
    } else {
        Patch::Set(changed)
    }
}
