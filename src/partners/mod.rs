//! Partners: the firms through which the vendor sells, from the first contact to the end of the partnership.
//!
//! A firm comes in as a prospect of the vendor or by its own application, is reviewed, prepares, sells, may be suspended,
//! and ends after a notice. The table of [`MACHINE`] says who may move it where. A partner that was turned down or ended
//! keeps its record when it applies again, so its history stays with it.
//!
//! A registration number and a verified domain name one live partner: two people of one firm who apply at the same moment
//! are told apart from two firms by constraints of the database. A partner's own people see its record without what is the
//! vendor's: the words behind a status, tags, and ids of other systems.

pub mod account_managers;
pub mod applications;
pub mod authorisations;
mod consequences;
pub mod domains;
mod expanded;
mod handlers;
pub mod handovers;
pub mod invitations;
mod letters;
mod likeness_queries;
mod model;
pub mod people;
mod queries;
mod removal_queries;
pub mod resellers;
pub mod reviews;
mod rows;
mod rules;
pub mod segments;
pub mod standing;
mod upserts;

use std::collections::BTreeMap;

use crate::{
    auth::Rows,
    custom_fields::{self, CustomRecord},
    db::Tx,
    error::{Error, Result, codes},
    kernel::{
        Time,
        ids::{PartnerId, UserId},
    },
    numbers,
    policies::{self, PartnerPolicy},
    programs,
};

pub use account_managers::AccountManagerRole;
pub use authorisations::authorised;
pub use expanded::{PartnerExpanded, PartnerPath};
use handlers::shown_one;
pub use likeness_queries::{Alike, alike};
pub use model::{
    ImportedPartner, NewPartner, Partner, PartnerFilter, PartnerPatch, PartnerSort, PartnerStatus, PartnerType,
    Registration, SuspensionProtection, TaxId,
};
pub use queries::{KnownBy, NamedPartner, find, known_by, lock, page, page_by_name, status};
use queries::{by_registration, duplicate, find_by_secret, insert, save};
pub use removal_queries::remove_imported;
pub use rules::{MACHINE, closed_to};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/v1/partners")
            .service(handlers::list_partners)
            .service(handlers::create_partner)
            .service(handlers::batch_partners)
            .service(handlers::get_partner)
            .service(handlers::update_partner)
            .configure(standing::routes)
            .configure(invitations::routes)
            .configure(applications::routes)
            .configure(reviews::routes)
            .configure(domains::routes)
            .configure(account_managers::routes)
            .configure(segments::routes)
            .configure(authorisations::routes)
            .configure(resellers::routes)
            .configure(programs::partner_routes),
    );
    // Beside `/v1/partners`, whose addresses go two steps below a partner's id: below it, this would be one of them, too.
    config.service(
        scope("/v1/partners-by-external-id")
            .service(handlers::upsert_partner)
            .service(handlers::get_partner_by_external_id),
    );
    applications::public_routes(config);
    people::routes(config);
    handovers::routes(config);
}

/// The partners with those ids that the caller may see, as the caller sees them.
///
/// # Errors
/// What the database reports.
pub fn by_ids(tx: &mut Tx<'_>, ids: &[PartnerId]) -> Result<BTreeMap<PartnerId, Partner>> {
    let partners = queries::find_all(tx, ids)?;
    Ok(handlers::shown(tx, partners)?
        .into_iter()
        .map(|partner| (partner.id, partner))
        .collect())
}

/// How partners are taken in, looked after and let go, by the settings that hold now.
///
/// # Errors
/// What the database reports.
fn policy(tx: &mut Tx<'_>) -> Result<PartnerPolicy> {
    let now = tx.now;
    Ok(policies::in_force(tx, now)?.partners)
}

/// The state machines, as the contract publishes them.
pub fn machines() -> Vec<serde_json::Value> {
    vec![MACHINE.published(), handovers::MACHINE.published()]
}

