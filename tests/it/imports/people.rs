//! People at partners, and the tiers that partners held.

use openprm::{auth::Role, imports::ImportVerdict};
use serde_json::{Value, json};

use super::{Files, all_rows, event_kinds, expected, id, line, reason, verdicts};
use crate::support::World;

const PEOPLE: &str = r#"
    name = "people"
    system = "oldcrm"
    [formats]
    date = "DD.MM.YYYY"
    [tables.parts]
    "Boss" = "primary;signer"
    [[step]]
    entity = "users"
    file = "users.csv"
    key = "email"
    fields = { email = "email", name = "name", roles = { value = "cam" }, row_scope = { value = "own" } }
    [[step]]
    entity = "partners"
    file = "partners.csv"
    key = "id"
    fields = { legal_name = "name", account_manager = { value = "mia@vendor.example" }, since = { value = "01.01.2020" }, default_currency = { value = "EUR" }, time_zone = { value = "UTC" } }
    [[step]]
    entity = "people"
    file = "contacts.csv"
    key = "id"
    [step.fields]
    name = { template = "{first} {last}" }
    email = "mail"
    phone = "phone"
    "employment.partner_id" = "company"
    "employment.title" = "title"
    "employment.roles" = { column = "part", table = "parts" }
    "employment.starts_on" = "from"
    "employment.ends_on" = "until"
    "consents.marketing_email" = "opted_in"
    "preferences.email.product_news" = "news"
"#;

const HEADER: &str = "id,first,last,mail,phone,company,title,part,from,until,opted_in,news\n";
const CONTACTS: &str = "\
K1,Anna,Berg,Anna.Berg@nordwind.example,+49 (0)30 / 123-456,P1,Buyer,sales,01.02.2021,,05.06.2022,yes
K2,Ole,Lund,ole@nordwind.example,0049 30 1,P1,Director,Boss,01.03.2020,31.12.2023,,
K2,Ole,Lund,ole@sudwind.example,+493077777777,P2,Head of sales,sales,01.01.2024,,,no
K3,Nobody,Known,,,P9,,,,,,
K4,Wrong,Part,,,P1,,dancer,01.02.2021,,,
K5,Wrong,Phone,,12,P1,,,01.02.2021,,,
K6,Free,Lancer,free@lancer.example,,,Consultant,,,,,
K7,Back,Wards,,,P1,,,01.02.2021,01.01.2021,,
K1,Anna,Berg,,,P2,Advisor,,01.06.2019,,,
";

fn files() -> Files {
    let contacts = format!("{HEADER}{CONTACTS}");
    Files::new(&[
        ("users.csv", b"email,name\nmia@vendor.example,Mia Holm\n"),
        ("partners.csv", b"id,name\nP1,Nordwind\nP2,Sudwind\n"),
        ("contacts.csv", contacts.as_bytes()),
    ])
}

async fn person(world: &World, report: &[Value], number: u64) -> Value {
    let ops = world.vendor(Role::ChannelOps);
    let id = id(report, "people", number);
    ops.get(&format!("/v1/people/{id}")).await.expect(200)
}

/// Title, first day and end of each time, the latest first.
fn times(person: &Value) -> Vec<(String, String, Value)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    person["employments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|time| (text(&time["title"]), text(&time["starts_on"]), time["ends_on"].clone()))
        .collect()
}

