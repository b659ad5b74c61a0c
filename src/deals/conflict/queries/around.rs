//! What checks have read of customer accounts, so that the checks of many registrations read it together.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{dsl::exists, prelude::*};

use super::claims::{self, Waiting};
use crate::{
    customers::resolution::{AccountRelation, EntityClass},
    db::{Tx, among},
    deals::{
        conflict::rules::{Candidate, Customer},
        registrations::Registration,
    },
    error::Result,
    kernel::ids::AccountId,
    schema::{customer_accounts as accounts, direct_opportunities, installed_base, named_accounts, protections},
};

/// Most relatives that are looked at: a group of thousands of companies is not one customer.
const MOST_RELATIVES: usize = 200;
/// Longest chain of merges that is followed.
const MOST_MERGES: usize = 8;

/// The accounts that checks in one transaction have looked at: into which they were merged, where they are in their hierarchy, and
/// what is held on them. What is not known yet is read when it is asked for. What the transaction writes itself is kept up
/// ([`Around::sent_in`]) or forgotten ([`Around::forget_claims`]).
#[derive(Debug, Default)]
pub struct Around {
    /// None: there is no such account.
    accounts: BTreeMap<AccountId, Option<Account>>,
    /// The live accounts below each, by their names: so many that there are no more, or [`MOST_RELATIVES`].
    children: BTreeMap<AccountId, Vec<AccountId>>,
    /// The lines of registrations that wait on each, in the order of their queue.
    waiting: BTreeMap<AccountId, Vec<Waiting>>,
}

#[derive(Debug)]
struct Account {
    merged_into: Option<AccountId>,
    parent: Option<AccountId>,
    held: Vec<Held>,
}

/// What is, or was, held on an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// A protection.
    Protection,
    /// A named account.
    NamedAccount,
    /// A direct opportunity.
    Opportunity,
    /// An installed product.
    Product,
}

