//! Imports: what becomes of good rows and of bad ones, that a run can be repeated, stopped and rehearsed, and a whole
//! pipeline of an old CRM.

use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use diesel::prelude::*;
use openprm::{
    auth::Role,
    imports::{Entity, Mapping, Plan, Report, Summary, Verdict, Watch, import, rehearse},
    on_each,
    schema::{customer_accounts, events, external_references, import_rows, import_runs},
};
use serde_json::{Value, json};

use crate::support::{World, contract};

/// A folder with files, gone with the test.
struct Files(PathBuf);

impl Drop for Files {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

impl Files {
    fn new(files: &[(&str, &[u8])]) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let folder = std::env::temp_dir().join(format!(
            "openprm_import_{}_{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::SeqCst)
        ));
        fs::create_dir_all(&folder).unwrap();
        let made = Self(folder);
        files.iter().for_each(|(name, bytes)| made.write(name, bytes));
        made
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).unwrap();
    }

    fn plan(&self, mapping: &str) -> Arc<Plan> {
        let mapping = Mapping::parse(mapping).unwrap();
        Arc::new(Plan {
            mapping,
            mapping_hash: "test".to_owned(),
            folder: self.0.clone(),
            contract: contract(),
        })
    }

    /// Imports, and answers the summary and the report.
    fn import(&self, world: &World, mapping: &str) -> (Summary, Vec<Value>) {
        self.go(world, mapping, import)
    }

    fn rehearse(&self, world: &World, mapping: &str) -> (Summary, Vec<Value>) {
        self.go(world, mapping, rehearse)
    }

    fn go(
        &self,
        world: &World,
        mapping: &str,
        how: fn(&openprm::db::Db, &Arc<Plan>, Option<&mut Report>, &Watch) -> openprm::error::Result<Summary>,
    ) -> (Summary, Vec<Value>) {
        let path = self.0.join("report.ndjson");
        let mut report = Report::create(&path).unwrap();
        let summary = how(&world.db, &self.plan(mapping), Some(&mut report), &silent()).unwrap();
        let lines = fs::read_to_string(path)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        (summary, lines)
    }
}

fn silent() -> Watch {
    Arc::new(|_| {})
}

/// Line, verdict and code of each row of one kind of record.
fn verdicts(report: &[Value], entity: &str) -> Vec<(u64, String, String)> {
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    report
        .iter()
        .filter(|line| line["entity"] == entity)
        .map(|line| {
            (
                line["line"].as_u64().unwrap(),
                text(line, "verdict"),
                text(line, "code"),
            )
        })
        .collect()
}

fn expected(rows: &[(u64, &str, &str)]) -> Vec<(u64, String, String)> {
    rows.iter()
        .map(|(line, verdict, code)| (*line, (*verdict).to_owned(), (*code).to_owned()))
        .collect()
}

fn accounts(world: &World) -> i64 {
    world.sql(|tx| Ok(on_each!(tx, |c| customer_accounts::table.count().get_result(c))?))
}

/// Rows of the tables that any import writes.
fn written(world: &World) -> [i64; 5] {
    world.sql(|tx| {
        Ok([
            on_each!(tx, |c| customer_accounts::table.count().get_result(c))?,
            on_each!(tx, |c| events::table.count().get_result(c))?,
            on_each!(tx, |c| external_references::table.count().get_result(c))?,
            on_each!(tx, |c| import_runs::table.count().get_result(c))?,
            on_each!(tx, |c| import_rows::table.count().get_result(c))?,
        ])
    })
}

const ACCOUNTS: &str = r#"
    name = "accounts"
    system = "oldcrm"
    [formats]
    date = "M/D/YYYY"
    currency = "EUR"
    decimal = ","
    [tables.countries]
    "Germny" = "DE"
    [[step]]
    entity = "customer_accounts"
    file = "accounts.csv"
    key = "id"
    [step.fields]
    name = "name"
    employees = "staff"
    annual_revenue = { column = "revenue", unit = "million" }
    parent_id = "parent"
    "address.country" = { column = "country", table = "countries" }
    [[step.when]]
    column = "name"
    is = ["TEST"]
    skip = "a test record of the old system"
