//! Batches of records that need nothing but to be put one after the other. Which of them are there is asked for all at once.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::{Batch, BatchData, BatchItem, Batched, Done, Operations, Settled, Step, Target, Work, readable, run};
use crate::{
    auth::Caller,
    db::{Db, Tx},
    error::{Error, Fault, Result},
    http::{IfMatch, Reply},
    references::{self, ExternalRef},
    sync::Carried,
};

/// What is done with one record that another system knows by an id.
pub struct Upsert<'u, T> {
    /// The record that has the id; none, as far as is known.
    pub holder: Option<String>,
    /// The id.
    pub reference: &'u ExternalRef,
    /// The fields.
    pub data: &'u T,
    /// At which revision.
    pub seen: IfMatch,
}

impl<'u, T> Upsert<'u, T> {
    /// What is done with a record that comes by itself: who has the id is looked for.
    ///
    /// # Errors
    /// What the database reports.
    pub fn of_one(tx: &mut Tx<'_>, kind: &str, reference: &'u ExternalRef, data: &'u T, seen: IfMatch) -> Result<Self> {
        Ok(Self {
            holder: references::holder(tx, kind, reference)?,
            reference,
            data,
            seen,
        })
    }
}

/// What a batch does with records of one type.
pub struct Records<T> {
    /// The type, as external references name it.
    pub kind: &'static str,
    /// The operations for one record.
    pub operations: Operations,
    /// Makes or changes a record by its id in another system, with the revision that it has there.
    pub upsert: fn(&mut Tx<'_>, Upsert<'_, T>, &Carried) -> Result<Settled>,
    /// Changes a record by its own id.
    pub update: fn(&mut Tx<'_>, &str, &T, IfMatch) -> Result<Done>,
}

/// The records of one batch.
struct Listed<T> {
    records: Records<T>,
    items: Vec<std::result::Result<BatchItem<T>, Vec<Fault>>>,
}

impl<T: BatchData> Records<T> {
    /// Works the batch off.
    ///
    /// # Errors
    /// As [`run`].
    pub async fn run(self, db: &Db, caller: &Caller, mut batch: Batch<T>) -> Reply<Batched> {
        let work = Listed {
            records: self,
            items: std::mem::take(&mut batch.items),
        };
        run(db, caller, &batch, Arc::new(work)).await
    }
}

impl<T: BatchData> Listed<T> {
    fn one(&self, tx: &mut Tx<'_>, known: Option<&mut BTreeMap<ExternalRef, String>>, index: usize) -> Result<Settled> {
        let item = self
            .items
            .get(index)
            .ok_or_else(|| Error::internal("the batch has no such item"))?;
        let item = readable(item)?;
        let (reference, seen, carried) = match item.target(tx.caller(), self.records.operations)? {
            Target::Own(id, seen) => return (self.records.update)(tx, id, &item.data, seen).map(Ok),
            Target::External(reference, seen, carried) => (reference, seen, carried),
        };
        let holder = match &known {
            Some(known) => known.get(reference).cloned(),
            None => references::holder(tx, self.records.kind, reference)?,
        };
        let upsert = Upsert {
            holder,
            reference,
            data: &item.data,
            seen,
        };
        let settled = (self.records.upsert)(tx, upsert, &carried)?;
        if let (Some(known), Ok(done)) = (known, &settled) {
            known.insert(reference.clone(), done.id.clone());
        }
        Ok(settled)
    }
}

impl<T: BatchData> Work for Listed<T> {
    fn begin<'w>(&'w self, tx: &mut Tx<'_>, items: Range<usize>, ahead: bool) -> Result<Step<'w>> {
        let mut known = None;
        if ahead {
            let named = items.filter_map(|index| self.items.get(index)?.as_ref().ok()?.external_ref.as_ref());
            let named: Vec<&ExternalRef> = named.collect();
            known = Some(references::holders_of(tx, self.records.kind, &named)?);
        }
        Ok(Box::new(move |tx: &mut Tx<'_>, index: usize| {
            self.one(tx, known.as_mut(), index)
        }))
    }
}
