//! What becomes of a row, by the kind of its record: the record is made, changed, or found to say the same already.
//!
//! Each goes through the module that the record belongs to, so that its rules, its events and its audit records hold for
//! imports as for requests.

mod account_managers;
mod customer_accounts;
mod deals;
mod partners;
pub mod people;
mod places;
mod products;
mod tier_memberships;
mod users;
mod vendor_holdings;

use serde::de::DeserializeOwned;

use super::{
    ImportVerdict,
    batch::{Applied, Incoming},
    entity::ImportKind,
    lookup::Memory,
    ready::RowFault,
};
use crate::{
    db::Tx,
    error::{Error, Result},
    references::{self, ExternalRef},
};

/// Makes or changes the record of a row.
///
/// # Errors
/// What the record's own rules refuse.
pub fn apply(tx: &mut Tx<'_>, entity: ImportKind, incoming: &Incoming<'_>, memory: &mut Memory) -> Result<Applied> {
    match entity {
        ImportKind::Territories => places::apply(tx, incoming),
        ImportKind::Products => products::apply(tx, incoming),
        ImportKind::Users => users::apply(tx, incoming),
        ImportKind::Partners => partners::apply(tx, incoming),
        ImportKind::AccountManagers => account_managers::apply(tx, incoming),
        ImportKind::People => people::apply(tx, incoming),
        ImportKind::TierMemberships => tier_memberships::apply(tx, incoming),
        ImportKind::CustomerAccounts => customer_accounts::apply(tx, incoming),
        ImportKind::DirectOpportunities => vendor_holdings::opportunity(tx, incoming),
        ImportKind::NamedAccounts => vendor_holdings::named_account(tx, incoming),
        ImportKind::InstalledBase => vendor_holdings::installed(tx, incoming),
        ImportKind::Deals => deals::apply(tx, incoming, memory),
    }
}

impl Incoming<'_> {
    /// The body as the type that the API reads it into.
    fn parsed<T: DeserializeOwned>(&self) -> Result<T> {
        // The contract was checked before; what is left are rules that no schema says.
        serde_json::from_value(self.body.clone()).map_err(|error| Error::field("#", "invalid_value", error.to_string()))
    }

    /// The id of the record that is known by the row's key.
    fn known<I: std::str::FromStr>(&self) -> Result<Option<I>> {
        let Some(text) = &self.present else { return Ok(None) };
        text.parse()
            .map(Some)
            .map_err(|_malformed| Error::internal(format!("an external reference names `{text}`")))
    }

    /// From now on the record is known by the row's key, besides by what it is known by already.
    fn name(&self, tx: &mut Tx<'_>, entity: ImportKind, id: &str) -> Result<()> {
        self.name_as(tx, entity, id, std::slice::from_ref(&self.reference))
    }

    /// As [`Incoming::name`], by several keys: where several rows speak of one record.
    fn name_as(&self, tx: &mut Tx<'_>, entity: ImportKind, id: &str, keys: &[ExternalRef]) -> Result<()> {
        let mut names = references::by_records(tx, entity.resource_type(), &[id.to_owned()])?
            .remove(id)
            .unwrap_or_default();
        let known = names.len();
        for key in keys {
            if !names.contains(key) {
                names.push(key.clone());
            }
        }
        if names.len() > known {
            references::set(tx, entity.resource_type(), id, &names)?;
        }
        Ok(())
    }
}

impl Applied {
    fn new(verdict: ImportVerdict, id: impl ToString) -> Self {
        Self {
            verdict,
            id: id.to_string(),
            note: None,
        }
    }

    fn made(id: impl ToString) -> Self {
        Self::new(ImportVerdict::Created, id)
    }

    /// `updated` or `unchanged`.
    fn changed(changed: bool, id: impl ToString) -> Self {
        Self::new(
            if changed {
                ImportVerdict::Updated
            } else {
                ImportVerdict::Unchanged
            },
            id,
        )
    }

    fn because(self, code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            note: Some((code, reason.into())),
            ..self
        }
    }
}

impl From<RowFault> for Error {
    fn from(fault: RowFault) -> Self {
        Self::field(format!("#/{}", fault.field), fault.code, fault.detail)
    }
}
