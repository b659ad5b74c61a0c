//! What a row says of a deal, written into the rows of a registration. Pure.

use super::{Scope, life::Life};
use crate::{
    customers::CustomerAccount,
    deals::registrations::{
        CustomerResolution, CustomerRow, DealLineStatus, DealRow, DealSource, DealStage, DealType, DealVisibility,
        DetailsRow, Line, LineRow, NewDeal, Registration, ReviewStatus,
    },
    imports::batch::Incoming,
    kernel::{
        Stored, Time,
        ids::{DealId, DealLineId, Id as _, ProductId},
        words::fold,
    },
};

/// A deal of which nothing is known but whose it is.
pub fn fresh(scope: &Scope, number: String, now: Time) -> Registration {
    let id = DealId::at(now);
    Registration {
        deal: DealRow {
            id,
            number,
            partner_id: scope.partner,
            distributor_id: scope.distributor,
            submitter_id: None,
            title: String::new(),
            title_key: String::new(),
            deal_type: DealType::NetNew,
            source: DealSource::PartnerSourced,
            territory_id: None,
            customer_account_id: None,
            amount_minor: None,
            amount_currency: None,
            expected_close_on: None,
            review_status: ReviewStatus::Draft,
            stage: DealStage::PROSPECT,
            received_at: None,
            seq: None,
            review_due_at: None,
            assignee_id: None,
            conflict_check_id: None,
            policy_version: None,
            last_activity_at: now,
            legacy: true,
            closed_at: None,
            closed_reason: None,
            win_verified_at: None,
            custom: Stored::default(),
            revision: 1,
            created_at: now,
            updated_at: now,
        },
        details: DetailsRow {
            deal_id: id,
            description: None,
            next_step: None,
            competitor: None,
            co_sell_needs: Stored(Vec::new()),
            visibility: DealVisibility::Full,
            customer_consent: false,
            on_behalf_of: None,
            missing: Stored(Vec::new()),
        },
        customer: None,
        review: None,
        clock: None,
        territory: None,
        lines: Vec::new(),
        contacts: Vec::new(),
        sites: Vec::new(),
        references: Vec::new(),
        info: None,
        decision: None,
        windows: Vec::new(),
        extension_count: 0,
    }
}

/// The deal with everything that the row says; what it leaves out stays.
pub fn filled(
    mut next: Registration,
    new: &NewDeal,
    scope: &Scope,
    life: &Life,
    incoming: &Incoming<'_>,
    now: Time,
) -> Registration {
    let deal = &mut next.deal;
    deal.title_key = fold(&new.title);
    deal.title.clone_from(&new.title);
    deal.deal_type = new.deal_type.unwrap_or(deal.deal_type);
    deal.source = new.source.unwrap_or(deal.source);
    if let Some(amount) = new.amount {
        (deal.amount_minor, deal.amount_currency) = (Some(amount.minor), Some(amount.currency));
    }
    deal.expected_close_on = new.expected_close_on.or(deal.expected_close_on);
    deal.review_status = life.status;
    deal.stage = life.stage;
    deal.closed_at = life.closed_at;
    deal.win_verified_at = life.closed_at.filter(|_| life.stage == DealStage::WON);
    deal.closed_reason = if life.stage == DealStage::CLOSED_LOST {
        life.closed_reason.clone()
    } else {
        None
    };
    if incoming.present.is_none() || incoming.row.moment("opened_at").is_some() {
        deal.created_at = life.opened_at;
        deal.last_activity_at = life.last_activity_at;
    }
    if let Some((id, code)) = &scope.territory {
        deal.territory_id = Some(*id);
        next.territory = Some(code.clone());
    }
    let details = &mut next.details;
    for (field, given) in [
        (&mut details.description, &new.description),
        (&mut details.next_step, &new.next_step),
        (&mut details.competitor, &new.competitor),
    ] {
        if given.is_some() {
            field.clone_from(given);
        }
    }
    if let Some(account) = &scope.account {
        let known = next
            .customer
            .as_ref()
            .is_some_and(|_| next.deal.customer_account_id == Some(account.id));
        next.deal.customer_account_id = Some(account.id);
        if !known {
            next.customer = Some(customer(next.deal.id, account, now));
        }
    }
    if let Some((product, code)) = &scope.product {
        next.lines = vec![line(&next, *product, code, life.status, incoming, now)];
    }
    next
}

/// The customer as its account says: a file of another system names the account, and nothing was typed here.
fn customer(deal: DealId, account: &CustomerAccount, now: Time) -> CustomerRow {
    let address = account.address.clone().unwrap_or_default();
    CustomerRow {
        deal_id: deal,
        name: account.name.clone(),
        name_key: fold(&account.name),
        website: account.website.clone(),
        domain: account.domain.clone(),
        registration_number: account.registration_number.clone(),
        registration_authority: account.registration_authority.clone(),
        phone: account.phone.clone(),
        email: None,
        street: address.street,
        city: address.city,
        region: address.region,
        postal_code: address.postal_code,
        country: address.country,
        resolution: CustomerResolution::Imported,
        resolved_at: Some(now),
        resolved_by: Some("system:import".to_owned()),
        input_hash: None,
        matcher_version: None,
        candidates: None,
        matched_at: None,
    }
}

fn line(
    deal: &Registration,
    product: ProductId,
    code: &str,
    status: ReviewStatus,
    incoming: &Incoming<'_>,
    now: Time,
) -> Line {
    let price = incoming.row.money("unit_price");
    let known = deal
        .lines
        .iter()
        .find(|line| line.row.product_id == product)
        .map(|line| &line.row);
    let quantity = incoming
        .row
        .integer("quantity")
        .or_else(|| known.map(|row| row.quantity))
        .unwrap_or(1);
    let mut row = known.cloned().unwrap_or_else(|| LineRow {
        id: DealLineId::at(now),
        deal_id: deal.deal.id,
        position: 1,
        product_id: product,
        quantity,
        unit_price_minor: None,
        unit_price_currency: None,
        received_at: None,
        seq: None,
        review_status: DealLineStatus::Draft,
        created_at: now,
        updated_at: now,
    });
    row.quantity = quantity;
    if let Some(price) = price {
        (row.unit_price_minor, row.unit_price_currency) = (Some(price.minor), Some(price.currency));
    }
    row.review_status = match status {
        ReviewStatus::NotRegistered => DealLineStatus::NotRegistered,
        ReviewStatus::Approved | ReviewStatus::Revoked | ReviewStatus::Superseded => DealLineStatus::Approved,
        ReviewStatus::Draft => DealLineStatus::Draft,
        open if open.is_open() => DealLineStatus::Pending,
        _ => DealLineStatus::Rejected,
    };
    Line {
        row,
        product: code.to_owned(),
    }
}
