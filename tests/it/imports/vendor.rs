//! A vendor that moves in with everything it has.

use openprm::{auth::Role, imports::ImportVerdict};
use serde_json::json;

use super::{Files, all_rows, event_kinds, expected, id, verdicts};
use crate::support::World;

/// Everything that a small vendor has, in invented files.
const VENDOR: &str = r#"
    name = "vendor"
    system = "oldcrm"
    [formats]
    date = "M/D/YYYY"
    currency = "USD"
    [tables.stages]
    "Open" = "qualified"
    "Won" = "won"
    "Lost" = "closed_lost"
    [[step]]
    entity = "territories"
    file = "places.csv"
    key = "code"
    fields = { code = "code", name = "name", kind = { value = "custom" }, parent_id = "within" }
    [[step]]
    entity = "users"
    file = "people.csv"
    key = "email"
    fields = { email = "email", name = "name", roles = "roles", row_scope = { value = "own" } }
    [[step]]
    entity = "products"
    file = "products.csv"
    key = "code"
    fields = { code = "code", name = "name", kind = "kind", parent_id = "line", list_price = "price", aliases = "also" }
    [[step]]
    entity = "partners"
    file = "partners.csv"
    key = "id"
    fields = { legal_name = "name", territory_ids = "territories", account_manager = "manager", since = "since", default_currency = { value = "USD" }, time_zone = { value = "UTC" } }
    [[step]]
    entity = "account_managers"
    file = "managers.csv"
    key = { template = "{partner} {from}" }
    fields = { partner = "partner", user = "manager", valid_from = "from" }
    [[step]]
    entity = "customer_accounts"
    file = "customers.csv"
    key = "id"
    fields = { name = "name", website = "web" }
    [[step]]
    entity = "direct_opportunities"
    file = "direct.csv"
    key = "id"
    fields = { account_id = "customer", title = "title", product_id = "product", amount = "amount", opened_at = "opened", stage = { value = "Proposal" } }
    [[step]]
    entity = "named_accounts"
    file = "house.csv"
    key = "customer"
    fields = { account_id = "customer", starts_on = "from" }
    [[step]]
    entity = "installed_base"
    file = "base.csv"
    key = { template = "{customer}/{product}" }
    fields = { account_id = "customer", product_id = "product", quantity = "quantity", since_on = "since" }
    [[step]]
    entity = "deals"
    file = "deals.csv"
    key = "id"
    fields = { partner = "partner", title = "title", account = "customer", product = "product", amount = "amount", opened_at = "opened", closed_at = "closed", stage = { column = "stage", table = "stages", closed = true }, review_status = "review", protected_from = "from", protected_until = "until" }
"#;

fn vendor() -> Files {
    Files::new(&[
        ("places.csv", b"code,name,within\nNORTH,North,ALL\nALL,Everywhere,\nSOUTH,South,ALL\n"),
        ("people.csv", b"email,name,roles\nmia@vendor.example,Mia Holm,cam\nole@vendor.example,Ole Brandt,cam;approver\n"),
        ("products.csv", b"code,name,kind,line,price,also\nEDGE,Edge line,line,,,\nEDGE-FW,Edge Firewall,product,EDGE,\"1,200\",EdgeFirewall;E-FW\n"),
        ("partners.csv", b"id,name,territories,manager,since\nP1,Alfa Systems,NORTH,mia@vendor.example,1/1/2024\nP2,Bravo IT,NORTH;SOUTH,ole@vendor.example,6/1/2024\nP3,Nobody Ltd,NORTH,,1/1/2024\n"),
        ("managers.csv", b"partner,manager,from\nP1,mia@vendor.example,1/1/2024\nP1,ole@vendor.example,3/1/2025\n"),
        ("customers.csv", b"id,name,web\nC1,Delta Logistics,delta-logistics.com\nC2,Echo Foods,\n"),
        ("direct.csv", b"id,customer,title,product,amount,opened\nO1,C2,Echo renewal,EDGE-FW,5000,2/1/2026\nO2,C9,Lost customer,EDGE-FW,1,2/1/2026\n"),
        ("house.csv", b"customer,from\nC2,1/1/2025\n"),
        ("base.csv", b"customer,product,quantity,since\nC1,E-FW,12,5/1/2023\n"),
        ("deals.csv", DEALS.as_bytes()),
    ])
}

