//! What becomes of good rows and of bad ones; that a run can be repeated, stopped and rehearsed.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use diesel::prelude::*;
use openprm::{
    auth::Role,
    imports::{ImportKind, ImportVerdict, Watch, import},
    schema::import_runs,
};
use serde_json::{Value, json};

use super::{Files, accounts, expected, silent, verdicts, written};

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
        assert_eq!(summary.total(ImportVerdict::Rejected), 11);
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
        assert_eq!(first.of(ImportKind::CustomerAccounts).of(ImportVerdict::Created), 3);
        let before = written(&world);
        let (second, report) = files.import(&world, ACCOUNTS);
        assert_eq!(second.of(ImportKind::CustomerAccounts).of(ImportVerdict::Unchanged), 3, "{report:#?}");
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
        assert_eq!(again.total(ImportVerdict::Unchanged), 1);
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
        let counts = summary.of(ImportKind::CustomerAccounts);
        assert_eq!((i64::try_from(counts.of(ImportVerdict::Unchanged)).unwrap(), counts.rows()), (there, 600));
        assert_eq!(accounts(&world), 600);
        let runs: Vec<(String, bool)> = world.sql(|tx| {
            Ok(import_runs::table.order(import_runs::id).select((import_runs::status, import_runs::error.is_not_null())).load(tx.conn())?)
        });
        assert_eq!(runs, [("failed".to_owned(), true), ("finished".to_owned(), false)]);
    }
}
