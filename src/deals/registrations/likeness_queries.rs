//! The registrations that an opportunity of another system may be: those of its customer.

use diesel::prelude::*;

use crate::{
    db::{Clause, Tx},
    error::Result,
    kernel::{
        Currency, Money,
        ids::{AccountId, DealId},
    },
    schema::deals::{self, table},
};

/// How many registrations of one customer are looked at, the latest first.
const MOST: i64 = 200;

/// A registration of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// The registration.
    pub id: DealId,
    /// What it is about.
    pub title: String,
    /// What it is expected to bring.
    pub amount: Option<Money>,
}

/// The registrations for that customer account that the caller may see.
///
/// # Errors
/// What the database reports.
pub fn of_account(tx: &mut Tx<'_>, account: AccountId) -> Result<Vec<Alike>> {
    let mut clause = Clause::rows_of(tx.caller(), "deals.partner_id");
    clause.equals("deals.customer_account_id", &account);
    let rows: Vec<(DealId, String, Option<i64>, Option<Currency>)> = table
        .filter(clause)
        .order((deals::created_at.desc(), deals::id.desc()))
        .limit(MOST)
        .select((deals::id, deals::title, deals::amount_minor, deals::amount_currency))
        .load(tx.conn())?;
    Ok(rows
        .into_iter()
        .map(|(id, title, minor, currency)| Alike {
            id,
            title,
            amount: Money::from_columns(minor, currency),
        })
        .collect())
}
