//! What the vendor itself holds on customers: its own opportunities, named accounts, installed base. Most conflicts of
//! partners are with these.

use super::{Applied, ImportVerdict, Incoming};
use crate::{
    customers::{direct_opportunities, installed_base, named_accounts},
    db::Tx,
    error::Result,
    http::IfMatch,
    kernel::Time,
};

pub fn opportunity(tx: &mut Tx<'_>, incoming: &Incoming<'_>) -> Result<Applied> {
    let done = direct_opportunities::upsert_by_external(tx, &incoming.reference, &incoming.parsed()?, IfMatch(None))?;
    Ok(verdict(tx, done.created, done.record.updated_at, &done.record.id))
}

pub fn named_account(tx: &mut Tx<'_>, incoming: &Incoming<'_>) -> Result<Applied> {
    let done = named_accounts::upsert_by_external(tx, &incoming.reference, &incoming.parsed()?, IfMatch(None))?;
    Ok(verdict(tx, done.created, done.record.updated_at, &done.record.id))
}

pub fn installed(tx: &mut Tx<'_>, incoming: &Incoming<'_>) -> Result<Applied> {
    let source = installed_base::InstalledBaseSource::Import;
    let done = installed_base::upsert_by_external(tx, &incoming.reference, &incoming.parsed()?, source, IfMatch(None))?;
    Ok(verdict(tx, done.created, done.record.updated_at, &done.record.id))
}

/// An upsert writes a record only if it says something new, and then at the time of the transaction.
pub(super) fn verdict(tx: &Tx<'_>, created: bool, updated_at: Time, id: &impl ToString) -> Applied {
    let verdict = match created {
        true => ImportVerdict::Created,
        false if updated_at == tx.now => ImportVerdict::Updated,
        false => ImportVerdict::Unchanged,
    };
    Applied::new(verdict, id.to_string())
}
