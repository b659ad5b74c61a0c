//! The only file that knows the tables of customer accounts and their aliases. Accounts belong to no partner: they are the
//! vendor's, whose operations alone reach them.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    TYPE,
    identity::{alias_key, domain_of, registration_key},
    keys,
    model::{AccountAlias, AccountStatus, AliasKind, CustomerAccount, CustomerAccountFilter, CustomerAccountSort},
    rules::merged,
};
use crate::{
    custom_fields::{self, CustomFields, CustomRecord},
    customers::existing::{self, Named},
    db::{Clause, Lock, Tx, among},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Address, Currency, Money, Stored, Time,
        country::Country,
        ids::{AccountAliasId, AccountId, TerritoryId, UserId},
        page::{Key, Page, Paging},
        words::fold,
    },
    load_page, references, remove, revise,
    schema::{
        account_aliases::{self as aliases, table as alias_table},
        customer_accounts::{self as accounts, table},
    },
    tags,
};

/// How far up a hierarchy is followed: deeper ones are mistakes.
const DEEPEST: usize = 50;

/// The account's own columns. `claim_seq` is not among them: it moves under the account's lock, apart from revisions.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = accounts, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(in crate::customers) struct AccountRow {
    pub id: AccountId,
    pub number: String,
    pub name: String,
    pub name_key: String,
    pub website: Option<String>,
    pub domain: Option<String>,
    pub registration_number: Option<String>,
    pub registration_authority: Option<String>,
    pub registration_key: Option<String>,
    pub phone: Option<String>,
    pub street: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<Country>,
    pub parent_id: Option<AccountId>,
    pub industry: Option<String>,
    pub employees: Option<i64>,
    pub annual_revenue_minor: Option<i64>,
    pub annual_revenue_currency: Option<Currency>,
    pub founded_year: Option<i64>,
    pub territory_id: Option<TerritoryId>,
    pub owner_id: Option<UserId>,
    pub status: AccountStatus,
    pub merged_into_id: Option<AccountId>,
    pub custom: Stored<CustomFields>,
    pub revision: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

