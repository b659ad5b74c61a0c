//! Registrations that wait for a decision in an old system, and the decisions that were made there.

use openprm::{auth::Role, imports::ImportVerdict, kernel::ids::PartnerId};
use serde_json::{Value, json};

use super::{Files, event_kinds, expected, id, is_sound, reason, verdicts};
use crate::support::World;

const MAPPING: &str = r#"
    name = "registrations"
    system = "oldprm"
    [formats]
    date = "M/D/YYYY"
    currency = "EUR"
    [[step]]
    entity = "territories"
    file = "places.csv"
    key = "code"
    fields = { code = "code", name = "code", kind = { value = "custom" } }
    [[step]]
    entity = "users"
    file = "users.csv"
    key = "email"
    fields = { email = "email", name = "email", roles = "roles", row_scope = { value = "all" } }
    [[step]]
    entity = "products"
    file = "products.csv"
    key = "code"
    fields = { code = "code", name = "code", kind = "kind", parent_id = "line" }
    [[step]]
    entity = "partners"
    file = "partners.csv"
    key = "id"
    fields = { legal_name = "name", territory_ids = { value = "NORTH" }, account_manager = { value = "mia@vendor.example" }, since = { value = "1/1/2024" }, default_currency = { value = "EUR" }, time_zone = { value = "UTC" } }
    [[step]]
    entity = "customer_accounts"
    file = "customers.csv"
    key = "id"
    fields = { name = "name", website = "web" }
    [[step]]
    entity = "deals"
    file = "deals.csv"
    key = "id"
    fields = { partner = "partner", title = "id", account = "customer", product = "product", amount = "amount", review_status = "status", received_at = "received", decided_at = "decided", ended_at = "ended", protected_from = "from", protected_until = "until", assignee = "reviewer", questions = "asked", info_due_at = "due", stage = "stage", closed_at = "closed", expected_close_on = "expected", decision_reason = "why" }
"#;

const HEADER: &str = "id,partner,customer,product,amount,status,received,decided,ended,from,until,reviewer,asked,due,stage,closed,expected,why\n";
const WAITING: &str = "\
W1,P1,C1,EDGE-FW,9000,submitted,3/1/2026,,,,,,,,qualified,,6/1/2026,
W2,P2,C1,EDGE-FW,8000,in_review,2/1/2026,,,,,ole@vendor.example,,,,,6/1/2027,
W3,P1,C2,EDGE-FW,7000,info_requested,2/1/2026,,,,,mia@vendor.example,Which sites?;How many?,3/1/2026,,,6/1/2027,
W4,P1,C1,EDGE-FW,6000,submitted,4/1/2026,,,,,,,,,,6/1/2027,
W5,P2,C2,EDGE,5000,approved,1/1/2026,1/5/2026,,1/5/2026,1/5/2027,,,,,,6/1/2027,
W6,P1,,EDGE-FW,4000,submitted,2/1/2026,,,,,,,,,,6/1/2027,
W7,P1,C3,EDGE-FW,3000,submitted,2/1/2026,,,,,,,,won,3/1/2026,,
W8,P1,C3,,3000,submitted,2/1/2026,,,,,,,,,,6/1/2027,
W9,P1,C3,EDGE-FW,,submitted,2/1/2026,,,,,,,,,,,
";

fn files(deals: &str) -> Files {
    let deals = format!("{HEADER}{deals}");
    Files::new(&[
        ("places.csv", b"code\nNORTH\n"),
        ("users.csv", b"email,roles\nmia@vendor.example,cam\nole@vendor.example,approver\n"),
        ("products.csv", b"code,kind,line\nEDGE,line,\nEDGE-FW,product,EDGE\nEDGE-SW,product,EDGE\n"),
        ("partners.csv", b"id,name\nP1,Alfa Systems\nP2,Bravo IT\n"),
        ("customers.csv", b"id,name,web\nC1,Delta Logistics,delta-logistics.com\nC2,Echo Foods,echo-foods.com\nC3,Foxtrot Mills,foxtrot-mills.com\n"),
        ("deals.csv", deals.as_bytes()),
    ])
}

