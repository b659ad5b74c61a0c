//! What a registration asks for, as the rules want it, and what was remembered of its customer.

use diesel::prelude::*;
use hmac::digest::Digest as _;
use serde::{Deserialize, Serialize};

use super::claims::place;
use crate::{
    db::Tx,
    deals::{
        conflict::rules::{Asked, AskedLine, Customer, Window},
        registrations::{CustomerResolution, DealLineStatus, DealType},
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
    let current = input_hash == Some(described.hash()) && matcher.as_deref() == Some(MATCHER);
    let remembered = candidates
        .filter(|_| current)
        .and_then(|text| serde_json::from_str(&text).ok());
    Ok(Registered {
        asked,
        account_id,
        resolution,
        described: Some(described),
        remembered,
    })
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