impl From<&CustomerAccount> for AccountRow {
    fn from(account: &CustomerAccount) -> Self {
        let address = account.address.clone().unwrap_or_default();
        let authority = account.registration_authority.as_deref();
        Self {
            id: account.id,
            number: account.number.clone(),
            name: account.name.clone(),
            name_key: fold(&account.name),
            website: account.website.clone(),
            domain: account.domain.clone(),
            registration_key: account
                .registration_number
                .as_deref()
                .map(|number| registration_key(number, authority, address.country)),
            registration_number: account.registration_number.clone(),
            registration_authority: account.registration_authority.clone(),
            phone: account.phone.clone(),
            street: address.street,
            city: address.city,
            region: address.region,
            postal_code: address.postal_code,
            country: address.country,
            parent_id: account.parent_id,
            industry: account.industry.clone(),
            employees: account.employees,
            annual_revenue_minor: account.annual_revenue.map(|money| money.minor),
            annual_revenue_currency: account.annual_revenue.map(|money| money.currency),
            founded_year: account.founded_year,
            territory_id: account.territory_id,
            owner_id: account.owner_id,
            status: account.status,
            merged_into_id: account.merged_into_id,
            custom: Stored(account.custom.clone()),
            revision: account.revision,
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}

impl AccountRow {
    fn with(
        self,
        aliases: Vec<AccountAlias>,
        tags: Vec<String>,
        external_refs: Vec<references::ExternalRef>,
    ) -> CustomerAccount {
        CustomerAccount {
            id: self.id,
            number: self.number,
            name: self.name,
            website: self.website,
            domain: self.domain,
            registration_number: self.registration_number,
            registration_authority: self.registration_authority,
            phone: self.phone,
            address: Address {
                street: self.street,
                city: self.city,
                region: self.region,
                postal_code: self.postal_code,
                country: self.country,
            }
            .known(),
            parent_id: self.parent_id,
            industry: self.industry,
            employees: self.employees,
            annual_revenue: Money::from_columns(self.annual_revenue_minor, self.annual_revenue_currency),
            founded_year: self.founded_year,
            territory_id: self.territory_id,
            owner_id: self.owner_id,
            aliases,
            tags,
            custom: self.custom.0,
            external_refs,
            status: self.status,
            merged_into_id: self.merged_into_id,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// What an alias holds besides its value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Detail {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authority: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<Address>,
}

/// The aliases of those accounts, in the order in which they were named.
///
/// # Errors
/// What the database reports.
pub(in crate::customers) fn aliases_of(
    tx: &mut Tx<'_>,
    ids: &[AccountId],
) -> Result<BTreeMap<AccountId, Vec<AccountAlias>>> {
    let mut found: BTreeMap<AccountId, Vec<AccountAlias>> = BTreeMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let rows: Vec<(AccountId, AliasKind, String, Option<Stored<Detail>>)> = alias_table
        .filter(aliases::account_id.eq_any(among(ids)))
        .order((aliases::account_id, aliases::id))
        .select((aliases::account_id, aliases::kind, aliases::value, aliases::detail))
        .load(tx.conn())?;
    for (account, kind, value, detail) in rows {
        let detail = detail.map(|detail| detail.0).unwrap_or_default();
        found.entry(account).or_default().push(AccountAlias {
            kind,
            value,
            authority: detail.authority,
            address: detail.address,
        });
    }
    Ok(found)
}

/// The accounts of the rows: three statements for all of them.
fn complete(tx: &mut Tx<'_>, rows: Vec<AccountRow>) -> Result<Vec<CustomerAccount>> {
    let ids: Vec<AccountId> = rows.iter().map(|row| row.id).collect();
    let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let mut aliases = aliases_of(tx, &ids)?;
    let mut tags = tags::by_records(tx, TYPE, &texts)?;
    let mut refs = references::by_records(tx, TYPE, &texts)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let text = row.id.to_string();
            let aliases = aliases.remove(&row.id).unwrap_or_default();
            row.with(
                aliases,
                tags.remove(&text).unwrap_or_default(),
                refs.remove(&text).unwrap_or_default(),
            )
        })
        .collect())
}

/// One page of accounts.
///
/// # Errors
/// What the database reports.
pub fn page(tx: &mut Tx<'_>, filter: &CustomerAccountFilter, paging: &Paging) -> Result<Page<CustomerAccount>> {
    let sort = filter.sort.unwrap_or(CustomerAccountSort::Name);
    let mut clause = Clause::all();
    clause
        .one_of_some("customer_accounts.status", filter.status.as_ref())
        .one_of_some("customer_accounts.country", filter.country.as_ref())
        .equals_some("customer_accounts.parent_id", filter.parent_id.as_ref())
        .equals_some("customer_accounts.territory_id", filter.territory_id.as_ref())
        .equals_some("customer_accounts.owner_id", filter.owner_id.as_ref())
        .at_least("customer_accounts.updated_at", filter.updated_since.as_ref());
    if let Some(domain) = &filter.domain {
        let wanted = domain_of(domain).unwrap_or_else(|| fold(domain));
        clause.equals("customer_accounts.domain", wanted.as_str());
    }
    if let Some(wanted) = &filter.tag {
        tags::tagged(&mut clause, TYPE, "customer_accounts.id", wanted);
    }
    if let Some(q) = &filter.q {
        clause.begins_with("customer_accounts.name_key", &fold(q));
    }
    custom_fields::filter(
        tx,
        &mut clause,
        CustomRecord::CustomerAccount,
        "customer_accounts.id",
        filter.custom.as_ref(),
    )?;
    let rows = load_page!(tx, table => AccountRow, clause, sort.order(), paging)?;
    let page = Page::of(rows, paging, |row| (key(sort, row), row.id.to_string()));
    page.with(|rows| complete(tx, rows))
}

fn key(sort: CustomerAccountSort, row: &AccountRow) -> Key {
    match sort {
        CustomerAccountSort::Name | CustomerAccountSort::NameDescending => row.name_key.as_str().into(),
        CustomerAccountSort::Created | CustomerAccountSort::CreatedDescending => row.created_at.into(),
        CustomerAccountSort::Updated | CustomerAccountSort::UpdatedDescending => row.updated_at.into(),
    }
}

/// The account with that id, merged or not.
///
/// # Errors
/// 404 if there is none.
pub fn find(tx: &mut Tx<'_>, id: AccountId) -> Result<CustomerAccount> {
    let row = table.find(id).select(AccountRow::as_select()).get_result(tx.conn())?;
    complete(tx, vec![row])?.pop().ok_or_else(Error::not_found)
}

/// The account that has that id in another system, merged or not.
///
/// # Errors
/// 404 if there is none.
pub fn find_by_reference(tx: &mut Tx<'_>, reference: &references::ExternalRef) -> Result<CustomerAccount> {
    let id = references::named(tx, TYPE, reference)?;
    find(tx, id)
}

/// The accounts with those ids, by id; unknown ids are left out.
///
/// # Errors
/// What the database reports.
pub fn find_all(tx: &mut Tx<'_>, ids: &[AccountId]) -> Result<BTreeMap<AccountId, CustomerAccount>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = table
        .filter(accounts::id.eq_any(among(ids)))
        .select(AccountRow::as_select())
        .load(tx.conn())?;
    Ok(complete(tx, rows)?
        .into_iter()
        .map(|account| (account.id, account))
        .collect())
}

/// An account whose row is locked until the end of the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub struct Locked {
    /// The account.
    pub id: AccountId,
    /// Whether it is in use.
    pub status: AccountStatus,
    /// The account that stands for it since a merge.
    pub merged_into_id: Option<AccountId>,
    /// The account of the organisation that it belongs to.
    pub parent_id: Option<AccountId>,
    /// How often it was changed.
    pub revision: i64,
    /// The place in the order of submissions that was given last.
    pub claim_seq: i64,
}