async fn deal(world: &World, report: &[Value], line: u64) -> Value {
    let id = id(report, "deals", line);
    world
        .vendor(Role::ChannelOps)
        .get(&format!("/v1/deals/{id}"))
        .await
        .expect(200)
}

fn partner(report: &[Value], line: u64) -> PartnerId {
    id(report, "partners", line).parse().unwrap()
}

fn path(report: &[Value], line: u64, rest: &str) -> String {
    format!("/v1/deals/{}{rest}", id(report, "deals", line))
}

each_engine! {
    async fn what_waits_for_a_decision_goes_on_waiting_in_the_order_of_its_arrival(world: World) {
        let files = files(WAITING);
        let (_, report) = files.import(&world, MAPPING);
        let codes = [
            (2, "created", "live"),
            (3, "created", "live"),
            (4, "created", "live"),
            (5, "rejected", "no_open_registration"),
            (6, "created", "legacy"),
            (7, "draft", "incomplete"),
            (8, "rejected", "closed"),
            (9, "rejected", "required"),
            (10, "created", "live"),
        ];
        assert_eq!(verdicts(&report, "deals"), expected(&codes), "{report:#?}");
        let told_of = |line: u64| reason(&report, "deals", line).to_owned();
        assert!(told_of(2).starts_with("waits for a decision since 2026-03-01; not asked for ") && told_of(2).contains("expected_close_in_future"), "{}", told_of(2));
        assert!(told_of(2).contains("place 2 in the queue") && told_of(3).contains("place 1 in the queue"), "{} / {}", told_of(2), told_of(3));
        assert!(told_of(4).contains("answers_overdue") && told_of(4).contains("the assignee is left out"), "{}", told_of(4));
        assert!(told_of(5).contains("DR-"), "it names the other registration: {}", told_of(5));
        assert!(told_of(7).contains("it is submitted in its own system"), "{}", told_of(7));
        assert!(told_of(10).contains("required_field"), "{}", told_of(10));
        assert_eq!(event_kinds(&world, &["deal", "protection"]), ["deal.imported", "protection.imported"]);

        let (first, second) = (deal(&world, &report, 3).await, deal(&world, &report, 2).await);
        assert_eq!((&first["review_status"], &first["legacy"], &first["received_at"]), (&json!("in_review"), &json!(false), &json!("2026-02-01T00:00:00.000000Z")));
        assert_eq!((&second["review_status"], &second["stage"], &second["protection"]["state"]), (&json!("submitted"), &json!("qualified"), &json!("queued")));
        assert!(first["seq"].as_i64() < second["seq"].as_i64(), "{first} {second}");
        assert_eq!(first["review"]["assignee_id"], json!(id(&report, "users", 3)));
        assert_eq!(first["review"]["due_at"], "2026-02-04T00:00:00.000000Z");
        assert!(first["conflict_check_id"].is_string());

        is_sound(&world);

        // The next day somebody decides.
        world.clock.advance_days(1);
        let approver = world.vendor(Role::Approver);
        let passed = approver.post(&path(&report, 2, "/approve"), json!({})).await.expect(409);
        assert_eq!(passed["errors"][0]["code"], "earlier_claim", "{passed}");
        let approved = approver.post(&path(&report, 3, "/approve"), json!({})).await.expect(200);
        assert_eq!((&approved["review_status"], &approved["protection"]["state"]), (&json!("approved"), &json!("active")));
        let refused = approver.post(&path(&report, 2, "/approve"), json!({})).await.refused(409);
        assert_eq!(refused, "protection_overlap");

        // The partner answers what was asked over there.
        let sales = world.partner_user(partner(&report, 2), Role::PartnerSales);
        let asked = sales.get(&path(&report, 4, "")).await.expect(200);
        assert_eq!(asked["info_request"]["questions"], json!(["Which sites?", "How many?"]));
        let paused = async || {
            let waits = world.vendor(Role::ChannelOps).get("/v1/approvals").await.expect(200)["data"].clone();
            let step = waits.as_array().unwrap().iter().find(|step| step["subject"]["id"] == asked["id"]).unwrap().clone();
            (step["paused_at"].is_string(), step["due_at"].clone())
        };
        assert_eq!(paused().await, (true, Value::Null), "its chain begins with the clock standing");
        assert_eq!(asked["info_request"]["due_at"], "2026-11-30T00:00:00.000000Z", "five business days from the move end on a Friday");
        let answered = sales.post(&path(&report, 4, "/answer-info"), json!({"answers": ["All.", "Forty."]})).await.expect(200);
        assert_eq!(answered["review_status"], "in_review");
        assert_eq!(paused().await, (false, answered["review"]["due_at"].clone()));

        // What went on here is no longer the file's.
        let (again, _) = files.import(&world, MAPPING);
        assert_eq!((again.total(ImportVerdict::Created), again.total(ImportVerdict::Updated)), (0, 0), "{again}");
        files.write("deals.csv", format!("{HEADER}{}", WAITING.replace("EDGE-FW,8000", "EDGE-FW,8500")).as_bytes());
        let (_, report) = files.import(&world, MAPPING);
        assert_eq!(verdicts(&report, "deals")[1], (3, "rejected".to_owned(), "moved_on".to_owned()));
        assert!(reason(&report, "deals", 3).contains("went on here (") && reason(&report, "deals", 3).contains("approve"), "{report:#?}");
    }

    async fn until_somebody_takes_a_step_here_the_deal_follows_its_file(world: World) {
        let row = |amount: &str, rest: &str| format!("{HEADER}R1,P1,C1,EDGE-FW,{amount},{rest}\n");
        let files = files("");
        let steps = [
            ("1000", ",,,,,,,,,,,,", "created", "legacy", "not_registered"),
            ("1000", "submitted,3/1/2026,,,,,,,,,,6/1/2027,", "updated", "live", "submitted"),
            ("900000", "submitted,3/1/2026,,,,,,,,,,6/1/2027,", "updated", "live", "submitted"),
            ("900000", "info_requested,3/1/2026,,,,,,What for?,,,,6/1/2027,", "updated", "live", "info_requested"),
            ("900000", "in_review,3/1/2026,,,,,,,,,,6/1/2027,", "updated", "live", "in_review"),
            ("900000", "draft,,,,,,,,,,,6/1/2027,", "rejected", "moved_back", "in_review"),
            ("900000", "approved,3/1/2026,4/1/2026,,4/1/2026,4/1/2027,,,,,,6/1/2027,Fine", "updated", "legacy", "approved"),
            ("900000", "approved,3/1/2026,4/1/2026,,4/1/2026,5/1/2027,,,,,,6/1/2027,Fine", "rejected", "history_kept", "approved"),
            ("900000", "approved,3/1/2026,4/1/2026,,4/1/2026,4/1/2027,,,,won,11/1/2026,6/1/2027,Fine", "updated", "legacy", "approved"),
            ("900000", "approved,3/1/2026,4/1/2026,,4/1/2026,4/1/2027,,,,,,6/1/2027,Fine", "rejected", "moved_back", "approved"),
        ];
        let mut deal_id = String::new();
        for (number, (amount, rest, verdict, code, status)) in steps.iter().enumerate() {
            files.write("deals.csv", row(amount, rest).as_bytes());
            let (_, report) = files.import(&world, MAPPING);
            assert_eq!(verdicts(&report, "deals"), expected(&[(2, *verdict, *code)]), "step {number}: {report:#?}");
            if number == 0 {
                deal_id = id(&report, "deals", 2).to_owned();
            }
            let ops = world.vendor(Role::ChannelOps);
            let deal = ops.get(&format!("/v1/deals/{deal_id}")).await.expect(200);
            assert_eq!((&deal["review_status"], deal["legacy"].as_bool()), (&json!(status), Some(*code == "legacy" || *status == "approved")), "step {number}");
            let chain = ops.get(&format!("/v1/deals/{deal_id}/approval-chain")).await.expect(200);
            let pending = chain["data"].as_array().unwrap().iter().filter(|step| step["status"] == "pending" || step["status"] == "waiting").count();
            let asked = match (number, *status) { (1, _) => 1, (_, "submitted" | "info_requested" | "in_review") => 2, _ => pending };
            assert_eq!(pending, asked, "step {number}: {chain}");
            // While the partner owes an answer nobody waits for a decision, and the clock of the chain stands.
            let waits = ops.get("/v1/approvals").await.expect(200)["data"].clone();
            let stands: Vec<bool> = waits.as_array().unwrap().iter().map(|step| step["paused_at"].is_string()).collect();
            let wanted = match *status { "info_requested" => vec![true], "submitted" | "in_review" => vec![false], _ => vec![] };
            assert_eq!(stands, wanted, "step {number}: {waits}");
        }
        is_sound(&world);
        let ops = world.vendor(Role::ChannelOps);
        let won = ops.get(&format!("/v1/deals/{deal_id}")).await.expect(200);
        assert_eq!((&won["stage"], &won["protection"]["state"]), (&json!("won"), &json!("consumed")));
        let decisions = ops.get(&format!("/v1/deals/{deal_id}/decisions")).await.expect(200);
        assert_eq!((decisions["data"].as_array().unwrap().len(), &decisions["data"][0]["reason_text"]), (1, &json!("Fine")));
    }

    async fn windows_of_history_keep_their_dates_and_do_not_stand_in_each_others_way_once_ended(world: World) {
        // Three in a row on one scope: used up by a win, taken away, in force; then one too many.
        let files = files("\
H1,P1,C1,EDGE-FW,1,approved,1/1/2025,1/2/2025,,1/2/2025,1/2/2027,,,,won,6/1/2025,,
H2,P2,C1,EDGE,1,revoked,6/1/2025,6/2/2025,9/1/2025,6/2/2025,6/2/2027,,,,,,,Misled us
H3,P1,C1,EDGE-FW,1,approved,9/1/2025,9/2/2025,,9/2/2025,9/2/2027,,,,,,,
H4,P2,C1,EDGE,1,approved,10/1/2025,10/2/2025,,10/2/2025,10/2/2027,,,,,,,
H5,P2,C1,EDGE-SW,1,rejected,10/1/2025,10/2/2025,,,,,,,,,,Too small
H6,P2,C2,EDGE-SW,1,rejected,10/1/2025,10/2/2025,,10/2/2025,10/2/2026,,,,,,,
");
        let (_, report) = files.import(&world, MAPPING);
        let codes = [(2, "created", "legacy"), (3, "created", "legacy"), (4, "created", "legacy"), (5, "rejected", "protection_overlap"), (6, "created", "legacy"), (7, "rejected", "not_approved")];
        assert_eq!(verdicts(&report, "deals"), expected(&codes), "{report:#?}");
        let states = [(2, "consumed"), (3, "released"), (4, "active"), (6, "none")];
        for (line, state) in states {
            assert_eq!(deal(&world, &report, line).await["protection"]["state"], state, "{line}");
        }
        is_sound(&world);
        let holder = deal(&world, &report, 4).await["number"].as_str().unwrap().to_owned();
        assert!(reason(&report, "deals", 5).contains(&format!("{holder} is protected on an overlapping scope until 2027-09-02")), "{report:#?}");
        let ops = world.vendor(Role::ChannelOps);
        let windows = ops.get(&format!("/v1/protections?deal_id={}", id(&report, "deals", 2))).await.expect(200);
        let window = &windows["data"][0];
        assert_eq!((&window["starts_at"], &window["ends_at"], &window["granted_until"]), (&json!("2025-01-02T00:00:00.000000Z"), &json!("2025-06-01T00:00:00.000000Z"), &json!("2027-01-02T00:00:00.000000Z")));
        assert_eq!((&window["legacy"], window["decision_id"].is_string()), (&json!(true), true));
        let rejected = deal(&world, &report, 6).await;
        assert_eq!((&rejected["decision"]["outcome"], &rejected["decision"]["reason_text"]), (&json!("rejected"), &json!("Too small")));
    }
}
