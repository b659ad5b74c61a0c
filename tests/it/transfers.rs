//! Transfers: proposed by the vendor, consented to by both partners, executed once; and who sees what of them.

use futures_util::future::join_all;
use openprm::{auth::Role, kernel::ids::PartnerId};
use serde_json::{Value, json};

use crate::{
    program::{Program, approved, complete, guards, heard, path, sound, submitted, with},
    support::{Client, World},
};

/// Two partners and a registration of the first.
struct Handing<'w> {
    program: Program<'w>,
    from: PartnerId,
    to: PartnerId,
    giver: Client<'w>,
    receiver: Client<'w>,
    ops: Client<'w>,
}

impl<'w> Handing<'w> {
    async fn new(world: &'w World) -> Self {
        let program = Program::new(world).await;
        let (from, to) = (program.partner("Nordwind"), program.partner("Südstern"));
        let (giver, receiver) = (program.sales(from), program.sales(to));
        Self {
            program,
            from,
            to,
            giver,
            receiver,
            ops: world.vendor(Role::ChannelOps),
        }
    }

    async fn proposed(&self, deal: &Value) -> Value {
        let body = json!({"to_partner_id": self.to.to_string(), "reason_code": "customer_request", "reason_text": "The customer asked for Südstern."});
        self.ops.post(&path(deal, "/transfers"), body).await.expect(201)
    }

    async fn agreed(&self, deal: &Value) -> Value {
        let transfer = self.proposed(deal).await;
        for partner in [&self.giver, &self.receiver] {
            partner.post(&at(&transfer, "/consent"), json!({})).await.expect(200);
        }
        transfer
    }
}

fn at(transfer: &Value, rest: &str) -> String {
    format!("/v1/deal-transfers/{}{rest}", transfer["id"].as_str().unwrap())
}

fn text<'v>(record: &'v Value, field: &str) -> &'v str {
    record[field].as_str().unwrap_or_default()
}

fn action<'v>(actions: &'v Value, name: &str) -> Option<&'v Value> {
    actions["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|action| action["action"] == name)
}