/// Whether there is such a partner, and the caller may see it.
///
/// # Errors
/// What the database reports.
pub fn exists(tx: &mut Tx<'_>, partner: PartnerId) -> Result<bool> {
    match status(tx, partner) {
        Ok(_) => Ok(true),
        Err(error) if error.is(&codes::NOT_FOUND) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the partner may register new business now.
///
/// # Errors
/// 404 if there is no such partner, or the caller may not see it.
pub fn is_active(tx: &mut Tx<'_>, partner: PartnerId) -> Result<bool> {
    Ok(status(tx, partner)? == PartnerStatus::Active)
}

/// The primary account manager of the partner at that moment.
///
/// # Errors
/// What the database reports.
pub fn current_account_manager(tx: &mut Tx<'_>, partner: PartnerId, at: Time) -> Result<Option<UserId>> {
    account_managers::current(tx, partner, AccountManagerRole::Primary, at)
}

/// Stores a partner that did not pass through review here: of the vendor's history, or of demo data. Its account manager's
/// time begins with it, in the same transaction, as the database wants it of an active partner.
///
/// # Errors
/// 409 `duplicate_partner`, `unknown_reference`, or `conflict` for an active partner without an account manager; 422 for
/// custom fields that do not fit.
pub fn insert_imported(tx: &mut Tx<'_>, imported: &ImportedPartner) -> Result<Partner> {
    if imported.status == PartnerStatus::Invited || imported.status == PartnerStatus::Merged {
        return Err(Error::field(
            "#/status",
            "invalid_value",
            "An imported partner is not invited or merged; choose another status.",
        ));
    }
    if let Some(user) = imported.account_manager {
        let entry = account_managers::Entry {
            partner: imported.id,
            role: AccountManagerRole::Primary,
            user: Some(user),
            valid_from: imported.since,
            reason_code: account_managers::AssignmentReason::Imported,
            reason_text: None,
            handover: None,
        };
        account_managers::begin(tx, entry)?;
    }
    let custom = custom_fields::for_new(tx, CustomRecord::Partner, &imported.profile.custom)?;
    let number = numbers::next(tx, NUMBERS)?;
    let now = tx.now;
    let partner = Partner::begun(imported.id, &imported.profile, number, custom, imported.status, now);
    let partner = Partner {
        status_since: imported.since,
        account_manager_id: imported.account_manager,
        legacy: imported.legacy,
        ..partner
    };
    insert(tx, partner, "partner.imported")
}

/// Changes the profile of a partner as another system has it now; its status and its account manager change by their own
/// acts. Tells whether anything differed.
///
/// # Errors
/// 404 if there is no such partner; otherwise as for a change by a request.
pub fn update_imported(tx: &mut Tx<'_>, id: PartnerId, patch: &PartnerPatch) -> Result<(Partner, bool)> {
    let before = find(tx, id)?;
    upserts::differing(tx, before, patch)
}

/// Stores a prospect, and tells of it. Whoever sees only some partners becomes its account manager, and so sees it.
///
/// # Errors
/// 409 `duplicate_partner`, `already_exists`, `unknown_reference`; as custom fields that do not fit.
fn create(tx: &mut Tx<'_>, new: &NewPartner) -> Result<Partner> {
    let custom = custom_fields::for_new(tx, CustomRecord::Partner, &new.custom)?;
    let number = numbers::next(tx, NUMBERS)?;
    let mut partner = Partner::prospect(new, number, custom, tx.now);
    if let (Some(user), Rows::Partners(_)) = (tx.caller().user(), tx.caller().rows()) {
        let entry = account_managers::Entry {
            partner: partner.id,
            role: AccountManagerRole::Primary,
            user: Some(user),
            valid_from: tx.now,
            reason_code: account_managers::AssignmentReason::Onboarding,
            reason_text: None,
            handover: None,
        };
        account_managers::begin(tx, entry)?;
        partner.account_manager_id = Some(user);
    }
    insert(tx, partner, "partner.created")
}

/// Changes the profile of a partner as the patch says.
///
/// # Errors
/// 403 `field_forbidden`, 422 `field_locked`, and as [`create`].
fn change(tx: &mut Tx<'_>, before: &Partner, patch: &PartnerPatch) -> Result<Partner> {
    let changes = patch.custom.clone().unwrap_or_default();
    let custom = custom_fields::for_changed(tx, CustomRecord::Partner, before.custom.clone(), &changes)?;
    let is_vendor = tx.caller().is_vendor();
    let after = before.clone().patched(patch, custom, is_vendor, tx.now)?;
    save(tx, before, after, "partner.updated")
}

/// The series of partners' numbers: `PA-2026-000123`.
const NUMBERS: &str = "PA";
