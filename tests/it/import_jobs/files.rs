//! What comes out of a file, whatever wrote it, and what goes back into one.

use openprm::auth::Role;
use serde_json::{Value, json};

use super::{HEADER, accounts, act, begin, bring_in, importer, names, path, rows, told, upload, work};

each_engine! {
    async fn rows_that_are_wrong_come_as_a_file_to_be_mended(world: World) {
        let ops = importer(&world, Role::ChannelOps);
        let text = format!("{HEADER}C1,Good,,,,\nC2,=HYPERLINK(1),+49 30 123456,Bonn,Atlantis,\nC3,\"Two, lines\",'-5,,Atlantis,\nC4,too,few\n");
        let import = bring_in(&world, &ops, accounts(&upload(&ops, "a.csv", &text).await)).await;
        assert_eq!((&import["rows_created"], &import["rows_rejected"]), (&json!(1), &json!(3)), "{import}");

        let problems = ops.get(&format!("{}/problems", path(&import))).await;
        assert_eq!((problems.status, problems.header("content-type")), (200, Some("text/csv")));
        assert!(problems.header("content-disposition").unwrap().contains("attachment"));
        let sent = String::from_utf8(problems.bytes.clone()).unwrap();
        let lines: Vec<&str> = sent.lines().collect();
        assert_eq!(lines[0], "openprm_line,openprm_code,openprm_reason,openprm_raw,Id,Name,Phone,City,Country,Parent");
        assert!(lines[1].starts_with("3,") && lines[1].contains(",C2,'=HYPERLINK(1),'+49 30 123456,Bonn,Atlantis,"), "{sent}");
        assert!(lines[2].contains(",C3,\"Two, lines\",''-5,,Atlantis,"), "{sent}");
        assert!(lines[3].starts_with("5,wrong_number_of_cells,") && lines[3].contains("\"C4,too,few\""), "{sent}");
        for cell in sent.split([',', '\n']) {
            assert!(!cell.trim_start_matches('"').starts_with(['=', '+', '-', '@']), "{cell}");
        }

        // Mended, it comes in by the same mapping, each cell as it was before it was made safe.
        let mended = lines[..2].join("\n").replace("Atlantis", "DE");
        let again = bring_in(&world, &ops, accounts(&upload(&ops, "mended.csv", &mended).await)).await;
        assert_eq!((&again["status"], &again["rows_created"]), (&json!("finished"), &json!(1)), "{again}");
        let page = ops.get("/v1/customer-accounts?sort=name").await.expect(200);
        let made = page["data"].as_array().unwrap().iter().find(|row| row["name"] == "=HYPERLINK(1)").unwrap();
        assert_eq!(made["phone"], "+4930123456");

        let lines = ops.get(&format!("{}/problems?format=ndjson", path(&import))).await;
        assert_eq!((lines.status, lines.header("content-type")), (200, Some("application/x-ndjson")));
        let first: Value = serde_json::from_slice(lines.bytes.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
        assert_eq!((&first["openprm_line"], &first["Name"]), (&json!(3), &json!("=HYPERLINK(1)")));
    }

    async fn a_file_that_is_gone_fails_its_import_and_rows_go_with_their_time(world: World) {
        let admin = importer(&world, Role::Admin);
        let file = upload(&admin, "gone.csv", &format!("{HEADER}O1,One,,,,\n")).await;
        let import = begin(&admin, accounts(&file)).await;
        admin.delete(&format!("/v1/files/{file}")).await;
        work(&world).await;
        let failed = admin.get(&path(&import)).await.expect(200);
        assert_eq!(failed["status"], "failed", "{failed}");
        assert!(failed["error"].is_string() && failed["finished_at"].is_string());

        let file = upload(&admin, "kept.csv", &format!("{HEADER}O2,Two,,,,\n")).await;
        let import = bring_in(&world, &admin, accounts(&file)).await;
        world.clock.advance_days(89);
        world.work("import_retention");
        assert_eq!(rows(&admin, &import, "").await.len(), 1);
        world.clock.advance_days(2);
        world.work("import_retention");
        assert_eq!(rows(&admin, &import, "").await, Vec::<Value>::new());
        assert_eq!(act(&admin, &import, "undo", "").await.refused(409), "guard_failed");
        assert!(admin.get(&format!("/v1/files/{file}")).await.expect(200)["content_deleted_at"].is_string());
        assert_eq!(admin.get(&path(&import)).await.expect(200)["rows_created"], json!(1), "the import itself stays");
    }

    async fn a_file_is_read_whatever_wrote_it(world: World) {
        let ops = importer(&world, Role::ChannelOps);
        // The letter that is none in UTF-8 comes when the file was long taken for that.
        let mut text = format!("\u{feff}{HEADER}U1,\"Two\r\nlines\",,\"Bonn\",,\r\n\r\n").into_bytes();
        for number in 0..100 {
            text.extend(format!("V{number},{},,,,\r\n", "x".repeat(100)).into_bytes());
        }
        text.extend(b"U2,Caf\xe9,,,,\r\nU3,Three,,,,\r\n");
        let import = bring_in(&world, &ops, accounts(&upload(&ops, "a.csv", text).await)).await;
        assert_eq!((&import["rows_created"], &import["rows_rejected"]), (&json!(102), &json!(1)), "{import}");
        let found = rows(&ops, &import, "").await;
        assert_eq!(told(&found)[..2], [(2, "created", ""), (5, "created", "")]);
        assert_eq!(told(&found)[101..], [(105, "rejected", "invalid_encoding"), (106, "created", "")]);
        assert!(names(&ops).await.contains(&"Two lines".to_owned()));

        let lines = "{\"Id\": \"W1\", \"Name\": \"One\"}\n{\"Id\": \"W2\", \"Na\n{\"Id\": \"W3\", \"Name\": \"Three\"}\n";
        let import = bring_in(&world, &ops, accounts(&upload(&ops, "a.ndjson", lines).await)).await;
        let found = rows(&ops, &import, "").await;
        assert_eq!(told(&found), [(1, "created", ""), (2, "rejected", "malformed_row"), (3, "created", "")]);
        let problems = ops.get(&format!("{}/problems", path(&import))).await;
        let problem: Value = serde_json::from_slice(&problems.bytes).unwrap();
        assert_eq!((&problem["openprm_line"], &problem["openprm_raw"]), (&json!(2), &json!("{\"Id\": \"W2\", \"Na")));

        let file = upload(&ops, "twice.csv", "Id,Name,Name\n1,a,b\n").await;
        let refused = ops.post("/v1/imports", accounts(&file)).await;
        assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (409, &json!("#/file_id")), "{}", refused.body);
        assert!(refused.body["errors"][0]["detail"].as_str().unwrap().contains("two columns `Name`"), "{}", refused.body);
    }

    async fn a_file_of_problems_is_read_by_the_mapping_of_the_file_that_they_are_of(world: World) {
        let ops = importer(&world, Role::ChannelOps);
        let mut body = accounts(&upload(&ops, "a.csv", "Id;Name;Phone;City;Country;Parent\nX1;\"Müller;=1+1\";;Köln;Atlantis;\n").await);
        body["mapping"]["formats"] = json!({"delimiter": ";"});
        body["mapping"]["fields"]["address.country"]["closed"] = json!(true);
        let import = bring_in(&world, &ops, body.clone()).await;
        assert_eq!(import["rows_rejected"], json!(1), "{import}");
        let problems = ops.get(&format!("{}/problems", path(&import))).await;
        let mended = String::from_utf8(problems.bytes.clone()).unwrap().replace("Atlantis", "Germany");
        assert!(mended.starts_with("openprm_line;openprm_code;openprm_reason;openprm_raw;Id;"), "{mended}");
        body["file_id"] = json!(upload(&ops, "mended.csv", &mended).await);
        let import = bring_in(&world, &ops, body).await;
        assert_eq!(import["rows_created"], json!(1), "{import}");
        assert_eq!(names(&ops).await, ["Müller;=1+1"]);
    }

    async fn a_file_in_a_code_page_is_read_as_its_mapping_says(world: World) {
        let ops = importer(&world, Role::ChannelOps);
        let text = b"Id;Name;Phone;City;Country;Parent\nY1;M\xfcller & S\xf6hne;;K\xf6ln;Germany;\nY2;Caf\xe9 \x96 5 \x80;;N\xeemes;;\n";
        let file = upload(&ops, "latin.csv", text).await;
        let suggested = ops.post("/v1/imports/suggest-mapping", json!({"file_id": file, "kind": "customer_accounts"})).await.expect(200);
        assert_eq!(suggested["mapping"]["formats"], json!({"encoding": "windows-1252"}));
        assert_eq!(suggested["columns"][1], json!({"name": "Name", "samples": ["Müller & Söhne", "Café – 5 €"]}));

        // Of a file about which nothing is said no letter is guessed.
        let mut body = accounts(&file);
        let import = bring_in(&world, &ops, body.clone()).await;
        let found = rows(&ops, &import, "").await;
        assert_eq!(told(&found), [(2, "rejected", "invalid_encoding"), (3, "rejected", "invalid_encoding")]);
        body["mapping"]["formats"] = suggested["mapping"]["formats"].clone();
        let import = bring_in(&world, &ops, body).await;
        assert_eq!(import["rows_created"], json!(2), "{import}");
        assert_eq!(names(&ops).await, ["Café – 5 €", "Müller & Söhne"]);
        let made = rows(&ops, &import, "").await;
        let read = ops.get(&format!("/v1/customer-accounts/{}", made[0]["resource_id"].as_str().unwrap())).await.expect(200);
        assert_eq!(read["address"]["city"], "Köln");
    }
}