/// Locks the account's row until the end of the transaction, in the weakest mode that excludes itself, so that foreign
/// keys can still be checked against it. `SQLite` has one writer, so there it only reads.
///
/// # Errors
/// 404 if there is none.
pub fn lock(tx: &mut Tx<'_>, id: AccountId) -> Result<Locked> {
    Ok(Lock::NoKeyUpdate
        .on(table.find(id).select(Locked::as_select()))
        .get_result(tx.conn())?)
}

/// Locks several accounts, always in the order of their ids, so that two who lock the same ones never wait for each other.
///
/// # Errors
/// 404 if one does not exist.
pub fn lock_all(tx: &mut Tx<'_>, ids: &[AccountId]) -> Result<Vec<Locked>> {
    let ids: BTreeSet<AccountId> = ids.iter().copied().collect();
    let locked = lock_present(tx, &ids)?;
    if locked.len() == ids.len() {
        Ok(locked)
    } else {
        Err(Error::not_found())
    }
}

/// [`lock_all`] of those that exist.
///
/// # Errors
/// What the database reports.
pub fn lock_present(tx: &mut Tx<'_>, ids: &BTreeSet<AccountId>) -> Result<Vec<Locked>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = table.filter(accounts::id.eq_any(among(ids))).order(accounts::id);
    Ok(Lock::NoKeyUpdate.on(rows.select(Locked::as_select())).load(tx.conn())?)
}

/// The live accounts with those numbers.
///
/// # Errors
/// What the database reports.
pub fn with_numbers(tx: &mut Tx<'_>, numbers: &[String]) -> Result<Vec<AccountId>> {
    Ok(table
        .filter(accounts::number.eq_any(among(numbers)))
        .filter(accounts::merged_into_id.is_null())
        .select(accounts::id)
        .load(tx.conn())?)
}

/// The next place in the account's order of submissions, which locks the account: whatever is decided by what it has is read after.
///
/// # Errors
/// 404 if there is no such account.
pub fn next_claim(tx: &mut Tx<'_>, id: AccountId) -> Result<i64> {
    Ok(diesel::update(table.find(id))
        .set(accounts::claim_seq.eq(accounts::claim_seq + 1))
        .returning(accounts::claim_seq)
        .get_result(tx.conn())?)
}

/// [`next_claim`] of an account that this transaction has locked: its order goes on from `last` to `next`. Many are written together
/// where the work gathers.
///
/// # Errors
/// What the database reports.
pub fn go_on(tx: &mut Tx<'_>, id: AccountId, last: i64, next: i64) -> Result<()> {
    let row = |place: i64| diesel::update(table.find(id)).set(accounts::claim_seq.eq(place));
    tx.conn().execute_change(&row(last), &row(next))?;
    Ok(())
}

/// The account that stands for this one after all merges: itself, if it was not merged.
///
/// # Errors
/// 404 if there is none.
pub fn surviving(tx: &mut Tx<'_>, id: AccountId) -> Result<AccountId> {
    let mut current = id;
    for _ in 0..DEEPEST {
        let next: Option<AccountId> = table
            .find(current)
            .select(accounts::merged_into_id)
            .get_result(tx.conn())?;
        match next {
            None => return Ok(current),
            Some(survivor) => current = survivor,
        }
    }
    Err(Error::internal(format!("the merges of {id} do not end")))
}

