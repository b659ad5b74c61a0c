//! An import is taken back where nobody went on, and nothing of anybody else's with it.

use openprm::auth::Role;
use serde_json::{Value, json};

use super::{
    HEADER, accounts, act, bring_in, column, importer, names, partner, people, rows, said, told, undo, upload, with,
};

/// Line, verdict and code of each row, of its being taken back.
fn undo_told(rows: &[Value]) -> Vec<(i64, &str, &str)> {
    said(rows, "undo_verdict", "undo_code")
}

/// What became of a row of that line that was left, and why.
const fn left(line: i64, code: &'static str) -> (i64, &'static str, &'static str) {
    (line, "left", code)
}

/// What became of a row of that line whose record is gone.
const fn removed(line: i64) -> (i64, &'static str, &'static str) {
    (line, "removed", "")
}

/// Partners of an old CRM, each with the one that it belongs to.
fn firms(file: &str, manager: &str) -> Value {
    json!({
        "file_id": file,
        "kind": "partners",
        "system": "oldcrm",
        "legacy": true,
        "mapping": {
            "key": column("Id"),
            "fields": {
                "legal_name": column("Name"),
                "parent_id": column("Parent"),
                "types": {"value": "reseller"},
                "tags": {"value": "moved"},
                "default_currency": {"value": "EUR"},
                "time_zone": {"value": "Europe/Berlin"},
                "account_manager": {"value": manager},
            },
        },
    })
}

/// Products of an old CRM, with the other names that they go by.
fn products(file: &str) -> Value {
    json!({
        "file_id": file,
        "kind": "products",
        "system": "oldcrm",
        "mapping": {
            "key": column("Id"),
            "fields": {
                "code": column("Code"),
                "name": column("Name"),
                "kind": {"value": "product"},
                "aliases": column("Aliases"),
            },
        },
    })
}

