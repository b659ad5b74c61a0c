//! Attribution: whose credit a registration is, at any moment, and who reads which share.

use openprm::{auth::Role, kernel::ids::PartnerId};
use serde_json::{Value, json};

use crate::{
    program::{Program, complete, guards, heard, path, sound},
    support::World,
};

fn share(partner: PartnerId, role: &str, basis_points: i64) -> Value {
    json!({"partner_id": partner.to_string(), "role": role, "basis_points": basis_points})
}

/// A moment that many days from now, as it stands in a query.
fn in_days(world: &World, days: i64) -> String {
    world.now().plus_days(days).to_string()
}

each_engine! {
    async fn without_a_word_a_registration_is_all_its_partners(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let sales = program.sales(partner);
        let deal = sales.post("/v1/deals", complete()).await.expect(201);
        let credited = sales.get(&path(&deal, "/attribution")).await.expect(200);
        assert_eq!((credited["implicit"].as_bool(), &credited["set_id"]), (Some(true), &Value::Null));
        assert_eq!(credited["splits"], json!([share(partner, "selling", 10_000)]));
        assert_eq!(sales.get(&path(&deal, "/attribution/history")).await.expect(200)["data"], json!([]));
        program.sales(program.partner("Südstern")).get(&path(&deal, "/attribution")).await.expect(404);
    }

    async fn shares_hold_from_their_moment_and_the_past_stays(world: World) {
        let program = Program::new(&world).await;
        let (partner, finder) = (program.partner("Nordwind"), program.partner("Südstern"));
        let (sales, ops) = (program.sales(partner), world.vendor(Role::ChannelOps));
        let deal = sales.post("/v1/deals", complete()).await.expect(201);
        let attribution = path(&deal, "/attribution");
        let before = world.now();
        world.clock.advance_days(1);
        let first = json!({"splits": [share(partner, "selling", 7_000), share(finder, "sourcing", 3_000)], "reason": "Südstern found them."});
        let made = ops.post(&attribution, first).await.expect(201);
        assert_eq!((made["splits"].as_array().unwrap().len(), made["reason"].as_str()), (2, Some("Südstern found them.")));
        let later = in_days(&world, 10);
        let second = json!({"splits": [share(partner, "selling", 10_000)], "valid_from": later, "reason": "Paid off."});
        ops.post(&attribution, second.clone()).await.expect(201);
        assert_eq!(ops.post(&attribution, second).await.refused(409), "already_exists");

        let at = |moment: String| format!("{attribution}?as_of={moment}");
        assert_eq!(ops.get(&at(before.to_string())).await.expect(200)["implicit"], true);
        assert_eq!(ops.get(&attribution).await.expect(200)["splits"].as_array().unwrap().len(), 2);
        assert_eq!(ops.get(&at(in_days(&world, 11))).await.expect(200)["splits"], json!([share(partner, "selling", 10_000)]));
        world.clock.advance_days(11);
        assert_eq!(ops.get(&attribution).await.expect(200)["valid_from"], later);
        let history = ops.get(&format!("{attribution}/history")).await.expect(200);
        let reasons: Vec<&str> = history["data"].as_array().unwrap().iter().map(|set| set["reason"].as_str().unwrap()).collect();
        assert_eq!(reasons, ["Paid off.", "Südstern found them."]);
        sound(&world);
    }

    async fn shares_that_do_not_fit_are_refused_with_what_is_wrong(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, ops) = (program.sales(partner), world.vendor(Role::ChannelOps));
        let deal = sales.post("/v1/deals", complete()).await.expect(201);
        let attribution = path(&deal, "/attribution");
        let set = |splits: Value| json!({"splits": splits, "reason": "A test."});
        let short = ops.post(&attribution, set(json!([share(partner, "selling", 9_999)]))).await.expect(409);
        assert_eq!((short["errors"][0]["pointer"].as_str(), short["errors"][0]["code"].as_str()), (Some("#/splits"), Some("wrong_sum")));
        let twice = ops.post(&attribution, set(json!([share(partner, "selling", 5_000), share(partner, "selling", 5_000)]))).await.expect(409);
        assert_eq!(twice["errors"][0]["pointer"], "#/splits/1");
        let nobody = json!({"partner_id": "partner_01jdq4p6c8f3kb2v9y0s7x5ham", "role": "selling", "basis_points": 10_000});
        let unknown = ops.post(&attribution, set(json!([nobody]))).await.expect(409);
        assert_eq!((unknown["code"].as_str(), unknown["errors"][0]["pointer"].as_str()), (Some("unknown_reference"), Some("#/splits/0/partner_id")));
        let mut past = set(json!([share(partner, "selling", 10_000)]));
        past["valid_from"] = json!(in_days(&world, -1));
        assert_eq!(guards(&ops.post(&attribution, past).await.expect(409)), ["not_in_the_past"]);
        assert_eq!(sales.post(&attribution, set(json!([share(partner, "selling", 10_000)]))).await.refused(403), "forbidden");
        assert_eq!(ops.get(&attribution).await.expect(200)["implicit"], true, "nothing was written");
    }

    async fn a_partner_reads_its_own_share_and_what_the_others_add_up_to(world: World) {
        let program = Program::new(&world).await;
        let (partner, finder, helper) = (program.partner("Nordwind"), program.partner("Südstern"), program.partner("Westwind"));
        let (sales, ops) = (program.sales(partner), world.vendor(Role::ChannelOps));
        let deal = sales.post("/v1/deals", complete()).await.expect(201);
        let attribution = path(&deal, "/attribution");
        let splits = json!([share(partner, "selling", 6_000), share(finder, "sourcing", 2_500), share(helper, "influencing", 1_500)]);
        ops.post(&attribution, json!({"splits": splits, "reason": "As agreed in Hamburg."})).await.expect(201);
        for read in [attribution.clone(), format!("{attribution}/history")] {
            let seen = sales.get(&read).await.expect(200);
            let text = seen.to_string();
            let set = if seen["data"].is_array() { &seen["data"][0] } else { &seen };
            assert_eq!(set["splits"], json!([share(partner, "selling", 6_000)]));
            assert_eq!(set["others_basis_points"], 4_000);
            assert!(!text.contains(&finder.to_string()) && !text.contains("Hamburg"), "{text}");
        }
        let told = heard(&world, partner);
        assert!(told.contains("deal.attribution_set") && !told.contains(&finder.to_string()) && !told.contains("Hamburg"), "{told}");
        assert!(!heard(&world, finder).contains("attribution"), "who does not see the registration hears nothing of it");
        let history = sales.get(&path(&deal, "/history")).await.expect(200).to_string();
        assert!(history.contains("set_attribution") && !history.contains("Hamburg"), "{history}");
    }
}
