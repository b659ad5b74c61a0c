//! What may happen to a registration before it is sent in. Pure: no database, no clock.

use super::{
    fields,
    requests::{DealCustomerPatch, DealPatch, NewDeal, NewDealContact, NewDealCustomer, NewDealLine, NewDealSite},
    rows::{ContactRow, CustomerRow, DealRow, DetailsRow, Line, LineRow, Registration, SiteRow},
    states::{DealCustomerResolution, DealLineStatus, DealSource, DealStage, DealType, DealVisibility, ReviewStatus},
};
use crate::{
    custom_fields::CustomFields,
    error::{Error, Result},
    kernel::{
        Patch, Stored, Time,
        ids::{DealContactId, DealId, DealLineId, DealSiteId, Id as _, PartnerId, ProductId, TerritoryId, UserId},
        words::fold,
    },
    references::ExternalRef,
};

/// Who writes a registration, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The partner that it is for.
    pub partner_id: PartnerId,
    /// The distributor through which it is sold.
    pub distributor_id: Option<PartnerId>,
    /// The person.
    pub submitter_id: Option<UserId>,
    /// The vendor's actor that writes on the partner's behalf.
    pub on_behalf_of: Option<String>,
}

/// What the codes and ids of a request stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// The territory, with its code.
    pub territory: Option<(TerritoryId, String)>,
    /// The products of the lines in their order, with their codes.
    pub products: Vec<(ProductId, String)>,
    /// The custom fields, checked against their definitions.
    pub custom: CustomFields,
}

/// A new draft; its sale begins in that stage.
pub fn draft(new: NewDeal, named: Named, author: Author, number: String, stage: DealStage, now: Time) -> Registration {
    let id = DealId::at(now);
    let (territory_id, territory) = named.territory.unzip();
    Registration {
        deal: DealRow {
            id,
            number,
            partner_id: author.partner_id,
            distributor_id: author.distributor_id,
            submitter_id: author.submitter_id,
            title_key: fold(&new.title),
            title: new.title,
            deal_type: new.deal_type.unwrap_or(DealType::NetNew),
            source: new.source.unwrap_or(DealSource::PartnerSourced),
            territory_id,
            customer_account_id: None,
            amount_minor: new.amount.map(|amount| amount.minor),
            amount_currency: new.amount.map(|amount| amount.currency),
            expected_close_on: new.expected_close_on,
            review_status: ReviewStatus::Draft,
            stage,
            received_at: None,
            seq: None,
            review_due_at: None,
            assignee_id: None,
            conflict_check_id: None,
            policy_version: None,
            last_activity_at: now,
            legacy: false,
            closed_at: None,
            closed_reason: None,
            win_verified_at: None,
            custom: Stored(named.custom),
            revision: 1,
            created_at: now,
            updated_at: now,
        },
        details: DetailsRow {
            deal_id: id,
            description: new.description,
            next_step: new.next_step,
            competitor: new.competitor,
            co_sell_needs: Stored(new.co_sell_needs),
            visibility: new.visibility.unwrap_or(DealVisibility::Full),
            customer_consent: new.customer_consent,
            on_behalf_of: author.on_behalf_of,
            missing: Stored(Vec::new()),
        },
        customer: new.customer.map(|customer| self::customer(id, customer)),
        review: None,
        clock: None,
        territory,
        lines: lines(id, new.lines, named.products, &[], DealLineStatus::Draft, now),
        contacts: contacts(id, new.contacts, now),
        sites: sites(id, new.sites, now),
        references: distinct(new.external_refs),
        info: None,
        decision: None,
        windows: Vec::new(),
        extension_count: 0,
    }
}

fn customer(deal: DealId, new: NewDealCustomer) -> CustomerRow {
    let mut row = CustomerRow {
        deal_id: deal,
        name_key: String::new(),
        name: new.name,
        website: new.website,
        domain: None,
        registration_number: new.registration_number,
        registration_authority: new.registration_authority,
        phone: new.phone,
        email: new.email,
        street: new.street,
        city: new.city,
        region: new.region,
        postal_code: new.postal_code,
        country: new.country,
        resolution: DealCustomerResolution::Unresolved,
        resolved_at: None,
        resolved_by: None,
        input_hash: None,
        matcher_version: None,
        candidates: None,
        matched_at: None,
    };
    derive(&mut row);
    row
}

