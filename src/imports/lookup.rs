//! Finding the record that a cell speaks of: by its key in the system that the file comes from, then by what people call
//! it. What was found is remembered for one transaction, no longer: then it is seen by nobody else and cannot be stale.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use super::{
    entity::{ImportKind, Target},
    formats::shown,
    ready::{Ready, RowFault, Typed},
};
use crate::{
    catalog::{products, territories},
    custom_fields::{self, CustomField, CustomRecord},
    customers::CustomerAccount,
    db::Tx,
    error::{Error, Result, codes},
    kernel::ids::{AccountId, PartnerId, ProductId, TerritoryId, UserId},
    policies::{self, ProgramSettings},
    programs,
    references::{self, ExternalRef},
};

/// Finds records within one transaction.
#[derive(Debug)]
pub struct Lookup<'s> {
    system: &'s str,
    found: BTreeMap<(Target, String), Option<String>>,
}

/// What was read of records within one transaction, for rows that speak of the same ones.
#[derive(Debug, Default)]
pub struct Memory {
    accounts: BTreeMap<AccountId, CustomerAccount>,
    products: BTreeMap<ProductId, String>,
    territories: BTreeMap<TerritoryId, String>,
    only: BTreeMap<PartnerId, Option<TerritoryId>>,
    settings: Option<Arc<ProgramSettings>>,
    custom: BTreeMap<CustomRecord, Arc<Vec<CustomField>>>,
    /// Numbers for the deals of the batch, taken all at once.
    pub numbers: VecDeque<String>,
}

impl Memory {
    /// A memory of nothing yet, with those numbers to give out.
    pub fn with(numbers: VecDeque<String>) -> Self {
        Self {
            numbers,
            ..Self::default()
        }
    }

    /// The account.
    ///
    /// # Errors
    /// 404 if there is none.
    pub fn account(&mut self, tx: &mut Tx<'_>, id: AccountId) -> Result<CustomerAccount> {
        if let Some(known) = self.accounts.get(&id) {
            return Ok(known.clone());
        }
        let account = crate::customers::find(tx, id)?;
        self.accounts.insert(id, account.clone());
        Ok(account)
    }

    /// The code of the product.
    ///
    /// # Errors
    /// 404 if there is none.
    pub fn product_code(&mut self, tx: &mut Tx<'_>, id: ProductId) -> Result<String> {
        if let Some(known) = self.products.get(&id) {
            return Ok(known.clone());
        }
        let code = products::find(tx, id)?.code;
        self.products.insert(id, code.clone());
        Ok(code)
    }

    /// The code of the territory.
    ///
    /// # Errors
    /// 404 if there is none.
    pub fn territory_code(&mut self, tx: &mut Tx<'_>, id: TerritoryId) -> Result<String> {
        if let Some(known) = self.territories.get(&id) {
            return Ok(known.clone());
        }
        let code = territories::find(tx, id)?.code;
        self.territories.insert(id, code.clone());
        Ok(code)
    }

    /// The settings in force.
    ///
    /// # Errors
    /// What the database reports.
    pub fn settings(&mut self, tx: &mut Tx<'_>) -> Result<Arc<ProgramSettings>> {
        if let Some(known) = &self.settings {
            return Ok(known.clone());
        }
        let settings = Arc::new(policies::in_force(tx, tx.now)?);
        self.settings = Some(settings.clone());
        Ok(settings)
    }

    /// The definitions of the custom fields of such records.
    ///
    /// # Errors
    /// What the database reports.
    pub fn custom(&mut self, tx: &mut Tx<'_>, record: CustomRecord) -> Result<Arc<Vec<CustomField>>> {
        if let Some(known) = self.custom.get(&record) {
            return Ok(known.clone());
        }
        let known = Arc::new(custom_fields::definitions(tx, record)?);
        self.custom.insert(record, known.clone());
        Ok(known)
    }

    /// Forgets everything that a row may have made; what is set up beside an import stays known, and the numbers were
    /// taken for good.
    pub fn forget(&mut self) {
        *self = Self {
            numbers: std::mem::take(&mut self.numbers),
            settings: self.settings.take(),
            custom: std::mem::take(&mut self.custom),
            ..Self::default()
        };
    }

    /// The territory of a partner that works in one alone.
    ///
    /// # Errors
    /// 404 if there is no such partner.
    pub fn only_territory(&mut self, tx: &mut Tx<'_>, partner: PartnerId) -> Result<Option<TerritoryId>> {
        if let Some(known) = self.only.get(&partner) {
            return Ok(*known);
        }
        let only = match crate::partners::find(tx, partner)?.territory_ids.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        self.only.insert(partner, only);
        Ok(only)
    }
}

/// Ids by field.
pub type Ids = BTreeMap<String, Vec<String>>;

/// What the cells of a row speak of.
#[derive(Debug)]
pub enum Named {
    /// These records.
    All(Ids),
    /// Some that are not there. `later` says that a row further down may bring them.
    Lacking {
        /// What is not there.
        faults: Vec<RowFault>,
        /// Whether all that is lacking is of the kind that the step itself makes.
        later: bool,
    },
}

