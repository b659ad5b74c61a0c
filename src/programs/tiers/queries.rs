//! The only file that knows the tables of versions and tiers. Partners do not see drafts.

use diesel::prelude::*;

use super::{
    model::{Criterion, NewTier, NewVersion, ProgramVersion, Tier, TierFilter, VersionFilter, VersionStatus},
    rules,
};
use crate::{
    auth::Caller,
    catalog::{products, territories},
    db::{Clause, Tx},
    error::{Error, Result, codes},
    events::Fact,
    kernel::{
        Time,
        ids::{ProductId, ProgramId, TerritoryId, TierId},
        page::{Order, Page, Paging},
        words::fold,
    },
    load_page,
    programs::{memberships, model::Program, queries as programs},
    revise,
    schema::{program_versions, tier_versions},
};

fn visible(caller: &Caller) -> Clause {
    let mut clause = Clause::all();
    if !caller.is_vendor() {
        clause.equals("program_versions.status", &VersionStatus::Published);
    }
    clause
}

/// One page of a program's versions, the first one first.
///
/// # Errors
/// What the database reports.
pub fn version_page(
    tx: &mut Tx<'_>,
    program: ProgramId,
    filter: &VersionFilter,
    paging: &Paging,
) -> Result<Page<ProgramVersion>> {
    let mut clause = visible(tx.caller());
    clause
        .equals("program_versions.program_id", &program)
        .one_of_some("program_versions.status", filter.status.as_ref());
    let order = Order {
        column: "program_versions.version",
        id: "program_versions.program_id",
        descending: false,
    };
    let rows = load_page!(tx, program_versions::table => ProgramVersion, clause, order, paging)?;
    Ok(Page::of(rows, paging, |row| {
        (row.version.into(), row.program_id.to_string())
    }))
}

/// A version of a program.
///
/// # Errors
/// 404 if there is none, or the caller may not see it.
pub fn find_version(tx: &mut Tx<'_>, program: ProgramId, version: i64) -> Result<ProgramVersion> {
    let clause = visible(tx.caller());
    Ok(program_versions::table
        .find((program, version))
        .filter(clause)
        .select(ProgramVersion::as_select())
        .get_result(tx.conn())?)
}

/// Every version of a program that the caller may see, the first one first.
///
/// # Errors
/// What the database reports.
pub fn versions(tx: &mut Tx<'_>, program: ProgramId) -> Result<Vec<ProgramVersion>> {
    let mut clause = visible(tx.caller());
    clause.equals("program_versions.program_id", &program);
    Ok(program_versions::table
        .filter(clause)
        .order(program_versions::version)
        .select(ProgramVersion::as_select())
        .load(tx.conn())?)
}

/// The version in force at a moment, if one is.
///
/// # Errors
/// What the database reports.
pub fn version_at(tx: &mut Tx<'_>, program: ProgramId, at: Time) -> Result<Option<ProgramVersion>> {
    Ok(rules::in_force(&versions(tx, program)?, at).cloned())
}

/// Stores a new draft, with the tiers of the version before if that is wanted, and tells of it.
///
/// # Errors
/// 409 `already_exists` if the program has a draft already.
pub fn insert_version(tx: &mut Tx<'_>, program: &Program, new: &NewVersion) -> Result<ProgramVersion> {
    let before = versions(tx, program.id)?;
    let number = before.iter().map(|version| version.version).max().unwrap_or(0) + 1;
    let version = ProgramVersion::new(new, program.id, number, tx.now);
    tx.attempt(|tx| {
        Ok(diesel::insert_into(program_versions::table)
            .values(&version)
            .execute(tx.conn())?)
    })
    .map_err(|error| {
        if error.is(&codes::ALREADY_EXISTS) {
            error.detail("The program has a draft already; change that one, or delete it.")
        } else {
            error
        }
    })?;
    tx.record(Fact::created("program_version.created", &version))?;
    let latest = before
        .iter()
        .filter(|version| version.status == VersionStatus::Published)
        .max_by_key(|version| version.version);
    if let Some(latest) = latest.filter(|_| new.copy_tiers.unwrap_or(true)) {
        for tier in tiers_of(tx, program.id, latest.version)? {
            let copy = tier.copied_to(number, tx.now);
            insert_tier(tx, copy)?;
        }
    }
    Ok(version)
}

/// Stores a changed version over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile.
pub fn save_version(
    tx: &mut Tx<'_>,
    before: &ProgramVersion,
    after: ProgramVersion,
    kind: &'static str,
) -> Result<ProgramVersion> {
    let key = (before.program_id, before.version);
    tx.attempt(|tx| {
        revise!(
            tx,
            program_versions::table,
            program_versions::revision,
            (key, before.revision),
            &after
        )
    })?;
    tx.record(Fact::changed(kind, before, &after))?;
    Ok(after)
}

