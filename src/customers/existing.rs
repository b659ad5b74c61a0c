//! Which of the records that a body names do not exist, once the database has refused it.
//! The check itself is the database's foreign keys; this only finds the words.

use diesel::prelude::*;

use crate::{
    db::Tx,
    error::{Error, Result, codes},
    kernel::ids::{AccountId, PartnerId, ProductId, TerritoryId, UserId},
    schema::{customer_accounts, partners, products, territories, users},
};

/// A record that a body names.
#[derive(Debug, Clone, Copy)]
pub enum Named {
    /// A customer account.
    Account(AccountId),
    /// A product.
    Product(ProductId),
    /// A territory.
    Territory(TerritoryId),
    /// A user.
    User(UserId),
    /// A partner.
    Partner(PartnerId),
}

impl Named {
    fn exists(self, tx: &mut Tx<'_>) -> Result<bool> {
        let count: i64 = match self {
            Self::Account(id) => customer_accounts::table.find(id).count().get_result(tx.conn())?,
            Self::Product(id) => products::table.find(id.to_string()).count().get_result(tx.conn())?,
            Self::Territory(id) => territories::table.find(id).count().get_result(tx.conn())?,
            Self::User(id) => users::table.find(id.to_string()).count().get_result(tx.conn())?,
            Self::Partner(id) => partners::table.find(id.to_string()).count().get_result(tx.conn())?,
        };
        Ok(count > 0)
    }

    const fn what(self) -> &'static str {
        match self {
            Self::Account(_) => "customer account",
            Self::Product(_) => "product",
            Self::Territory(_) => "territory",
            Self::User(_) => "user",
            Self::Partner(_) => "partner",
        }
    }
}

/// A refusal for a missing reference, with every field that names a record that does not exist. Other errors stay.
pub fn explain(tx: &mut Tx<'_>, error: Error, fields: &[(&'static str, Option<Named>)]) -> Error {
    if !error.is(&codes::UNKNOWN_REFERENCE) {
        return error;
    }
    let mut refusal = Error::new(&codes::UNKNOWN_REFERENCE).cause(&error);
    for (pointer, named) in fields {
        let Some(named) = *named else { continue };
        match named.exists(tx) {
            Ok(true) => {}
            Ok(false) => {
                refusal = refusal.fault(
                    *pointer,
                    "unknown_reference",
                    format!("There is no such {}.", named.what()),
                );
            }
            Err(failure) => return failure,
        }
    }
    refusal
}
