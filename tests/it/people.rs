//! People at partners, and distributors with their resellers.

use openprm::auth::Role;
use serde_json::json;

use crate::partners::{id, path, prospect};

each_engine! {
    async fn a_person_works_at_two_partners_and_each_sees_its_own_time(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (north, south) = (prospect(&ops, "North").await, prospect(&ops, "South").await);
        let anna = ops.post("/v1/people", json!({
            "name": "Anna Berg", "email": "Anna@nordwind.example", "phone": "+493012345678", "locale": "de",
            "preferences": [{"topic": "product_news", "channel": "email", "wanted": true}],
            "consents": [{"purpose": "marketing_email", "wording": "I agree.", "given_at": "2026-01-02T10:00:00Z", "withdrawn_at": null}],
            "employment": {"partner_id": north["id"], "title": "Director", "roles": ["signer", "primary"], "starts_on": "2026-01-01"},
        })).await.expect(201);
        let at = format!("/v1/people/{}", anna["id"].as_str().unwrap());
        assert_eq!(anna["employments"][0]["roles"], json!(["primary", "signer"]));
        let again = json!({"partner_id": north["id"], "starts_on": "2026-06-01"});
        assert_eq!(ops.post(&format!("{at}/employments"), again).await.refused(409), "guard_failed");
        let second = ops.post(&format!("{at}/employments"), json!({"partner_id": south["id"], "roles": ["sales"], "starts_on": "2026-03-01"})).await.expect(201);
        assert_eq!(ops.get(&at).await.expect(200)["employments"].as_array().unwrap().len(), 2);

        let (of_north, of_south) = (world.partner_user(id(&north), Role::PartnerAdmin), world.partner_user(id(&south), Role::PartnerAdmin));
        let seen = of_south.get(&at).await.expect(200);
        assert_eq!((seen["employments"].as_array().unwrap().len(), &seen["employments"][0]["partner_id"]), (1, &south["id"]));
        let first = format!("/v1/employments/{}", anna["employments"][0]["id"].as_str().unwrap());
        assert_eq!(of_south.get(&first).await.refused(404), "not_found");
        assert_eq!(of_south.get("/v1/people?role=signer").await.expect(200)["data"], json!([]), "nobody finds out by a filter");
        assert_eq!(ops.get("/v1/people?role=signer&email=anna@NORDWIND.example&as_of=2026-02-01").await.expect(200)["data"][0]["id"], anna["id"]);

        of_south.patch(&format!("/v1/employments/{}", second["id"].as_str().unwrap()), json!({"title": "Consultant"})).await.expect(200);
        let left = of_south.post(&format!("/v1/employments/{}/end", second["id"].as_str().unwrap()), json!({})).await.expect(200);
        assert_eq!(left["ends_on"], "2026-11-21");
        let after = of_south.get(&at).await.expect(200);
        assert_eq!((&after["email"], &after["phone"]), (&json!(null), &json!(null)), "how to reach who has left is not theirs");
        assert_eq!(of_south.patch(&at, json!({"name": "Else"})).await.refused(409), "guard_failed");
        assert_eq!(of_north.get(&at).await.expect(200)["email"], "Anna@nordwind.example");
        of_south.post(&format!("{at}/employments"), json!({"partner_id": south["id"]})).await.expect(201);
        let mine = of_north.post("/v1/people", json!({"name": "Bert"})).await.expect(201);
        assert_eq!(mine["employments"][0]["partner_id"], north["id"]);
        let foreign = json!({"name": "Carl", "employment": {"partner_id": south["id"]}});
        assert_eq!(of_north.post("/v1/people", foreign).await.refused(409), "unknown_reference");
    }

    async fn a_person_whose_time_begins_later_is_put_again_as_they_were(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let north = prospect(&ops, "North").await;
        let at = "/v1/people/by-external-id/crm/0042";
        let body = |title: &str| json!({
            "name": "Anna Berg", "employment": {"partner_id": north["id"], "title": title, "starts_on": "2027-01-01"},
        });
        let made = ops.put(at, body("Director")).await.expect(201);
        assert_eq!(ops.put(at, body("Director")).await.expect(200), made, "what says the same changes nothing");
        let times = ops.put(at, body("Managing director")).await.expect(200)["employments"].clone();
        assert_eq!((times.as_array().unwrap().len(), &times[0]["title"]), (1, &json!("Managing director")));
        let sooner = json!({"employment": {"partner_id": north["id"]}});
        assert_eq!(ops.put(at, sooner).await.refused(409), "guard_failed");
    }

    async fn a_distributor_serves_resellers_from_day_to_day(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (distributor, reseller) = (prospect(&ops, "Big").await, prospect(&ops, "Small").await);
        let at = format!("{}/resellers", path(&distributor));
        assert_eq!(ops.post(&at, json!({"reseller_id": reseller["id"]})).await.refused(409), "guard_failed");
        ops.patch(&path(&distributor), json!({"types": ["distributor"]})).await.expect(200);
        let relation = ops.post(&at, json!({"reseller_id": reseller["id"], "starts_on": "2026-01-01"})).await.expect(201);
        let one = format!("{at}/{}", relation["id"].as_str().unwrap());
        ops.patch(&one, json!({"ends_on": "2026-12-31"})).await.expect(200);
        assert_eq!(ops.get(&format!("{at}?as_of=2026-12-30")).await.expect(200)["data"][0]["id"], relation["id"]);
        assert_eq!(ops.get(&format!("{at}?as_of=2026-12-31")).await.expect(200)["data"], json!([]));
        let (big, day) = (id(&distributor), "2026-06-01".parse().unwrap());
        assert_eq!(world.sql(move |tx| openprm::partners::resellers::resellers_of(tx, big, day)), [id(&reseller)]);
    }
}
