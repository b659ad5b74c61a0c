//! What a registration asks for, as the rules want it, and what was remembered of its customer.

use diesel::prelude::*;
use hmac::digest::Digest as _;
use serde::{Deserialize, Serialize};

use super::claims::place;
use crate::{
    db::Tx,
    deals::{
        conflict::rules::{Asked, AskedLine, Customer, Window},
        registrations::{CustomerResolution, CustomerRow, DealLineStatus, DealType, Registration},
    },
    error::{Error, Result},
    kernel::{
        Time,
        ids::{AccountId, DealId, PartnerId, ProductId, TerritoryId},
    },
    schema::{deal_customer_inputs as inputs, deal_lines, deals},
};

/// The version of what finds candidates: what was found by another is found again.
pub const MATCHER: &str = "cm-1";

/// A customer as it was described.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Queryable, Selectable)]
#[diesel(table_name = inputs)]
pub struct Described {
    pub name: String,
    pub website: Option<String>,
    pub registration_number: Option<String>,
    pub registration_authority: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub street: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<String>,
}

impl Described {
    /// The customer as it is described in a registration.
    pub fn of(customer: &CustomerRow) -> Self {
        Self {
            name: customer.name.clone(),
            website: customer.website.clone(),
            registration_number: customer.registration_number.clone(),
            registration_authority: customer.registration_authority.clone(),
            phone: customer.phone.clone(),
            email: customer.email.clone(),
            street: customer.street.clone(),
            city: customer.city.clone(),
            region: customer.region.clone(),
            postal_code: customer.postal_code.clone(),
            country: customer.country.map(|country| country.to_string()),
        }
    }

    /// A digest of the description: the same text gives the same.
    pub fn hash(&self) -> String {
        hash(self)
    }
}

