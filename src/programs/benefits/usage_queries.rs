//! What became of benefits, counted over all of them.

use std::collections::BTreeMap;

use diesel::{dsl::sql, prelude::*, sql_types::BigInt};

use super::{
    model::{BenefitUsage, BenefitUsageFilter},
    queries::counted_at,
};
use crate::{
    db::{Clause, Tx},
    error::Result,
    kernel::{Time, ids::ProgramId},
    programs::tiers::AllowanceKind,
    schema::{benefit_grants, benefit_grants::table, benefit_uses, tier_versions},
};

/// By what the report counts.
type Group = (ProgramId, String, AllowanceKind);

/// What became of the benefits that had begun by a moment, by program, tier and kind, of the partners that the caller sees.
///
/// # Errors
/// What the database reports.
pub fn usage(tx: &mut Tx<'_>, filter: &BenefitUsageFilter, at: Time) -> Result<Vec<BenefitUsage>> {
    const ENDED: &str = "CASE WHEN benefit_grants.valid_until IS NOT NULL AND benefit_grants.valid_until <= ";
    let scope = |tx: &Tx<'_>| {
        let mut clause = Clause::rows_of(tx.caller(), "benefit_grants.partner_id");
        clause
            .equals_some("benefit_grants.program_id", filter.program_id.as_ref())
            .one_of_some("benefit_grants.kind", filter.kind.as_ref())
            .sql(" AND benefit_grants.valid_from <= ")
            .value(&at);
        clause
    };
    let clause = scope(tx);
    let ended = |what: &'static str| {
        sql::<BigInt>("CAST(COALESCE(SUM(")
            .sql(ENDED)
            .bind::<BigInt, _>(at)
            .sql(" THEN ")
            .sql(what)
            .sql(" ELSE 0 END), 0) AS BIGINT)")
    };
    let rows: Vec<(Group, String, i64, i64, i64)> = table
        .inner_join(tier_versions::table)
        .filter(clause)
        .group_by((
            benefit_grants::program_id,
            tier_versions::name_key,
            benefit_grants::kind,
        ))
        .order((
            benefit_grants::program_id,
            tier_versions::name_key,
            benefit_grants::kind,
        ))
        .select((
            (
                benefit_grants::program_id,
                tier_versions::name_key,
                benefit_grants::kind,
            ),
            sql::<diesel::sql_types::Text>("MAX(tier_versions.name)"),
            sql::<BigInt>("CAST(SUM(benefit_grants.granted) AS BIGINT)"),
            ended("benefit_grants.granted"),
            sql::<BigInt>("COUNT(DISTINCT benefit_grants.partner_id)"),
        ))
        .load(tx.conn())?;
    let clause = scope(tx);
    let counted = counted_at(at);
    let used: Vec<(Group, i64, i64, i64)> = benefit_uses::table
        .inner_join(table.inner_join(tier_versions::table))
        .filter(counted)
        .filter(clause)
        .group_by((
            benefit_grants::program_id,
            tier_versions::name_key,
            benefit_grants::kind,
        ))
        .select((
            (
                benefit_grants::program_id,
                tier_versions::name_key,
                benefit_grants::kind,
            ),
            sql::<BigInt>("CAST(SUM(benefit_uses.quantity) AS BIGINT)"),
            ended("benefit_uses.quantity"),
            sql::<BigInt>("COUNT(DISTINCT benefit_uses.partner_id)"),
        ))
        .load(tx.conn())?;
    let mut used: BTreeMap<Group, (i64, i64, i64)> = used
        .into_iter()
        .map(|(group, consumed, of_ended, partners)| (group, (consumed, of_ended, partners)))
        .collect();
    let report = rows.into_iter().map(|(group, tier_name, granted, ended, partners)| {
        let (consumed, of_ended, users) = used.remove(&group).unwrap_or_default();
        let expired = ended - of_ended;
        BenefitUsage {
            program_id: group.0,
            tier_name,
            kind: group.2,
            granted,
            consumed,
            expired,
            remaining: granted - consumed - expired,
            partners,
            partners_without_use: partners - users,
        }
    });
    Ok(report.collect())
}
