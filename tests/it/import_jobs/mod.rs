//! Imports over the API: a file is mapped, tried, committed, mended, stopped, taken back; whatever is cut off goes on where it was.

mod files;
mod undo;

use actix_web::http::Method;
use diesel::prelude::*;
use openprm::{
    auth::{Role, Rows},
    imports::jobs::{Importer, Step},
    schema::{import_work, user_roles, users},
};
use serde_json::{Value, json};

use crate::support::{Client, Response, World};

async fn upload(client: &Client<'_>, name: &str, content: impl AsRef<[u8]>) -> String {
    let at = format!("/v1/files?name={name}");
    let headers = [("content-type", "text/plain")];
    let made = client
        .send_bytes(Method::POST, &at, &headers, Some(content.as_ref().to_vec()))
        .await
        .expect(201);
    made["id"].as_str().unwrap().to_owned()
}

/// Somebody whose role the database knows, too: each batch asks it again.
fn importer(world: &World, role: Role) -> Client<'_> {
    let client = world.vendor(role);
    world.holds(&client, role);
    client
}

fn column(name: &str) -> Value {
    json!({"column": name})
}

/// Accounts of an old CRM, with the accounts that they belong to.
fn accounts(file: &str) -> Value {
    json!({
        "file_id": file,
        "kind": "customer_accounts",
        "system": "oldcrm",
        "mapping": {
            "key": column("Id"),
            "fields": {
                "name": column("Name"),
                "phone": column("Phone"),
                "address.city": column("City"),
                "address.country": {"column": "Country", "table": "countries"},
                "parent_id": column("Parent"),
            },
            "when": [{"column": "Name", "is": ["(deleted)"], "skip": "deleted in the old system"}],
            "tables": {"countries": {"Germany": "DE"}},
        },
    })
}

const HEADER: &str = "Id,Name,Phone,City,Country,Parent\n";

fn with(mut body: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else {
        panic!("{changes} is no object")
    };
    for (name, value) in changes {
        body[name.as_str()] = value;
    }
    body
}

async fn begin(client: &Client<'_>, body: Value) -> Value {
    let begun = client.post("/v1/imports", body).await;
    assert_eq!(begun.header("retry-after"), Some("1"), "{}", begun.body);
    let location = begun.header("location").unwrap().to_owned();
    let import = begun.expect(202);
    assert_eq!(location, path(&import));
    assert_eq!(import["status"], "queued");
    import
}

fn path(import: &Value) -> String {
    format!("/v1/imports/{}", import["id"].as_str().unwrap())
}

/// Works as a server does, until nothing is left to do.
async fn work(world: &World) {
    let mut importer = Importer::new(&world.state);
    for _ in 0..500 {
        if importer.step().await.unwrap() == Step::Idle {
            return;
        }
    }
    panic!("an import comes to no end");
}

/// So many steps of a server that is then gone.
async fn die_after(world: &World, steps: usize) {
    let mut importer = Importer::new(&world.state);
    for _ in 0..steps {
        importer.step().await.unwrap();
    }
    drop(importer);
    lapse(world);
}

/// The lease of whoever works on an import runs out.
fn lapse(world: &World) {
    world.sql(|tx| {
        Ok(diesel::update(import_work::table)
            .filter(import_work::lease_token.is_not_null())
            .set(import_work::lease_until.eq(Some(1_i64)))
            .execute(tx.conn())?)
    });
}

/// An import from its beginning to its end.
async fn bring_in(world: &World, client: &Client<'_>, body: Value) -> Value {
    let import = begin(client, body).await;
    work(world).await;
    client.get(&path(&import)).await.expect(200)
}

async fn rows(client: &Client<'_>, import: &Value, query: &str) -> Vec<Value> {
    let page = client
        .get(&format!("{}/rows?limit=200{query}", path(import)))
        .await
        .expect(200);
    page["data"].as_array().unwrap().clone()
}

/// The line of each row, and the verdict and code that it has in those fields.
fn said<'r>(rows: &'r [Value], verdict: &str, code: &str) -> Vec<(i64, &'r str, &'r str)> {
    let text = |row: &'r Value, field: &str| row[field].as_str().unwrap_or_default();
    rows.iter()
        .map(|row| (row["line"].as_i64().unwrap(), text(row, verdict), text(row, code)))
        .collect()
}

/// Line, verdict and code of each row.
fn told(rows: &[Value]) -> Vec<(i64, &str, &str)> {
    said(rows, "verdict", "reason_code")
}