/// The SHA-256 of a value's JSON.
pub fn hash(value: &impl Serialize) -> String {
    let text = serde_json::to_vec(value).unwrap_or_default();
    sha2::Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A registration as the rules want it.
#[derive(Debug, Clone, PartialEq)]
pub struct Registered {
    /// What it asks for.
    pub asked: Asked,
    /// The account it is tied to.
    pub account_id: Option<AccountId>,
    /// How it was tied.
    pub resolution: CustomerResolution,
    /// The customer as it was typed.
    pub described: Option<Described>,
    /// What was found for that very description by the present matcher.
    pub remembered: Option<Customer>,
}

impl Registered {
    /// What a registration asks for as it is given, from `window` on: what [`asked`] answers of it once it is stored so.
    pub fn of(registration: &Registration, window: Window) -> Self {
        let deal = &registration.deal;
        let whole = place(deal.received_at, deal.seq);
        let lines = registration.lines.iter().map(|line| &line.row);
        let asked = Asked {
            deal_id: Some(deal.id),
            partner_id: Some(deal.partner_id),
            lines: lines
                .filter(|line| line.review_status != DealLineStatus::Rejected)
                .map(|line| AskedLine {
                    product_id: line.product_id,
                    place: place(line.received_at, line.seq).or(whole),
                })
                .collect(),
            territory_id: deal.territory_id,
            deal_type: deal.deal_type,
            window,
        };
        let Some(customer) = &registration.customer else {
            return Self {
                asked,
                account_id: deal.customer_account_id,
                resolution: CustomerResolution::Imported,
                described: None,
                remembered: None,
            };
        };
        let described = Described::of(customer);
        let memory = (
            customer.input_hash.as_deref(),
            customer.matcher_version.as_deref(),
            customer.candidates.as_deref(),
        );
        Self {
            asked,
            account_id: deal.customer_account_id,
            resolution: customer.resolution,
            remembered: remembered(&described, memory),
            described: Some(described),
        }
    }

    /// The description for which that is to be remembered as found, unless it is.
    pub fn to_remember(&self, found: &Customer) -> Option<&Described> {
        self.described
            .as_ref()
            .filter(|_| self.remembered.as_ref() != Some(found))
    }
}

/// What was found, if it was for that description and by the present matcher: given the digest of what it was found for, the
/// matcher, and the candidates.
fn remembered(
    described: &Described,
    (input_hash, matcher, candidates): (Option<&str>, Option<&str>, Option<&str>),
) -> Option<Customer> {
    let candidates = candidates.filter(|_| matcher == Some(MATCHER))?;
    (input_hash == Some(described.hash().as_str()))
        .then(|| serde_json::from_str(candidates).ok())
        .flatten()
}

type DealColumns = (
    PartnerId,
    Option<TerritoryId>,
    DealType,
    Option<AccountId>,
    Option<Time>,
    Option<i64>,
);
type Memory = (CustomerResolution, Option<String>, Option<String>, Option<String>);

/// What the registration asks for, from `window` on. Lines that were refused ask for nothing.
///
/// # Errors
/// 404 if there is no such registration.
pub fn asked(tx: &mut Tx<'_>, deal: DealId, window: Window) -> Result<Registered> {
    let (partner, territory_id, deal_type, account_id, received_at, seq): DealColumns = deals::table
        .find(deal)
        .select((
            deals::partner_id,
            deals::territory_id,
            deals::deal_type,
            deals::customer_account_id,
            deals::received_at,
            deals::seq,
        ))
        .first(tx.conn())?;
    let lines: Vec<(ProductId, Option<Time>, Option<i64>)> = deal_lines::table
        .filter(
            deal_lines::deal_id
                .eq(deal)
                .and(deal_lines::review_status.ne(DealLineStatus::Rejected)),
        )
        .order(deal_lines::position)
        .select((deal_lines::product_id, deal_lines::received_at, deal_lines::seq))
        .load(tx.conn())?;
    let typed: Option<(Described, Memory)> = inputs::table
        .find(deal)
        .select((
            Described::as_select(),
            (
                inputs::resolution,
                inputs::input_hash,
                inputs::matcher_version,
                inputs::candidates,
            ),
        ))
        .first(tx.conn())
        .optional()?;
    let whole = place(received_at, seq);
    let lines = lines
        .into_iter()
        .map(|(product_id, received_at, seq)| AskedLine {
            product_id,
            place: place(received_at, seq).or(whole),
        })
        .collect();
    let asked = Asked {
        deal_id: Some(deal),
        partner_id: Some(partner),
        lines,
        territory_id,
        deal_type,
        window,
    };
    let Some((described, (resolution, input_hash, matcher, candidates))) = typed else {
        return Ok(Registered {
            asked,
            account_id,
            resolution: CustomerResolution::Imported,
            described: None,
            remembered: None,
        });
    };
    let memory = (input_hash.as_deref(), matcher.as_deref(), candidates.as_deref());
    Ok(Registered {
        asked,
        account_id,
        resolution,
        remembered: remembered(&described, memory),
        described: Some(described),
    })
}

/// Notes on a registration that is about to be written what was found for its customer, as [`remember`] does on a stored one.
///
/// # Errors
/// None that what was found has: it can be written as JSON.
pub fn note_found(customer: &mut CustomerRow, described: &Described, found: &Customer, now: Time) -> Result<()> {
    let text = serde_json::to_string(found).map_err(Error::internal)?;
    customer.input_hash = Some(described.hash());
    customer.matcher_version = Some(MATCHER.to_owned());
    customer.candidates = Some(text);
    customer.matched_at = Some(now);
    Ok(())
}

/// Remembers what was found for the registration's customer, if that is still described in the same words.
///
/// # Errors
/// What the database reports.
pub fn remember(tx: &mut Tx<'_>, deal: DealId, described: &Described, found: &Customer) -> Result<()> {
    let text = serde_json::to_string(found).map_err(Error::internal)?;
    let now = tx.now;
    let same = inputs::deal_id.eq(deal).and(inputs::name.eq(&described.name));
    diesel::update(inputs::table.filter(same))
        .set((
            inputs::input_hash.eq(Some(described.hash())),
            inputs::matcher_version.eq(Some(MATCHER)),
            inputs::candidates.eq(Some(text)),
            inputs::matched_at.eq(Some(now.micros())),
        ))
        .execute(tx.conn())?;
    Ok(())
}
