//! A partner goes only with the import that had brought it: the one place that deletes partners.

use diesel::prelude::*;

use super::{
    account_managers::{self, Assignment},
    model::Partner,
};
use crate::{
    custom_fields::{self, CustomRecord},
    db::Tx,
    error::Result,
    events::Fact,
    http::Resource as _,
    references, remove,
    schema::{partner_territories, partner_types, partners},
    tags,
};

/// Removes a partner that came with imported history and that nothing names, with what is its own: types, territories, tags,
/// references, the entry with which its status began, and its account managers, if `may_go` says so of them. They are looked at
/// when the partner is gone, and so nobody can name another one meanwhile.
///
/// # Errors
/// 409 `in_use` if something names it; 412 if it was changed meanwhile; what `may_go` refuses.
pub fn remove_imported(
    tx: &mut Tx<'_>,
    partner: &Partner,
    may_go: impl FnOnce(&mut Tx<'_>, &[Assignment]) -> Result<()>,
) -> Result<()> {
    let (of_type, of_territory) = (
        partner_types::table.filter(partner_types::partner_id.eq(partner.id)),
        partner_territories::table.filter(partner_territories::partner_id.eq(partner.id)),
    );
    diesel::delete(of_type).execute(tx.conn())?;
    diesel::delete(of_territory).execute(tx.conn())?;
    let id = partner.id.to_string();
    custom_fields::forget(tx, CustomRecord::Partner, &id)?;
    tags::set(tx, Partner::TYPE, &id, &[])?;
    references::set(tx, Partner::TYPE, &id, &[])?;
    remove!(tx, partners::table, partners::revision, (partner.id, partner.revision))?;
    let managers = account_managers::all_of(tx, partner.id)?;
    may_go(tx, &managers)?;
    for entry in &managers {
        account_managers::cancel(tx, entry)?;
    }
    tx.record(Fact::deleted("partner.deleted", partner))
}
