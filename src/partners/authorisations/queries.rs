//! The only file that knows the table of product authorisations.

use diesel::prelude::*;

use super::model::{Authorisation, AuthorisationFilter, ORDER};
use crate::{
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Date, Time,
        ids::{AuthorisationId, PartnerId, ProductId, TerritoryId},
        page::{Page, Paging},
    },
    load_page, revise,
    schema::product_authorisations::{self as authorisations, table},
};

/// And: the authorisation holds on that day.
fn holding(clause: &mut Clause, day: Date) -> &mut Clause {
    clause
        .and("product_authorisations.starts_on <= ")
        .value(&day)
        .and("(product_authorisations.ends_on IS NULL OR product_authorisations.ends_on > ")
        .value(&day)
        .sql(")")
}

/// Whether the partner may sell the product in the territory at that moment: an authorisation names the product or a line
/// above it, and the territory or one around it.
///
/// # Errors
/// What the database reports.
pub fn authorised(
    tx: &mut Tx<'_>,
    partner: PartnerId,
    product: ProductId,
    territory: TerritoryId,
    at: Time,
) -> Result<bool> {
    let mut clause = Clause::all();
    clause.equals("product_authorisations.partner_id", &partner);
    holding(&mut clause, at.date())
        .and("EXISTS (SELECT 1 FROM product_closure WHERE product_closure.ancestor_id = product_authorisations.product_id")
        .equals("product_closure.descendant_id", &product)
        .sql(")")
        .and("EXISTS (SELECT 1 FROM territory_closure WHERE territory_closure.ancestor_id = product_authorisations.territory_id")
        .equals("territory_closure.descendant_id", &territory)
        .sql(")");
    let found: i64 = table.filter(clause).count().get_result(tx.conn())?;
    Ok(found > 0)
}

/// One page of a partner's authorisations.
///
/// # Errors
/// What the database reports.
pub fn page(
    tx: &mut Tx<'_>,
    partner: PartnerId,
    filter: &AuthorisationFilter,
    paging: &Paging,
) -> Result<Page<Authorisation>> {
    let mut clause = Clause::rows_of(tx.caller(), "product_authorisations.partner_id");
    clause
        .equals("product_authorisations.partner_id", &partner)
        .equals_some("product_authorisations.product_id", filter.product_id.as_ref())
        .equals_some("product_authorisations.territory_id", filter.territory_id.as_ref());
    if let Some(day) = filter.as_of {
        holding(&mut clause, day);
    }
    let rows = load_page!(tx, table => Authorisation, clause, ORDER, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.created_at.into(), row.id.to_string())
    }))
}

/// The authorisation of a partner with that id, if the caller may see it.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, partner: PartnerId, id: AuthorisationId) -> Result<Authorisation> {
    let mut clause = Clause::rows_of(tx.caller(), "product_authorisations.partner_id");
    clause
        .equals("product_authorisations.partner_id", &partner)
        .equals("product_authorisations.id", &id);
    Ok(table
        .filter(clause)
        .select(Authorisation::as_select())
        .first(tx.conn())?)
}

/// Stores a new authorisation, and tells of it.
///
/// # Errors
/// 409 `unknown_reference` for a product or territory that does not exist, `already_exists` if one for both begins on that day.
pub fn grant(tx: &mut Tx<'_>, authorisation: Authorisation) -> Result<Authorisation> {
    tx.attempt(|tx| Ok(diesel::insert_into(table).values(&authorisation).execute(tx.conn())?))
        .map_err(|error| {
            error
                .when(&codes::UNKNOWN_REFERENCE, || {
                    Error::unknown_reference("#", "There is no such product or territory.")
                })
                .when(&codes::ALREADY_EXISTS, || {
                    let detail = "An authorisation for this product and territory begins on that day.";
                    Error::new(&codes::ALREADY_EXISTS).fault("#/starts_on", "already_exists", detail)
                })
        })?;
    tx.record(Fact::created("product_authorisation.granted", &authorisation))?;
    Ok(authorisation)
}

/// Stores a changed authorisation over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &Authorisation, after: Authorisation) -> Result<Authorisation> {
    revise!(
        tx,
        table,
        authorisations::revision,
        (before.id, before.revision),
        &after
    )?;
    tx.record(Fact::changed("product_authorisation.updated", before, &after))?;
    Ok(after)
}

/// Ends every authorisation of a partner that has ended.
///
/// # Errors
/// What the database reports.
pub fn end_all(tx: &mut Tx<'_>, partner: PartnerId) -> Result<()> {
    let now = tx.now;
    let mut clause = Clause::all();
    clause
        .equals("product_authorisations.partner_id", &partner)
        .and("(product_authorisations.ends_on IS NULL OR product_authorisations.ends_on > ")
        .value(&now.date())
        .sql(")");
    let live: Vec<Authorisation> = table
        .filter(clause)
        .select(Authorisation::as_select())
        .load(tx.conn())?;
    for authorisation in live {
        save(tx, &authorisation, authorisation.clone().ended(now))?;
    }
    Ok(())
}
