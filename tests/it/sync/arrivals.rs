//! What comes with a revision of theirs: taken, stale, or held against what both sides had.

use actix_web::http::Method;
use diesel::{ExpressionMethods as _, RunQueryDsl as _};
use openprm::{auth::Role, error::Error};
use serde_json::{Value, json};

use super::{account, at, at_once, comes, crm, found, id, report};
use crate::program::{Program, approved, complete, path, sound};

each_engine! {
    async fn an_older_revision_is_stale_and_the_same_one_changes_nothing(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        assert_eq!(comes(&ops, "0001", "9", json!({"name": "Acme"})).await.refused(409), "unknown_reference", "the system is not named");
        crm(&ops).await;
        let made = comes(&ops, "0001", "9", json!({"name": "Acme"})).await.expect(201);
        let linked = found(&ops, "0001").await;
        assert_eq!((linked["state"].as_str(), linked["pulled_revision"].as_str(), &linked["resource_id"]), (Some("in_sync"), Some("9"), &made["id"]));
        let newer = comes(&ops, "0001", "10", json!({"name": "Acme GmbH"})).await.expect(200);
        assert_eq!(newer["name"], "Acme GmbH", "ten is more than nine");
        assert_eq!(found(&ops, "0001").await["state"], "in_sync", "what they sent they have");
        assert_eq!(comes(&ops, "0001", "9", json!({"name": "Acme"})).await.refused(409), "stale_revision");
        let same = comes(&ops, "0001", "10", json!({"name": "Something else"})).await.expect(200);
        assert_eq!(same, newer);
        let plain = ops.put("/v1/customer-accounts/by-external-id/crm/0001", json!({"name": "Acme AG"})).await.expect(200);
        assert_eq!(plain["name"], "Acme AG", "without a revision it is taken as it is");
        assert_eq!(found(&ops, "0001").await["state"], "pending");
    }

    async fn a_late_report_opens_no_door_to_older_revisions(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let system = crm(&ops).await;
        let made = comes(&ops, "0001", "10", json!({"name": "Acme"})).await.expect(201);
        report(&ops, &system, json!([{"resource_id": made["id"], "revision": made["revision"], "external_revision": "8"}])).await;
        assert_eq!(found(&ops, "0001").await["pulled_revision"], "10");
        assert_eq!(comes(&ops, "0001", "9", json!({"name": "Old"})).await.refused(409), "stale_revision");
    }

    async fn a_stage_moves_with_other_changes_and_collides_as_a_field_does(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let ops = world.vendor(Role::ChannelOps);
        let system = crm(&ops).await;
        let put = |revision: &'static str, body: Value| {
            let ops = &ops;
            async move {
                let headers = [("external-revision", revision)];
                ops.send(Method::PUT, "/v1/deals/by-external-id/crm/006", &headers, Some(&body)).await
            }
        };
        let mut first = complete();
        first["partner_id"] = json!(partner.to_string());
        let made = put("1", first).await.expect(201);
        let path = format!("/v1/deals/{}", id(&made));
        let both = put("2", json!({"stage": "qualified", "competitor": "Contoso"})).await.expect(200);
        assert_eq!((both["stage"].as_str(), both["competitor"].as_str()), (Some("qualified"), Some("Contoso")));
        assert_eq!(found(&ops, "006").await["state"], "in_sync", "two revisions of ours came of one of theirs");

        ops.patch(&path, json!({"next_step": "Ours"})).await.expect(200);
        let moved = put("3", json!({"stage": "technical_validation", "next_step": null})).await.expect(200);
        assert_eq!((moved["stage"].as_str(), moved["next_step"].as_str()), (Some("technical_validation"), Some("Ours")), "the act is done, and what is ours stays");
        let revision = ops.get(&path).await.expect(200)["revision"].clone();
        report(&ops, &system, json!([{"resource_id": made["id"], "revision": revision}])).await;

        ops.post(&format!("{path}/move-stage"), json!({"stage": "business_validation"})).await.expect(200);
        assert_eq!(put("4", json!({"stage": "qualified"})).await.refused(409), "sync_conflict");
        assert_eq!(ops.get(&path).await.expect(200)["stage"], "business_validation", "nothing was written over");
        let open = ops.get("/v1/sync-conflicts?state=open").await.expect(200)["data"][0].clone();
        assert_eq!((&open["fields"], &open["theirs"]["stage"], &open["base"]["stage"]), (&json!(["stage"]), &json!("qualified"), &json!("technical_validation")));
        ops.post(&format!("/v1/sync-conflicts/{}/resolve", id(&open)), json!({"resolution": "theirs"})).await.expect(200);
        assert_eq!(ops.get(&path).await.expect(200)["stage"], "qualified");
        sound(&world);
    }

    async fn a_win_in_the_crm_is_proposed_with_its_evidence_while_ours_waits(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let (ops, machine) = (world.vendor(Role::ChannelOps), world.machine(&["deals:read", "deals:write"]));
        let system = crm(&ops).await;
        let deal = approved(&world, &sales, complete()).await;
        ops.post("/v1/sync-links", json!({"system_id": system["id"], "resource_type": "deal", "resource_id": deal["id"], "external_id": "006"})).await.expect(201);
        world.clock.advance_days(4);
        ops.patch(&path(&deal, ""), json!({"next_step": "Ours"})).await.expect(200);
        let amount = json!({"amount": "47000.00", "currency": "EUR"});
        let body = json!({"next_step": null, "stage": "won", "win": {"amount": amount, "evidence": [{"kind": "order", "reference": "SO-1"}]}});
        let won = machine.send(Method::PUT, "/v1/deals/by-external-id/crm/006", &[("external-revision", "1")], Some(&body)).await.expect(200);
        assert_eq!((&won["stage"], &won["win_verified_at"], &won["amount"], &won["next_step"]), (&json!("won"), &Value::Null, &amount, &json!("Ours")));
        let shown = ops.get(&path(&deal, "/evidence")).await.expect(200);
        assert_eq!((shown["data"].as_array().unwrap().len(), &shown["data"][0]["reference"]), (1, &json!("SO-1")));
        assert_eq!(found(&ops, "006").await["state"], "pending", "the next step is to be pushed");
    }

    async fn a_record_that_is_met_by_its_reference_is_held_against_what_it_was_when_it_got_it(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        let values = |record: &Value| ["name", "phone"].map(|field| record[field].as_str().unwrap_or_default().to_owned());
        let are = |name: &str, phone: &str| [name.to_owned(), phone.to_owned()];
        let plain = |external: &'static str, body: Value| {
            let ops = &ops;
            async move { ops.put(&format!("/v1/customer-accounts/by-external-id/crm/{external}"), body).await.expect(201) }
        };
        // Nothing was changed here since: theirs is taken.
        plain("0001", json!({"name": "Acme", "phone": "1"})).await;
        let taken = comes(&ops, "0001", "1", json!({"name": "Acme GmbH"})).await.expect(200);
        assert_eq!((values(&taken), &found(&ops, "0001").await["state"]), (are("Acme GmbH", "1"), &json!("in_sync")));

        // Both have changed the name, and nothing is written over.
        let made = plain("0002", json!({"name": "Globex", "phone": "1"})).await;
        ops.patch(&at(&made), json!({"name": "Globex here"})).await.expect(200);
        assert_eq!(comes(&ops, "0002", "1", json!({"name": "Globex there", "phone": "2"})).await.refused(409), "sync_conflict");
        assert_eq!(values(&ops.get(&at(&made)).await.expect(200)), are("Globex here", "1"));
        let open = ops.get("/v1/sync-conflicts?state=open").await.expect(200)["data"][0].clone();
        let names = ["base", "ours", "theirs"].map(|side| open[side]["name"].as_str().unwrap());
        assert_eq!((names, &open["fields"]), (["Globex", "Globex here", "Globex there"], &json!(["name"])));
        assert_eq!((&found(&ops, "0002").await["state"], &open["base_revision"]), (&json!("conflict"), &json!(1)));
        ops.post(&format!("/v1/sync-conflicts/{}/resolve", id(&open)), json!({"resolution": "theirs"})).await.expect(200);
        assert_eq!(values(&ops.get(&at(&made)).await.expect(200)), are("Globex there", "2"));

        // Each has changed another field: both changes stand.
        let made = plain("0003", json!({"name": "Initech", "phone": "1"})).await;
        ops.patch(&at(&made), json!({"phone": "2"})).await.expect(200);
        let merged = comes(&ops, "0003", "1", json!({"name": "Initech Ltd", "phone": "1"})).await.expect(200);
        assert_eq!((values(&merged), &found(&ops, "0003").await["state"]), (are("Initech Ltd", "2"), &json!("pending")));

        // Whoever gives the reference says that the two are one: what was before is no change of ours since.
        let made = account(&ops, "Umbrella").await;
        ops.patch(&at(&made), json!({"name": "Umbrella here"})).await.expect(200);
        let refs = json!([{"system": "crm", "id": "0004"}, {"system": "erp", "id": "4"}]);
        ops.patch(&at(&made), json!({"external_refs": refs})).await.expect(200);
        ops.patch(&at(&made), json!({"external_refs": [{"system": "crm", "id": "0004"}]})).await.expect(200);
        ops.patch(&at(&made), json!({"phone": "1"})).await.expect(200);
        let taken = comes(&ops, "0004", "1", json!({"name": "Umbrella there"})).await.expect(200);
        assert_eq!(values(&taken), are("Umbrella there", "1"));

        // They say which revision theirs was made on the base of.
        let made = plain("0005", json!({"name": "Hooli"})).await;
        let here = ops.patch(&at(&made), json!({"name": "Hooli here"})).await.expect(200);
        let revision = here["revision"].to_string();
        let headers = [("external-revision", "1"), ("external-base-revision", revision.as_str())];
        let path = "/v1/customer-accounts/by-external-id/crm/0005";
        let taken = ops.send(Method::PUT, path, &headers, Some(&json!({"name": "Hooli there"}))).await.expect(200);
        assert_eq!(taken["name"], "Hooli there", "they knew ours");
        sound(&world);
    }

    async fn where_nobody_knows_when_a_reference_was_given_whatever_differs_is_a_conflict(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        let made = account(&ops, "Acme").await;
        let record = id(&made).to_owned();
        // As if the event that told of it was kept no more.
        world.sql(move |tx| {
            use openprm::schema::external_references::dsl as r;
            let row = (
                r::id.eq("xref_1"),
                r::system.eq("crm"),
                r::resource_type.eq("customer_account"),
                r::external_id.eq("0001"),
                r::resource_id.eq(&record),
                r::created_at.eq(0_i64),
                r::updated_at.eq(0_i64),
            );
            diesel::insert_into(r::external_references).values(&row).execute(tx.conn())
                .map(drop)
                .map_err(Error::from)
        });
        assert_eq!(comes(&ops, "0001", "1", json!({"name": "Acme GmbH"})).await.refused(409), "sync_conflict");
        let open = ops.get("/v1/sync-conflicts?state=open").await.expect(200)["data"][0].clone();
        assert_eq!((&open["fields"], &open["base"], &open["base_revision"]), (&json!(["name"]), &Value::Null, &json!(0)));
        assert_eq!(ops.get(&at(&made)).await.expect(200)["name"], "Acme");
        comes(&ops, "0001", "2", json!({"name": "Acme"})).await.expect(200);
        assert_eq!(found(&ops, "0001").await["state"], "pending", "they told of one field, and the others are to be pushed");
    }

    async fn twenty_first_arrivals_of_one_id_make_one_record_in_its_latest_revision(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        let requests = (1..=20)
            .map(|revision| {
                let path = "/v1/customer-accounts/by-external-id/crm/0001".to_owned();
                let headers = vec![("external-revision", revision.to_string())];
                (Method::PUT, path, headers, json!({"name": format!("Revision {revision}")}))
            })
            .collect();
        let answers = at_once(&world, &ops.token(), requests);
        assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|(status, body)| matches!(status, 200 | 201) || (*status == 409 && body["code"] == "stale_revision")), "{answers:?}");
        let linked = found(&ops, "0001").await;
        assert_eq!((linked["pulled_revision"].as_str(), linked["state"].as_str()), (Some("20"), Some("in_sync")));
        let record = ops.get(&format!("/v1/customer-accounts/{}", linked["resource_id"].as_str().unwrap())).await.expect(200);
        assert_eq!(record["name"], "Revision 20");
        sound(&world);
    }

    async fn a_person_and_the_crm_who_change_a_record_at_once_lose_nothing(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let system = crm(&ops).await;
        let made = comes(&ops, "0001", "1", json!({"name": "Acme"})).await.expect(201);
        for round in 2..10 {
            let value = round.to_string();
            let revision = ops.get(&at(&made)).await.expect(200)["revision"].as_i64().unwrap();
            let upsert = "/v1/customer-accounts/by-external-id/crm/0001".to_owned();
            let answers = at_once(&world, &ops.token(), vec![
                (Method::PUT, upsert, vec![("external-revision", value.clone())], json!({"phone": value})),
                (Method::PATCH, at(&made), vec![("if-match", format!("\"{revision}\""))], json!({"industry": value})),
            ]);
            let [(arrived, _), (changed, _)] = answers.as_slice() else { panic!("{answers:?}") };
            assert!(*arrived == 200 && [200, 412].contains(changed), "{answers:?}");
            let present = ops.get(&at(&made)).await.expect(200);
            assert_eq!(present["phone"], json!(value), "{answers:?}");
            let linked = found(&ops, "0001").await;
            if *changed == 200 {
                assert_eq!((&present["industry"], &linked["state"]), (&json!(value), &json!("pending")), "{answers:?}");
            }
            assert_eq!(linked["our_revision"], present["revision"]);
            report(&ops, &system, json!([{"resource_id": made["id"], "revision": present["revision"]}])).await;
        }
        sound(&world);
    }
}