/// What follows from the typed fields.
fn derive(row: &mut CustomerRow) {
    row.name_key = fold(&row.name);
    row.domain = super::identity::own_domain(row.website.as_deref(), row.email.as_deref());
}

/// The rows of the lines; a line that names the product of one that was there keeps its id and its place in the queue.
fn lines(
    deal: DealId,
    new: Vec<NewDealLine>,
    products: Vec<(ProductId, String)>,
    present: &[Line],
    status: DealLineStatus,
    now: Time,
) -> Vec<Line> {
    let mut free: Vec<&Line> = present.iter().collect();
    (1..)
        .zip(new.into_iter().zip(products))
        .map(|(position, (line, (product_id, product)))| {
            let same = free
                .iter()
                .position(|known| known.row.product_id == product_id)
                .map(|at| free.remove(at));
            Line {
                row: LineRow {
                    id: same.map_or_else(|| DealLineId::at(now), |known| known.row.id),
                    deal_id: deal,
                    position,
                    product_id,
                    quantity: line.quantity.unwrap_or(1),
                    unit_price_minor: line.unit_price.map(|price| price.minor),
                    unit_price_currency: line.unit_price.map(|price| price.currency),
                    received_at: same.and_then(|known| known.row.received_at),
                    seq: same.and_then(|known| known.row.seq),
                    review_status: same.map_or(status, |known| known.row.review_status),
                    created_at: same.map_or(now, |known| known.row.created_at),
                    updated_at: now,
                },
                product,
            }
        })
        .collect()
}

fn contacts(deal: DealId, new: Vec<NewDealContact>, now: Time) -> Vec<ContactRow> {
    (1..)
        .zip(new)
        .map(|(position, contact)| ContactRow {
            id: DealContactId::at(now),
            deal_id: deal,
            position,
            name: contact.name,
            email: contact.email,
            phone: contact.phone,
            title: contact.title,
            role: contact.role,
            created_at: now,
            updated_at: now,
        })
        .collect()
}

fn sites(deal: DealId, new: Vec<NewDealSite>, now: Time) -> Vec<SiteRow> {
    (1..)
        .zip(new)
        .map(|(position, site)| SiteRow {
            id: DealSiteId::at(now),
            deal_id: deal,
            position,
            name: site.name,
            street: site.street,
            city: site.city,
            region: site.region,
            postal_code: site.postal_code,
            country: site.country,
            created_at: now,
            updated_at: now,
        })
        .collect()
}

fn distinct(mut references: Vec<ExternalRef>) -> Vec<ExternalRef> {
    references.sort();
    references.dedup();
    references
}

/// Where the review stands at `now`: questions that are overdue have made it lapse, whether or not a job has noted it.
pub fn status_at(registration: &Registration, now: Time) -> ReviewStatus {
    let due = registration.review.as_ref().and_then(|review| review.info_due_at);
    match registration.deal.review_status {
        ReviewStatus::InfoRequested if due.is_some_and(|due| now >= due) => ReviewStatus::Lapsed,
        status => status,
    }
}

/// What a registration must have before it can be sent in, as names of fields: what `missing` names of an empty one.
pub const SUBMISSION_NEEDS: &[&str] = &["customer", "territory", "lines", "amount", "expected_close_on"];

/// What a draft still lacks before it can be submitted, as field names.
pub fn missing(registration: &Registration) -> Vec<String> {
    let deal = &registration.deal;
    let customer = registration.customer.as_ref();
    [
        (customer.is_none(), "customer"),
        (
            customer.is_some_and(|customer| !super::identity::is_recognisable(customer)),
            "customer.website",
        ),
        (deal.territory_id.is_none(), "territory"),
        (registration.lines.is_empty(), "lines"),
        (deal.amount_minor.is_none(), "amount"),
        (deal.expected_close_on.is_none(), "expected_close_on"),
    ]
    .into_iter()
    .filter(|&(lacks, _field)| lacks)
    .map(|(_lacks, field)| field.to_owned())
    .collect()
}

