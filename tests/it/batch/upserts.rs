//! Records of every kind by ids of another system, one by one and in batches; and how a CRM carries a registration to its win.

use actix_web::http::Method;
use openprm::auth::Role;
use serde_json::{Value, json};

use super::{ACCOUNTS, DEALS, batch, codes, events_of, machine, many, of, pointer, revised, statuses, the_crm, upsert};
use crate::program::{Program, approved, guards, path, with};

each_engine! {
    async fn an_upsert_keeps_what_is_left_out_and_empties_what_is_null(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let made = sales.put(&of("1"), with(json!({"next_step": "Call", "competitor": "Northwall"}))).await.expect(201);
        let kept = sales.put(&of("1"), json!({"next_step": null, "customer": {"phone": "+49 711 5550100"}})).await.expect(200);
        assert_eq!((&kept["next_step"], &kept["competitor"], &kept["amount"]), (&Value::Null, &json!("Northwall"), &made["amount"]));
        assert_eq!((&kept["customer"]["website"], &kept["customer"]["phone"]), (&made["customer"]["website"], &json!("+49 711 5550100")));
        assert_eq!(kept["external_refs"], json!([{"system": "crm", "id": "1"}]));
        let same = sales.put(&of("1"), json!({"next_step": null})).await.expect(200);
        assert_eq!(same, kept, "nothing changed, so no revision was made");
        let more = sales.put(&of("1"), json!({"external_refs": [{"system": "erp", "id": "9"}]})).await.expect(200);
        assert_eq!(more["external_refs"].as_array().unwrap().len(), 2, "references are added");
        let lacking = sales.put(&of("2"), json!({"next_step": "Call"})).await.expect(409);
        assert_eq!((&lacking["code"], &lacking["errors"][0]["pointer"]), (&json!("contradiction"), &json!("#/title")));
        assert_eq!(sales.send(Method::PUT, &of("1"), &[("if-match", "\"1-a\"")], Some(&json!({"title": "Late"}))).await.refused(412), "precondition_failed");
    }

    async fn who_has_seen_a_record_that_is_not_there_makes_none(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let ops = world.vendor(Role::ChannelOps);
        the_crm(&ops).await;
        let account = ops.post("/v1/customer-accounts", json!({"name": "Acme"})).await.expect(201);
        let seen = [("if-match", "\"1-a\"")];
        for (who, path, body) in [
            (&sales, of("1"), with(json!({}))),
            (&ops, "/v1/partners-by-external-id/crm/1".to_owned(), json!({"legal_name": "Westwind", "default_currency": "EUR", "time_zone": "Europe/Berlin"})),
            (&ops, "/v1/people/by-external-id/crm/1".to_owned(), json!({"name": "Anna"})),
            (&ops, "/v1/customer-accounts/by-external-id/crm/1".to_owned(), json!({"name": "Globex"})),
            (&ops, "/v1/direct-opportunities/by-external-id/crm/1".to_owned(), json!({"account_id": account["id"], "title": "Renewal"})),
            (&ops, "/v1/named-accounts/by-external-id/crm/1".to_owned(), json!({"account_id": account["id"]})),
        ] {
            assert_eq!(who.send(Method::PUT, &path, &seen, Some(&body)).await.refused(412), "precondition_failed", "{path}");
            who.get(&path).await.expect(404);
        }
        let mut item = upsert("1", json!({"name": "Globex"}));
        item["if_match"] = json!("\"1-a\"");
        let linked = revised(item.clone(), "1");
        let result = batch(&ops, ACCOUNTS, vec![item, linked]).await.expect(207);
        assert_eq!((statuses(&result), codes(&result)), (vec![412, 412], vec!["precondition_failed"; 2]));
        let mut item = upsert("1", with(json!({})));
        item["if_match"] = json!("\"1-a\"");
        let result = batch(&sales, DEALS, vec![item]).await.expect(207);
        assert_eq!(statuses(&result), [412]);
        assert_eq!(ops.get("/v1/sync-links").await.expect(200)["data"], json!([]));
        sales.put(&of("1"), with(json!({}))).await.expect(201);
    }

    async fn partners_people_and_accounts_are_put_by_ids_of_another_system(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let firm = json!({"legal_name": "Westwind IT GmbH", "default_currency": "EUR", "time_zone": "Europe/Berlin", "website": "https://www.westwind.example", "tags": ["b", "a"]});
        let at = "/v1/partners-by-external-id/crm/P%2F1";
        let lacking = ops.put(at, json!({"legal_name": "Westwind"})).await.expect(409);
        assert_eq!(lacking["errors"].as_array().unwrap().len(), 2, "{lacking}");
        let made = ops.put(at, firm.clone()).await.expect(201);
        assert_eq!((&made["status"], &made["external_refs"]), (&json!("prospect"), &json!([{"system": "crm", "id": "P/1"}])));
        let same = ops.put(at, firm).await.expect(200);
        assert_eq!(same["revision"], 1, "nothing changed, so no revision was made");
        let changed = ops.put(at, json!({"website": null, "phone": "+493012345678"})).await.expect(200);
        assert_eq!((&changed["website"], &changed["phone"], &changed["tags"]), (&Value::Null, &json!("+493012345678"), &json!(["a", "b"])));
        assert_eq!(ops.get(at).await.expect(200)["id"], made["id"]);

        let at = "/v1/people/by-external-id/crm/003A";
        let anna = ops.put(at, json!({"name": "Anna Berg", "email": "anna@westwind.example", "employment": {"partner_id": made["id"], "roles": ["sales"]}})).await.expect(201);
        assert_eq!((&anna["external_refs"], &anna["employments"][0]["partner_id"]), (&json!([{"system": "crm", "id": "003A"}]), &made["id"]));
        let again = ops.put(at, json!({"phone": "+493012345678", "employment": {"partner_id": made["id"], "title": "Sales lead"}})).await.expect(200);
        assert_eq!((&again["email"], &again["phone"]), (&anna["email"], &json!("+493012345678")), "what was left out stays");
        let times = again["employments"].as_array().unwrap();
        assert_eq!((times.len(), &times[0]["title"], &times[0]["roles"]), (1, &json!("Sales lead"), &json!(["sales"])));
        assert_eq!(ops.get(at).await.expect(200), again);
        let mine = world.partner_user(made["id"].as_str().unwrap().parse().unwrap(), Role::PartnerAdmin);
        assert_eq!(mine.get(&format!("/v1/people/{}", anna["id"].as_str().unwrap())).await.expect(200)["external_refs"], Value::Null);
        assert_eq!(mine.get(at).await.refused(403), "forbidden");
        assert_eq!(ops.put("/v1/people/by-external-id/crm/003B", json!({"phone": null})).await.refused(409), "contradiction");

        let at = "/v1/customer-accounts/by-external-id/crm/A1";
        ops.put(at, json!({"name": "Globex", "phone": "+1 212 555 0100", "address": {"city": "New York", "country": "US"}})).await.expect(201);
        let changed = ops.put(at, json!({"phone": null, "address": {"city": "Albany"}})).await.expect(200);
        assert_eq!((&changed["name"], &changed["phone"]), (&json!("Globex"), &Value::Null));
        assert_eq!((&changed["address"]["city"], &changed["address"]["country"]), (&json!("Albany"), &json!("US")));
        assert_eq!(ops.get(at).await.expect(200), changed);
        assert_eq!(ops.put("/v1/customer-accounts/by-external-id/crm/A2", json!({})).await.refused(409), "contradiction");
    }

    async fn partners_people_and_accounts_come_in_batches_too(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let firm = |name: &str| json!({"legal_name": name, "default_currency": "EUR", "time_zone": "UTC"});
        let made = batch(&ops, "/v1/partners/batch", vec![upsert("1", firm("One")), upsert("2", firm("Two")), upsert("1", json!({"phone": "+493012345678"}))]).await.expect(200);
        assert_eq!(statuses(&made), [201, 201, 200]);
        let update = json!({"op": "update", "id": made["items"][1]["id"], "if_match": made["items"][1]["etag"], "data": {"legal_name": "Two Ltd"}});
        let result = batch(&ops, "/v1/partners/batch", vec![update.clone(), update]).await.expect(207);
        assert_eq!(statuses(&result), [200, 412]);

        let people = batch(&ops, "/v1/people/batch", vec![
            upsert("1", json!({"name": "Anna", "employment": {"partner_id": made["items"][0]["id"]}})),
            upsert("2", json!({"email": "nobody@one.example"})),
            upsert("3", json!({"name": "Carl", "employment": {"partner_id": "partner_01kb9m8q00e9wv2h2a3m7z5x1y"}})),
            upsert("1", json!({"phone": "+493012345678"})),
        ]).await.expect(207);
        assert_eq!((statuses(&people), codes(&people)), (vec![201, 409, 409, 200], vec!["contradiction", "unknown_reference"]));
        assert_eq!(pointer(&people, 2), "#/items/2/data/employment/partner_id");

        let accounts = many(0..70, |number| json!({"name": format!("Account {number}")}));
        let result = batch(&ops, ACCOUNTS, accounts.clone()).await.expect(200);
        assert_eq!(result["succeeded"], 70);
        let again = batch(&ops, ACCOUNTS, accounts).await.expect(200);
        assert_eq!(statuses(&again), vec![200; 70]);
        assert_eq!(result["items"][69]["etag"], again["items"][69]["etag"], "nothing changed, so no revision was made");
    }

    async fn a_crm_moves_the_stage_by_a_persons_rules_and_proposes_the_win(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let sales = program.sales(partner);
        let (crm, ops) = (machine(&world), world.vendor(Role::ChannelOps));
        let deal = approved(&world, &sales, with(json!({"external_refs": [{"system": "crm", "id": "006A"}]}))).await;
        let moved = crm.put(&of("006A"), json!({"stage": "committed", "next_step": "Papers"})).await.expect(200);
        assert_eq!((&moved["stage"], &moved["next_step"]), (&json!("committed"), &json!("Papers")));
        let back = json!({"stage": "qualified"});
        let by_person = ops.post(&path(&deal, "/move-stage"), back.clone()).await.expect(409);
        let by_crm = crm.put(&of("006A"), back).await.expect(409);
        assert_eq!((guards(&by_crm), &by_crm["detail"]), (guards(&by_person), &by_person["detail"]));
        let early = crm.put(&of("006A"), json!({"stage": "won"})).await.expect(409);
        assert_eq!(guards(&early), ["minimum_age"], "a person's rules hold for programs");
        assert_eq!(crm.put(&of("006A"), json!({"stage": "closed_lost"})).await.refused(409), "contradiction");
        assert_eq!(crm.put(&of("006A"), json!({"win": {}})).await.refused(409), "contradiction");

        world.clock.advance_days(4);
        let amount = json!({"amount": "47000.00", "currency": "EUR"});
        let won = json!({"stage": "won", "win": {"amount": amount, "closed_on": "2026-11-24"}});
        let result = batch(&crm, DEALS, vec![upsert("006A", won.clone())]).await.expect(200);
        assert_eq!(statuses(&result), [200]);
        let proposed = crm.get(&of("006A")).await.expect(200);
        assert_eq!((&proposed["stage"], &proposed["win_verified_at"], &proposed["amount"]), (&json!("won"), &Value::Null, &amount));
        let shown = ops.get(&path(&deal, "/evidence")).await.expect(200);
        let piece = &shown["data"][0];
        assert_eq!((&piece["kind"], &piece["reference"], &piece["issued_on"], &piece["amount"]), (&json!("other"), &json!("006A"), &json!("2026-11-24"), &amount));
        assert!(piece["verified_at"].is_null());
        let waiting = ops.get("/v1/work-items?kind=win_verification").await.expect(200);
        assert!(waiting.to_string().contains(deal["id"].as_str().unwrap()), "a person confirms it: {waiting}");
        assert_eq!(events_of(&world, "deal.win_verified"), 0);
        assert_eq!(crm.put(&of("006A"), won).await.expect(200), proposed, "said again, it is no second win");
        let confirmed = ops.post(&path(&deal, "/verify-win"), json!({})).await.expect(200);
        assert!(confirmed["win_verified_at"].is_string());

        let second = approved(&world, &sales, with(json!({"deal_type": "renewal", "external_refs": [{"system": "crm", "id": "006B"}]}))).await;
        assert_eq!(crm.put(&of("006B"), json!({"stage": "closed_lost", "loss": {"reason_code": "no_such_reason"}})).await.refused(409), "guard_failed");
        let lost = crm.put(&of("006B"), json!({"stage": "closed_lost", "loss": {"reason_code": "price"}})).await.expect(200);
        assert_eq!((&lost["id"], &lost["closed_reason"]), (&second["id"], &json!("price")));
    }
}
