//! Who holds a scope by now, and what is given back to a registration of what was taken from it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    model::{DealTypeClass, Protection},
    queries::{self, ProtectionRow},
    rules::{self, Scope},
};
use crate::{
    db::{Clause, Tx},
    deals::{conflict, registrations::Registration},
    error::Result,
    kernel::{
        Time,
        ids::{DealId, DecisionId, PartnerId},
    },
};

/// Who else is protected now on the scope that a registration asks for: the number of each, and until when.
///
/// # Errors
/// What the database reports.
pub fn others_on_scope(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<(String, Time)>> {
    let others: BTreeMap<String, Time> = on_scope(tx, registration)?
        .into_iter()
        .map(|(held, number)| (number, held.ends_at))
        .collect();
    Ok(others.into_iter().collect())
}

/// The registrations that are protected now on the scope that a registration asks for, besides itself, with their partners.
///
/// # Errors
/// What the database reports.
pub fn holders_on_scope(tx: &mut Tx<'_>, registration: &Registration) -> Result<BTreeMap<DealId, PartnerId>> {
    let held = on_scope(tx, registration)?;
    Ok(held
        .into_iter()
        .map(|(held, _)| (held.deal_id, held.partner_id))
        .collect())
}

/// The protections of others on the scope that a registration asks for, in force now.
///
/// # Errors
/// What the database reports.
pub fn rows_on_scope(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<ProtectionRow>> {
    let held = on_scope(tx, registration)?;
    let held: BTreeMap<_, _> = held.into_iter().map(|(held, _)| (held.id, held)).collect();
    Ok(held.into_values().collect())
}

fn on_scope(tx: &mut Tx<'_>, registration: &Registration) -> Result<Vec<(ProtectionRow, String)>> {
    let deal = &registration.deal;
    let (Some(account_id), Some(territory_id)) = (deal.customer_account_id, deal.territory_id) else {
        return Ok(Vec::new());
    };
    let now = tx.now;
    let policy = conflict::policy(tx, now)?.1;
    let scope = Scope {
        deal_id: deal.id,
        partner_id: deal.partner_id,
        decision_id: None,
        account_id,
        territory_id,
        class: DealTypeClass::of(deal.deal_type, policy.renewals_meet_new_business),
        exclusive: true,
        starts_at: now,
        until: now.plus_days(1),
        legacy: false,
    };
    let mut others = Vec::new();
    for line in &registration.lines {
        let asked = ProtectionRow::granted(&scope, line.row.product_id, now);
        let held = queries::overlapping(tx, &asked)?;
        others.extend(held.into_iter().filter(|(held, _)| held.deal_id != deal.id));
    }
    Ok(others)
}

/// Which protections (`p`) keep a registration (`d`, of the statement around it) from being protected now, as
/// [`others_on_scope`] finds them.
///
/// # Errors
/// What the database reports.
pub fn holding(tx: &mut Tx<'_>) -> Result<Clause> {
    let now = tx.now;
    let policy = conflict::policy(tx, now)?.1;
    let mut clause = Clause::all();
    clause
        .and("p.account_id = d.customer_account_id AND p.deal_id <> d.id AND p.exclusive AND p.status = 'active'")
        .and("p.starts_at < ")
        .value(&now.plus_days(1))
        .and("p.ends_at > ")
        .value(&now);
    if !policy.renewals_meet_new_business {
        clause.and(
            "p.deal_type_class IN ('any', CASE d.deal_type WHEN 'renewal' THEN 'renewal' ELSE 'new_business' END)",
        );
    }
    clause
        .and("EXISTS (SELECT 1 FROM territory_closure AS t WHERE (t.ancestor_id = p.territory_id AND t.descendant_id = d.territory_id)")
        .sql(" OR (t.descendant_id = p.territory_id AND t.ancestor_id = d.territory_id))")
        .and("EXISTS (SELECT 1 FROM deal_lines AS ours JOIN product_closure AS c ON (c.ancestor_id = p.product_id AND c.descendant_id = ours.product_id)")
        .sql(" OR (c.ancestor_id = ours.product_id AND c.descendant_id = p.product_id) WHERE ours.deal_id = d.id)");
    Ok(clause)
}

/// Gives back what the last revocation took of a registration, from now on for the time that was left of it. The account
/// is locked; what others hold by now stays theirs.
///
/// # Errors
/// 409 `protection_overlap` if somebody else was protected meanwhile.
pub fn give_back(tx: &mut Tx<'_>, deal: DealId, decision: Option<DecisionId>) -> Result<Vec<Protection>> {
    give(tx, deal, decision, false)
}

/// [`give_back`], set aside until a conflict case has decided: it shuts nobody out.
///
/// # Errors
/// What the database reports.
pub fn give_back_contested(tx: &mut Tx<'_>, deal: DealId, decision: Option<DecisionId>) -> Result<Vec<Protection>> {
    give(tx, deal, decision, true)
}

fn give(tx: &mut Tx<'_>, deal: DealId, decision: Option<DecisionId>, contested: bool) -> Result<Vec<Protection>> {
    let now = tx.moment();
    let taken = rules::taken_last(queries::of_deals(tx, &[deal])?);
    for account in taken.iter().map(|row| row.account_id).collect::<BTreeSet<_>>() {
        queries::lock_account(tx, account)?;
    }
    taken
        .into_iter()
        .map(|row| {
            let back = row.given_back(decision, now);
            if contested {
                queries::insert_as(
                    tx,
                    back.contested_from_the_start("appeal_upheld"),
                    "protection.contested",
                )
            } else {
                queries::insert_as(tx, back, "protection.restored")
            }
        })
        .collect()
}