const DEALS: &str = "\
id,partner,title,customer,product,amount,opened,closed,stage,review,from,until
D1,P1,Delta firewalls,C1,EdgeFirewall,9000,1/5/2026,2/1/2026,Won,,,
D2,P1,Delta more,C1,EDGE-FW,,1/5/2026,1/6/2026,Lost,,,
D3,P1,Nobody knows,,EDGE-FW,,1/5/2026,,Open,,,
D4,P1,Echo protected,C2,EDGE-FW,100,9/1/2026,,Open,approved,9/2/2026,3/1/2027
D5,P1,Echo again,C2,EDGE,100,9/1/2026,,Open,approved,9/2/2026,3/1/2027
D6,P9,Whose,C1,EDGE-FW,100,9/1/2026,,Open,,,
D7,P1,Bad date,C1,EDGE-FW,100,31/12/2025,,Open,,,
D8,P1,Backwards,C1,EDGE-FW,100,2/1/2026,1/1/2026,Won,,,
D9,P1,Not closed,C1,EDGE-FW,100,2/1/2026,,Won,,,
D10,P1,Tomorrow,C1,EDGE-FW,100,2/1/2030,,Open,,,
D11,P1,Stage,C1,EDGE-FW,100,2/1/2026,,Almost,,,
D12,P1,Waiting,C1,EDGE-FW,100,2/1/2026,,Open,submitted,,
D13,P1,Unapproved,C1,EDGE-FW,100,2/1/2026,,Open,,1/1/2026,1/1/2027
";

/// What people call the deal.
async fn ops_number(world: &World, deal: &str) -> String {
    let deal = world
        .vendor(Role::ChannelOps)
        .get(&format!("/v1/deals/{deal}"))
        .await
        .expect(200);
    deal["number"].as_str().unwrap().to_owned()
}