async fn names(client: &Client<'_>) -> Vec<String> {
    let page = client
        .get("/v1/customer-accounts?limit=200&sort=name")
        .await
        .expect(200);
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

async fn act(client: &Client<'_>, import: &Value, action: &str, tag: &str) -> Response {
    let at = format!("{}/{action}", path(import));
    let headers = [("if-match", tag)];
    let headers = if tag.is_empty() { &[][..] } else { &headers[..] };
    client.send(Method::POST, &at, headers, None).await
}

async fn undo(world: &World, client: &Client<'_>, import: &Value) -> Value {
    let begun = client
        .post(&format!("{}/undo", path(import)), json!(null))
        .await
        .expect(202);
    assert_eq!(begun["status"], "undoing");
    work(world).await;
    let undone = client.get(&path(import)).await.expect(200);
    assert_eq!(undone["status"], "undone", "{undone}");
    undone
}

/// Changes the user whose token that is, in the database alone.
fn change_user(
    world: &World,
    client: &Client<'_>,
    change: impl Fn(&mut openprm::db::Tx<'_>, &str) -> openprm::error::Result<()> + Send + Sync + 'static,
) {
    let user = client.caller().user().unwrap().to_string();
    world.sql(move |tx| change(tx, &user));
}

/// A partner of an old CRM, which knows it as 7; its id here.
async fn partner(world: &World, admin: &Client<'_>) -> String {
    let manager = world.user("vendor", "manager").to_string();
    let file = upload(admin, "partners.ndjson", "{\"id\": 7, \"name\": \"Nordwind GmbH\"}\n").await;
    let partners = json!({
        "file_id": file,
        "kind": "partners",
        "system": "oldcrm",
        "legacy": true,
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
    let import = bring_in(world, admin, partners).await;
    rows(admin, &import, "").await[0]["resource_id"]
        .as_str()
        .unwrap_or_else(|| panic!("{import}"))
        .to_owned()
}

/// People of an old CRM, each at a partner or at none.
fn people(file: &str) -> Value {
    json!({
        "file_id": file,
        "kind": "people",
        "system": "oldcrm",
        "mapping": {
            "key": column("Id"),
            "fields": {
                "name": column("Name"),
                "employment.partner_id": column("Partner"),
                "employment.starts_on": column("Start"),
                "employment.title": column("Title"),
            },
        },
    })
}

/// 130 accounts, of which the second belongs to the last, so that it waits for a row far below.
fn many(prefix: &str) -> String {
    let mut text = HEADER.to_owned();
    for number in 0..130 {
        let parent = if number == 1 {
            format!("{prefix}129")
        } else {
            String::new()
        };
        text.push_str(&format!(
            "{prefix}{number},{prefix} Works {number},,Berlin,Germany,{parent}\n"
        ));
    }
    text
}

each_engine! {
    async fn a_file_is_tried_looked_at_and_committed(world: World) {
        let ops = importer(&world, Role::ChannelOps);
        let mut text = many("A");
        text.push_str("B1,(deleted),,,,\nB2,,,Bonn,Germany,\nB3,Beta,,Bonn,Atlantis,\nA0,A Works 0,,Berlin,Germany,\nA0,Other,,Berlin,Germany,\nB4,Gamma,,,,NOBODY\n");
        let file = upload(&ops, "accounts.csv", &text).await;

        let suggested = ops.post("/v1/imports/suggest-mapping", json!({"file_id": file, "kind": "customer_accounts"})).await.expect(200);
        assert_eq!(suggested["format"], "csv");
        assert_eq!(suggested["mapping"]["key"], column("Id"));
        assert_eq!(suggested["mapping"]["fields"]["address.city"], column("City"));
        assert_eq!(suggested["columns"][3], json!({"name": "City", "samples": ["Berlin"]}));

        let import = bring_in(&world, &ops, with(accounts(&file), json!({"dry_run": true}))).await;
        assert_eq!((&import["status"], &import["dry_run"]), (&json!("finished"), &json!(true)), "{import}");
        assert_eq!((&import["rows_read"], &import["rows_done"], &import["bytes_read"]), (&json!(136), &json!(136), &import["bytes_total"]));
        assert_eq!((&import["rows_created"], &import["rows_rejected"], &import["rows_skipped"], &import["rows_unchanged"]), (&json!(130), &json!(4), &json!(1), &json!(1)), "{import}");
        assert_eq!(names(&ops).await, Vec::<String>::new(), "a dry run keeps nothing");
        let odd: Vec<Value> = rows(&ops, &import, "").await.into_iter().filter(|row| row["line"].as_i64().unwrap() > 131).collect();
        let expected = [(132, "skipped", "skipped"), (133, "rejected", "required"), (134, "rejected", odd[2]["reason_code"].as_str().unwrap()), (135, "unchanged", "repeated"), (136, "rejected", "duplicate_key"), (137, "rejected", "unknown_reference")];
        assert_eq!(told(&odd), expected, "{odd:#?}");
        assert_eq!(rows(&ops, &import, "&verdict=rejected").await.len(), 4);

        // What was looked at is what is committed, and nothing else.
        assert_eq!(act(&ops, &import, "commit", "\"1\"").await.refused(412), "precondition_failed");
        assert_eq!(act(&ops, &import, "undo", "").await.status, 409);
        let tag = format!("\"{}\"", import["revision"]);
        let again = act(&ops, &import, "commit", &tag).await.expect(202);
        assert_eq!((&again["status"], &again["dry_run"], &again["rows_done"]), (&json!("queued"), &json!(false), &json!(3)), "{again}");
        work(&world).await;
        let import = ops.get(&path(&import)).await.expect(200);
        assert_eq!((&import["status"], &import["rows_created"], &import["rows_rejected"]), (&json!("finished"), &json!(130), &json!(4)), "{import}");
        assert_eq!(names(&ops).await.len(), 130);
        let second = &rows(&ops, &import, "&verdict=created").await[1];
        let child = ops.get(&format!("/v1/customer-accounts/{}", second["resource_id"].as_str().unwrap())).await.expect(200);
        let parent = ops.get(&format!("/v1/customer-accounts/{}", child["parent_id"].as_str().unwrap())).await.expect(200);
        assert_eq!((&child["name"], &parent["name"], &parent["address"]["country"]), (&json!("A Works 1"), &json!("A Works 129"), &json!("DE")));
        assert_eq!(act(&ops, &import, "commit", "").await.refused(409), "guard_failed");

        // It is told, and so is whoever began it.
        world.sequence();
        let events = ops.get("/v1/events?types=import.*&limit=500").await.expect(200);
        let kinds: Vec<&str> = events["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["import.created", "import.started", "import.finished", "import.committed", "import.started", "import.finished"]);
        world.work("notice_dispatch");
        let inbox = ops.get("/v1/notices?topic=import_ended").await.expect(200);
        let notices = inbox["data"].as_array().unwrap();
        assert_eq!(notices.len(), 2, "{inbox}");
        assert!(notices.iter().any(|notice| notice["body"].as_str().unwrap().contains("130 created, 1 unchanged, 1 skipped, 4 rejected")), "{inbox}");
    }

    async fn an_import_that_is_stopped_keeps_what_it_took(world: World) {
        let ops = importer(&world, Role::ChannelOps);
        let import = begin(&ops, accounts(&upload(&ops, "a.csv", &many("F")).await)).await;
        let mut importer = Importer::new(&world.state);
        // Taken on, read, and one batch.
        for _ in 0..3 {
            importer.step().await.unwrap();
        }
        let running = ops.get(&path(&import)).await.expect(200);
        assert_eq!((&running["status"], &running["rows_read"], &running["rows_created"]), (&json!("running"), &json!(130), &json!(49)), "{running}");
        assert_eq!(rows(&ops, &import, "").await.iter().filter(|row| row["verdict"].is_null()).count(), 81);
        let cancelled = act(&ops, &import, "cancel", "").await.expect(200);
        assert_eq!(cancelled["status"], "cancelled");
        while importer.step().await.unwrap() != Step::Idle {}
        assert_eq!(names(&ops).await.len(), 49);
        assert_eq!(act(&ops, &import, "cancel", "").await.refused(409), "invalid_state");
        let undone = undo(&world, &ops, &import).await;
        assert_eq!((&undone["rows_removed"], names(&ops).await.len()), (&json!(49), 0));
    }

    async fn an_import_goes_on_where_a_server_was_gone(world: World) {
        let ops = importer(&world, Role::ChannelOps);
        // The next is taken on only when the one before has ended, so each is broken off at another place.
        for (broken, prefix) in (1..).zip(["G", "H", "I", "J", "K", "L"]) {
            let import = begin(&ops, accounts(&upload(&ops, "a.csv", &many(prefix)).await)).await;
            die_after(&world, broken).await;
            die_after(&world, 1).await;
            work(&world).await;
            let import = ops.get(&path(&import)).await.expect(200);
            assert_eq!((&import["status"], &import["rows_read"], &import["rows_created"]), (&json!("finished"), &json!(130), &json!(130)), "{broken}: {import}");
            let total = ops.get("/v1/customer-accounts?include_total=true&limit=1").await.expect(200);
            assert_eq!(total["total"]["value"], json!(130 * broken), "{broken}");
        }
    }

    async fn the_same_content_comes_in_once_unless_it_is_wanted_again(world: World) {
        let ops = importer(&world, Role::ChannelOps);
        let text = format!("{HEADER}M1,One,,,,\n");
        let first = begin(&ops, accounts(&upload(&ops, "a.csv", &text).await)).await;
        for when in ["while it waits", "when it was finished"] {
            let file = upload(&ops, "the-same.csv", &text).await;
            let refused = ops.post("/v1/imports", accounts(&file)).await;
            assert_eq!((refused.status, &refused.body["code"]), (409, &json!("already_exists")), "{when}");
            assert!(refused.body["errors"][0]["detail"].as_str().unwrap().contains(first["id"].as_str().unwrap()), "{when}: {}", refused.body);
            work(&world).await;
        }
        let file = upload(&ops, "the-same.csv", &text).await;
        let again = bring_in(&world, &ops, with(accounts(&file), json!({"again": true}))).await;
        assert_eq!((&again["rows_unchanged"], &again["rows_created"]), (&json!(1), &json!(0)));
        // Another mapping is another import, and so is one whose end was its undoing.
        let mut other = accounts(&file);
        other["mapping"]["fields"].as_object_mut().unwrap().remove("phone");
        begin(&ops, other).await;
        work(&world).await;
        undo(&world, &ops, &first).await;
        let anew = bring_in(&world, &ops, accounts(&file)).await;
        assert_eq!(anew["rows_created"], json!(1), "{anew}");
    }

    async fn who_imports_is_permitted_to_and_what_does_not_fit_is_told_at_once(world: World) {
        let (admin, ops) = (world.vendor(Role::Admin), importer(&world, Role::ChannelOps));
        let file = upload(&admin, "a.csv", &format!("{HEADER}N1,One,,,,\n")).await;
        let partner = world.partner_user(openprm::kernel::ids::Id::at(world.now()), Role::PartnerAdmin);
        for (who, code) in [(world.vendor(Role::Analyst), "forbidden"), (partner, "forbidden"), (world.machine(&["customers:write"]), "insufficient_scope")] {
            assert_eq!(who.post("/v1/imports", accounts(&file)).await.refused(403), code);
            assert_eq!(who.get("/v1/imports").await.status, 403);
        }
        // A permission to import is none to make what one may not make.
        let machine = world.machine(&["imports:write", "imports:read", "files:read"]);
        assert_eq!(machine.post("/v1/imports", accounts(&file)).await.refused(403), "forbidden");
        let users = with(accounts(&file), json!({"kind": "users", "mapping": {"key": column("Id"), "fields": {"email": column("Id"), "name": column("Name"), "roles": {"value": "cam"}, "row_scope": {"value": "own"}}}}));
        assert_eq!(ops.post("/v1/imports", users).await.refused(403), "forbidden");

        for (body, pointer, said) in [
            (with(accounts(&file), json!({"format": "ndjson"})), "#/format", "does not begin with a JSON object"),
            (with(accounts(&file), json!({"kind": "territories"})), "#/mapping", "no field `address.city`"),
            (with(accounts(&file), json!({"mapping": {"key": column("Id"), "fields": {"name": column("Nom")}}})), "#/mapping", "no column `Nom`"),
            (with(accounts(&file), json!({"mapping": {"key": column("Id"), "fields": {"name": {"column": "Name", "table": "absent"}}}})), "#/mapping", "no table `absent`"),
            (with(accounts(&file), json!({"file_id": "file_01jdq4p6c8f3kb2v9y0s7x5ham"})), "#/file_id", "no such file"),
        ] {
            let refused = ops.post("/v1/imports", body).await;
            assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (409, &json!(pointer)), "{}", refused.body);
            assert!(refused.body["errors"][0]["detail"].as_str().unwrap().contains(said), "{}", refused.body);
        }

        // Who is limited to some partners' rows sees their own imports.
        let limited = world.vendor_of(Role::ChannelOps, Rows::Partners([].into()));
        let import = begin(&ops, accounts(&file)).await;
        assert_eq!(limited.get(&path(&import)).await.status, 404);
        assert_eq!(limited.get("/v1/imports").await.expect(200)["data"], json!([]));
        assert_eq!(ops.get("/v1/imports?status=queued&kind=customer_accounts").await.expect(200)["data"][0]["id"], import["id"]);
    }

    async fn whoever_waits_is_told_of_the_end(world: World) {
        let ops = importer(&world, Role::ChannelOps);
        let import = begin(&ops, accounts(&upload(&ops, "a.csv", &format!("{HEADER}Q1,One,,,,\n")).await)).await;
        let begun = std::time::Instant::now();
        let waiting = ops.get(&format!("{}?wait=1", path(&import))).await.expect(200);
        assert_eq!(waiting["status"], "queued");
        assert!(begun.elapsed() >= std::time::Duration::from_secs(1), "it waits while nothing ends");
        work(&world).await;
        let begun = std::time::Instant::now();
        assert_eq!(ops.get(&format!("{}?wait=30", path(&import))).await.expect(200)["status"], "finished");
        assert!(begun.elapsed() < std::time::Duration::from_secs(20));
    }

    async fn whoever_may_not_any_more_brings_nothing_more_in(world: World) {
        let admin = importer(&world, Role::Admin);
        for (prefix, disabled) in [("R", true), ("S", false)] {
            let ops = importer(&world, Role::ChannelOps);
            let import = begin(&ops, accounts(&upload(&ops, "a.csv", &many(prefix)).await)).await;
            let mut server = Importer::new(&world.state);
            // Taken on, read, and one batch.
            for _ in 0..3 {
                server.step().await.unwrap();
            }
            change_user(&world, &ops, move |tx, user| {
                if disabled {
                    diesel::update(users::table.find(user)).set(users::status.eq("disabled")).execute(tx.conn())?;
                } else {
                    diesel::delete(user_roles::table.filter(user_roles::user_id.eq(user))).execute(tx.conn())?;
                }
                Ok(())
            });
            while server.step().await.unwrap() != Step::Idle {}
            let failed = admin.get(&path(&import)).await.expect(200);
            assert_eq!((&failed["status"], &failed["rows_created"]), (&json!("failed"), &json!(49)), "{failed}");
            assert_eq!(failed["error"].as_str().unwrap().contains("may not act here any more"), disabled, "{failed}");
            // Somebody who may takes it back.
            assert_eq!(undo(&world, &admin, &failed).await["rows_removed"], json!(49));
        }
    }

    async fn two_servers_take_no_row_twice(world: World) {
        let ops = importer(&world, Role::ChannelOps);
        let import = begin(&ops, accounts(&upload(&ops, "a.csv", &many("T")).await)).await;
        let (mut one, mut other) = (Importer::new(&world.state), Importer::new(&world.state));
        // Taken on, read, and one batch.
        for _ in 0..3 {
            one.step().await.unwrap();
        }
        assert_eq!(other.step().await.unwrap(), Step::Idle, "it is another's");
        // The first was away for longer than its lease; when it comes back, the other has gone on.
        lapse(&world);
        assert_eq!(other.step().await.unwrap(), Step::Done(50));
        assert_eq!(one.step().await.unwrap(), Step::Done(0));
        assert_eq!(one.step().await.unwrap(), Step::Idle);
        for _ in 0..500 {
            lapse(&world);
            let (here, there) = futures_util::future::join(one.step(), other.step()).await;
            if (here.unwrap(), there.unwrap()) == (Step::Idle, Step::Idle) {
                break;
            }
        }
        let import = ops.get(&path(&import)).await.expect(200);
        assert_eq!((&import["status"], &import["rows_done"], &import["rows_created"]), (&json!("finished"), &json!(130), &json!(130)), "{import}");
        assert_eq!(names(&ops).await.len(), 130);
    }

    async fn a_row_names_no_partner_whose_rows_the_importer_does_not_see(world: World) {
        let (admin, limited) = (importer(&world, Role::Admin), importer(&world, Role::ChannelOps));
        partner(&world, &admin).await;
        change_user(&world, &limited, |tx, user| {
            diesel::update(users::table.find(user)).set(users::row_scope.eq(Some("own"))).execute(tx.conn())?;
            Ok(())
        });
        let text = "Id,Name,Partner,Start,Title\nQ1,Anna,7,2024-01-01,\n";
        let import = bring_in(&world, &limited, people(&upload(&limited, "a.csv", text).await)).await;
        assert_eq!(told(&rows(&limited, &import, "").await), [(2, "rejected", "unknown_reference")]);
    }
}