impl Around {
    /// Reads what checks of those customers will look at: a few queries for all of them.
    ///
    /// # Errors
    /// What the database reports.
    pub fn read<'c>(&mut self, tx: &mut Tx<'_>, customers: impl Iterator<Item = &'c Customer>) -> Result<()> {
        let (mut all, mut likely, mut counting) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for customer in customers {
            all.extend(customer.candidates.iter().map(|candidate| candidate.account_id));
            likely.extend(likely_accounts(customer));
            counting.extend(counting_accounts(customer));
        }
        self.look_at(tx, &all)?;
        let heads = self.heads(tx, &likely)?;
        counting.extend(self.below(tx, &heads)?.into_iter().map(|(child, _)| child));
        counting.extend(heads);
        self.look_at(tx, &counting)?;
        self.waiting_on(tx, &counting)?;
        Ok(())
    }

    fn look_at(&mut self, tx: &mut Tx<'_>, ids: &BTreeSet<AccountId>) -> Result<()> {
        type Flags = (bool, bool, bool, bool);
        type Row = (AccountId, Option<AccountId>, Option<AccountId>, Flags);
        let unknown = unknown(&self.accounts, ids);
        if unknown.is_empty() {
            return Ok(());
        }
        let rows: Vec<Row> = accounts::table
            .filter(accounts::id.eq_any(among(&unknown)))
            .select((
                accounts::id,
                accounts::merged_into_id,
                accounts::parent_id,
                (
                    exists(protections::table.filter(protections::account_id.eq(accounts::id))),
                    exists(named_accounts::table.filter(named_accounts::account_id.eq(accounts::id))),
                    exists(direct_opportunities::table.filter(direct_opportunities::account_id.eq(accounts::id))),
                    exists(installed_base::table.filter(installed_base::account_id.eq(accounts::id))),
                ),
            ))
            .load(tx.conn())?;
        self.accounts.extend(unknown.into_iter().map(|id| (id, None)));
        for (id, merged_into, parent, (protection, named, opportunity, product)) in rows {
            let held = [
                (protection, Held::Protection),
                (named, Held::NamedAccount),
                (opportunity, Held::Opportunity),
                (product, Held::Product),
            ];
            let account = Account {
                merged_into,
                parent,
                held: held.into_iter().filter(|(is, _)| *is).map(|(_, held)| held).collect(),
            };
            self.accounts.insert(id, Some(account));
        }
        Ok(())
    }

    /// What there is, or was, on some of the accounts.
    ///
    /// # Errors
    /// What the database reports.
    pub fn held_on(&mut self, tx: &mut Tx<'_>, ids: &BTreeSet<AccountId>) -> Result<BTreeSet<Held>> {
        self.look_at(tx, ids)?;
        let accounts = ids.iter().filter_map(|id| self.account(*id));
        Ok(accounts.flat_map(|account| account.held.iter().copied()).collect())
    }

    fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)?.as_ref()
    }

    /// The accounts that stayed, for those that were merged into others.
    ///
    /// # Errors
    /// What the database reports.
    pub fn survivors(&mut self, tx: &mut Tx<'_>, ids: &BTreeSet<AccountId>) -> Result<BTreeMap<AccountId, AccountId>> {
        let mut heirs: BTreeMap<AccountId, AccountId> = BTreeMap::new();
        let mut open = ids.clone();
        for _ in 0..MOST_MERGES {
            if open.is_empty() {
                break;
            }
            self.look_at(tx, &open)?;
            let merged = |id: &AccountId| Some((*id, self.account(*id)?.merged_into?));
            let merged: Vec<(AccountId, AccountId)> = open.iter().filter_map(merged).collect();
            open = merged.iter().map(|(_, heir)| *heir).collect();
            for (gone, heir) in merged {
                for known in heirs.values_mut().filter(|known| **known == gone) {
                    *known = heir;
                }
                heirs.insert(gone, heir);
            }
        }
        Ok(heirs)
    }

    /// The accounts below which the relatives of those are: they themselves first, because a daughter is nearer than a sister, then
    /// what is above them.
    fn heads(&mut self, tx: &mut Tx<'_>, likely: &BTreeSet<AccountId>) -> Result<Vec<AccountId>> {
        let parents: BTreeSet<AccountId> = self.parents(tx, likely)?.into_values().collect();
        Ok(likely
            .iter()
            .copied()
            .chain(parents.difference(likely).copied())
            .collect())
    }

    fn parents(&mut self, tx: &mut Tx<'_>, ids: &BTreeSet<AccountId>) -> Result<BTreeMap<AccountId, AccountId>> {
        self.look_at(tx, ids)?;
        let parent = |id: &AccountId| Some((*id, self.account(*id)?.parent?));
        Ok(ids.iter().filter_map(parent).collect())
    }

    /// The live accounts below those, each with the one that it is below: those of the first first, [`MOST_RELATIVES`] at most.
    fn below(&mut self, tx: &mut Tx<'_>, heads: &[AccountId]) -> Result<Vec<(AccountId, AccountId)>> {
        let unknown = unknown(&self.children, heads);
        if !unknown.is_empty() {
            let mut found = children(tx, &unknown)?;
            // Where one of them has very many, those of the others may not be among them.
            if found.len() >= MOST_RELATIVES && unknown.len() > 1 {
                found.clear();
                for head in &unknown {
                    found.extend(children(tx, &BTreeSet::from([*head]))?);
                }
            }
            self.children.extend(unknown.into_iter().map(|head| (head, Vec::new())));
            for (child, parent) in found {
                self.children.entry(parent).or_default().push(child);
            }
        }
        let below = heads.iter().filter_map(|head| Some((*head, self.children.get(head)?)));
        let pairs = below.flat_map(|(head, children)| children.iter().map(move |child| (*child, head)));
        Ok(pairs.take(MOST_RELATIVES).collect())
    }

    /// The relatives of the accounts that are at least probably the customer: each with the one whose relative it is, and how.
    ///
    /// # Errors
    /// What the database reports.
    pub fn relatives(
        &mut self,
        tx: &mut Tx<'_>,
        customer: &Customer,
    ) -> Result<Vec<(AccountId, AccountId, AccountRelation)>> {
        let likely: BTreeSet<AccountId> = likely_accounts(customer).collect();
        let parents = self.parents(tx, &likely)?;
        let heads = self.heads(tx, &likely)?;
        let mut found: Vec<_> = parents
            .iter()
            .map(|(child, parent)| (*parent, *child, AccountRelation::Parent))
            .collect();
        for (child, parent) in self.below(tx, &heads)? {
            if likely.contains(&parent) {
                found.push((child, parent, AccountRelation::Subsidiary));
            } else if let Some((of, _)) = parents.iter().find(|(_, head)| **head == parent) {
                found.push((child, *of, AccountRelation::Sibling));
            }
        }
        Ok(found)
    }

    /// The lines of registrations that wait on those accounts, those that were received first before others.
    ///
    /// # Errors
    /// What the database reports.
    pub fn waiting_on(&mut self, tx: &mut Tx<'_>, ids: &BTreeSet<AccountId>) -> Result<Vec<Waiting>> {
        let unknown = unknown(&self.waiting, ids);
        if !unknown.is_empty() {
            let rows = claims::waiting(tx, &unknown)?;
            self.waiting.extend(unknown.into_iter().map(|id| (id, Vec::new())));
            for row in rows {
                if let Some(account) = claims::account_of(&row) {
                    self.waiting.entry(account).or_default().push(row);
                }
            }
        }
        let rows = ids.iter().filter_map(|id| self.waiting.get(id)).flatten();
        let mut rows: Vec<Waiting> = rows.cloned().collect();
        rows.sort_by_key(claims::order);
        Ok(rows)
    }

    /// Notes that the registration was sent in and waits for the vendor.
    pub fn sent_in(&mut self, registration: &Registration) {
        let account = registration.deal.customer_account_id;
        if let Some((account, rows)) = account.and_then(|account| Some((account, self.waiting.get_mut(&account)?))) {
            claims::stand_in(rows, registration, &BTreeSet::from([account]));
        }
    }

    /// Forgets what is held on the accounts: something was written that changes it.
    pub fn forget_claims(&mut self) {
        self.accounts.clear();
        self.waiting.clear();
    }
}

