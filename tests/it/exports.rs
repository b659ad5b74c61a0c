//! Exports: every list, whole, in other forms, and never short without a sign.

use std::{collections::BTreeMap, pin::Pin};

use actix_web::{
    HttpServer,
    body::{BoxBody, MessageBody as _},
    http::Method,
    web::Bytes,
};
use diesel::RunQueryDsl as _;
use openprm::{
    app,
    auth::Role,
    http::export::AT_ONCE,
    identity::users::{RowScope, VendorRole},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    conventions::{adds_to, joined, needed},
    identity::{login, vendor_user},
    program::{Program, complete, submitted, with},
    support::{
        Client, World,
        api::{Operation, api},
        contract,
        fixtures::{Fixtures, Whose},
    },
};

const LINES: (&str, &str) = ("accept", "application/x-ndjson");
const TABLE: (&str, &str) = ("accept", "text/csv");

/// A server that reads two rows at once, so that a few make several pages.
async fn by_twos(world: &World) -> World {
    World::configured(world.engine(), contract(), &[("OPENPRM_EXPORT_ROWS", "2")]).await
}

/// The rows of the list, page after page.
async fn listed(client: &Client<'_>, path: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client
            .get(&joined(path, &format!("limit=200{cursor}")))
            .await
            .expect(200);
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        if page["has_more"] == false {
            return rows;
        }
        cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap());
    }
}

/// The rows of the export, as lines.
async fn lines(client: &Client<'_>, path: &str) -> Vec<Value> {
    let sent = client.send(Method::GET, path, &[LINES], None).await;
    assert_eq!(sent.status, 200, "{path}: {}", String::from_utf8_lossy(&sent.bytes));
    assert_eq!(sent.header("content-type"), Some("application/x-ndjson"));
    let text = String::from_utf8(sent.bytes).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "{path}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The export as a table: its columns and its rows.
async fn table(client: &Client<'_>, path: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let sent = client.send(Method::GET, path, &[TABLE], None).await;
    assert_eq!(sent.status, 200, "{path}: {}", String::from_utf8_lossy(&sent.bytes));
    assert_eq!(
        sent.header("content-type"),
        Some("text/csv; charset=utf-8; header=present")
    );
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&*sent.bytes);
    let record = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
    let mut rows: Vec<Vec<String>> = reader.records().map(|one| record(one.unwrap())).collect();
    assert!(!rows.is_empty(), "{path} has no head");
    (rows.remove(0), rows)
}

/// Whether a cell says the value, as the contract describes it.
fn says(cell: &str, value: &Value) -> bool {
    match value {
        Value::Null => cell.is_empty(),
        Value::String(text) => {
            let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && text.parse::<f64>().is_err();
            (cell == text && !formula) || cell.strip_prefix('\'') == Some(text)
        }
        Value::Array(_) | Value::Object(_) => serde_json::from_str::<Value>(cell).ok().as_ref() == Some(value),
        other => {
            let written = other.to_string();
            cell == written
        }
    }
}

/// The places of everything in a row that is not null.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                let at = if at.is_empty() {
                    name.clone()
                } else {
                    format!("{at}.{name}")
                };
                leaves(inner, &at, found);
            }
        }
        Value::Null => {}
        _ => found.push(at.to_owned()),
    }
}