/// Checks that `parent` can be above `child`: it exists, is not merged, and is not below `child`.
/// The accounts on the way up are locked, so that two moves at once cannot close a circle together.
///
/// # Errors
/// 409 `unknown_reference`, `account_merged`, or `conflict` for a circle.
pub fn check_parent(tx: &mut Tx<'_>, child: Option<AccountId>, parent: AccountId) -> Result<()> {
    if let Some(child) = child {
        lock(tx, child)?;
    }
    let mut above = Some(parent);
    for step in 0..DEEPEST {
        let Some(id) = above else { return Ok(()) };
        if child == Some(id) {
            return Err(circle());
        }
        let found = if child.is_some() { lock(tx, id) } else { peek(tx, id) };
        let found = found.map_err(|error| {
            if step == 0 && error.is(&codes::NOT_FOUND) {
                Error::unknown_reference(
                    "#/parent_id",
                    "There is no such customer account; name one that exists, or null.",
                )
            } else {
                error
            }
        })?;
        if let Some(survivor) = found.merged_into_id.filter(|_| step == 0) {
            return Err(merged(id, survivor).fault("#/parent_id", "account_merged", format!("Name {survivor}.")));
        }
        above = found.parent_id;
    }
    Err(circle().detail(format!("The hierarchy would be deeper than {DEEPEST} accounts.")))
}

fn peek(tx: &mut Tx<'_>, id: AccountId) -> Result<Locked> {
    Ok(table.find(id).select(Locked::as_select()).get_result(tx.conn())?)
}

fn circle() -> Error {
    Error::new(&codes::CONFLICT)
        .detail("The account would come to lie below itself; choose another parent.")
        .fault(
            "#/parent_id",
            "circle",
            "This account lies below the one that is changed.",
        )
}

/// Stores a new account, and tells of it.
///
/// # Errors
/// 409 `unknown_reference`, `already_exists`.
pub fn insert(tx: &mut Tx<'_>, account: CustomerAccount) -> Result<CustomerAccount> {
    let row = AccountRow::from(&account);
    tx.attempt(|tx| {
        Ok(diesel::insert_into(table)
            .values((&row, accounts::claim_seq.eq(0)))
            .execute(tx.conn())?)
    })
    .map_err(|error| explain(tx, error, &account))?;
    add_aliases(tx, &account)?;
    let id = account.id.to_string();
    custom_fields::keep(tx, CustomRecord::CustomerAccount, &id, None, &account.custom)?;
    tags::set(tx, TYPE, &id, &account.tags)?;
    references::set(tx, TYPE, &id, &account.external_refs)?;
    keys::insert(tx, account.id, &account.identity().profile())?;
    tx.record(Fact::created("customer_account.created", &account))?;
    Ok(account)
}

/// Stores a changed account over the revision it was read at, with everything that hangs on it, and tells of it.
/// The keys of an account that was merged are taken away, because another is found in its place.
///
/// # Errors
/// 412 if it was changed meanwhile; 409 as [`insert`].
pub fn save(
    tx: &mut Tx<'_>,
    before: &CustomerAccount,
    after: CustomerAccount,
    kind: &'static str,
) -> Result<CustomerAccount> {
    let (was, row) = (AccountRow::from(before), AccountRow::from(&after));
    tx.attempt(|tx| revise!(tx, table, accounts::revision, (before.id, before.revision), &was => &row))
        .map_err(|error| explain(tx, error, &after))?;
    if before.aliases != after.aliases || before.country() != after.country() {
        let id = after.id;
        diesel::delete(alias_table.filter(aliases::account_id.eq(id))).execute(tx.conn())?;
        add_aliases(tx, &after)?;
    }
    let id = after.id.to_string();
    let (known, custom) = (&before.custom, &after.custom);
    custom_fields::keep(tx, CustomRecord::CustomerAccount, &id, Some(known), custom)?;
    if before.tags != after.tags {
        tags::set(tx, TYPE, &id, &after.tags)?;
    }
    if before.external_refs != after.external_refs {
        references::set(tx, TYPE, &id, &after.external_refs)?;
    }
    match after.status {
        AccountStatus::Active => keys::replace(tx, after.id, &after.identity().profile())?,
        AccountStatus::Merged => keys::clear(tx, after.id)?,
    }
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}