/// The accounts whose claims count: those that may be the customer, and relatives.
pub fn counting_accounts(customer: &Customer) -> impl Iterator<Item = AccountId> {
    let counts = |candidate: &&Candidate| candidate.class < EntityClass::Distinct || candidate.relative_of.is_some();
    let accounts = customer.candidates.iter().filter(counts);
    accounts.map(|candidate| candidate.account_id)
}

/// The accounts that are at least probably the customer.
fn likely_accounts(customer: &Customer) -> impl Iterator<Item = AccountId> {
    let is_likely = |candidate: &&Candidate| {
        candidate.relation == AccountRelation::Itself && candidate.class <= EntityClass::Probable
    };
    let accounts = customer.candidates.iter().filter(is_likely);
    accounts.map(|candidate| candidate.account_id)
}

fn unknown<'i, V>(known: &BTreeMap<AccountId, V>, ids: impl IntoIterator<Item = &'i AccountId>) -> BTreeSet<AccountId> {
    ids.into_iter().filter(|id| !known.contains_key(id)).copied().collect()
}

/// The live accounts below those, by their names: [`MOST_RELATIVES`] at most.
fn children(tx: &mut Tx<'_>, heads: &BTreeSet<AccountId>) -> Result<Vec<(AccountId, AccountId)>> {
    let heads: Vec<Option<AccountId>> = heads.iter().copied().map(Some).collect();
    let rows: Vec<(AccountId, Option<AccountId>)> = accounts::table
        .filter(accounts::parent_id.eq_any(among(&heads)))
        .filter(accounts::merged_into_id.is_null())
        .order((accounts::parent_id, accounts::name_key, accounts::id))
        .limit(i64::try_from(MOST_RELATIVES).unwrap_or(i64::MAX))
        .select((accounts::id, accounts::parent_id))
        .load(tx.conn())?;
    Ok(rows
        .into_iter()
        .filter_map(|(child, parent)| Some((child, parent?)))
        .collect())
}
