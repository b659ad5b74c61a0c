//! Direct opportunities: what the vendor's own people are selling to a customer. Most conflicts of partners are with these.
//!
//! They come from the vendor's CRM, which is the master of their state; so any state may follow any other.

mod expanded;
mod handlers;
mod model;
mod queries;
mod rules;

pub use model::{DirectOpportunity, NewDirectOpportunity, OpportunityClaim, OpportunityStatus, OpportunityType};
pub use queries::{delete, find, move_to, open_for};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::{
    custom_fields::{self, CustomFieldsPatch, CustomRecord},
    customers::accounts,
    db::Tx,
    error::Result,
    http::{IfMatch, Upserted},
    references::{self, ExternalRef},
};

/// The type of direct opportunities in events, external references and notes.
pub const TYPE: &str = "direct_opportunity";

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/direct-opportunities")
            .service(handlers::list_direct_opportunities)
            .service(handlers::create_direct_opportunity)
            .service(handlers::upsert_direct_opportunity)
            .service(handlers::get_direct_opportunity_by_external_id)
            .service(handlers::get_direct_opportunity)
            .service(handlers::update_direct_opportunity)
            .service(handlers::delete_direct_opportunity),
    );
}

/// Stores a new opportunity, and tells of it.
///
/// # Errors
/// 409 `unknown_reference`, `account_merged`, `already_exists` for an external reference that another one has.
pub fn insert(tx: &mut Tx<'_>, new: &NewDirectOpportunity) -> Result<DirectOpportunity> {
    accounts::usable(tx, new.account_id, "#/account_id")?;
    let custom = custom_fields::for_new(tx, CustomRecord::DirectOpportunity, &new.custom)?;
    let number = crate::numbers::next(tx, "DO")?;
    queries::insert(tx, DirectOpportunity::new(new, number, custom, tx.now))
}

/// Changes an opportunity as the patch says.
///
/// # Errors
/// As [`insert`]; 412 if it was changed meanwhile.
pub fn change(
    tx: &mut Tx<'_>,
    before: &DirectOpportunity,
    patch: &model::DirectOpportunityPatch,
) -> Result<DirectOpportunity> {
    if let Some(account) = patch.account_id.filter(|account| *account != before.account_id) {
        accounts::usable(tx, account, "#/account_id")?;
    }
    let changes = patch.custom.clone().unwrap_or_default();
    let custom = custom_fields::for_changed(tx, CustomRecord::DirectOpportunity, before.custom.clone(), &changes)?;
    queries::save(tx, before, before.clone().patched(patch, custom, tx.now))
}

/// Makes or changes the opportunity that another system knows by that id. What `given` leaves out stays as it is.
///
/// # Errors
/// As [`insert`]; 412 if it was changed since the caller read it, or is not there any more.
pub fn upsert_by_external(
    tx: &mut Tx<'_>,
    reference: &ExternalRef,
    given: &NewDirectOpportunity,
    seen: IfMatch,
) -> Result<Upserted<DirectOpportunity>> {
    let mut given = given.clone();
    references::add(&mut given.external_refs, reference);
    let new = given.clone();
    let holder = references::holder(tx, TYPE, reference)?;
    references::put(
        tx,
        TYPE,
        reference,
        (holder.as_deref(), seen),
        |tx| insert(tx, &new),
        |tx, id| {
            queries::lock(tx, id)?;
            let before = find(tx, id)?;
            seen.check(before.revision)?;
            if given.account_id != before.account_id {
                accounts::usable(tx, given.account_id, "#/account_id")?;
            }
            let changes = CustomFieldsPatch::from(&given.custom);
            let custom =
                custom_fields::for_changed(tx, CustomRecord::DirectOpportunity, before.custom.clone(), &changes)?;
            let after = before.clone().upserted(given, custom, tx.now);
            if after.same_as(&before) {
                return Ok(before);
            }
            queries::save(tx, &before, after)
        },
    )
}