each_engine! {
    async fn a_vendor_moves_in_with_everything_it_has(world: World) {
        let files = vendor();
        let (_, report) = files.import(&world, VENDOR);
        let told = format!("{report:#?}");
        let made = |entity: &str| verdicts(&report, entity).into_iter().map(|(line, verdict, _)| (line, verdict)).collect::<Vec<_>>();
        let created = |lines: &[u64]| lines.iter().map(|line| (*line, "created".to_owned())).collect::<Vec<_>>();
        for (entity, lines) in [("territories", [2, 3, 4].as_slice()), ("users", &[2, 3]), ("products", &[2, 3]), ("customer_accounts", &[2, 3]), ("named_accounts", &[2]), ("installed_base", &[2])] {
            assert_eq!(made(entity), created(lines), "{entity}: {told}");
        }
        assert_eq!(verdicts(&report, "partners"), expected(&[(2, "created", "legacy"), (3, "created", "legacy"), (4, "rejected", "conflict")]), "{told}");
        assert_eq!(verdicts(&report, "account_managers"), expected(&[(2, "unchanged", ""), (3, "created", "legacy")]), "{told}");
        assert_eq!(verdicts(&report, "direct_opportunities"), expected(&[(2, "created", ""), (3, "rejected", "unknown_reference")]), "{told}");
        let deals = [
            (2, "created", "legacy"),
            (3, "created", "legacy"),
            (4, "draft", "incomplete"),
            (5, "created", "legacy"),
            (6, "rejected", "protection_overlap"),
            (7, "rejected", "unknown_reference"),
            (8, "rejected", "invalid_date"),
            (9, "rejected", "closed_before_opened"),
            (10, "rejected", "required"),
            (11, "rejected", "in_the_future"),
            (12, "rejected", "unknown_word"),
            (13, "created", "live"),
            (14, "rejected", "not_approved"),
        ];
        assert_eq!(verdicts(&report, "deals"), expected(&deals), "{told}");
        let reason = |line: u64| report.iter().find(|row| row["entity"] == "deals" && row["line"] == line).unwrap()["reason"].as_str().unwrap().to_owned();
        assert_eq!(reason(2), "history: not asked for submission, evidence_of_the_win");
        assert_eq!(reason(3), "history: not asked for submission, reason_of_the_loss");
        assert!(reason(4).contains("customer"), "{}", reason(4));
        let holder = ops_number(&world, id(&report, "deals", 5)).await;
        assert!(reason(6).contains(&holder) && reason(6).contains("2027-03-01"), "{}", reason(6));

        let ops = world.vendor(Role::ChannelOps);
        let id = |line: u64| report.iter().find(|row| row["entity"] == "deals" && row["line"] == line).unwrap()["resource_id"].as_str().unwrap().to_owned();
        let won = ops.get(&format!("/v1/deals/{}", id(2))).await.expect(200);
        assert_eq!((&won["review_status"], &won["stage"], &won["legacy"]), (&json!("not_registered"), &json!("won"), &json!(true)));
        assert_eq!((&won["created_at"], &won["closed_at"]), (&json!("2026-01-05T00:00:00.000000Z"), &json!("2026-02-01T00:00:00.000000Z")));
        assert_eq!((&won["lines"][0]["product"], &won["territory"], &won["customer"]["name"]), (&json!("EDGE-FW"), &json!("NORTH"), &json!("Delta Logistics")));
        let protected = ops.get(&format!("/v1/deals/{}", id(5))).await.expect(200);
        assert_eq!((&protected["review_status"], &protected["protection"]["state"]), (&json!("approved"), &json!("active")));
        assert_eq!(protected["received_at"], "2026-09-01T00:00:00.000000Z");
        let draft = ops.get(&format!("/v1/deals/{}", id(4))).await.expect(200);
        assert_eq!(draft["review_status"], "draft");
        assert!(draft["missing"].as_array().unwrap().contains(&json!("customer")));

        assert_eq!(event_kinds(&world, &["deal", "protection"]), ["deal.imported", "protection.imported"], "history is no news");
        assert_eq!(all_rows(&world)["mails"], 0, "nobody is written to");

        let (again, report) = files.import(&world, VENDOR);
        assert_eq!((again.total(ImportVerdict::Created), again.total(ImportVerdict::Updated), again.total(ImportVerdict::Draft)), (0, 0, 0), "{report:#?}");

        // The draft's customer is found out.
        files.write("deals.csv", DEALS.replace("Nobody knows,,", "Nobody knows,C1,").as_bytes());
        let (_, report) = files.import(&world, VENDOR);
        assert_eq!(verdicts(&report, "deals")[2], (4, "updated".to_owned(), "legacy".to_owned()));
        let known = ops.get(&format!("/v1/deals/{}", report.iter().find(|row| row["entity"] == "deals" && row["line"] == 4).unwrap()["resource_id"].as_str().unwrap())).await.expect(200);
        assert_eq!((&known["review_status"], &known["customer"]["name"]), (&json!("not_registered"), &json!("Delta Logistics")));
    }

    async fn a_rehearsal_of_everything_leaves_every_table_as_it_was(world: World) {
        let files = vendor();
        let before = all_rows(&world);
        let (rehearsed, said) = files.rehearse(&world, VENDOR);
        assert!(rehearsed.dry_run && rehearsed.total(ImportVerdict::Created) > 15, "{rehearsed}");
        assert_eq!(all_rows(&world), before);
        let (_, done) = files.import(&world, VENDOR);
        for entity in ["partners", "deals", "users", "installed_base"] {
            assert_eq!(verdicts(&said, entity), verdicts(&done, entity), "{entity}");
        }
        let before = all_rows(&world);
        files.write("deals.csv", DEALS.replace("Delta more", "Delta much more").as_bytes());
        let (rehearsed, _) = files.rehearse(&world, VENDOR);
        assert_eq!(rehearsed.total(ImportVerdict::Updated), 1, "{rehearsed}");
        assert_eq!(all_rows(&world), before, "nor does the rehearsal of a change");
    }
}
