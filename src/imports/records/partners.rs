//! Partners that come with the vendor's history, each with the account manager that an active one must have.

use super::{Applied, Incoming};
use crate::{
    db::Tx,
    error::Result,
    imports::lookup,
    kernel::ids::{Id as _, PartnerId},
    partners::{self, ImportedPartner, NewPartner, PartnerPatch, PartnerStatus},
};

pub fn apply(tx: &mut Tx<'_>, incoming: &Incoming<'_>) -> Result<Applied> {
    let status: PartnerStatus = incoming.row.word("status")?.unwrap_or(PartnerStatus::Active);
    let Some(id) = incoming.known::<PartnerId>()? else {
        let mut profile: NewPartner = incoming.parsed()?;
        profile.external_refs.push(incoming.reference.clone());
        let made = partners::insert_imported(
            tx,
            &ImportedPartner {
                id: PartnerId::at(tx.now),
                status,
                since: incoming.row.moment("since").unwrap_or(tx.now),
                account_manager: lookup::id(&incoming.ids, "account_manager")?,
                legacy: true,
                profile,
            },
        )?;
        return Ok(Applied::made(made.id).because("legacy", "history: taken in without application and review"));
    };
    let patch: PartnerPatch = incoming.parsed()?;
    let (partner, changed) = partners::update_imported(tx, id, &patch)?;
    let applied = Applied::changed(changed, partner.id);
    let manager = lookup::id(&incoming.ids, "account_manager")?;
    Ok(if partner.status != status {
        applied.because(
            "status_kept",
            format!(
                "the partner is {} here and stays so: a status changes by its actions",
                partner.status
            ),
        )
    } else if manager.is_some() && manager != partner.account_manager_id {
        applied.because(
            "account_manager_kept",
            "the account manager is another here and stays so: import account_managers for a change",
        )
    } else {
        applied
    })
}