/// What of the table does not say what the rows say.
fn differences(head: &[String], cells: &[Vec<String>], rows: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    if cells.len() != rows.len() {
        found.push(format!("{} lines for {} rows", cells.len(), rows.len()));
    }
    for (cells, row) in cells.iter().zip(rows) {
        for (column, cell) in head.iter().zip(cells) {
            let value = column.split('.').fold(row, |value, name| &value[name]);
            // It tells the moment of asking.
            if column != "as_of" && !says(cell, value) {
                found.push(format!("{column} is {cell:?} for {value}"));
            }
        }
        let mut there = Vec::new();
        leaves(row, "", &mut there);
        for place in there {
            let covered = |column: &String| place == *column || place.starts_with(&format!("{column}."));
            if !head.iter().any(covered) {
                found.push(format!("no column has {place}"));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The row without what tells the moment of asking.
fn steady(mut row: Value) -> Value {
    if let Some(row) = row.as_object_mut() {
        row.remove("as_of");
    }
    row
}

/// The next piece of a body.
async fn piece(body: &mut Pin<Box<BoxBody>>) -> Option<Result<Bytes, String>> {
    let piece = std::future::poll_fn(|context| body.as_mut().poll_next(context)).await;
    piece.map(|piece| piece.map_err(|error| error.to_string()))
}

fn parsed(piece: &Bytes) -> Vec<Value> {
    let text = std::str::from_utf8(piece).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Products by their names, in order.
async fn products(admin: &Client<'_>, names: &[&str]) {
    for (index, name) in names.iter().enumerate() {
        let body = json!({"code": format!("P{index}"), "name": name, "kind": "product"});
        admin.post("/v1/products", body).await.expect(201);
    }
}

/// Makes a product unreadable, as no program of ours writes it.
fn spoil(world: &World, name: &'static str) {
    world.sql(move |tx| {
        let sql = format!("UPDATE products SET custom = 'not JSON' WHERE name = '{name}'");
        let changed: usize = diesel::sql_query(&sql).execute(tx.conn())?;
        assert_eq!(changed, 1);
        Ok(())
    });
}

each_engine! {
    async fn every_list_is_exported_as_it_is_listed(world: World) {
        let world = World::configured(world.engine(), contract(), &[("OPENPRM_EXPORT_ROWS", "5")]).await;
        let mut fixtures = Fixtures::new(&world).await;
        let (admin, partner) = (world.vendor(Role::Admin), world.partner_user(fixtures.a, Role::PartnerAdmin));
        let lists: Vec<&Operation> = api().operations.iter().filter(|operation| operation.method == Method::GET && operation.parameter("cursor").is_some()).collect();
        let (mut offenders, mut exported) = (Vec::new(), 0);
        for operation in &lists {
            let content = operation.content("200");
            for media in ["application/x-ndjson", "text/csv"] {
                if !content[media]["example"].is_string() {
                    offenders.push(format!("{} has no example of {media}", operation.id));
                }
            }
            if let Some(adding) = adds_to(operation) {
                for _ in 0..2 {
                    fixtures.call(adding, Whose::Own).await;
                }
            }
        }
        world.sequence();
        for operation in &lists {
            let Some(address) = fixtures.path(operation, Whose::Own) else { continue };
            let address = joined(&address, &needed(operation));
            for (who, client) in [("the admin", &admin), ("the partner", &partner)] {
                let first = client.probe(Method::GET, &address, &[], None).await;
                if first.status != 200 {
                    for form in [LINES, TABLE] {
                        let refused = client.send(Method::GET, &address, &[form], None).await;
                        if (refused.status, &refused.body["code"], &refused.body["detail"]) != (first.status, &first.body["code"], &first.body["detail"]) {
                            offenders.push(format!("{} refuses {who} an export otherwise than the list: {}", operation.id, refused.body));
                        }
                    }
                    continue;
                }
                let rows = listed(client, &address).await;
                let all = |rows: Vec<Value>| -> Vec<Value> { rows.into_iter().map(steady).collect() };
                if all(lines(client, &address).await) != all(rows.clone()) {
                    offenders.push(format!("{} exports {who} other rows than it lists", operation.id));
                }
                let (head, cells) = table(client, &address).await;
                let found = differences(&head, &cells, &rows);
                if !found.is_empty() {
                    offenders.push(format!("{} as a table for {who}: {found:?}", operation.id));
                }
                exported += usize::from(!rows.is_empty());
            }
        }
        assert!(offenders.is_empty(), "If you are here because you added a list: an export is its list.\n  {}", offenders.join("\n  "));
        assert!(lists.len() > 70 && exported > 50, "{} lists, {exported} of them with rows", lists.len());
    }

    async fn an_export_takes_what_its_list_takes(world: World) {
        let world = by_twos(&world).await;
        let program = Program::new(&world).await;
        let (admin, sales) = (world.vendor(Role::Admin), program.sales(program.partner("Nordwind")));
        products(&admin, &["Alpha", "Beta", "Gamma", "Delta", "Epsilon"]).await;
        submitted(&sales, complete()).await;
        for _ in 0..2 {
            sales.post("/v1/deals", complete()).await.expect(201);
        }
        for address in [
            "/v1/products",
            "/v1/products?kind=line",
            "/v1/products?q=gamma",
            "/v1/products?sort=-name",
            "/v1/products?kind=product&sort=-created_at&fields=code,id",
            "/v1/deals?expand=partner,partner.parent",
            "/v1/deals?status=draft",
            "/v1/products?include_total=true",
        ] {
            let rows = listed(&admin, address).await;
            assert_eq!(lines(&admin, address).await, rows, "{address}");
            let (head, cells) = table(&admin, address).await;
            assert_eq!(differences(&head, &cells, &rows), Vec::<String>::new(), "{address}");
        }
        let (head, cells) = table(&admin, "/v1/products?kind=product&fields=name,code,list_price&sort=-name").await;
        assert_eq!(head, ["name", "code", "list_price.amount", "list_price.currency"]);
        assert_eq!(cells[0][0], "Gamma");
        let (head, cells) = table(&sales, "/v1/deals?fields=id&expand=partner").await;
        assert_eq!(head, ["id", "expanded"]);
        assert_eq!(serde_json::from_str::<Value>(&cells[0][1]).unwrap()["partner"]["legal_name"], "Nordwind");
        // With a limit it is that page in another form; its Link leads to the next.
        let sent = admin.send(Method::GET, "/v1/products?sort=name&limit=3", &[LINES], None).await;
        let next = sent.header("link").unwrap().split(['<', '>']).nth(1).unwrap().to_owned();
        let first = parsed(&Bytes::from(sent.bytes));
        assert_eq!(first, admin.get("/v1/products?sort=name&limit=3").await.expect(200)["data"].as_array().unwrap()[..]);
        assert_eq!(lines(&admin, &next).await, admin.get(&next).await.expect(200)["data"].as_array().unwrap()[..]);
        // A cursor without a limit is where the rest begins.
        let rest = lines(&admin, &next.replace("limit=3", "").replace("&&", "&").replace("?&", "?")).await;
        assert_eq!([first, rest].concat(), listed(&admin, "/v1/products?sort=name").await);
        for wrong in ["limit=0", "limit=201", "no_such=1", "cursor=AAAA", "fields=colour", "sort=colour"] {
            let address = format!("/v1/products?{wrong}");
            let refused = admin.get(&address).await;
            let code = refused.body["code"].as_str().unwrap().to_owned();
            for form in [LINES, TABLE] {
                assert_eq!(admin.send(Method::GET, &address, &[form], None).await.refused(refused.status), code, "{wrong}");
            }
        }
    }

    async fn the_form_is_negotiated(world: World) {
        let world = by_twos(&world).await;
        let admin = world.vendor(Role::Admin);
        products(&admin, &["Alpha", "Beta", "Gamma"]).await;
        let asked = async |accept: &str| admin.send(Method::GET, "/v1/products", &[("accept", accept)], None).await;
        for accept in ["", "*/*", "application/json", "text/csv, application/json", "application/vnd.openprm.narrowed+json"] {
            assert_eq!(asked(accept).await.header("content-type"), Some("application/json"), "{accept}");
        }
        assert_eq!(asked("text/csv;q=0.9, application/json;q=0.5").await.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        for accept in ["text/html", "application/xml, text/plain", "application/json;q=0"] {
            assert_eq!(asked(accept).await.refused(406), "not_acceptable", "{accept}");
        }
        // What has one form is answered in it, as ever.
        assert_eq!(admin.send(Method::GET, "/v1/me", &[("accept", "text/html")], None).await.status, 200);
        let sent = admin.send(Method::GET, "/v1/products", &[TABLE, ("if-none-match", "*")], None).await;
        assert_eq!((sent.status, sent.header("etag"), sent.header("link")), (200, None, None), "an export has no version");
        assert_eq!(sent.header("cache-control"), Some("no-store"));
        assert_eq!(sent.header("content-disposition"), Some("attachment; filename=\"products-2026-11-21.csv\""));
        assert_eq!(sent.header("feed-cursor").map(str::len), Some(16));
        let head = admin.send(Method::HEAD, "/v1/products", &[TABLE], None).await;
        assert_eq!((head.status, head.header("content-type"), head.bytes.len()), (200, Some("text/csv; charset=utf-8; header=present"), 0));
    }

    async fn no_cell_is_a_formula_and_custom_fields_are_columns(world: World) {
        let world = by_twos(&world).await;
        let program = Program::new(&world).await;
        let (admin, sales) = (world.vendor(Role::Admin), program.sales(program.partner("Nordwind")));
        for (name, visible) in [("budget_code", true), ("margin", false)] {
            let field = json!({"resource_type": "deal", "name": name, "label": name, "data_type": "text", "partner_visible": visible, "partner_editable": visible});
            admin.post("/v1/custom-fields", field).await.expect(201);
        }
        let titles = ["=HYPERLINK(\"http://evil.example\",\"Open\")", "+49 30 1234", "-1+1", "@SUM(A1:A9)", "-12.50", "two, \"quoted\"", "'quoted", "a;=1+1"];
        for title in titles {
            let deal = with(json!({"title": title, "description": "=a\nb", "custom": {"budget_code": "+1"}}));
            sales.post("/v1/deals", deal).await.expect(201);
        }
        let address = "/v1/deals?sort=created_at";
        let (head, cells) = table(&admin, address).await;
        let column = |head: &[String], name: &str| head.iter().position(|column| column == name);
        let of = |name: &str| -> Vec<&str> { cells.iter().map(|cells| cells[column(&head, name).unwrap()].as_str()).collect() };
        assert_eq!(of("title"), ["'=HYPERLINK(\"http://evil.example\",\"Open\")", "'+49 30 1234", "'-1+1", "'@SUM(A1:A9)", "-12.50", "two, \"quoted\"", "'quoted", "a;'=1+1"]);
        assert_eq!((of("description")[0], of("custom.budget_code")[0], of("custom.margin")[0]), ("'=a\nb", "'+1", ""));
        assert_eq!((of("amount.amount")[0], of("amount.currency")[0], of("lines")[0].starts_with('[')), ("48000.00", "EUR", true));
        assert!(column(&head, "custom").is_none() && column(&head, "expanded").is_none());
        // The exact form has what was written.
        let rows = lines(&admin, address).await;
        assert_eq!(rows.iter().map(|row| row["title"].as_str().unwrap()).collect::<Vec<_>>(), titles);
        // What a partner does not see is no column of it either.
        let (theirs, cells) = table(&sales, &format!("{address}&fields=title,custom")).await;
        assert_eq!(theirs, ["title", "custom.budget_code"]);
        assert_eq!((cells.len(), cells[0][1].as_str()), (titles.len(), "'+1"));
        assert!(lines(&sales, address).await.iter().all(|row| row["custom"].get("margin").is_none()));
    }

    async fn an_export_and_the_feed_have_no_seam(world: World) {
        let world = by_twos(&world).await;
        let admin = world.vendor(Role::Admin);
        let team = async |name: &str| admin.post("/v1/teams", json!({"name": name})).await.expect(201)["id"].as_str().unwrap().to_owned();
        let mut teams = Vec::new();
        for name in ["B", "D", "F", "H", "J", "L", "N"] {
            teams.push(team(name).await);
        }
        world.sequence();
        let at = |index: usize| format!("/v1/teams/{}", teams[index]);
        // What was committed a moment ago may have no place in the log yet.
        admin.patch(&at(0), json!({"name": "B2"})).await.expect(200);
        let answer = admin.open("/v1/teams?sort=name", &[LINES]).await;
        let cursor = answer.headers().get("feed-cursor").unwrap().to_str().unwrap().to_owned();
        let mut body = Box::pin(answer.into_body());
        let mut copy: BTreeMap<String, (i64, Value)> = BTreeMap::new();
        let key = |row: &Value| (row["id"].as_str().unwrap().to_owned(), row["revision"].as_i64().unwrap());
        let mut pieces = 0;
        while let Some(piece) = piece(&mut body).await {
            for row in parsed(&piece.unwrap()) {
                let (id, revision) = key(&row);
                copy.insert(id, (revision, row));
            }
            // Before, at and behind where the export stands: changed, moved, made, removed.
            match pieces {
                0 => {
                    admin.patch(&at(1), json!({"name": "Z1"})).await.expect(200);
                    admin.patch(&at(6), json!({"name": "A1"})).await.expect(200);
                    team("A0").await;
                    team("E0").await;
                }
                1 => {
                    assert_eq!(admin.delete(&at(0)).await.status, 204);
                    assert_eq!(admin.delete(&at(4)).await.status, 204);
                    team("Y0").await;
                }
                _ => {
                    admin.patch(&at(2), json!({"name": format!("F{pieces}")})).await.expect(200);
                }
            }
            pieces += 1;
            assert!(pieces < 50);
        }
        assert!(pieces > 3);
        world.sequence();
        let page = admin.get(&format!("/v1/events?cursor={cursor}&resource_type=team&limit=500")).await.expect(200);
        for event in page["data"].as_array().unwrap() {
            let id = event["resource_id"].as_str().unwrap().to_owned();
            let revision = event["revision"].as_i64().unwrap();
            if event["deleted"] == true {
                copy.remove(&id);
            } else if copy.get(&id).is_none_or(|(known, _)| revision >= *known) {
                copy.insert(id, (revision, event["data"].clone()));
            }
        }
        let now: BTreeMap<String, (i64, Value)> = listed(&admin, "/v1/teams").await.into_iter().map(|row| (key(&row).0, (key(&row).1, row))).collect();
        assert_eq!(copy, now);
    }

    async fn a_caller_has_a_few_at_once_and_who_goes_away_has_ended(world: World) {
        let world = by_twos(&world).await;
        let (admin, other) = (world.vendor(Role::Admin), world.vendor(Role::Admin));
        products(&admin, &["Alpha", "Beta", "Gamma", "Delta", "Epsilon"]).await;
        let mut open = Vec::new();
        for _ in 0..AT_ONCE {
            let answer = admin.open("/v1/products", &[LINES]).await;
            assert_eq!(answer.status(), 200);
            let mut body = Box::pin(answer.into_body());
            assert_eq!(parsed(&piece(&mut body).await.unwrap().unwrap()).len(), 2);
            open.push(body);
        }
        let refused = admin.send(Method::GET, "/v1/products", &[TABLE], None).await;
        assert!(refused.header("retry-after").is_some());
        assert_eq!(refused.refused(429), "rate_limited");
        admin.get("/v1/products").await.expect(200);
        assert_eq!(lines(&other, "/v1/products").await.len(), 5, "others have theirs");
        // One goes away, one is read to its end.
        drop(open.pop());
        assert_eq!(lines(&admin, "/v1/products").await.len(), 5);
        let mut last = open.pop().unwrap();
        let mut rows = 2;
        while let Some(piece) = piece(&mut last).await {
            rows += parsed(&piece.unwrap()).len();
        }
        assert_eq!(rows, 5);
        drop((last, open));
        for _ in 0..AT_ONCE {
            assert_eq!(lines(&admin, "/v1/products").await.len(), 5);
        }
    }

    async fn an_export_goes_on_no_longer_than_the_right_to_it(world: World) {
        let world = by_twos(&world).await;
        let boss = world.vendor(Role::Admin);
        products(&boss, &["Alpha", "Beta", "Gamma", "Delta", "Epsilon"]).await;
        let begun = async |token: &str| {
            let answer = world.bearer(token).open("/v1/products", &[LINES]).await;
            assert_eq!(answer.status(), 200);
            let mut body = Box::pin(answer.into_body());
            assert_eq!(parsed(&piece(&mut body).await.unwrap().unwrap()).len(), 2);
            body
        };
        let signed_in = async |email: &str| {
            let user = vendor_user(&world, email, &[VendorRole::Cam], RowScope::Own, None, Vec::new());
            let session = login(&world, email).await;
            (user, session["access_token"].as_str().unwrap().to_owned())
        };
        // Suspended.
        let (user, token) = signed_in("maria@example.com").await;
        let mut body = begun(&token).await;
        boss.post(&format!("/v1/users/{user}/disable"), json!({})).await.expect(200);
        assert!(piece(&mut body).await.unwrap().is_err());
        // Revoked.
        let made = boss.post("/v1/service-clients", json!({"name": "CRM connector", "scopes": ["catalog:read"]})).await.expect(201);
        let own = [("client_id", made["client"]["id"].as_str().unwrap()), ("client_secret", made["client_secret"].as_str().unwrap())];
        let form = async |path: &str, name: &str, value: &str| {
            world.stranger().form(path, &[], &[own[0], own[1], (name, value)]).await.expect(200)
        };
        let token = form("/oauth/token", "grant_type", "client_credentials").await["access_token"].as_str().unwrap().to_owned();
        let mut body = begun(&token).await;
        form("/oauth/revoke", "token", &token).await;
        assert!(piece(&mut body).await.unwrap().is_err());
        // Ended; what has not ended goes on.
        let (_, token) = signed_in("anna@example.com").await;
        let (mut body, mut longer) = (begun(&token).await, begun(&boss.token()).await);
        world.clock.advance_seconds(600 + 31);
        assert!(piece(&mut body).await.unwrap().is_err());
        assert_eq!(parsed(&piece(&mut longer).await.unwrap().unwrap()).len(), 2);
    }

    async fn an_export_that_breaks_off_does_not_look_whole(world: World) {
        let world = by_twos(&world).await;
        let admin = world.vendor(Role::Admin);
        products(&admin, &["Alpha", "Beta", "Gamma", "Omega", "Psi"]).await;
        let state = world.state.clone();
        let server = HttpServer::new(move || app::app(state.clone())).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let address = server.addrs()[0];
        let running = server.run();
        let handle = running.handle();
        actix_web::rt::spawn(running);
        let asked = async |version: &str, accept: &str| {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let head = format!("GET /v1/products?sort=name HTTP/{version}\r\nhost: localhost\r\nauthorization: Bearer {}\r\naccept: {accept}\r\nconnection: close\r\n\r\n", admin.token());
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut bytes = Vec::new();
            // A connection that is broken may end with an error; what came before it counts.
            let _ = stream.read_to_end(&mut bytes).await;
            String::from_utf8(bytes).unwrap()
        };
        for accept in [LINES.1, TABLE.1] {
            let whole = asked("1.1", accept).await;
            assert!(whole.starts_with("HTTP/1.1 200") && whole.contains("Psi") && whole.ends_with("\r\n0\r\n\r\n"), "{whole}");
            // Nobody could tell there.
            let old = asked("1.0", accept).await;
            assert!(old.starts_with("HTTP/1.0 406") && old.contains("not_acceptable"), "{old}");
        }
        assert!(asked("1.0", "*/*").await.starts_with("HTTP/1.0 200"));
        spoil(&world, "Omega");
        for accept in [LINES.1, TABLE.1] {
            let broken = asked("1.1", accept).await;
            // What breaks before the head was sent breaks all.
            let begun = broken.starts_with("HTTP/1.1 200") && broken.contains("Beta");
            assert!((broken.is_empty() || begun) && !broken.contains("Psi"), "{broken}");
            assert!(!broken.ends_with("\r\n0\r\n\r\n"), "{broken}");
        }
        let mut body = Box::pin(admin.open("/v1/products?sort=name", &[LINES]).await.into_body());
        assert_eq!(parsed(&piece(&mut body).await.unwrap().unwrap()).len(), 2);
        assert!(piece(&mut body).await.unwrap().is_err());
        // What breaks at once is a problem, as of the list.
        spoil(&world, "Alpha");
        assert_eq!(admin.send(Method::GET, "/v1/products?sort=name", &[TABLE], None).await.refused(500), "internal");
        handle.stop(false).await;
    }
}
