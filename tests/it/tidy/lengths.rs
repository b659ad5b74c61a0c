//! How long a file may be.

use super::{holds, sources};

/// Files over 400 lines of code, each with its reason.
pub const LONG: &[(&str, &str)] = &[
    ("src/schema.rs", "every table, in the order of the migrations"),
    ("src/auth/permissions.rs", "one table, a row for each operation"),
    (
        "src/customers/accounts/queries.rs",
        "one record with its aliases, keys and references: found, listed, saved",
    ),
    (
        "src/customers/merges/queries.rs",
        "a query for each kind of record that hangs on an account",
    ),
    (
        "src/deals/conflict/model.rs",
        "the shape of a verdict with all its evidence, with a description of each field",
    ),
    (
        "src/deals/conflict/rules/tests.rs",
        "the cases of the conflict engine, one beside the other",
    ),
    (
        "src/deals/registrations/approvals.rs",
        "the chain of an approval from its plan to its last step",
    ),
    (
        "src/partners/queries.rs",
        "one record with its children: found, listed, saved",
    ),
    (
        "src/programs/memberships/queries.rs",
        "a membership, its assignments and its evaluations: found, listed, saved",
    ),
    ("src/programs/metrics.rs", "a query for each metric"),
    (
        "src/http/operations.rs",
        "the contract at run time: what an operation takes, and what is wrong with what it got",
    ),
    ("src/kernel/zone.rs", "the names of the time zones"),
    (
        "src/notices/catalogue/table.rs",
        "one table, a row for each topic of notices",
    ),
];

/// The longest file that needs no reason.
pub const LINES: usize = 400;

#[test]
fn a_long_file_says_why() {
    let mut offenders = Vec::new();
    for source in &sources("src") {
        let lines = source.lines();
        if lines > LINES && !LONG.iter().any(|(path, _)| *path == source.path) {
            offenders.push(format!("{}: {lines} lines", source.path));
        }
    }
    holds(
        "a file has one idea and at most 400 lines of code; a longer one is declared in LONG with a reason.",
        offenders,
    );
}