"#;

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

each_engine! {
    async fn a_bad_row_is_rejected_with_its_reason_and_stops_nothing(world: World) {
        let long = "x".repeat(300);
        let text = [
            b"\xef\xbb\xbfid;name;staff;revenue;parent;country\r\n".as_slice(),
            b"A1;\"Two\nlines; and a \"\"quote\"\"\";1.200;1,5;A3;Germny\r\n",
            b"A2;=HYPERLINK(\"http://x\");;;;\r\n",
            b"A3;Parent below;;;;DE\r\n",
            b"A4;Caf\xe9;;;;\r\n",
            b"A5;Staff;many;;;\r\n",
            b"A6;Parent;;;A99;\r\n",
            b"A3;Somebody else;;;;\r\n",
            b"A3;Parent below;;;;DE\r\n",
            b"A7;Short;;\r\n",
            b";No key;;;;\r\n",
            b"A8;;;;;\r\n",
            b"A9;Nowhere;;;;Atlantis\r\n",
            b"A10;TEST;;;;\r\n",
            format!("A11;{long};;;;\r\n").as_bytes(),
            b"A12;\"never closed;;;;\r\n",
            b"A13;Self;;;A13;\r\n",
            b"A14;Last;;;;",
        ]
        .concat();
        let files = Files::new(&[("accounts.csv", &text)]);
        let (summary, report) = files.import(&world, ACCOUNTS);
        let codes = expected(&[
            (2, "created", ""),
            (4, "created", ""),
            (5, "created", ""),
            (6, "rejected", "invalid_encoding"),
            (7, "rejected", "invalid_number"),
            (8, "rejected", "unknown_reference"),
            (9, "rejected", "duplicate_key"),
            (10, "unchanged", "repeated"),
            (11, "rejected", "wrong_number_of_cells"),
            (12, "rejected", "required"),
            (13, "rejected", "required"),
            (14, "rejected", "wrong_type"),
            (15, "skipped", "skipped"),
            (16, "rejected", "wrong_length"),
            (17, "rejected", "unclosed_quote"),
            (18, "rejected", "unknown_reference"),
            (19, "created", ""),
        ]);
        assert_eq!(verdicts(&report, "customer_accounts"), codes, "{report:#?}");
        assert_eq!(summary.total(Verdict::Rejected), 11);
        let ops = world.vendor(Role::ChannelOps);
        let listed = ops.get("/v1/customer-accounts?sort=created_at").await.expect(200);
        let by_name: BTreeMap<&str, &Value> = listed["data"].as_array().unwrap().iter().map(|row| (row["name"].as_str().unwrap(), row)).collect();
        assert_eq!(by_name.len(), 4);
        let first = by_name["Two lines; and a \"quote\""];
        assert_eq!((&first["employees"], &first["annual_revenue"]["amount"]), (&json!(1200), &json!("1500000.00")));
        assert_eq!(first["parent_id"], by_name["Parent below"]["id"]);
        assert_eq!(first["address"]["country"], "DE");
        assert_eq!(first["external_refs"], json!([{"system": "oldcrm", "id": "A1"}]));
        assert!(by_name.contains_key("=HYPERLINK(\"http://x\")"), "a formula is text like any other");
    }

    async fn a_mapping_that_does_not_fit_its_files_is_refused_before_anything_is_written(world: World) {
        let files = Files::new(&[("accounts.csv", b"id;name;staff\nA1;One;3\n")]);
        let refusal = import(&world.db, &files.plan(ACCOUNTS), None, &silent()).unwrap_err();
        for part in ["`revenue`", "`parent`", "`country`", "its columns are id, name, staff"] {
            assert!(refusal.message().contains(part), "{refusal}");
        }
        let refusal = import(&world.db, &Files::new(&[]).plan(ACCOUNTS), None, &silent()).unwrap_err();
        assert!(refusal.message().contains("accounts.csv cannot be read"), "{refusal}");
        assert_eq!(written(&world), [0; 5]);
    }

    async fn a_run_that_is_repeated_changes_only_what_the_file_changed(world: World) {
        let rows = "id;name;staff;revenue;parent;country\nA1;One;10;;A2;\nA2;Two;20;;;\nA3;Three;30;;;\n";
        let files = Files::new(&[("accounts.csv", rows.as_bytes())]);
        let (first, _) = files.import(&world, ACCOUNTS);
        assert_eq!(first.of(Entity::CustomerAccounts).of(Verdict::Created), 3);
        let before = written(&world);
        let (second, report) = files.import(&world, ACCOUNTS);
        assert_eq!(second.of(Entity::CustomerAccounts).of(Verdict::Unchanged), 3, "{report:#?}");
        let after = written(&world);
        assert_eq!((before[0], before[1], before[2], before[4]), (after[0], after[1], after[2], after[4]), "only the run itself is noted");

        // What was changed here stays as long as the file says nothing new.
        let ops = world.vendor(Role::ChannelOps);
        let id = |report: &[Value], line: u64| report.iter().find(|row| row["line"] == line).unwrap()["resource_id"].as_str().unwrap().to_owned();
        let three = format!("/v1/customer-accounts/{}", id(&report, 4));
        ops.patch(&three, json!({"name": "Three and a half"})).await.expect(200);
        files.write("accounts.csv", rows.replace("Two;20", "Two;25").as_bytes());
        let (_, report) = files.import(&world, ACCOUNTS);
        assert_eq!(verdicts(&report, "customer_accounts"), expected(&[(2, "unchanged", ""), (3, "updated", ""), (4, "unchanged", "")]));
        assert_eq!(ops.get(&three).await.expect(200)["name"], "Three and a half");
        assert_eq!(ops.get(&format!("/v1/customer-accounts/{}", id(&report, 3))).await.expect(200)["employees"], 25);
    }

    async fn a_dry_run_says_what_the_run_will_say_and_keeps_nothing(world: World) {
        let files = Files::new(&[("accounts.csv", b"id;name;staff;revenue;parent;country\nA1;One;10;;A2;\nA2;Two;x;;;\nA3;Three;;;;\n")]);
        let (rehearsed, said) = files.rehearse(&world, ACCOUNTS);
        assert!(rehearsed.dry_run);
        assert_eq!(written(&world), [0; 5]);
        let (_, done) = files.import(&world, ACCOUNTS);
        assert_eq!(verdicts(&said, "customer_accounts"), verdicts(&done, "customer_accounts"));
        assert_eq!(verdicts(&done, "customer_accounts")[0].2, "unknown_reference", "its parent was rejected");
        let (again, _) = files.rehearse(&world, ACCOUNTS);
        assert_eq!(again.total(Verdict::Unchanged), 1);
    }

    async fn a_run_that_was_stopped_goes_on_where_it_was(world: World) {
        let mut rows = String::from("id;name;staff;revenue;parent;country\n");
        (0..600).for_each(|number| rows.push_str(&format!("A{number};Customer number {number};;;;\n")));
        let files = Files::new(&[("accounts.csv", rows.as_bytes())]);
        let told = AtomicU64::new(0);
        let stop: Watch = Arc::new(move |_| assert!(told.fetch_add(1, Ordering::SeqCst) < 2, "stopped by the test"));
        assert!(catch_unwind(AssertUnwindSafe(|| import(&world.db, &files.plan(ACCOUNTS), None, &stop))).is_err());
        let there = accounts(&world);
        assert!(there > 0 && there < 600, "{there}");
        let (summary, _) = files.import(&world, ACCOUNTS);
        let counts = summary.of(Entity::CustomerAccounts);
        assert_eq!((i64::try_from(counts.of(Verdict::Unchanged)).unwrap(), counts.rows()), (there, 600));
        assert_eq!(accounts(&world), 600);
        let runs: Vec<(String, bool)> = world.sql(|tx| {
            Ok(on_each!(tx, |c| import_runs::table.order(import_runs::id).select((import_runs::status, import_runs::error.is_not_null())).load(c))?)
        });
        assert_eq!(runs, [("failed".to_owned(), true), ("finished".to_owned(), false)]);
    }

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
            (13, "rejected", "not_importable"),
            (14, "rejected", "not_approved"),
        ];
        assert_eq!(verdicts(&report, "deals"), expected(&deals), "{told}");
        let reason = |line: u64| report.iter().find(|row| row["entity"] == "deals" && row["line"] == line).unwrap()["reason"].as_str().unwrap().to_owned();
        assert_eq!(reason(2), "history: not asked for submission, evidence_of_the_win");
        assert_eq!(reason(3), "history: not asked for submission, reason_of_the_loss");
        assert!(reason(4).contains("customer"), "{}", reason(4));

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

        let (again, report) = files.import(&world, VENDOR);
        assert_eq!((again.total(Verdict::Created), again.total(Verdict::Updated), again.total(Verdict::Draft)), (0, 0, 0), "{report:#?}");

        // The draft's customer is found out.
        files.write("deals.csv", DEALS.replace("Nobody knows,,", "Nobody knows,C1,").as_bytes());
        let (_, report) = files.import(&world, VENDOR);
        assert_eq!(verdicts(&report, "deals")[2], (4, "updated".to_owned(), "legacy".to_owned()));
        let known = ops.get(&format!("/v1/deals/{}", report.iter().find(|row| row["entity"] == "deals" && row["line"] == 4).unwrap()["resource_id"].as_str().unwrap())).await.expect(200);
        assert_eq!((&known["review_status"], &known["customer"]["name"]), (&json!("not_registered"), &json!("Delta Logistics")));
    }
}

