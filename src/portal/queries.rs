//! The only file that knows the table of the portal's branding. It belongs to no partner.

use diesel::prelude::*;

use super::model::PortalBranding;
use crate::{
    db::Tx,
    error::Result,
    events::Fact,
    revise,
    schema::portal_branding::{self as branding, table},
};

/// How the portal presents itself.
///
/// # Errors
/// What the database reports.
pub fn find(tx: &mut Tx<'_>) -> Result<PortalBranding> {
    Ok(table.select(PortalBranding::as_select()).first(tx.conn())?)
}

/// Stores a changed branding over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &PortalBranding, after: PortalBranding) -> Result<PortalBranding> {
    revise!(
        tx,
        table,
        branding::revision,
        (before.id.clone(), before.revision),
        &after
    )?;
    tx.record(Fact::changed("portal_branding.updated", before, &after))?;
    Ok(after)
}
