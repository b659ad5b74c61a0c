//! A whole body as the patch that makes a registration equal to it: what is the same is left out.

use super::{
    requests::{DealCustomerPatch, DealPatch, NewDeal, NewDealCustomer, NewDealLine},
    rows::{CustomerRow, Registration},
    rules::Named,
    states::{DealSource, DealType, DealVisibility},
};
use crate::{
    custom_fields::{CustomFields, CustomFieldsPatch},
    kernel::Patch,
};

fn differs<T: PartialEq>(wanted: T, present: &T) -> Option<T> {
    (wanted != *present).then_some(wanted)
}

fn or_clear<T: PartialEq>(wanted: Option<T>, present: Option<&T>) -> Patch<T> {
    match wanted {
        wanted if wanted.as_ref() == present => Patch::Keep,
        Some(value) => Patch::Set(value),
        None => Patch::Clear,
    }
}

/// The patch that makes the registration what the body says.
pub fn patch(before: &Registration, body: NewDeal, named: &Named) -> DealPatch {
    let (deal, details) = (&before.deal, &before.details);
    let territory = if named.territory.as_ref().map(|(id, _)| *id) == deal.territory_id {
        Patch::Keep
    } else {
        body.territory.map_or(Patch::Clear, Patch::Set)
    };
    let contacts = body
        .contacts
        .iter()
        .map(|new| (&new.name, &new.email, &new.phone, &new.title, &new.role));
    let same_contacts = contacts.eq(before
        .contacts
        .iter()
        .map(|row| (&row.name, &row.email, &row.phone, &row.title, &row.role)));
    let sites = body.sites.iter().map(|new| {
        (
            &new.name,
            &new.street,
            &new.city,
            &new.region,
            &new.postal_code,
            new.country,
        )
    });
    let same_sites = sites.eq(before.sites.iter().map(|row| {
        (
            &row.name,
            &row.street,
            &row.city,
            &row.region,
            &row.postal_code,
            row.country,
        )
    }));
    let mut references = body.external_refs;
    references.extend(before.references.iter().cloned());
    references.sort();
    references.dedup();
    DealPatch {
        title: differs(body.title, &deal.title),
        description: or_clear(body.description, details.description.as_ref()),
        deal_type: differs(body.deal_type.unwrap_or(DealType::NetNew), &deal.deal_type),
        source: differs(body.source.unwrap_or(DealSource::PartnerSourced), &deal.source),
        customer: customer(before.customer.as_ref(), body.customer),
        territory,
        lines: (!same_lines(before, &body.lines, named)).then_some(body.lines),
        amount: or_clear(body.amount, deal.amount().as_ref()),
        expected_close_on: or_clear(body.expected_close_on, deal.expected_close_on.as_ref()),
        next_step: or_clear(body.next_step, details.next_step.as_ref()),
        competitor: or_clear(body.competitor, details.competitor.as_ref()),
        co_sell_needs: differs(body.co_sell_needs, &details.co_sell_needs.0),
        visibility: differs(body.visibility.unwrap_or(DealVisibility::Full), &details.visibility),
        customer_consent: differs(body.customer_consent, &details.customer_consent),
        contacts: (!same_contacts).then_some(body.contacts),
        sites: (!same_sites).then_some(body.sites),
        custom: custom(&deal.custom, body.custom),
        external_refs: differs(references, &before.references),
    }
}

fn custom(present: &CustomFields, wanted: CustomFields) -> Option<CustomFieldsPatch> {
    let cleared = present
        .0
        .keys()
        .filter(|name| !wanted.0.contains_key(*name))
        .map(|name| (name.clone(), None));
    let set = wanted.0.iter().map(|(name, value)| (name.clone(), Some(value.clone())));
    (wanted != *present).then(|| CustomFieldsPatch(cleared.chain(set).collect()))
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

fn customer(present: Option<&CustomerRow>, body: Option<NewDealCustomer>) -> Patch<DealCustomerPatch> {
    let Some(new) = body else {
        return if present.is_some() { Patch::Clear } else { Patch::Keep };
    };
    let patch = DealCustomerPatch {
        name: match present {
            Some(row) => differs(new.name, &row.name),
            None => Some(new.name),
        },
        website: or_clear(new.website, present.and_then(|row| row.website.as_ref())),
        registration_number: or_clear(
            new.registration_number,
            present.and_then(|row| row.registration_number.as_ref()),
        ),
        registration_authority: or_clear(
            new.registration_authority,
            present.and_then(|row| row.registration_authority.as_ref()),
        ),
        phone: or_clear(new.phone, present.and_then(|row| row.phone.as_ref())),
        email: or_clear(new.email, present.and_then(|row| row.email.as_ref())),
        street: or_clear(new.street, present.and_then(|row| row.street.as_ref())),
        city: or_clear(new.city, present.and_then(|row| row.city.as_ref())),
        region: or_clear(new.region, present.and_then(|row| row.region.as_ref())),
        postal_code: or_clear(new.postal_code, present.and_then(|row| row.postal_code.as_ref())),
        country: or_clear(new.country, present.and_then(|row| row.country.as_ref())),
    };
    if patch == DealCustomerPatch::default() {
        Patch::Keep
    } else {
        Patch::Set(patch)
    }
}
