//! Where a partner stands: what submitting and approving ask of the partner itself. The registration was found by the
//! caller's own rows before, so these facts are read as they are.

use diesel::prelude::*;

use super::states::{DecisionOutcome, ReviewStatus};
use crate::{
    auth::Role,
    db::{Clause, Tx},
    error::Result,
    kernel::{
        Time,
        ids::{PartnerId, UserId},
    },
    on_each,
    schema::{deal_decisions, deals, partner_domains, partners, tier_assignments, tier_versions, user_roles, users},
};

/// Whether there is such a partner and the caller may see it.
///
/// # Errors
/// What the database reports.
pub fn partner_exists(tx: &mut Tx<'_>, partner: PartnerId) -> Result<bool> {
    let mut clause = Clause::rows_of(tx.caller(), "partners.id");
    clause.equals("partners.id", &partner);
    let found: Option<PartnerId> = on_each!(tx, |c| partners::table
        .filter(clause)
        .select(partners::id)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

/// What a partner is known by: to tell a customer from the partner itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnMarks {
    pub name_key: String,
    pub registration_number: Option<String>,
    pub website: Option<String>,
    pub domains: Vec<String>,
}

/// What the partner is known by.
///
/// # Errors
/// 404 if there is no such partner.
pub fn own_marks(tx: &mut Tx<'_>, partner: PartnerId) -> Result<OwnMarks> {
    let (name_key, registration_number, website): (String, Option<String>, Option<String>) =
        on_each!(tx, |c| partners::table
            .find(partner)
            .select((partners::name_key, partners::registration_number, partners::website))
            .first(c))?;
    let domains: Vec<String> = on_each!(tx, |c| partner_domains::table
        .filter(
            partner_domains::partner_id
                .eq(partner)
                .and(partner_domains::status.eq("verified"))
        )
        .select(partner_domains::domain)
        .load(c))?;
    Ok(OwnMarks {
        name_key,
        registration_number,
        website,
        domains,
    })
}

/// How many registrations of the partner were revoked since that moment.
///
/// # Errors
/// What the database reports.
pub fn strikes(tx: &mut Tx<'_>, partner: PartnerId, since: Time) -> Result<i64> {
    Ok(on_each!(tx, |c| deal_decisions::table
        .inner_join(deals::table.on(deals::id.eq(deal_decisions::deal_id)))
        .filter(
            deals::partner_id
                .eq(partner)
                .and(deals::review_status.eq(ReviewStatus::Revoked))
        )
        .filter(
            deal_decisions::outcome
                .eq(DecisionOutcome::Revoked)
                .and(deal_decisions::decided_at.ge(since))
        )
        .count()
        .get_result(c))?)
}

/// The rank and name of the partner's best tier; rank 1 is the entry tier.
///
/// # Errors
/// What the database reports.
pub fn best_tier(tx: &mut Tx<'_>, partner: PartnerId, at: Time) -> Result<Option<(i64, String)>> {
    type Link = (crate::kernel::ids::ProgramId, Option<i64>, Option<String>);
    let links: Vec<Link> = on_each!(tx, |c| tier_assignments::table
        .left_join(tier_versions::table.on(tier_versions::id.nullable().eq(tier_assignments::tier_version_id)))
        .filter(
            tier_assignments::partner_id
                .eq(partner)
                .and(tier_assignments::valid_from.le(at))
        )
        .order((tier_assignments::program_id, tier_assignments::valid_from))
        .select((
            tier_assignments::program_id,
            tier_versions::rank.nullable(),
            tier_versions::name.nullable()
        ))
        .load(c))?;
    // In the order of a program's chain, the last link is the one in force.
    let mut in_force = std::collections::BTreeMap::new();
    for (program, rank, name) in links {
        in_force.insert(program, rank.zip(name));
    }
    Ok(in_force.into_values().flatten().max())
}

/// Whether the user is an active person of the vendor with one of those roles.
///
/// # Errors
/// What the database reports.
pub fn is_vendor_with(tx: &mut Tx<'_>, user: UserId, roles: &[Role]) -> Result<bool> {
    let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let found: i64 = on_each!(tx, |c| users::table
        .inner_join(user_roles::table)
        .filter(
            users::id
                .eq(user)
                .and(users::kind.eq("vendor"))
                .and(users::status.eq("active"))
        )
        .filter(user_roles::role.eq_any(&roles))
        .count()
        .get_result(c))?;
    Ok(found > 0)
}