each_engine! {
    async fn a_protected_registration_goes_to_another_partner_in_one_step(world: World) {
        let hand = Handing::new(&world).await;
        let body = with(json!({
            "customer_consent": true, "external_refs": [{"system": "crm", "id": "006-1"}],
            "contacts": [{"name": "Eva Braun", "email": "eva@acme-werkzeug.de"}], "sites": [{"name": "Plant 2", "city": "Ulm", "country": "DE"}],
        }));
        let old = approved(&world, &hand.giver, body).await;
        world.clock.advance_days(10);
        let split = json!([
            {"partner_id": hand.to.to_string(), "role": "selling", "basis_points": 8_000},
            {"partner_id": hand.from.to_string(), "role": "sourcing", "basis_points": 2_000},
        ]);
        let proposal = json!({"to_partner_id": hand.to.to_string(), "reason_code": "customer_request", "attribution": split});
        let transfer = hand.ops.post(&path(&old, "/transfers"), proposal).await.expect(201);
        assert_eq!(guards(&hand.ops.post(&at(&transfer, "/execute"), json!({})).await.expect(409)), ["giver_consents", "receiver_consents"]);
        hand.giver.post(&at(&transfer, "/consent"), json!({})).await.expect(200);
        hand.receiver.post(&at(&transfer, "/consent"), json!({})).await.expect(200);
        let done = hand.ops.post(&at(&transfer, "/execute"), json!({})).await.expect(200);
        assert_eq!((text(&done, "status"), text(&done, "deal_id")), ("executed", text(&old, "id")));

        let given = hand.giver.get(&path(&old, "")).await.expect(200);
        assert_eq!((text(&given, "review_status"), given["protection"]["state"].as_str()), ("superseded", Some("transferred")));
        assert_eq!((given["decision"]["outcome"].as_str(), &given["decision"]["evidence"]), (Some("superseded"), &Value::Null));
        assert_eq!(given["external_refs"], json!([{"system": "crm", "id": "006-1"}]), "they name what the other system knows as the giver's");

        let new_path = format!("/v1/deals/{}", text(&done, "new_deal_id"));
        let new = hand.receiver.get(&new_path).await.expect(200);
        assert_eq!((text(&new, "review_status"), new["protection"]["state"].as_str()), ("approved", Some("active")));
        assert_eq!((&new["received_at"], &new["protection"]["ends_at"]), (&old["received_at"], &old["protection"]["ends_at"]), "place and window are kept");
        assert_eq!((&new["external_refs"], &new["customer_consent"], &new["on_behalf_of"]), (&json!([]), &json!(false), &Value::Null));
        assert_ne!(new["number"], old["number"]);
        for field in ["title", "customer", "customer_account_id", "territory", "amount", "expected_close_on", "stage", "deal_type"] {
            assert_eq!(new[field], old[field], "{field}");
        }
        assert_eq!((new["contacts"][0]["name"].as_str(), new["sites"][0]["city"].as_str()), (Some("Eva Braun"), Some("Ulm")));
        assert_eq!((new["lines"][0]["product"].as_str(), new["lines"][0]["review_status"].as_str()), (Some("EDGE-FW"), Some("approved")));
        let (was, is) = (&old["decision"], &new["decision"]);
        assert_eq!((is["outcome"].as_str(), is["reason_code"].as_str()), (Some("approved"), Some("transferred")));
        for field in ["granted_scope", "terms", "discount_basis_points", "ends_at"] {
            assert_eq!(is[field], was[field], "{field} stays as it was granted");
        }
        assert_ne!(new["conflict_check_id"], old["conflict_check_id"]);
        hand.receiver.get(&format!("/v1/conflict-checks/{}", text(&new, "conflict_check_id"))).await.expect(200);
        let both = hand.ops.get(&new_path).await.expect(200);
        assert_eq!(both["seq"], hand.ops.get(&path(&old, "")).await.expect(200)["seq"]);

        let credited = hand.ops.get(&format!("{new_path}/attribution")).await.expect(200);
        assert_eq!(credited["splits"], split);
        let own = hand.receiver.get(&format!("{new_path}/attribution")).await.expect(200);
        assert_eq!((own["splits"].as_array().unwrap().len(), own["others_basis_points"].as_i64()), (1, Some(2_000)));
        let held = hand.giver.get(&format!("/v1/protections?deal_id={}", text(&old, "id"))).await.expect(200);
        assert_eq!((held["data"][0]["state"].as_str(), &held["data"][0]["transferred_to_id"]), (Some("transferred"), &Value::Null));
        sound(&world);
    }

    async fn each_partner_sees_its_own_registration_alone(world: World) {
        let hand = Handing::new(&world).await;
        let old = approved(&world, &hand.giver, with(json!({"competitor": "Contoso", "next_step": "Trial in Ulm"}))).await;
        let transfer = hand.proposed(&old).await;
        let offered = hand.receiver.get(&at(&transfer, "")).await.expect(200);
        assert_eq!((&offered["deal_id"], &offered["new_deal_id"], &offered["proposed_by"]), (&Value::Null, &Value::Null, &Value::Null));
        let summary = &offered["deal"];
        assert_eq!((text(summary, "number"), text(summary, "customer_name"), text(summary, "territory")), (text(&old, "number"), "Acme GmbH", "DE"));
        assert_eq!((&summary["amount"], &summary["protected_until"]), (&old["amount"], &old["protection"]["ends_at"]));
        let whole = offered.to_string();
        assert!(!whole.contains("Contoso") && !whole.contains("Ulm") && !whole.contains(text(&old, "id")), "{whole}");
        hand.receiver.get(&path(&old, "")).await.expect(404);
        hand.receiver.get(&path(&old, "/transfers")).await.expect(404);
        for partner in [&hand.giver, &hand.receiver] {
            let listed = partner.get("/v1/deal-transfers?status=proposed").await.expect(200);
            assert_eq!(listed["data"][0]["id"], transfer["id"]);
        }
        let third = hand.program.sales(hand.program.partner("Westwind"));
        third.get(&at(&transfer, "")).await.expect(404);
        assert_eq!(third.get("/v1/deal-transfers").await.expect(200)["data"], json!([]));
        let cam = world.vendor_of(Role::Cam, openprm::auth::Rows::Partners([hand.to].into()));
        cam.get(&at(&transfer, "")).await.expect(200);

        for partner in [&hand.giver, &hand.receiver] {
            partner.post(&at(&transfer, "/consent"), json!({})).await.expect(200);
        }
        let done = hand.ops.post(&at(&transfer, "/execute"), json!({})).await.expect(200);
        let (old_id, new_id) = (text(&old, "id"), text(&done, "new_deal_id"));
        let (given, taken) = (hand.giver.get(&at(&transfer, "")).await.expect(200), hand.receiver.get(&at(&transfer, "")).await.expect(200));
        assert_eq!((text(&given, "deal_id"), &given["new_deal_id"]), (old_id, &Value::Null));
        assert_eq!((&taken["deal_id"], text(&taken, "new_deal_id")), (&Value::Null, new_id));
        assert_eq!((&given["to_consent_by"], &taken["from_consent_by"]), (&Value::Null, &Value::Null));
        assert!(given["from_consent_by"].is_string() && taken["to_consent_by"].is_string());
        hand.giver.get(&format!("/v1/deals/{new_id}")).await.expect(404);
        let came = hand.receiver.get(&format!("/v1/deals/{new_id}/transfers")).await.expect(200);
        assert_eq!(came["data"][0]["id"], transfer["id"]);

        let (to_giver, to_receiver) = (heard(&world, hand.from), heard(&world, hand.to));
        for event in ["deal_transfer.proposed", "deal_transfer.consented", "deal_transfer.executed"] {
            assert!(to_giver.contains(event) && to_receiver.contains(event), "{event}");
        }
        assert!(to_giver.contains("deal.transferred") && !to_giver.contains(new_id), "{to_giver}");
        assert!(to_receiver.contains("deal.taken_over") && !to_receiver.contains(old_id), "{to_receiver}");
        for (partner, path, other) in [(&hand.giver, format!("/v1/deals/{old_id}"), new_id), (&hand.receiver, format!("/v1/deals/{new_id}"), old_id)] {
            for part in ["", "/history", "/decisions", "/transfers"] {
                let answer = partner.get(&format!("{path}{part}")).await.expect(200).to_string();
                assert!(!answer.contains(other), "{part}: {answer}");
            }
        }
    }

    async fn consent_is_each_partners_own_and_once(world: World) {
        let hand = Handing::new(&world).await;
        let old = approved(&world, &hand.giver, complete()).await;
        let transfer = hand.proposed(&old).await;
        let once = hand.giver.post(&at(&transfer, "/consent"), json!({})).await.expect(200);
        let again = world.partner_user(hand.from, Role::PartnerAdmin).post(&at(&transfer, "/consent"), json!({})).await.expect(200);
        assert_eq!((&again["revision"], &again["from_consent_by"]), (&once["revision"], &once["from_consent_by"]));
        assert_eq!(again["to_consent_at"], Value::Null);
        assert_eq!(hand.ops.post(&at(&transfer, "/consent"), json!({})).await.refused(403), "forbidden");
        // A distributor sees its reseller's transfers, and does not speak for it.
        let distributor = world.partner_user_with(hand.program.partner("Großhandel"), Role::PartnerSales, openprm::auth::Rows::Partners([hand.to].into()));
        assert_eq!(distributor.post(&at(&transfer, "/consent"), json!({})).await.refused(403), "forbidden");
        let declined = hand.receiver.post(&at(&transfer, "/decline"), json!({"reason": "Nobody is free."})).await.expect(200);
        assert_eq!((text(&declined, "status"), text(&declined, "ended_reason"), &declined["deal"]), ("declined", "Nobody is free.", &Value::Null));
        assert_eq!(hand.giver.post(&at(&transfer, "/consent"), json!({})).await.refused(409), "invalid_state");
        assert_eq!(hand.ops.post(&at(&transfer, "/execute"), json!({})).await.refused(409), "invalid_state");
        let next = hand.proposed(&old).await;
        let back = hand.ops.post(&at(&next, "/cancel"), json!({"reason": "A mistake."})).await.expect(200);
        assert_eq!(text(&back, "status"), "cancelled");
        assert_eq!(text(&hand.giver.get(&path(&old, "")).await.expect(200), "review_status"), "approved");
    }

    async fn two_consents_at_once_are_both_kept(world: World) {
        let hand = Handing::new(&world).await;
        let old = approved(&world, &hand.giver, complete()).await;
        let transfer = hand.proposed(&old).await;
        let consent = at(&transfer, "/consent");
        for answer in join_all([&hand.giver, &hand.receiver].map(|partner| partner.post(&consent, json!({})))).await {
            answer.expect(200);
        }
        let both = hand.ops.get(&at(&transfer, "")).await.expect(200);
        assert!(both["from_consent_at"].is_string() && both["to_consent_at"].is_string(), "{both}");
    }

    async fn of_many_who_execute_at_once_one_does(world: World) {
        let hand = Handing::new(&world).await;
        let old = approved(&world, &hand.giver, complete()).await;
        let transfer = hand.agreed(&old).await;
        let execute = at(&transfer, "/execute");
        let answers = join_all((0..8).map(|_| hand.ops.post(&execute, json!({})))).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
        assert!(answers.iter().filter(|answer| answer.status == 409).all(|answer| answer.body["code"] == "invalid_state"));
        let taken = hand.receiver.get("/v1/deals").await.expect(200);
        assert_eq!(taken["data"].as_array().unwrap().len(), 1);
        let active = hand.ops.get("/v1/protections?state=active").await.expect(200);
        assert_eq!(active["data"].as_array().unwrap().len(), 1);
        sound(&world);
    }

    async fn executing_and_withdrawing_at_once_leave_one_truth(world: World) {
        let hand = Handing::new(&world).await;
        for round in 0..4 {
            let body = with(json!({"customer": {"name": format!("Firma {round}"), "website": format!("https://www.firma-{round}.de"), "city": "Ulm", "country": "DE"}}));
            let old = approved(&world, &hand.giver, body).await;
            let transfer = hand.agreed(&old).await;
            let (execute, withdraw) = (at(&transfer, "/execute"), path(&old, "/withdraw"));
            let answers = join_all([hand.ops.post(&execute, json!({})), hand.giver.post(&withdraw, json!({}))]).await;
            let done: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
            assert!(done == [200, 409] || done == [409, 200], "{done:?}");
            let after = hand.ops.get(&at(&transfer, "")).await.expect(200);
            let status = text(&hand.giver.get(&path(&old, "")).await.expect(200), "review_status").to_owned();
            assert!(matches!((text(&after, "status"), status.as_str()), ("executed", "superseded") | ("cancelled", "withdrawn")), "{after} {status}");
            sound(&world);
        }
    }

    async fn every_guard_of_executing_is_named(world: World) {
        let hand = Handing::new(&world).await;
        let old = approved(&world, &hand.giver, complete()).await;
        let transfer = hand.agreed(&old).await;
        // The receiver has its own, asks for the customer that it is itself, and may sell nothing any more.
        submitted(&hand.receiver, complete()).await;
        let to = hand.to.to_string();
        world.sql(move |tx| {
            for sql in [
                format!("UPDATE product_authorisations SET ends_on = '2026-02-01' WHERE partner_id = '{to}'"),
                format!("UPDATE partners SET status = 'suspended', suspension_protection = 'keep', name_key = 'acme gmbh', updated_at = updated_at + 1 WHERE id = '{to}'"),
            ] {
                crate::scene::run(tx, &sql)?;
            }
            Ok(())
        });
        let failing = ["partner_active", "product_authorised", "no_open_registration", "customer_not_own"];
        assert_eq!(guards(&hand.ops.post(&at(&transfer, "/execute"), json!({})).await.expect(409)), failing);
        let actions = hand.ops.get(&path(&old, "/actions")).await.expect(200);
        let named: Vec<&str> = action(&actions, "execute_transfer").unwrap()["failing"].as_array().unwrap().iter().map(|guard| text(guard, "guard")).collect();
        assert_eq!(named, failing);
        assert!(action(&actions, "propose_transfer").is_none() && action(&actions, "cancel_transfer").unwrap()["available"] == true);
        let own = hand.giver.get(&path(&old, "/actions")).await.expect(200);
        assert_eq!(action(&own, "decline_transfer").unwrap()["available"], true);
        assert!(action(&own, "execute_transfer").is_none());
        let limited = world.vendor_of(Role::ChannelOps, openprm::auth::Rows::Partners([hand.from].into()));
        assert_eq!(guards(&limited.post(&at(&transfer, "/execute"), json!({})).await.expect(409)), ["sees_both_partners"]);
        limited.get(&path(&old, "/actions")).await.expect(200);
        assert_eq!(text(&hand.giver.get(&path(&old, "")).await.expect(200), "review_status"), "approved", "nothing moved");
    }

    async fn only_what_lives_can_be_proposed_and_only_once(world: World) {
        let hand = Handing::new(&world).await;
        let draft = hand.giver.post("/v1/deals", complete()).await.expect(201);
        let propose = |to: String| json!({"to_partner_id": to, "reason_code": "inactivity"});
        let to = hand.to.to_string();
        assert_eq!(guards(&hand.ops.post(&path(&draft, "/transfers"), propose(to.clone())).await.expect(409)), ["registration_alive"]);
        let deal = hand.giver.post(&path(&draft, "/submit"), json!({})).await.expect(200);
        assert_eq!(guards(&hand.ops.post(&path(&deal, "/transfers"), propose(hand.from.to_string())).await.expect(409)), ["another_partner"]);
        let nobody = propose("partner_01jdq4p6c8f3kb2v9y0s7x5ham".to_owned());
        assert_eq!(hand.ops.post(&path(&deal, "/transfers"), nobody).await.refused(409), "unknown_reference");
        let mut short = propose(to.clone());
        short["attribution"] = json!([{"partner_id": to, "role": "selling", "basis_points": 100}]);
        assert_eq!(hand.ops.post(&path(&deal, "/transfers"), short).await.expect(409)["errors"][0]["pointer"], "#/attribution");
        assert_eq!(hand.giver.post(&path(&deal, "/transfers"), propose(to.clone())).await.refused(403), "forbidden");
        hand.ops.post(&path(&deal, "/transfers"), propose(to.clone())).await.expect(201);
        assert_eq!(hand.ops.post(&path(&deal, "/transfers"), propose(to.clone())).await.refused(409), "already_exists");
        // The proposal ends with the registration.
        hand.giver.post(&path(&deal, "/withdraw"), json!({})).await.expect(200);
        let listed = hand.ops.get(&path(&deal, "/transfers")).await.expect(200);
        assert_eq!((text(&listed["data"][0], "status"), text(&listed["data"][0], "ended_reason")), ("cancelled", "The registration ended."));
        let old = approved(&world, &hand.giver, complete()).await;
        world.clock.advance_days(200);
        assert_eq!(guards(&hand.ops.post(&path(&old, "/transfers"), propose(to)).await.expect(409)), ["protection_running"]);
    }

    async fn what_was_not_decided_keeps_its_place_and_is_reviewed_anew(world: World) {
        let hand = Handing::new(&world).await;
        let approver = world.vendor(Role::Approver);
        let old = submitted(&hand.giver, complete()).await;
        approver.post(&path(&old, "/request-info"), json!({"questions": ["Which branches?"]})).await.expect(200);
        let later = hand.program.sales(hand.program.partner("Westwind"));
        let rival = submitted(&later, complete()).await;
        let transfer = hand.agreed(&old).await;
        let done = hand.ops.post(&at(&transfer, "/execute"), json!({})).await.expect(200);
        let new = hand.receiver.get(&format!("/v1/deals/{}", text(&done, "new_deal_id"))).await.expect(200);
        assert_eq!((text(&new, "review_status"), new["protection"]["state"].as_str()), ("submitted", Some("queued")));
        assert_eq!((&new["received_at"], &new["info_request"]), (&old["received_at"], &Value::Null));
        assert!(new["review"]["due_at"].is_string() && new["review"]["assignee_id"].is_null());
        let asked = hand.giver.get(&path(&old, "/info-requests")).await.expect(200);
        assert_eq!(asked["data"][0]["status"], "cancelled");
        // It stands before whoever came after the giver, and can be approved.
        assert_eq!(guards(&approver.post(&path(&rival, "/approve"), json!({})).await.expect(409)), ["earlier_claim"]);
        approver.post(&path(&new, "/approve"), json!({})).await.expect(200);
        // The giver's slots are free; the receiver's are taken.
        let again = hand.giver.post("/v1/deals", complete()).await.expect(201);
        hand.giver.post(&path(&again, "/submit"), json!({})).await.expect(200);
        let second = hand.receiver.post("/v1/deals", complete()).await.expect(201);
        assert_eq!(guards(&hand.receiver.post(&path(&second, "/submit"), json!({})).await.expect(409)), ["no_open_registration"]);
        sound(&world);
    }

    async fn what_is_paused_is_in_force_again_for_the_receiver_and_what_is_contested_stays(world: World) {
        use openprm::deals::protection;
        let hand = Handing::new(&world).await;
        let old = approved(&world, &hand.giver, complete()).await;
        let transfer = hand.agreed(&old).await;
        let from = hand.from;
        world.sql(move |tx| protection::pause(tx, from).map(drop));
        assert_eq!(hand.giver.get(&path(&old, "")).await.expect(200)["protection"]["state"], "paused");
        let done = hand.ops.post(&at(&transfer, "/execute"), json!({})).await.expect(200);
        let new = hand.receiver.get(&format!("/v1/deals/{}", text(&done, "new_deal_id"))).await.expect(200);
        assert_eq!(new["protection"]["state"], "active");
        let history = hand.giver.get(&path(&old, "/history?axis=protection")).await.expect(200);
        let last = history["data"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((text(&last, "from_state"), text(&last, "to_state")), ("paused", "transferred"));

        // It goes on from there to a third partner, and not while a case decides.
        let third = hand.program.partner("Westwind");
        let body = json!({"to_partner_id": third.to_string(), "reason_code": "other"});
        let deal = new["id"].as_str().unwrap().parse().unwrap();
        world.sql(move |tx| {
            let held = protection::of_deals(tx, &[deal])?;
            protection::contest(tx, &held, "accounts_merged").map(drop)
        });
        assert_eq!(guards(&hand.ops.post(&path(&new, "/transfers"), body).await.expect(409)), ["not_contested"]);
        let listed = hand.ops.get(&format!("/v1/deal-transfers?partner_id={}&sort=created_at", hand.from)).await.expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    }
}
