//! Who looked after a partner from when on. A chain of starts is only ever added to.

use super::{Applied, ImportKind, Incoming};
use crate::{
    db::Tx,
    error::{Error, Result},
    imports::lookup,
    kernel::ids::{PartnerId, UserId},
    partners::{
        AccountManagerRole,
        account_managers::{self, AssignmentReason, Entry},
    },
};

pub fn apply(tx: &mut Tx<'_>, incoming: &Incoming<'_>) -> Result<Applied> {
    if incoming.present.is_some() {
        return Err(Error::field(
            "#/key",
            "history_kept",
            "it was imported with other values before, and what has been is not rewritten",
        ));
    }
    let role = incoming.row.word("role")?.unwrap_or(AccountManagerRole::Primary);
    let entry = Entry {
        partner: lookup::needed::<PartnerId>(&incoming.ids, "partner")?,
        role,
        user: Some(lookup::needed::<UserId>(&incoming.ids, "user")?),
        valid_from: incoming.row.moment("valid_from").unwrap_or(tx.now),
        reason_code: AssignmentReason::Imported,
        reason_text: incoming.row.text("reason_text").map(str::to_owned),
        handover: None,
    };
    // The start may be there by the import of the partner itself.
    if let Some(known) = account_managers::starting(tx, entry.partner, role, entry.valid_from)? {
        if known.user_id != entry.user {
            return Err(Error::field(
                "#/valid_from",
                "already_exists",
                "another account manager begins at the same moment",
            ));
        }
        incoming.name(tx, ImportKind::AccountManagers, &known.id.to_string())?;
        return Ok(Applied::changed(false, known.id));
    }
    let made = account_managers::begin(tx, entry)?;
    incoming.name(tx, ImportKind::AccountManagers, &made.id.to_string())?;
    Ok(Applied::made(made.id).because("legacy", "history: begins in the past"))
}
