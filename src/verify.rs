//! What must always hold, asked of the data itself. Every count must be zero, on both engines, after any crash.
//! Reads tables of all modules, and changes none.

use diesel::{QueryableByName, RunQueryDsl as _, sql_query, sql_types::BigInt};

use crate::{
    audit,
    db::{Engine, Tx},
    error::Result,
};

/// How often an invariant is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What must hold.
    pub invariant: &'static str,
    /// How many rows break it; of the audit chain, whether it is broken.
    pub count: i64,
    /// The first that breaks it, where that is told.
    pub first: Option<String>,
}

/// The invariants: what must hold, and a query that counts what breaks it.
static INVARIANTS: &[(&str, &str)] = &[
    (
        "no two active exclusive protections overlap",
        "SELECT count(*) AS n FROM protections a JOIN protections b ON a.account_id = b.account_id AND a.id < b.id \
         WHERE a.status = 'active' AND b.status = 'active' AND a.exclusive AND b.exclusive \
         AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at \
         AND (a.deal_type_class = b.deal_type_class OR a.deal_type_class = 'any' OR b.deal_type_class = 'any') \
         AND EXISTS (SELECT 1 FROM product_closure p WHERE (p.ancestor_id = a.product_id AND p.descendant_id = b.product_id) \
                     OR (p.ancestor_id = b.product_id AND p.descendant_id = a.product_id)) \
         AND EXISTS (SELECT 1 FROM territory_closure t WHERE (t.ancestor_id = a.territory_id AND t.descendant_id = b.territory_id) \
                     OR (t.ancestor_id = b.territory_id AND t.descendant_id = a.territory_id))",
    ),
    (
        "an approved deal that is no history has a protection",
        "SELECT count(*) AS n FROM deals d WHERE d.review_status = 'approved' AND NOT d.legacy \
         AND NOT EXISTS (SELECT 1 FROM protections p WHERE p.deal_id = d.id)",
    ),
    (
        "a protection belongs to a deal that was approved, or is history",
        "SELECT count(*) AS n FROM protections p JOIN deals d ON d.id = p.deal_id \
         WHERE p.status = 'active' AND NOT d.legacy AND d.review_status <> 'approved'",
    ),
    (
        "a deal that was submitted has its place in time",
        "SELECT count(*) AS n FROM deals WHERE NOT legacy AND review_status IN ('submitted', 'in_review', 'info_requested', 'approved') \
         AND (received_at IS NULL OR seq IS NULL OR customer_account_id IS NULL)",
    ),
    (
        "an approval chain has one step at most whose turn it is",
        "SELECT count(*) AS n FROM (SELECT subject_id FROM approval_steps WHERE status = 'pending' \
         GROUP BY subject_type, subject_id HAVING count(*) > 1) AS doubled",
    ),
    (
        "a step that was agreed to has the votes of as many people as must agree",
        "SELECT count(*) AS n FROM approval_steps s WHERE s.status = 'approved' AND s.quorum > \
         (SELECT count(*) FROM approval_votes v WHERE v.step_id = s.id AND v.decision = 'approved')",
    ),
    (
        "a link with another system goes with a reference of its record",
        "SELECT count(*) AS n FROM sync_links l JOIN external_systems s ON s.id = l.system_id WHERE NOT EXISTS \
         (SELECT 1 FROM external_references r WHERE r.system = s.code AND r.resource_type = l.resource_type \
         AND r.external_id = l.external_id AND r.resource_id = l.resource_id)",
    ),
    (
        "a link is in conflict exactly while a conflict of it is open",
        "SELECT count(*) AS n FROM sync_links l WHERE (l.state = 'conflict') <> EXISTS \
         (SELECT 1 FROM sync_conflicts c WHERE c.link_id = l.id AND c.state = 'open')",
    ),
    (
        "an active partner has a primary account manager",
        "SELECT count(*) AS n FROM partners p WHERE p.status IN ('active', 'suspended') AND NOT EXISTS \
         (SELECT 1 FROM account_manager_assignments a WHERE a.partner_id = p.id AND a.role = 'primary' AND a.user_id IS NOT NULL)",
    ),
    (
        "of a benefit as much was consumed as its uses say",
        "SELECT count(*) AS n FROM benefit_grants g WHERE g.consumed <> \
         (SELECT COALESCE(SUM(u.quantity), 0) FROM benefit_uses u WHERE u.grant_id = g.id AND u.returned_at IS NULL)",
    ),
    (
        "no two awards of one specialisation to one partner overlap",
        "SELECT count(*) AS n FROM specialisation_awards a JOIN specialisation_awards b \
         ON a.partner_id = b.partner_id AND a.specialisation_id = b.specialisation_id AND a.id < b.id \
         WHERE a.valid_from < COALESCE(b.withdrawn_at, b.valid_until, 9223372036854775807) \
         AND b.valid_from < COALESCE(a.withdrawn_at, a.valid_until, 9223372036854775807)",
    ),
    (
        "a user is known to have a second factor exactly where a confirmed one guards the sign-in",
        "SELECT count(*) AS n FROM users u WHERE (u.second_factor_at IS NOT NULL) <> EXISTS \
         (SELECT 1 FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL)",
    ),
    (
        "every product is in its own closure",
        "SELECT count(*) AS n FROM products p WHERE NOT EXISTS \
         (SELECT 1 FROM product_closure c WHERE c.ancestor_id = p.id AND c.descendant_id = p.id)",
    ),
    (
        "every territory is in its own closure, and under its parent",
        "SELECT count(*) AS n FROM territories t WHERE NOT EXISTS \
         (SELECT 1 FROM territory_closure c WHERE c.ancestor_id = COALESCE(t.parent_id, t.id) AND c.descendant_id = t.id)",
    ),
    (
        "every event has its audit record",
        "SELECT count(*) AS n FROM events e WHERE NOT EXISTS (SELECT 1 FROM audit_records a WHERE a.event_seq = e.seq)",
    ),
    (
        "the positions of the feed have no gaps",
        "SELECT CASE WHEN count(*) = 0 THEN 0 ELSE max(position) - count(*) - (SELECT position FROM feed_marks WHERE name = 'event_horizon') END AS n \
         FROM events WHERE position > (SELECT position FROM feed_marks WHERE name = 'event_horizon')",
    ),
    (
        "an event has one position for all who hear of it",
        "SELECT count(*) AS n FROM event_audiences a JOIN events e ON e.seq = a.event_seq WHERE COALESCE(a.position, 0) <> COALESCE(e.position, 0)",
    ),
    (
        "every answer kept for an idempotency key is whole",
        "SELECT count(*) AS n FROM idempotency_keys WHERE status IS NULL OR headers IS NULL",
    ),
    (
        "every sealed attribution adds up to all of the deal",
        "SELECT count(*) AS n FROM attribution_sets s WHERE s.sealed \
         AND (SELECT COALESCE(sum(x.basis_points), 0) FROM attribution_splits x WHERE x.set_id = s.id) <> 10000",
    ),
    (
        "every live customer account can be found by a key",
        "SELECT count(*) AS n FROM customer_accounts c WHERE c.status = 'active' \
         AND NOT EXISTS (SELECT 1 FROM account_keys k WHERE k.account_id = c.id)",
    ),
];

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Asks all of them.
///
/// # Errors
/// What the database reports.
pub fn findings(tx: &mut Tx<'_>) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    if tx.engine() == Engine::Sqlite {
        let broken: Count = sql_query("SELECT count(*) AS n FROM pragma_integrity_check WHERE integrity_check <> 'ok'")
            .get_result(tx.conn())?;
        findings.push(Finding {
            invariant: "the file is whole",
            count: broken.n,
            first: None,
        });
        let dangling: Count = sql_query("SELECT count(*) AS n FROM pragma_foreign_key_check").get_result(tx.conn())?;
        findings.push(Finding {
            invariant: "every reference leads to a row",
            count: dangling.n,
            first: None,
        });
    }
    for (invariant, sql) in INVARIANTS {
        let count: Count = sql_query(*sql).get_result(tx.conn())?;
        findings.push(Finding {
            invariant,
            count: count.n,
            first: None,
        });
    }
    Ok(findings)
}

/// The invariants of the audit trail, as a walk of its chain found them.
pub fn of_audit(report: &audit::Report) -> Vec<Finding> {
    let finding = |invariant: &'static str, broken: &Option<audit::Broken>| Finding {
        invariant,
        count: i64::from(broken.is_some()),
        first: broken.as_ref().map(ToString::to_string),
    };
    vec![
        finding("the audit chain is whole", &report.chain),
        finding("every event says what its audit record covers", &report.payload),
    ]
}
