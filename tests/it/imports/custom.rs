//! Custom fields in a mapping, each read as its definition says.

use openprm::auth::Role;
use serde_json::json;

use super::{Files, expected, id, reason, verdicts};

const FIELDS: &str = r#"
    name = "custom"
    system = "oldcrm"
    [formats]
    date = "DD.MM.YYYY"
    decimal = ","
    [tables.yes]
    "ja" = "yes"
    "nein" = "no"
    [[step]]
    entity = "customer_accounts"
    file = "accounts.csv"
    key = "id"
    [step.fields]
    name = "name"
    "custom.note" = "note"
    "custom.seats" = "seats"
    "custom.rate" = "rate"
    "custom.strategic" = { column = "strategic", table = "yes" }
    "custom.since" = "since"
    "custom.level" = "level"
"#;

const ROWS: &str = "\
id;name;note;seats;rate;strategic;since;level
A1;One;\"two
lines\";1.200;12,50;ja;31.03.2019;Premium
A2;Two;;many;1.2.3;vielleicht;2019-03-31;gold
A3;Three;;;;;;
A4;Four;;;-1.234,56;nein;;basic
";

each_engine! {
    async fn custom_fields_are_read_as_they_are_defined(world: World) {
        let admin = world.vendor(Role::Admin);
        let files = Files::new(&[("accounts.csv", ROWS.as_bytes())]);
        let (_, report) = files.import(&world, FIELDS);
        let unknown = [(2, "rejected", "unknown_field"), (4, "rejected", "unknown_field"), (5, "created", ""), (6, "rejected", "unknown_field")];
        assert_eq!(verdicts(&report, "customer_accounts"), expected(&unknown), "{report:#?}");

        for (name, data_type) in [("note", "text"), ("seats", "integer"), ("rate", "decimal"), ("strategic", "boolean"), ("since", "date")] {
            admin.post("/v1/custom-fields", json!({"resource_type": "customer_account", "name": name, "label": name, "data_type": data_type})).await.expect(201);
        }
        admin.post("/v1/custom-fields", json!({"resource_type": "customer_account", "name": "level", "label": "Level", "data_type": "choice", "choices": ["basic", "premium"]})).await.expect(201);
        let (_, report) = files.import(&world, FIELDS);
        let codes = [(2, "created", ""), (4, "rejected", "unknown_word"), (5, "unchanged", ""), (6, "created", "")];
        assert_eq!(verdicts(&report, "customer_accounts"), expected(&codes), "{report:#?}");
        for part in ["custom.seats: expected a whole number, found `many`", "custom.rate", "custom.strategic: expected yes or no", "custom.since: expected a date as DD.MM.YYYY", "custom.level: `gold` is not one of: basic, premium"] {
            assert!(reason(&report, "customer_accounts", 4).contains(part), "{part}: {report:#?}");
        }
        let account = |number: u64| format!("/v1/customer-accounts/{}", id(&report, "customer_accounts", number));
        let one = admin.get(&account(2)).await.expect(200);
        assert_eq!(one["custom"], json!({"note": "two lines", "seats": 1200, "rate": "12.50", "strategic": true, "since": "2019-03-31", "level": "premium"}));
        assert_eq!(admin.get(&account(6)).await.expect(200)["custom"], json!({"rate": "-1234.56", "strategic": false, "level": "basic"}));

        // Only what the file says anew is written; what it leaves empty stays.
        files.write("accounts.csv", ROWS.replace("A4;Four;;;", "A4;Four;;7;").replace(";nein;;basic", ";nein;;").as_bytes());
        let (_, report) = files.import(&world, FIELDS);
        assert_eq!(verdicts(&report, "customer_accounts")[3], (6, "updated".to_owned(), String::new()), "{report:#?}");
        assert_eq!(admin.get(&account(6)).await.expect(200)["custom"], json!({"seats": 7, "rate": "-1234.56", "strategic": false, "level": "basic"}));
    }
}
