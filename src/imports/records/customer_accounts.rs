//! Customer accounts, with the accounts that they belong to.

use super::{Applied, Incoming, vendor_holdings::verdict};
use crate::{customers, db::Tx, error::Result, http::IfMatch};

pub fn apply(tx: &mut Tx<'_>, incoming: &Incoming<'_>) -> Result<Applied> {
    let done = customers::upsert_by_external(tx, &incoming.reference, &incoming.parsed()?, IfMatch(None))?;
    Ok(verdict(tx, done.created, done.record.updated_at, &done.record.id))
}