/// The place of files that are not part of the repository.
#[expect(clippy::disallowed_methods, reason = "the runner of the tests says where they are")]
fn shared(test: &str) -> Option<PathBuf> {
    let place = std::env::var_os("OPENPRM_SHARED")
        .filter(|place| !place.is_empty())
        .map(PathBuf::from);
    if place.is_none() {
        use std::io::Write as _;
        drop(writeln!(
            std::io::stderr(),
            "not run: imports::{test} (OPENPRM_SHARED is not set)"
        ));
    }
    place
}

const PIPELINE: &str = include_str!("../../examples/crm-sales/import.toml");

/// What the file itself says of each partner: won, lost, and what was won.
fn from_the_file(folder: &std::path::Path) -> BTreeMap<String, (i64, i64, i64)> {
    let mut partners = BTreeMap::new();
    let mut teams = csv::Reader::from_path(folder.join("sales_teams.csv")).unwrap();
    for row in teams.records() {
        partners.insert(row.unwrap()[0].to_owned(), (0, 0, 0));
    }
    let mut pipeline = csv::Reader::from_path(folder.join("sales_pipeline.csv")).unwrap();
    for row in pipeline.records() {
        let row = row.unwrap();
        let figures = partners.get_mut(&row[1]).unwrap();
        match &row[4] {
            "Won" => {
                figures.0 += 1;
                figures.2 += row[7].parse::<i64>().unwrap();
            }
            "Lost" => figures.1 += 1,
            _ => {}
        }
    }
    partners
}