each_engine! {
    async fn contacts_become_people_with_their_times_at_partners(world: World) {
        let files = files();
        let (_, report) = files.import(&world, PEOPLE);
        let found: Vec<String> = verdicts(&report, "people").into_iter().map(|(_, verdict, _)| verdict).collect();
        let expected = ["created", "rejected", "created", "rejected", "rejected", "rejected", "created", "rejected", "updated"];
        assert_eq!(found, expected, "{report:#?}");
        assert!(reason(&report, "people", 9).contains("the end cannot be before"), "{report:#?}");
        assert!(reason(&report, "people", 10).contains("it ends on 2021-02-01, when the next begins"), "{report:#?}");
        let anna = person(&world, &report, 2).await;
        assert_eq!((&anna["name"], &anna["phone"]), (&json!("Anna Berg"), &json!("+4930123456")));
        assert_eq!(anna["employments"][0]["roles"], json!(["sales"]));
        assert_eq!((&anna["consents"][0]["purpose"], &anna["consents"][0]["given_at"]), (&json!("marketing_email"), &json!("2022-06-05T00:00:00.000000Z")));
        assert_eq!(anna["preferences"], json!([{"topic": "product_news", "channel": "email", "wanted": true}]));
        assert!(person(&world, &report, 8).await["employments"].as_array().unwrap().is_empty());

        // The telephone number is mended: the earlier time of the same person follows, and the later one stays the last word.
        files.write("contacts.csv", format!("{HEADER}{CONTACTS}").replace("0049 30 1,", "0049 30 1234567,").as_bytes());
        let (_, report) = files.import(&world, PEOPLE);
        assert_eq!(verdicts(&report, "people")[1], (3, "updated".to_owned(), "employment".to_owned()), "{report:#?}");
        let ole = person(&world, &report, 3).await;
        assert_eq!(person(&world, &report, 4).await["id"], ole["id"], "the rows of one key are one person");
        assert_eq!(ole["email"], "ole@sudwind.example");

        let before = all_rows(&world);
        let (again, report) = files.import(&world, PEOPLE);
        assert_eq!((again.total(ImportVerdict::Created), again.total(ImportVerdict::Updated)), (0, 0), "{report:#?}");
        let after = all_rows(&world);
        assert_eq!((before["people"], before["employments"], before["events"]), (after["people"], after["employments"], after["events"]));
        assert_eq!(all_rows(&world)["mails"], 0, "nobody is written to");
    }

    async fn who_appears_at_another_partner_later_has_left_the_first(world: World) {
        let files = files();
        files.write("contacts.csv", format!("{HEADER}K1,Anna,Berg,anna@nordwind.example,,P1,Buyer,sales,01.02.2021,,,\n").as_bytes());
        files.import(&world, PEOPLE);
        files.write("contacts.csv", format!("{HEADER}K1,Anna,Berg,anna@sudwind.example,,P2,Chief,Boss,01.05.2026,,,\n").as_bytes());
        let (_, report) = files.import(&world, PEOPLE);
        assert_eq!(verdicts(&report, "people"), expected(&[(2, "updated", "employment")]), "{report:#?}");
        assert!(reason(&report, "people", 2).contains("ends on 2026-05-01"), "{report:#?}");
        let anna = person(&world, &report, 2).await;
        assert_eq!(times(&anna), [
            ("Chief".to_owned(), "2026-05-01".to_owned(), Value::Null),
            ("Buyer".to_owned(), "2021-02-01".to_owned(), json!("2026-05-01")),
        ]);
        assert_eq!(anna["employments"][0]["roles"], json!(["primary", "signer"]));
        assert_eq!(anna["email"], "anna@sudwind.example");
        assert_eq!(event_kinds(&world, &["employment"]), ["employment.ended", "employment.started"]);

        // The old row again, changed: it is the past, and does not become the last word.
        files.write("contacts.csv", format!("{HEADER}K1,Anna,Berg,anna@nordwind.example,,P1,Senior buyer,sales,01.02.2021,,,\n").as_bytes());
        let (_, report) = files.import(&world, PEOPLE);
        assert_eq!(line(&report, "people", 2)["verdict"], "updated", "{report:#?}");
        let anna = person(&world, &report, 2).await;
        assert_eq!((times(&anna)[1].0.as_str(), &anna["email"]), ("Senior buyer", &json!("anna@sudwind.example")));
    }

    async fn who_was_recorded_here_before_is_not_recorded_twice(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let anna = ops.post("/v1/people", json!({"name": "Anna Berg", "email": "anna@nordwind.example"})).await.expect(201);
        let files = files();
        files.write("contacts.csv", format!("{HEADER}K1,Anna,BERG,Anna@Nordwind.example,,P1,Buyer,sales,01.02.2021,,,\nK2,Otto,Berg,anna@nordwind.example,,P1,,,01.02.2021,,,\n").as_bytes());
        let (_, report) = files.import(&world, PEOPLE);
        assert_eq!(id(&report, "people", 2), anna["id"], "{report:#?}");
        assert_ne!(id(&report, "people", 3), anna["id"], "an address may be shared");
        assert_eq!(times(&person(&world, &report, 2).await).len(), 1);
    }

    async fn tiers_come_with_their_history(world: World) {
        let admin = world.vendor(Role::Admin);
        let program = admin.post("/v1/programs", json!({"code": "GLOBAL", "name": "Global partner program"})).await.expect(201);
        let base = format!("/v1/programs/{}", program["id"].as_str().unwrap());
        let version = admin.post(&format!("{base}/versions"), json!({"currency": "EUR"})).await.expect(201);
        let number = version["version"].as_i64().unwrap();
        for (rank, name) in [(1, "Silver"), (2, "Gold")] {
            admin.post(&format!("{base}/tiers"), json!({"rank": rank, "name": name, "criteria": []})).await.expect(201);
        }
        admin.post(&format!("{base}/versions/{number}/publish"), json!({})).await.expect(200);
        let files = files();
        files.write("tiers.csv", b"partner,tier,from\nP1,Silver,01.02.2021\nP1,gold,01.02.2023\nP1,Silver,01.01.2020\nP2,Tin,01.02.2021\nP2,Gold,01.02.2030\n");
        let mapping = format!("{PEOPLE}
            [[step]]
            entity = \"tier_memberships\"
            file = \"tiers.csv\"
            key = {{ template = \"{{partner}} {{from}}\" }}
            fields = {{ partner = \"partner\", program = {{ value = \"GLOBAL\" }}, tier = \"tier\", valid_from = \"from\" }}");
        let (_, report) = files.import(&world, &mapping);
        let codes = [(2, "created", "legacy"), (3, "created", "legacy"), (4, "rejected", "before_membership"), (5, "rejected", "unknown_reference"), (6, "rejected", "in_the_future")];
        assert_eq!(verdicts(&report, "tier_memberships"), expected(&codes), "{report:#?}");
        let members = admin.get(&format!("{base}/memberships")).await.expect(200);
        assert_eq!((&members["data"][0]["tier"]["name"], &members["data"][0]["tier"]["since"]), (&json!("Gold"), &json!("2023-02-01T00:00:00.000000Z")));
        let (again, _) = files.import(&world, &mapping);
        assert_eq!(again.total(ImportVerdict::Created), 0);
    }
}