each_engine! {
    async fn an_import_is_taken_back_where_nobody_went_on(world: World) {
        let admin = importer(&world, Role::Admin);
        let first = format!("{HEADER}D1,One,,Bonn,,\nD2,Two,,,,\nD3,Three,,,,\nD4,Four,,,,D1\n");
        let first = bring_in(&world, &admin, accounts(&upload(&admin, "first.csv", &first).await)).await;
        let second = format!("{HEADER}D1,Uno,,Berlin,Germany,\nD2,Two,,,,\nD5,Five,,,,\n");
        let second = bring_in(&world, &admin, accounts(&upload(&admin, "second.csv", &second).await)).await;
        assert_eq!((&second["rows_updated"], &second["rows_unchanged"], &second["rows_created"]), (&json!(1), &json!(1), &json!(1)), "{second}");

        let made = rows(&admin, &first, "").await;
        let at = |index: usize| format!("/v1/customer-accounts/{}", made[index]["resource_id"].as_str().unwrap());
        assert_eq!(admin.get(&at(0)).await.expect(200)["address"]["city"], "Berlin");
        let undone = undo(&world, &admin, &second).await;
        assert_eq!((&undone["rows_restored"], &undone["rows_removed"], &undone["rows_left"]), (&json!(1), &json!(1), &json!(0)), "{undone}");
        let one = admin.get(&at(0)).await.expect(200);
        assert_eq!((&one["name"], &one["address"]), (&json!("One"), &json!({"street": null, "city": "Bonn", "region": null, "postal_code": null, "country": null})));
        assert_eq!(names(&admin).await, ["Four", "One", "Three", "Two"]);
        assert_eq!(act(&admin, &second, "undo", "").await.refused(409), "invalid_state");

        // Two was changed since, and on Three hangs an opportunity; both are named and left.
        admin.patch(&at(1), json!({"industry": "Machinery"})).await.expect(200);
        admin.post("/v1/direct-opportunities", json!({"account_id": made[2]["resource_id"], "title": "Forty branches"})).await.expect(201);
        let undone = undo(&world, &admin, &first).await;
        assert_eq!((&undone["rows_removed"], &undone["rows_left"]), (&json!(2), &json!(2)), "{undone}");
        let expected = [removed(2), left(3, "changed_since"), left(4, "in_use"), removed(5)];
        assert_eq!(undo_told(&rows(&admin, &first, "").await), expected);
        assert_eq!(rows(&admin, &first, "&undo_verdict=left").await.len(), 2);
        assert_eq!(names(&admin).await, ["Three", "Two"]);
        assert_eq!(admin.get(&at(0)).await.status, 404);

        // What was taken back can be brought in again.
        let again = bring_in(&world, &admin, accounts(&upload(&admin, "third.csv", &format!("{HEADER}D1,One,,Bonn,,\n")).await)).await;
        assert_eq!(again["rows_created"], json!(1), "{again}");
    }

    async fn history_comes_as_history_and_is_withdrawn(world: World) {
        let admin = importer(&world, Role::Admin);
        let manager = world.user("vendor", "manager").to_string();
        let partners = json!({
            "kind": "partners",
            "system": "oldcrm",
            "mapping": {
                "key": column("id"),
                "fields": {
                    "legal_name": column("name"),
                    "default_currency": {"value": "EUR"},
                    "time_zone": {"value": "Europe/Berlin"},
                    "account_manager": {"value": manager},
                },
            },
        });
        let file = upload(&admin, "partners.ndjson", "{\"id\": 7, \"name\": \"Nordwind GmbH\"}\n").await;
        let partners = with(partners, json!({"file_id": file}));
        let refused = admin.post("/v1/imports", partners.clone()).await;
        assert_eq!((refused.status, &refused.body["code"], &refused.body["errors"][0]["pointer"]), (409, &json!("contradiction"), &json!("#/legacy")));
        let import = bring_in(&world, &admin, with(partners, json!({"legacy": true}))).await;
        assert_eq!((&import["format"], &import["rows_created"]), (&json!("ndjson"), &json!(1)), "{import}");
        bring_in(&world, &admin, accounts(&upload(&admin, "a.csv", &format!("{HEADER}E1,Acme,,,,\n")).await)).await;

        let deals = json!({
            "kind": "deals",
            "system": "oldcrm",
            "legacy": true,
            "mapping": {
                "key": column("id"),
                "fields": {
                    "title": column("title"),
                    "partner": column("partner.id"),
                    "account": column("account"),
                    "stage": column("stage"),
                    "opened_at": column("opened"),
                    "closed_at": column("closed"),
                    "amount": column("value"),
                    "currency": {"value": "EUR"},
                },
            },
        });
        let lines = "{\"id\": \"P1\", \"title\": \"Forty branches\", \"partner\": {\"id\": 7}, \"account\": \"E1\", \"stage\": \"won\", \"opened\": \"2024-01-10\", \"closed\": \"2024-03-01\", \"value\": 1200.5}\n\
                     {\"id\": \"P2\", \"title\": \"No customer yet\", \"partner\": {\"id\": 7}, \"value\": null}\n\
                     {\"id\": \"P3\", \"title\": \"Whose?\", \"partner\": {\"id\": 8}}\n";
        let deals = with(deals, json!({"file_id": upload(&admin, "deals.ndjson", lines).await}));
        let dry = bring_in(&world, &admin, with(deals.clone(), json!({"dry_run": true}))).await;
        let import = bring_in(&world, &admin, deals.clone()).await;
        for tried in [&dry, &import] {
            let found = rows(&admin, tried, "").await;
            assert_eq!(told(&found), [(1, "created", "legacy"), (2, "draft", "incomplete"), (3, "rejected", "unknown_reference")], "{found:#?}");
        }
        let found = rows(&admin, &import, "").await;
        let at = format!("/v1/deals/{}", found[0]["resource_id"].as_str().unwrap());
        let deal = admin.get(&at).await.expect(200);
        assert_eq!((&deal["review_status"], &deal["stage"], &deal["amount"]["amount"]), (&json!("not_registered"), &json!("won"), &json!("1200.50")), "{deal}");

        // Of history nobody is told.
        world.sequence();
        world.work("notice_dispatch");
        let told = admin.get("/v1/notices").await.expect(200);
        assert!(told["data"].as_array().unwrap().iter().all(|notice| notice["topic"] == "import_ended"), "{told}");

        let undone = undo(&world, &admin, &import).await;
        assert_eq!((&undone["rows_removed"], &undone["rows_left"]), (&json!(2), &json!(0)), "{undone}");
        let deal = admin.get(&at).await.expect(200);
        assert_eq!((&deal["review_status"], &deal["external_refs"], deal["stage"] == "won"), (&json!("withdrawn"), &json!([]), false), "{deal}");
        let again = bring_in(&world, &admin, deals.clone()).await;
        assert_eq!((&again["rows_created"], &again["rows_draft"]), (&json!(1), &json!(1)), "{again}");

        // A draft that was there before is not withdrawn with what a later file says of it.
        let line = "{\"id\": \"P2\", \"title\": \"A customer soon\", \"partner\": {\"id\": 7}, \"value\": null}\n";
        let deals = with(deals, json!({"file_id": upload(&admin, "later.ndjson", line).await}));
        let later = bring_in(&world, &admin, deals).await;
        assert_eq!(later["rows_draft"], json!(1), "{later}");
        undo(&world, &admin, &later).await;
        let became = rows(&admin, &later, "").await;
        assert_eq!(undo_told(&became), [left(1, "not_removable")], "{became:#?}");
        let draft = format!("/v1/deals/{}", became[0]["resource_id"].as_str().unwrap());
        assert_eq!(admin.get(&draft).await.expect(200)["review_status"], "draft");
    }

    async fn people_are_taken_back_as_they_came_and_no_change_of_others_with_them(world: World) {
        let admin = importer(&world, Role::Admin);
        partner(&world, &admin).await;
        let text = "Id,Name,Partner,Start,Title\nP1,Anna,7,2024-01-01,\nP2,Ben,7,2024-01-01,\nP3,Cleo,,,\nP4,Dora,,,\n";
        let first = bring_in(&world, &admin, people(&upload(&admin, "a.csv", text).await)).await;
        assert_eq!(first["rows_created"], json!(4), "{first}");
        let made = rows(&admin, &first, "").await;
        let at = |index: usize| format!("/v1/people/{}", made[index]["resource_id"].as_str().unwrap());

        // Ben was renamed here; then an import says only what he does at the partner.
        admin.patch(&at(1), json!({"name": "Benjamin"})).await.expect(200);
        let text = "Id,Name,Partner,Start,Title\nP2,Benjamin,7,2024-01-01,Managing director\n";
        let second = bring_in(&world, &admin, people(&upload(&admin, "b.csv", text).await)).await;
        assert_eq!(second["rows_updated"], json!(1), "{second}");
        undo(&world, &admin, &second).await;
        assert_eq!(undo_told(&rows(&admin, &second, "").await), [left(2, "history_kept")]);
        assert_eq!(admin.get(&at(1)).await.expect(200)["name"], json!("Benjamin"), "that was somebody else's change");

        // A note is on Dora, which nobody would find without her.
        let note = json!({"resource_type": "person", "resource_id": made[3]["resource_id"], "visibility": "internal", "body": "Call her."});
        admin.post("/v1/notes", note).await.expect(201);
        undo(&world, &admin, &first).await;
        assert_eq!(undo_told(&rows(&admin, &first, "").await), [removed(2), left(3, "changed_since"), removed(4), left(5, "in_use")]);
        assert_eq!(admin.get(&at(0)).await.status, 404);
        assert_eq!(admin.get(&at(3)).await.status, 200);
        world.sequence();
        let events = admin.get("/v1/events?types=person.deleted,employment.deleted&limit=500").await.expect(200);
        let kinds: Vec<&str> = events["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["person.deleted", "employment.deleted", "person.deleted"], "the last row first");
        let again = bring_in(&world, &admin, people(&upload(&admin, "c.csv", "Id,Name,Partner,Start,Title\nP1,Anna,7,2024-01-01,\n").await)).await;
        assert_eq!(again["rows_created"], json!(1), "{again}");
    }

    async fn partners_go_with_their_import_where_nothing_else_names_them(world: World) {
        let admin = importer(&world, Role::Admin);
        let manager = world.user("vendor", "manager").to_string();
        // Beta belongs to the second, which goes only when it is gone.
        let text = "Id,Name,Parent\nF1,Beta,F2\nF2,Alpha,\nF3,Gamma,\nF4,Delta,\nF5,Epsilon,\nF6,Zeta,\n";
        let import = bring_in(&world, &admin, firms(&upload(&admin, "firms.csv", text).await, &manager)).await;
        assert_eq!(import["rows_created"], json!(6), "{import}");
        let made = rows(&admin, &import, "").await;
        let id = |index: usize| made[index]["resource_id"].as_str().unwrap().to_owned();
        let at = |index: usize| format!("/v1/partners/{}", id(index));
        assert_eq!(admin.get(&at(0)).await.expect(200)["parent_id"], json!(id(1)));

        // Somebody works at Gamma, Delta was changed, somebody else looks after Epsilon by now, and a note is on Zeta.
        world.clock.advance_days(1);
        admin.post("/v1/people", json!({"name": "Anna Berg", "employment": {"partner_id": id(2)}})).await.expect(201);
        admin.patch(&at(3), json!({"website": "https://www.delta.example"})).await.expect(200);
        let next = json!({"role": "primary", "user_id": world.user("vendor", "next").to_string(), "reason_code": "workload"});
        admin.post(&format!("{}/account-managers", at(4)), next).await.expect(201);
        let note = json!({"resource_type": "partner", "resource_id": id(5), "visibility": "internal", "body": "Call them."});
        admin.post("/v1/notes", note).await.expect(201);

        let undone = undo(&world, &admin, &import).await;
        assert_eq!((&undone["rows_removed"], &undone["rows_left"]), (&json!(2), &json!(4)), "{undone}");
        let expected = [removed(2), removed(3), left(4, "in_use"), left(5, "changed_since"), left(6, "in_use"), left(7, "in_use")];
        let became = rows(&admin, &import, "").await;
        assert_eq!(undo_told(&became), expected, "{became:#?}");
        assert!(became[4]["undo_text"].as_str().unwrap().contains("look after"), "{}", became[4]);
        for (index, status) in [404, 404, 200, 200, 200, 200].into_iter().enumerate() {
            assert_eq!(admin.get(&at(index)).await.status, status, "{}", made[index]);
        }
        let kept = admin.get(&format!("{}/account-managers", at(4))).await.expect(200);
        assert_eq!(kept["data"].as_array().unwrap().len(), 2, "what has been stays whole: {kept}");
        world.sequence();
        let events = admin.get("/v1/events?types=partner.deleted,account_manager.cancelled&limit=500").await.expect(200);
        let kinds: Vec<&str> = events["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["account_manager.cancelled", "partner.deleted", "account_manager.cancelled", "partner.deleted"]);

        // What was taken back can be brought in again.
        let again = firms(&upload(&admin, "again.csv", "Id,Name,Parent\nF1,Beta,F2\nF2,Alpha,\n").await, &manager);
        assert_eq!(bring_in(&world, &admin, again).await["rows_created"], json!(2));
    }

    async fn a_product_goes_with_the_aliases_that_came_with_it_and_with_no_other(world: World) {
        let admin = importer(&world, Role::Admin);
        let text = "Id,Code,Name,Aliases\nA1,EDGE-A,Edge A,EA;Edge One\nA2,EDGE-B,Edge B,EB\n";
        let import = bring_in(&world, &admin, products(&upload(&admin, "products.csv", text).await)).await;
        assert_eq!(import["rows_created"], json!(2), "{import}");
        let made = rows(&admin, &import, "").await;
        let aliases = |index: usize| format!("/v1/products/{}/aliases", made[index]["resource_id"].as_str().unwrap());
        assert_eq!(admin.get(&aliases(0)).await.expect(200)["data"].as_array().unwrap().len(), 2);
        admin.post(&aliases(1), json!({"alias": "EB (Europe)"})).await.expect(201);

        undo(&world, &admin, &import).await;
        let became = rows(&admin, &import, "").await;
        assert_eq!(undo_told(&became), [removed(2), left(3, "in_use")], "{became:#?}");
        assert!(became[1]["undo_text"].as_str().unwrap().contains("aliases"), "{}", became[1]);
        assert_eq!(admin.get(&aliases(1)).await.expect(200)["data"].as_array().unwrap().len(), 2, "nothing of it is gone");
        // The names of the one that is gone are free.
        admin.post(&aliases(1), json!({"alias": "Edge One"})).await.expect(201);
    }

    async fn a_person_of_several_rows_goes_with_all_of_them_where_nobody_else_had_a_hand_in_it(world: World) {
        let admin = importer(&world, Role::Admin);
        let manager = world.user("vendor", "manager").to_string();
        let two = upload(&admin, "firms.csv", "Id,Name,Parent\n7,Nordwind,\n8,Bluepeak,\n").await;
        assert_eq!(bring_in(&world, &admin, firms(&two, &manager)).await["rows_created"], json!(2));
        let header = "Id,Name,Partner,Start,Title\n";
        let anna = "P1,Anna,7,2022-01-01,Buyer\nP1,Anna,8,2023-01-01,Head of sales\nP1,Anna Berg,7,2024-01-01,Director\n";
        let others = "P2,Ben,7,2022-01-01,\nP2,Ben,8,2023-01-01,\nP3,Cleo,7,2022-01-01,\nP3,Cleo,8,2023-01-01,\n\
                      P4,Dora,8,2023-01-01,\nP4,Dora,7,2022-01-01,\nP5,Emil,7,2022-01-01,\nP5,Emil Roth,8,2023-01-01,\n";
        let file = upload(&admin, "people.csv", format!("{header}{anna}{others}")).await;
        let import = bring_in(&world, &admin, people(&file)).await;
        assert_eq!((&import["rows_created"], &import["rows_updated"]), (&json!(5), &json!(6)), "{import}");
        let made = rows(&admin, &import, "").await;
        let at = |line: usize| format!("/v1/people/{}", made[line - 2]["resource_id"].as_str().unwrap());
        assert_eq!(admin.get(&at(2)).await.expect(200)["employments"].as_array().unwrap().len(), 3);

        // One of Ben's times has another title by now, Cleo works at Nordwind again, and Emil was renamed here.
        let ben = admin.get(&at(5)).await.expect(200);
        let time = format!("/v1/employments/{}", ben["employments"][0]["id"].as_str().unwrap());
        admin.patch(&time, json!({"title": "Buyer"})).await.expect(200);
        let nordwind = ben["employments"][1]["partner_id"].clone();
        let again = json!({"partner_id": nordwind, "starts_on": "2024-06-01"});
        admin.post(&format!("{}/employments", at(7)), again).await.expect(201);
        admin.patch(&at(11), json!({"name": "Emil Rot"})).await.expect(200);

        let undone = undo(&world, &admin, &import).await;
        assert_eq!((&undone["rows_removed"], &undone["rows_restored"], &undone["rows_left"]), (&json!(5), &json!(0), &json!(6)), "{undone}");
        let emil = [left(11, "changed_since"), left(12, "history_kept")];
        let (ben, cleo) = ([left(5, "changed_since"), left(6, "history_kept")], [left(7, "changed_since"), left(8, "history_kept")]);
        let expected = [[removed(2), removed(3), removed(4)].as_slice(), &ben, &cleo, &[removed(9), removed(10)], &emil].concat();
        let became = rows(&admin, &import, "").await;
        assert_eq!(undo_told(&became), expected, "{became:#?}");
        assert!(became[9]["undo_text"].as_str().unwrap().contains("left it in revision 4"), "with its last row: {}", became[9]);
        for (line, status, times) in [(2, 404, 0), (5, 200, 2), (7, 200, 3), (9, 404, 0), (11, 200, 2)] {
            let read = admin.get(&at(line)).await;
            assert_eq!(read.status, status, "{line}");
            assert_eq!(read.body["employments"].as_array().map_or(0, Vec::len), times, "{line}: {}", read.body);
        }
        let again = upload(&admin, "again.csv", format!("{header}{anna}")).await;
        let again = bring_in(&world, &admin, people(&again)).await;
        assert_eq!((&again["rows_created"], &again["rows_updated"]), (&json!(1), &json!(2)), "{again}");
    }

    async fn a_person_of_several_rows_stays_when_another_import_went_on_with_them(world: World) {
        let admin = importer(&world, Role::Admin);
        partner(&world, &admin).await;
        let text = "Id,Name,Partner,Start,Title\nP1,Anna,7,2022-01-01,\nP1,Anna Berg,7,2022-01-01,Buyer\n";
        let refused = bring_in(&world, &admin, people(&upload(&admin, "twice.csv", text).await)).await;
        assert_eq!((&refused["rows_created"], &refused["rows_rejected"]), (&json!(1), &json!(1)), "one time has one row: {refused}");
        let more = "Id,Name,Partner,Start,Title\nP1,Anna,7,2021-01-01,Trainee\n";
        let mut second = people(&upload(&admin, "more.csv", more).await);
        second["mapping"]["fields"]["employment.ends_on"] = json!({"value": "2022-01-01"});
        let second = bring_in(&world, &admin, second).await;
        assert_eq!(second["rows_updated"], json!(1), "{second}");
        undo(&world, &admin, &refused).await;
        let became = rows(&admin, &refused, "&verdict=created").await;
        assert_eq!(undo_told(&became), [left(2, "changed_since")], "{became:#?}");
    }
}
