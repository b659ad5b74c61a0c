//! Delegations: who stands in for whom, for how long, and what that lends.

use futures_util::future::join;
use openprm::{auth::Role, kernel::ids::PartnerId};
use serde_json::{Value, json};

use crate::{
    approvals::{Person, chain, label, people},
    program::{Program, complete, guards, submitted, told_of},
    scene::run,
    support::World,
};

each_engine! {
    async fn a_delegation_names_who_is_there_for_a_period_of_its_own(world: World) {
        let (a, b, c) = (Person::new(&world, "Anna", Role::Approver), Person::new(&world, "Berta", Role::Approver), Person::new(&world, "Clara", Role::Analyst));
        let admin = Person::new(&world, "Root", Role::Admin);
        let day = |days: i64| world.now().plus_days(days);
        let body = |delegate: &Person<'_>, from: i64, until: i64| json!({"delegate_id": delegate.id, "starts_at": day(from), "ends_at": day(until), "reason": "On holiday."});
        let enter = async |who: &Person<'_>, body: Value| who.client.post("/v1/delegations", body).await;
        let first = enter(&a, body(&b, 2, 10)).await.expect(201);
        assert_eq!((first["status"].as_str(), &first["kinds"]), (Some("scheduled"), &json!([])));
        for (who, wrong, named) in [
            (&a, body(&a, 20, 30), vec!["another_person"]),
            (&a, body(&b, -1, 1), vec!["starts_now_or_later"]),
            (&a, body(&b, 30, 20), vec!["ends_after_start"]),
            (&a, body(&c, 9, 12), vec!["no_overlap"]),
            (&b, body(&a, 5, 6), vec!["no_circle"]),
        ] {
            assert_eq!(guards(&enter(who, wrong).await.expect(409)), named);
        }
        // Who stands in may be away in turn, but not so that it leads back.
        enter(&b, body(&c, 5, 6)).await.expect(201);
        assert_eq!(guards(&enter(&c, body(&a, 4, 6)).await.expect(409)), ["no_circle"]);
        enter(&c, body(&a, 7, 8)).await.expect(201);
        enter(&c, body(&a, 11, 12)).await.expect(201);
        // Whom it names must be the vendor's and active.
        let stranger = world.partner_user(partner_of(&world).await, Role::PartnerSales).caller().user().unwrap();
        let refused = a.client.post("/v1/delegations", json!({"delegate_id": stranger, "ends_at": day(40), "starts_at": day(30), "reason": "Away."})).await.expect(409);
        assert_eq!((refused["code"].as_str(), refused["errors"][0]["pointer"].as_str()), (Some("unknown_reference"), Some("#/delegate_id")));
        let gone = c.id;
        let foreign = json!({"person_id": a.id, "delegate_id": b.id, "starts_at": day(40), "ends_at": day(50), "kinds": ["deal_amendment", "deal_amendment"], "reason": "Ill."});
        let kept = b.client.post("/v1/delegations", foreign.clone()).await.expect(403);
        assert_eq!((kept["code"].as_str(), kept["errors"][0]["pointer"].as_str()), (Some("field_forbidden"), Some("#/person_id")));
        let entered = admin.client.post("/v1/delegations", foreign).await.expect(201);
        assert_eq!((&entered["person_id"], &entered["created_by"], &entered["kinds"]), (&json!(a.id), &json!(admin.id), &json!(["deal_amendment"])));
        world.sql(move |tx| run(tx, &format!("UPDATE users SET status = 'disabled' WHERE id = '{gone}'")));
        assert_eq!(enter(&a, body(&c, 60, 70)).await.refused(409), "unknown_reference");
        for wrong in [json!({}), json!({"delegate_id": b.id, "ends_at": day(5), "reason": ""}), json!({"delegate_id": "nobody", "ends_at": day(5), "reason": "x"}), json!({"delegate_id": b.id, "ends_at": "tomorrow", "reason": "x"}), json!({"delegate_id": b.id, "ends_at": day(5), "reason": "x", "kinds": ["lunch"]})] {
            assert_eq!(a.client.post("/v1/delegations", wrong).await.refused(422), "validation_failed");
        }
        let held = a.client.get(&format!("/v1/delegations?in_force_at={}", day(5))).await.expect(200);
        assert_eq!(held["data"].as_array().unwrap().len(), 2);
        let held = a.client.get(&format!("/v1/delegations?person_id={}", a.id)).await.expect(200);
        assert_eq!(held["data"][0]["id"], entered["id"], "the latest start first");

        let at = |one: &Value, verb: &str| format!("/v1/delegations/{}{verb}", one["id"].as_str().unwrap());
        let other = Person::new(&world, "Dora", Role::ChannelOps);
        assert_eq!(guards(&other.client.post(&at(&first, "/cancel"), json!({})).await.expect(409)), ["own_delegation"]);
        let cancelled = b.client.post(&at(&first, "/cancel"), json!({})).await.expect(200);
        assert_eq!((cancelled["status"].as_str(), &cancelled["ends_at"], &cancelled["cancelled_by"]), (Some("cancelled"), &first["starts_at"], &json!(b.id)));
        assert_eq!(a.client.post(&at(&first, "/cancel"), json!({})).await.refused(409), "invalid_state");
        assert_eq!(a.client.get(&at(&first, "")).await.expect(200), cancelled);
        enter(&a, body(&b, 9, 12)).await.expect(201);
        let told = told_of(&world, "delegation");
        assert!(told.contains("delegation.created") && told.contains("delegation.cancelled"), "{told}");
    }

    async fn a_delegation_that_is_cancelled_early_lends_nothing_any_more(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let (away, finance) = (Person::new(&world, "Anna", Role::Approver), Person::new(&world, "Maria", Role::Finance));
        let deal = submitted(&sales, complete()).await;
        let delegation = away.away(&world, &finance, 10).await;
        assert_eq!(finance.waiting().await.len(), 1);
        world.clock.advance_days(1);
        let cancelled = away.client.post(&format!("/v1/delegations/{}/cancel", delegation["id"].as_str().unwrap()), json!({})).await.expect(200);
        assert!(cancelled["ends_at"].as_str() < delegation["ends_at"].as_str());
        assert_eq!((finance.waiting().await.len(), finance.kept_from(&deal).await), (0, vec!["step_role".to_owned()]));
        assert_eq!(people(&chain(&away.client, &deal).await[0]["asked"]), ["Anna"]);
        // One that is limited to other kinds lends nothing here.
        let body = json!({"delegate_id": finance.id, "ends_at": world.now().plus_days(3), "kinds": ["deal_amendment"], "reason": "Only these."});
        away.client.post("/v1/delegations", body).await.expect(201);
        assert_eq!(finance.kept_from(&deal).await, ["step_role"]);
        assert_eq!(people(&chain(&away.client, &deal).await[0]["asked"]), ["Anna"]);
    }

    async fn who_stands_in_for_a_stand_in_stands_in_for_both(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let (a, b, c) = (Person::new(&world, "Anna", Role::Approver), Person::new(&world, "Berta", Role::Finance), Person::new(&world, "Clara", Role::ChannelOps));
        let deal = submitted(&sales, complete()).await;
        a.away(&world, &b, 10).await;
        b.away(&world, &c, 2).await;
        assert_eq!(people(&chain(&c.client, &deal).await[0]["asked"]), ["Clara"]);
        assert_eq!(b.kept_from(&deal).await, ["step_role"], "who is away stands in for nobody");
        assert_eq!(c.waiting().await, [(label(&deal), "delegated".to_owned(), Some(a.id.to_string()))]);
        world.clock.advance_days(2);
        assert_eq!(c.kept_from(&deal).await, ["step_role"]);
        b.approves(&deal).await;
    }

    async fn two_delegations_at_the_same_moment_never_overlap_and_never_close_a_circle(world: World) {
        let people: Vec<Person<'_>> = (0..4).map(|number| Person::new(&world, &format!("P{number}"), Role::Approver)).collect();
        let body = |delegate: &Person<'_>| json!({"delegate_id": delegate.id, "starts_at": world.now().plus_days(1), "ends_at": world.now().plus_days(5), "reason": "Away."});
        let (one, other) = join(people[0].client.post("/v1/delegations", body(&people[1])), people[0].client.post("/v1/delegations", body(&people[2]))).await;
        let mut answered = [one.status, other.status];
        answered.sort_unstable();
        assert_eq!(answered, [201, 409]);
        let (one, other) = join(people[2].client.post("/v1/delegations", body(&people[3])), people[3].client.post("/v1/delegations", body(&people[2]))).await;
        let mut answered = [one.status, other.status];
        answered.sort_unstable();
        assert_eq!(answered, [201, 409], "{:?} {:?}", one.body, other.body);
    }
}

async fn partner_of(world: &World) -> PartnerId {
    Program::new(world).await.partner("Nordwind")
}