fn add_aliases(tx: &mut Tx<'_>, account: &CustomerAccount) -> Result<()> {
    let now = tx.now.micros();
    let mut ids: Vec<AccountAliasId> = account.aliases.iter().map(|_| tx.new_id()).collect();
    // The order of the ids is the order of the list.
    ids.sort();
    for (alias, id) in account.aliases.iter().zip(ids) {
        let detail = Detail {
            authority: alias.authority.clone(),
            address: alias.address.clone(),
        };
        let detail = (detail != Detail::default()).then_some(Stored(detail));
        diesel::insert_into(alias_table)
            .values((
                aliases::id.eq(id.to_string()),
                aliases::account_id.eq(account.id),
                aliases::kind.eq(alias.kind),
                aliases::value.eq(&alias.value),
                aliases::value_key.eq(alias_key(alias, account.country())),
                aliases::detail.eq(detail),
                aliases::created_at.eq(now),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Removes an account that nothing names.
///
/// # Errors
/// 409 `in_use` if something does; 412 if it was changed meanwhile.
pub fn delete(tx: &mut Tx<'_>, account: &CustomerAccount) -> Result<()> {
    let id = account.id;
    tx.attempt(|tx| {
        keys::clear(tx, id)?;
        references::set(tx, TYPE, &id.to_string(), &[])?;
        tags::set(tx, TYPE, &id.to_string(), &[])?;
        custom_fields::forget(tx, CustomRecord::CustomerAccount, &id.to_string())?;
        diesel::delete(alias_table.filter(aliases::account_id.eq(id))).execute(tx.conn())?;
        remove!(tx, table, accounts::revision, (id, account.revision))
    })?;
    tx.record(Fact::deleted("customer_account.deleted", account))
}

/// The database's refusal in terms of the account.
fn explain(tx: &mut Tx<'_>, error: Error, account: &CustomerAccount) -> Error {
    let fields = [
        ("#/parent_id", account.parent_id.map(Named::Account)),
        ("#/territory_id", account.territory_id.map(Named::Territory)),
        ("#/owner_id", account.owner_id.map(Named::User)),
    ];
    existing::explain(tx, error, &fields)
}

/// Checks that other records can be hung on an account, and locks it so that it is not merged meanwhile.
///
/// # Errors
/// 409 `unknown_reference` or `account_merged`, at `pointer`.
pub fn usable(tx: &mut Tx<'_>, id: AccountId, pointer: &'static str) -> Result<Locked> {
    let found = lock(tx, id).map_err(|error| {
        error.when(&codes::NOT_FOUND, || {
            Error::unknown_reference(pointer, "There is no such customer account.")
        })
    })?;
    match found.merged_into_id {
        None => Ok(found),
        Some(survivor) => Err(merged(id, survivor).fault(pointer, "account_merged", format!("Name {survivor}."))),
    }
}

/// Moves the accounts below one account to another, all of them or only those ids, and answers which, with their
/// revisions. For merges and splits.
///
/// # Errors
/// What the database reports.
pub fn move_children(
    tx: &mut Tx<'_>,
    from: AccountId,
    to: AccountId,
    only: Option<&[String]>,
) -> Result<Vec<(String, i64)>> {
    let mut clause = Clause::all();
    clause.equals("customer_accounts.parent_id", &from);
    match only {
        Some(only) => clause.one_of("customer_accounts.id", only),
        // The account that takes over takes the place of its parent; it does not come to lie below itself.
        None => clause.sql(" AND customer_accounts.id <> ").value(&to),
    };
    let rows = table
        .filter(clause)
        .order(accounts::id)
        .select(AccountRow::as_select())
        .load(tx.conn())?;
    let now = tx.now;
    let mut moved = Vec::new();
    for before in complete(tx, rows)? {
        let after = CustomerAccount {
            parent_id: Some(to),
            revision: before.revision + 1,
            updated_at: now,
            ..before.clone()
        };
        let after = save(tx, &before, after, "customer_account.updated")?;
        moved.push((after.id.to_string(), after.revision));
    }
    Ok(moved)
}

/// Lets the order of submissions on one account go on after both: for merges.
///
/// # Errors
/// What the database reports.
pub fn raise_claims(tx: &mut Tx<'_>, survivor: AccountId, other: AccountId) -> Result<()> {
    let other: i64 = table.find(other).select(accounts::claim_seq).get_result(tx.conn())?;
    diesel::update(table.find(survivor).filter(accounts::claim_seq.lt(other)))
        .set(accounts::claim_seq.eq(other))
        .execute(tx.conn())?;
    Ok(())
}

/// The accounts above an account, the nearest first.
///
/// # Errors
/// What the database reports.
pub fn ancestors(tx: &mut Tx<'_>, id: AccountId) -> Result<Vec<AccountId>> {
    let mut above = Vec::new();
    let mut next = peek(tx, id)?.parent_id;
    while let Some(parent) = next.filter(|parent| above.len() < DEEPEST && !above.contains(parent)) {
        above.push(parent);
        next = peek(tx, parent)?.parent_id;
    }
    Ok(above)
}