async fn all_pages(client: &crate::support::Client<'_>, path: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(address) = next {
        let page = client.get(&address).await.expect(200);
        rows.extend(page["data"].as_array().unwrap().clone());
        next = page["next_cursor"]
            .as_str()
            .map(|cursor| format!("{path}&cursor={cursor}"));
    }
    rows
}

each_engine! {
    async fn the_whole_pipeline_of_an_old_crm_comes_in(world: World) {
        let Some(place) = shared("the_whole_pipeline_of_an_old_crm_comes_in") else { return };
        let folder = place.join("data/crm-sales");
        let mapping = Mapping::parse(PIPELINE).unwrap();
        let plan = Arc::new(Plan { mapping, mapping_hash: "test".to_owned(), folder: folder.clone(), contract: contract() });
        let started = std::time::Instant::now();
        let rehearsed = rehearse(&world.db, &plan, None, &silent()).unwrap();
        let rehearsal = started.elapsed();
        assert_eq!(written(&world), [0; 5], "a dry run keeps nothing");
        let started = std::time::Instant::now();
        let summary = import(&world.db, &plan, None, &silent()).unwrap();
        let first = started.elapsed();
        assert_eq!(summary.steps, rehearsed.steps, "a dry run says what the run will say");
        let made = |entity| {
            let counts = summary.of(entity);
            (counts.of(Verdict::Created), counts.of(Verdict::Draft), counts.of(Verdict::Rejected), counts.of(Verdict::Skipped))
        };
        assert_eq!(made(Entity::Territories), (3, 0, 0, 0));
        assert_eq!(made(Entity::Users), (6, 0, 0, 0));
        assert_eq!(made(Entity::Partners), (35, 0, 0, 0));
        assert_eq!(made(Entity::Products), (3 + 7, 0, 0, 0));
        assert_eq!(made(Entity::CustomerAccounts), (85, 0, 0, 0));
        assert_eq!(made(Entity::Deals), (7375, 1425, 0, 0));

        let started = std::time::Instant::now();
        let again = import(&world.db, &plan, None, &silent()).unwrap();
        let second = started.elapsed();
        for (entity, file, counts) in &again.steps {
            assert_eq!(counts.of(Verdict::Unchanged), counts.rows(), "{entity} from {file}: {counts}");
        }
        {
            use std::io::Write as _;
            drop(writeln!(std::io::stderr(), "{:?}: dry run {rehearsal:.1?}, import {first:.1?}, again {second:.1?}", world.engine()));
        }

        let analyst = world.vendor(Role::Analyst);
        let figures = from_the_file(&folder);
        let rates = all_pages(&analyst, "/v1/reports/win-rates?limit=20").await;
        assert_eq!(rates.len(), 35);
        for row in &rates {
            let (won, lost, value) = figures[row["partner_name"].as_str().unwrap()];
            assert_eq!((row["won"].as_i64(), row["lost"].as_i64()), (Some(won), Some(lost)), "{row}");
            let rate = (won + lost > 0).then(|| (won * 20_000 + won + lost) / (2 * (won + lost)));
            assert_eq!(row["win_rate_basis_points"].as_i64(), rate, "{row}");
            let told: Vec<&str> = row["won_value"].as_array().unwrap().iter().filter_map(|money| money["amount"].as_str()).collect();
            assert_eq!(told, if won > 0 { vec![format!("{value}.00")] } else { vec![] }, "{row}");
        }

        // The same again, deal by deal.
        let ops = world.vendor(Role::ChannelOps);
        let mut listed: BTreeMap<String, i64> = BTreeMap::new();
        for stage in ["won", "closed_lost", "qualified", "prospect"] {
            let deals = all_pages(&ops, &format!("/v1/deals?limit=200&stage={stage}")).await;
            listed.insert(stage.to_owned(), i64::try_from(deals.len()).unwrap());
            for deal in &deals {
                let is_draft = deal["customer_account_id"].is_null();
                assert_eq!(deal["review_status"], if is_draft { "draft" } else { "not_registered" }, "{deal}");
                assert_eq!(is_draft, deal["missing"].as_array().unwrap().contains(&json!("customer")), "{deal}");
            }
            if stage == "won" {
                let cents: i64 = deals.iter().map(|deal| deal["amount"]["amount"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap()).sum();
                assert_eq!(cents, figures.values().map(|(_, _, value)| value * 100).sum::<i64>());
            }
        }
        assert_eq!(listed, BTreeMap::from([("won".to_owned(), 4238), ("closed_lost".to_owned(), 2473), ("qualified".to_owned(), 1589), ("prospect".to_owned(), 500)]));

        let accounts = all_pages(&ops, "/v1/customer-accounts?limit=200").await;
        assert_eq!(accounts.iter().filter(|account| !account["parent_id"].is_null()).count(), 15);
        assert!(accounts.iter().all(|account| account["industry"] != "technolgy"));
        let partners = all_pages(&ops, "/v1/partners?limit=200").await;
        assert!(partners.iter().all(|partner| partner["status"] == "active" && !partner["account_manager_id"].is_null() && partner["territory_ids"].as_array().unwrap().len() == 1));
    }
}