impl Registration {
    /// The registration with the changes made, if every field of the patch is open.
    ///
    /// # Errors
    /// 422 `field_locked`; 422 if a customer would be left without a name.
    pub fn patched(self, patch: DealPatch, named: Named, now: Time) -> Result<Self> {
        fields::check(&patch, status_at(&self, now), self.deal.stage)?;
        let id = self.deal.id;
        let mut next = self;
        if let Some(title) = patch.title {
            next.deal.title_key = fold(&title);
            next.deal.title = title;
        }
        next.deal.deal_type = patch.deal_type.unwrap_or(next.deal.deal_type);
        next.deal.source = patch.source.unwrap_or(next.deal.source);
        let before_customer = next.customer.clone();
        next.customer = match patch.customer {
            Patch::Keep => next.customer,
            Patch::Clear => None,
            Patch::Set(change) => Some(changed_customer(id, next.customer, change)?),
        };
        if next.deal.review_status == ReviewStatus::Draft && next.customer != before_customer {
            // The account was found for, or chosen for, the customer as it was described before.
            next.deal.customer_account_id = None;
            if let Some(customer) = &mut next.customer {
                customer.resolution = DealCustomerResolution::Unresolved;
                (customer.resolved_at, customer.resolved_by) = (None, None);
            }
        }
        if patch.territory.is_sent() {
            (next.deal.territory_id, next.territory) = named.territory.unzip();
        }
        if let Some(new) = patch.lines {
            let status = if next.deal.review_status == ReviewStatus::NotRegistered {
                DealLineStatus::NotRegistered
            } else {
                DealLineStatus::Draft
            };
            next.lines = lines(id, new, named.products, &next.lines, status, now);
        }
        let amount = patch.amount.apply(next.deal.amount());
        (next.deal.amount_minor, next.deal.amount_currency) =
            (amount.map(|amount| amount.minor), amount.map(|amount| amount.currency));
        next.deal.expected_close_on = patch.expected_close_on.apply(next.deal.expected_close_on);
        if patch.next_step.is_sent() {
            next.deal.last_activity_at = now;
        }
        let details = next.details;
        next.details = DetailsRow {
            description: patch.description.apply(details.description),
            next_step: patch.next_step.apply(details.next_step),
            competitor: patch.competitor.apply(details.competitor),
            co_sell_needs: patch.co_sell_needs.map_or(details.co_sell_needs, Stored),
            visibility: patch.visibility.unwrap_or(details.visibility),
            customer_consent: patch.customer_consent.unwrap_or(details.customer_consent),
            ..details
        };
        if let Some(new) = patch.contacts {
            next.contacts = contacts(id, new, now);
        }
        if let Some(new) = patch.sites {
            next.sites = sites(id, new, now);
        }
        if patch.custom.is_some() {
            next.deal.custom = Stored(named.custom);
        }
        if let Some(new) = patch.external_refs {
            next.references = distinct(new);
        }
        Ok(next.touched(now))
    }

    /// The registration one revision further.
    #[must_use]
    pub fn touched(mut self, now: Time) -> Self {
        self.deal.revision += 1;
        self.deal.updated_at = now;
        self
    }
}

fn changed_customer(deal: DealId, present: Option<CustomerRow>, change: DealCustomerPatch) -> Result<CustomerRow> {
    let name = change.name.or_else(|| present.as_ref().map(|row| row.name.clone()));
    let name = name.ok_or_else(|| {
        Error::contradicts(
            "#/customer/name",
            "required",
            "The registration has no customer yet; say at least its name.",
        )
    })?;
    let mut row = present.unwrap_or_else(|| {
        customer(
            deal,
            NewDealCustomer {
                name: String::new(),
                website: None,
                registration_number: None,
                registration_authority: None,
                phone: None,
                email: None,
                street: None,
                city: None,
                region: None,
                postal_code: None,
                country: None,
            },
        )
    });
    row.name = name;
    row.website = change.website.apply(row.website);
    row.registration_number = change.registration_number.apply(row.registration_number);
    row.registration_authority = change.registration_authority.apply(row.registration_authority);
    row.phone = change.phone.apply(row.phone);
    row.email = change.email.apply(row.email);
    row.street = change.street.apply(row.street);
    row.city = change.city.apply(row.city);
    row.region = change.region.apply(row.region);
    row.postal_code = change.postal_code.apply(row.postal_code);
    row.country = change.country.apply(row.country);
    derive(&mut row);
    // The input is another, so what was found for the old one counts no more.
    (row.input_hash, row.matcher_version, row.candidates, row.matched_at) = (None, None, None, None);
    Ok(row)
}
