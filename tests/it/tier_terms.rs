//! What a partner's tier gives: copied into the decision, and kept whatever becomes of the tier.

use openprm::auth::Role;
use serde_json::json;

use crate::{
    partners::published,
    program::{Program, complete, path, submitted, with},
    support::publish_policy,
};

each_engine! {
    async fn a_decision_is_made_under_the_tier_in_force_and_keeps_its_terms(world: World) {
        let program = Program::new(&world).await;
        let (partner, ops, approver) = (program.partner("Nordwind"), world.vendor(Role::ChannelOps), world.vendor(Role::Approver));
        let plain = submitted(&program.sales(partner), complete()).await;
        let plain = approver.post(&path(&plain, "/approve"), json!({})).await.expect(200);
        assert_eq!((&plain["decision"]["terms"]["tier"], &plain["decision"]["terms"]["window_days"]), (&json!(null), &json!(90)));

        let benefits = json!({"discount_basis_points": 1500, "protection_days": 180, "others": []});
        let channel = published(&ops, "RESELL", benefits).await;
        let members = format!("/v1/programs/{}/memberships", channel["id"].as_str().unwrap());
        let member = ops.post(&members, json!({"partner_id": partner})).await.expect(201);
        let body = |name: &str| with(json!({"customer": {"name": name, "website": format!("https://www.{}.de", name.to_lowercase())}}));
        let deal = submitted(&program.sales(partner), body("Brezelwerk")).await;
        let deal = approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        let terms = json!({"tier_rank": 1, "tier": "Registered", "tier_version": "RESELL/1/metrics-1", "window_days": 180});
        assert_eq!((&deal["decision"]["terms"], &deal["decision"]["discount_basis_points"]), (&terms, &json!(1500)));
        let short = submitted(&program.sales(partner), body("Kupferschmiede")).await;
        let short = approver.post(&path(&short, "/approve"), json!({"protection_days": 30})).await.expect(200);
        assert_eq!(short["decision"]["terms"]["window_days"], 30, "what the approver says wins");

        ops.post(&format!("{members}/{}/leave", member["id"].as_str().unwrap()), json!({"reason": "It left."})).await.expect(200);
        assert_eq!(ops.get(&path(&deal, "")).await.expect(200)["decision"]["terms"], terms, "what was decided stays as it was decided");
        let later = submitted(&program.sales(partner), body("Leuchtturmbau")).await;
        let later = approver.post(&path(&later, "/approve"), json!({})).await.expect(200);
        assert_eq!(later["decision"]["terms"]["window_days"], 90);
    }

    async fn a_tier_s_own_limit_lets_larger_deals_through_without_a_person(world: World) {
        let program = Program::new(&world).await;
        let (partner, ops) = (program.partner("Nordwind"), world.vendor(Role::ChannelOps));
        let rules = json!({"note": "Entry tier suffices.", "registration": {"auto_approval": {"enabled": true, "tier_rank": 1, "below": [{"amount": "10000.00", "currency": "EUR"}]}}});
        publish_policy(&world, rules).await;
        assert_eq!(submitted(&program.sales(partner), complete()).await["review_status"], "submitted");
        let channel = published(&ops, "RESELL", json!({"auto_approval_limit": {"amount": "60000.00", "currency": "EUR"}, "others": []})).await;
        let members = format!("/v1/programs/{}/memberships", channel["id"].as_str().unwrap());
        ops.post(&members, json!({"partner_id": partner})).await.expect(201);
        let body = with(json!({"customer": {"name": "Brezelwerk", "website": "https://www.brezelwerk.de"}}));
        let deal = submitted(&program.sales(partner), body).await;
        assert_eq!((&deal["review_status"], &deal["decision"]["outcome"]), (&json!("approved"), &json!("auto_approved")));
    }
}
