//! The authorisation matrix: every operation of the contract × everyone who may call × own, foreign and unknown records.
//!
//! The contract promises by `x-roles` and `x-scope` who may call; the answers are compared with the promise. A caller who
//! may not is told 401 or 403 before anything else is looked at; a record of another partner is answered as one that does
//! not exist, word for word; nothing that is another partner's stands in any answer; nothing fails with 5xx.

mod askers;
mod calls;
mod judging;

use std::path::Path;

use openprm::{
    app::Contract,
    auth::{
        Permission, Role, Roles, Rows,
        permissions::{self, Who},
    },
    db::Engine,
    http::Operations,
};

use self::{
    askers::{Asker, Kind, callers},
    calls::matrix,
};
use crate::support::{World, api::api, contract, fixtures::Fixtures};

each_engine! {
    async fn everyone_may_do_what_the_contract_says_and_nothing_else(world: World) {
        let mut fixtures = Fixtures::new(&world).await;
        let callers = callers(&world, &fixtures);
        let report = matrix(&world, &mut fixtures, callers, &[]).await;
        println!("{} calls of {} operations; {} operations succeeded at least once", report.calls, api().operations.len(), report.succeeded.len());
        for (what, why) in &report.unasked {
            println!("not asked: {what}: {why}");
        }
        assert!(
            report.problems.is_empty(),
            "If you are here because you added an operation: what it answers differs from its row in src/auth/permissions.rs, \
             or from what api.md promises of records that are not the caller's.\n  {}",
            report.told()
        );
        if world.engine() == Engine::Sqlite {
            uncovered(&fixtures);
        }
    }
}

/// The kinds of ids that no row could be made of: their own and foreign cases are not in the matrix.
fn uncovered(fixtures: &Fixtures<'_>) {
    let mut text = String::from(
        "# Kinds of ids without a row in the tests: their own and foreign cases are not in the authorisation matrix.\n",
    );
    text.push_str(
        "# A kind that the contract's own examples cannot make gets a maker in tests/it/support/fixtures.rs.\n",
    );
    for (kind, why) in &fixtures.missing {
        text.push_str(&format!("{kind}  {why}\n"));
    }
    text.push_str(&format!("{} uncovered\n", fixtures.missing.len()));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/uncovered.txt");
    if std::fs::read_to_string(&path).unwrap_or_default() != text {
        std::fs::write(&path, &text).unwrap();
        panic!(
            "If you are here because you added a kind of record: openapi/uncovered.txt was written anew. Read it, and commit it or add a maker:\n{text}"
        );
    }
}

/// The permission table with faults, and the contract as it was promised.
fn faulty(change: impl Fn(&mut Permission)) -> std::sync::Arc<Contract> {
    let table: Vec<Permission> = permissions::TABLE
        .iter()
        .map(|row| {
            let mut row = *row;
            change(&mut row);
            row
        })
        .collect();
    // Leaked: the table of a server lives as long as the process.
    let table: &'static [Permission] = Vec::leak(table);
    std::sync::Arc::new(Contract {
        operations: Operations::of(&api().document, table, &contract().switches).unwrap(),
        documents: contract().documents.clone(),
        bodies: contract().bodies.clone(),
        switches: contract().switches.clone(),
    })
}

#[actix_web::test]
async fn the_matrix_finds_faults_that_are_planted() {
    let every = Role::ALL.iter().copied().collect::<Roles>();
    let world = World::with(
        Engine::Sqlite,
        faulty(|row| match row.operation {
            // 1: a role too many.
            "createTerritory" => {
                row.who = Who::Roles([Role::Admin, Role::ChannelOps, Role::Analyst].into_iter().collect());
            }
            // 2: a role too few.
            "listProducts" => {
                row.who = Who::Roles(
                    Role::ALL
                        .iter()
                        .copied()
                        .filter(|role| *role != Role::Finance)
                        .collect(),
                );
            }
            // 3: open to the world.
            "listCustomFields" => row.who = Who::Anyone,
            // 4: open to everyone who has signed in.
            "updateTerritory" => row.who = Who::Roles(every),
            // 5: the scope of another operation.
            "createProduct" => row.scope = Some("catalog:read"),
            _ => {}
        }),
    )
    .await;
    let mut fixtures = Fixtures::new(&world).await;
    let mut callers = callers(&world, &fixtures);
    // 6: a partner's people with the rows of everyone.
    let leaking = world.partner_user_with(fixtures.a, Role::PartnerSales, Rows::All);
    callers.push(Asker {
        name: "partner_sales with all rows".to_owned(),
        client: leaking,
        kind: Kind::Person(Role::PartnerSales),
        limited: true,
    });
    let asked = [
        "createTerritory",
        "listProducts",
        "listCustomFields",
        "updateTerritory",
        "createProduct",
        "getPartner",
        "listPartners",
        "getTerritory",
    ];
    let report = matrix(&world, &mut fixtures, callers, &asked).await;
    let found = |operation: &str, who: &str| {
        report
            .problems
            .iter()
            .any(|problem| problem.operation == operation && problem.who == who)
    };
    let planted = [
        ("createTerritory", "analyst"),
        ("listProducts", "finance"),
        ("listCustomFields", "nobody"),
        ("updateTerritory", "partner_learner"),
        ("createProduct", "machine with all other scopes"),
        ("getPartner", "partner_sales with all rows"),
        ("listPartners", "partner_sales with all rows"),
    ];
    let overlooked: Vec<_> = planted
        .iter()
        .filter(|(operation, who)| !found(operation, who))
        .collect();
    assert!(
        overlooked.is_empty(),
        "the matrix overlooked {overlooked:?}; it found\n  {}",
        report.told()
    );
    let alarms: Vec<_> = report
        .problems
        .iter()
        .filter(|problem| problem.operation == "getTerritory")
        .map(|problem| &problem.what)
        .collect();
    assert!(alarms.is_empty(), "the matrix gave a false alarm: {alarms:?}");
}