impl<'s> Lookup<'s> {
    /// Nothing is known yet.
    pub fn new(system: &'s str) -> Self {
        Self {
            system,
            found: BTreeMap::new(),
        }
    }

    /// The system that the files come from.
    pub fn system(&self) -> &'s str {
        self.system
    }

    /// Forgets what was found: after a roll-back some of it may not be there.
    pub fn forget(&mut self) {
        self.found.clear();
    }

    /// What the row's cells speak of.
    ///
    /// # Errors
    /// What the database reports.
    pub fn all(&mut self, tx: &mut Tx<'_>, entity: ImportKind, row: &Ready) -> Result<Named> {
        let mut ids = Ids::new();
        let (mut faults, mut later) = (Vec::new(), true);
        for (field, value) in &row.values {
            let (target, texts) = match value {
                Typed::Ref(target, text) => (*target, std::slice::from_ref(text)),
                Typed::Refs(target, texts) => (*target, texts.as_slice()),
                _ => continue,
            };
            for text in texts {
                if let Some(id) = self.one(tx, target, text)? {
                    ids.entry(field.clone()).or_default().push(id);
                } else {
                    later &= target.resource_type() == entity.resource_type();
                    let detail = format!("there is no {} `{}`", target.what(), shown(text));
                    faults.push(RowFault {
                        field: field.clone(),
                        code: "unknown_reference".to_owned(),
                        detail,
                    });
                }
            }
        }
        Ok(if faults.is_empty() {
            Named::All(ids)
        } else {
            Named::Lacking { faults, later }
        })
    }

    /// The id of the record that goes by that text, if there is one.
    ///
    /// # Errors
    /// What the database reports.
    pub fn one(&mut self, tx: &mut Tx<'_>, target: Target, text: &str) -> Result<Option<String>> {
        let wanted = (target, text.to_owned());
        if let Some(known) = self.found.get(&wanted) {
            return Ok(known.clone());
        }
        let reference = ExternalRef {
            system: self.system.to_owned(),
            id: text.to_owned(),
        };
        let id = match references::holder(tx, target.resource_type(), &reference)? {
            Some(id) => seen(tx, target, id)?,
            None => by_name(tx, target, text)?,
        };
        // What is lacking is asked for again: a later row of the same transaction may bring it.
        if id.is_some() {
            self.found.insert(wanted, id.clone());
        }
        Ok(id)
    }
}

/// The record, unless it is a partner whose rows the caller does not see: references are everybody's.
fn seen(tx: &mut Tx<'_>, target: Target, id: String) -> Result<Option<String>> {
    if target != Target::Partner {
        return Ok(Some(id));
    }
    let partner = id
        .parse::<PartnerId>()
        .map_err(|_malformed| Error::internal(format!("an external reference names `{id}`")))?;
    Ok(present(crate::partners::status(tx, partner))?.map(|_| id))
}

/// The record that people call by that text.
fn by_name(tx: &mut Tx<'_>, target: Target, text: &str) -> Result<Option<String>> {
    Ok(match target {
        Target::Territory => present(territories::by_code(tx, text))?.map(|territory| territory.id.to_string()),
        Target::Product => products::resolve(tx, text)?.map(|product| product.id.to_string()),
        Target::User => match text.parse::<UserId>() {
            Ok(id) => present(crate::identity::users::find(tx, id))?.map(|user| user.id.to_string()),
            Err(_other) => crate::identity::users::by_email(tx, text)?.map(|user| user.id.to_string()),
        },
        Target::Partner => match text.parse::<PartnerId>() {
            Ok(id) => present(crate::partners::status(tx, id))?.map(|_| id.to_string()),
            Err(_other) => None,
        },
        Target::Account => match text.parse::<AccountId>() {
            Ok(id) => present(crate::customers::surviving(tx, id))?.map(|id| id.to_string()),
            Err(_other) => None,
        },
        Target::Program => present(programs::by_code(tx, text))?.map(|program| program.id.to_string()),
    })
}

fn present<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is(&codes::NOT_FOUND) || error.is(&codes::UNKNOWN_REFERENCE) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The id in a field that must have been found.
///
/// # Errors
/// `internal` if the field holds no id of that kind.
pub fn id<I: std::str::FromStr>(ids: &Ids, field: &str) -> Result<Option<I>> {
    let Some(text) = ids.get(field).and_then(|ids| ids.first()) else {
        return Ok(None);
    };
    text.parse()
        .map(Some)
        .map_err(|_malformed| Error::internal(format!("`{text}` in {field} is no id of its kind")))
}

/// The id in a field that every row has.
///
/// # Errors
/// `internal` if there is none.
pub fn needed<I: std::str::FromStr>(ids: &Ids, field: &str) -> Result<I> {
    id(ids, field)?.ok_or_else(|| Error::internal(format!("the field {field} was not resolved")))
}