/// Removes a draft with its tiers, and tells of it. An evaluation that previewed it keeps it.
///
/// # Errors
/// 409 `in_use` if an evaluation previewed it.
pub fn delete_version(tx: &mut Tx<'_>, version: &ProgramVersion) -> Result<()> {
    let tiers = tier_versions::table
        .filter(tier_versions::program_id.eq(version.program_id))
        .filter(tier_versions::version.eq(version.version));
    let target = program_versions::table.find((version.program_id, version.version));
    tx.attempt(|tx| {
        diesel::delete(tiers).execute(tx.conn())?;
        Ok(diesel::delete(target).execute(tx.conn())?)
    })
    .map_err(in_use)?;
    tx.record(Fact::deleted("program_version.deleted", version))
}

fn in_use(error: Error) -> Error {
    error.when(&codes::UNKNOWN_REFERENCE, || {
        Error::new(&codes::IN_USE).detail("An evaluation previewed it; change it instead.")
    })
}

/// Publishes a version, activates the program, and lets every member go on under it.
///
/// # Errors
/// What [`ProgramVersion::published`] refuses.
pub fn publish(tx: &mut Tx<'_>, program: &Program, draft: &ProgramVersion, at: Option<Time>) -> Result<ProgramVersion> {
    let published: Vec<ProgramVersion> = versions(tx, program.id)?
        .into_iter()
        .filter(|version| version.status == VersionStatus::Published)
        .collect();
    let tiers = tiers_of(tx, program.id, draft.version)?;
    let by = tx.caller().actor_text();
    let after = draft.clone().published(at, &tiers, &published, by, tx.now)?;
    let active = program.clone().after("publish", tx.now)?;
    programs::save(tx, program, active, "program.published")?;
    let after = save_version(tx, draft, after, "program_version.published")?;
    memberships::queries::go_on_under(tx, &after)?;
    Ok(after)
}

/// A program's first version with its tiers, published from that moment: for what is set up by the program itself.
///
/// # Errors
/// As for a draft that is worked out and published by hand.
pub fn publish_new(
    tx: &mut Tx<'_>,
    program: &Program,
    new: &NewVersion,
    tiers: &[NewTier],
    from: Time,
) -> Result<Vec<Tier>> {
    let draft = insert_version(tx, program, new)?;
    for tier in tiers {
        let tier = Tier::new(tier, program.id, draft.version, tx.now);
        insert_tier(tx, tier)?;
    }
    publish(tx, program, &draft, Some(from))?;
    tiers_of(tx, program.id, draft.version)
}

/// One page of tiers, the lowest rank first.
///
/// # Errors
/// 404 if there is no such version, or the caller may not see it.
pub fn tier_page(tx: &mut Tx<'_>, program: ProgramId, filter: &TierFilter, paging: &Paging) -> Result<Page<Tier>> {
    let version = match filter.version {
        Some(version) => find_version(tx, program, version)?.version,
        // No version is 0: before the first begins there are no tiers.
        None => version_at(tx, program, filter.as_of.unwrap_or(tx.now))?.map_or(0, |version| version.version),
    };
    let mut clause = Clause::all();
    clause
        .equals("tier_versions.program_id", &program)
        .equals("tier_versions.version", &version);
    let order = Order {
        column: "tier_versions.rank",
        id: "tier_versions.id",
        descending: false,
    };
    let rows = load_page!(tx, tier_versions::table => Tier, clause, order, paging)?;
    Ok(Page::of(rows, paging, |row| (row.rank.into(), row.id.to_string())))
}

/// The tiers of a version, the lowest rank first.
///
/// # Errors
/// What the database reports.
pub fn tiers_of(tx: &mut Tx<'_>, program: ProgramId, version: i64) -> Result<Vec<Tier>> {
    Ok(tier_versions::table
        .filter(tier_versions::program_id.eq(program))
        .filter(tier_versions::version.eq(version))
        .order(tier_versions::rank)
        .select(Tier::as_select())
        .load(tx.conn())?)
}

/// Every tier of every version of a program.
///
/// # Errors
/// What the database reports.
pub fn all_tiers(tx: &mut Tx<'_>, program: ProgramId) -> Result<Vec<Tier>> {
    Ok(tier_versions::table
        .filter(tier_versions::program_id.eq(program))
        .order((tier_versions::version, tier_versions::rank))
        .select(Tier::as_select())
        .load(tx.conn())?)
}

/// A tier of a program.
///
/// # Errors
/// 404 if there is none, or it is of a version that the caller may not see.
pub fn find_tier(tx: &mut Tx<'_>, program: ProgramId, id: TierId) -> Result<(Tier, ProgramVersion)> {
    let tier: Tier = tier_versions::table
        .find(id)
        .filter(tier_versions::program_id.eq(program))
        .select(Tier::as_select())
        .get_result(tx.conn())?;
    let version = find_version(tx, program, tier.version)?;
    Ok((tier, version))
}

/// The tier of that name, in any case, in the version in force at a moment; before the first version, in the first.
///
/// # Errors
/// What the database reports.
pub fn tier_named(tx: &mut Tx<'_>, program: ProgramId, name: &str, at: Time) -> Result<Option<Tier>> {
    let versions = versions(tx, program)?;
    let published = || {
        versions
            .iter()
            .filter(|version| version.status == VersionStatus::Published)
    };
    let Some(version) = rules::in_force(&versions, at).or_else(|| published().min_by_key(|version| version.valid_from))
    else {
        return Ok(None);
    };
    let key = fold(name);
    Ok(tiers_of(tx, program, version.version)?
        .into_iter()
        .find(|tier| tier.name_key == key))
}

/// Stores a new tier, and tells of it.
///
/// # Errors
/// 409 `already_exists` if its rank or name is taken; what is wrong with its criteria.
pub fn insert_tier(tx: &mut Tx<'_>, tier: Tier) -> Result<Tier> {
    check(tx, &tier)?;
    tx.attempt(|tx| {
        Ok(diesel::insert_into(tier_versions::table)
            .values(&tier)
            .execute(tx.conn())?)
    })
    .map_err(|error| explain(error, &tier))?;
    tx.record(Fact::created("tier.created", &tier))?;
    Ok(tier)
}

/// Stores a changed tier over the revision it was read at, and tells of it.
///
/// # Errors
/// 412 if it was changed meanwhile; as [`insert_tier`].
pub fn save_tier(tx: &mut Tx<'_>, before: &Tier, after: Tier) -> Result<Tier> {
    check(tx, &after)?;
    tx.attempt(|tx| {
        revise!(
            tx,
            tier_versions::table,
            tier_versions::revision,
            (before.id, before.revision),
            &after
        )
    })
    .map_err(|error| explain(error, &after))?;
    tx.record(Fact::changed("tier.updated", before, &after))?;
    Ok(after)
}

/// Removes a tier, and tells of it.
///
/// # Errors
/// 409 `in_use` if an evaluation previewed it.
pub fn delete_tier(tx: &mut Tx<'_>, tier: &Tier) -> Result<()> {
    tx.attempt(|tx| Ok(diesel::delete(tier_versions::table.find(tier.id)).execute(tx.conn())?))
        .map_err(in_use)?;
    tx.record(Fact::deleted("tier.deleted", tier))
}

/// Whether the criteria ask for what is there, and the allowances are for products that exist.
fn check(tx: &mut Tx<'_>, tier: &Tier) -> Result<()> {
    check_criteria(tx, &tier.criteria)?;
    rules::check_allowances(&tier.benefits.allowances)?;
    let of_products = tier.benefits.allowances.iter().map(|allowance| allowance.product_id);
    check_products(tx, of_products, |index| {
        format!("#/benefits/allowances/{index}/product_id")
    })
}

/// Whether the criteria ask for what is there: metrics that take their limits, products and territories that exist.
///
/// # Errors
/// 409 `conflict` or `unknown_reference` naming what they ask for in vain.
pub fn check_criteria(tx: &mut Tx<'_>, criteria: &[Criterion]) -> Result<()> {
    rules::check_criteria(criteria)?;
    let of_products = criteria.iter().map(|criterion| criterion.product_id);
    check_products(tx, of_products, |index| format!("#/criteria/{index}/product_id"))?;
    let named: Vec<(usize, TerritoryId)> = criteria
        .iter()
        .enumerate()
        .filter_map(|(index, criterion)| Some((index, criterion.territory_id?)))
        .collect();
    let ids: Vec<TerritoryId> = named.iter().map(|(_, id)| *id).collect();
    let known = territories::by_ids(tx, &ids)?;
    named
        .iter()
        .find(|(_, id)| !known.contains_key(id))
        .map_or(Ok(()), |(index, _)| {
            Err(unknown(format!("#/criteria/{index}/territory_id")))
        })
}

/// Whether the products exist that are named at those places of a list.
fn check_products(
    tx: &mut Tx<'_>,
    products: impl Iterator<Item = Option<ProductId>>,
    pointer: impl Fn(usize) -> String,
) -> Result<()> {
    let named: Vec<(usize, ProductId)> = products
        .enumerate()
        .filter_map(|(index, product)| Some((index, product?)))
        .collect();
    let ids: Vec<ProductId> = named.iter().map(|(_, id)| *id).collect();
    let known = products::by_ids(tx, &ids)?;
    named
        .iter()
        .find(|(_, id)| !known.contains_key(id))
        .map_or(Ok(()), |(index, _)| Err(unknown(pointer(*index))))
}

fn unknown(pointer: String) -> Error {
    Error::unknown_reference(pointer, "There is no such record; name one that exists, or none.")
}

/// The database's refusal in terms of the tier.
fn explain(error: Error, tier: &Tier) -> Error {
    if error.is(&codes::ALREADY_EXISTS) {
        let pointer = if error.inner_cause().is_some_and(|cause| cause.contains("name_key")) {
            "#/name"
        } else {
            "#/rank"
        };
        let detail = format!(
            "The version has a tier of rank {} or named `{}` already.",
            tier.rank, tier.name
        );
        Error::new(&codes::ALREADY_EXISTS).fault(pointer, "already_exists", detail)
    } else {
        error
    }
}
