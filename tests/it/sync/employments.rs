//! A person's times at partners: changed here, changed there, and on both sides.

use actix_web::http::Method;
use openprm::auth::Role;
use serde_json::{Value, json};

use super::{crm, found, id, report};
use crate::{
    partners::{self, prospect},
    program::sound,
    support::{Client, Response},
};

/// A version of a person that comes from the CRM, in its revision.
async fn arrives(ops: &Client<'_>, external: &str, revision: &str, body: Value) -> Response {
    let path = format!("/v1/people/by-external-id/crm/{external}");
    ops.send(Method::PUT, &path, &[("external-revision", revision)], Some(&body))
        .await
}

/// Anna, who is director at a partner, as the CRM brings her first.
async fn director(ops: &Client<'_>, external: &str, partner: &Value) -> Value {
    let mut works = works(partner, "Director");
    works["starts_on"] = json!("2026-01-01");
    arrives(ops, external, "1", json!({"name": "Anna", "employment": works}))
        .await
        .expect(201)
}

fn works(partner: &Value, title: &str) -> Value {
    json!({"partner_id": partner["id"], "title": title})
}

fn at(person: &Value) -> String {
    format!("/v1/people/{}", id(person))
}

/// The address of the latest of the person's times.
fn time_of(person: &Value) -> String {
    format!("/v1/employments/{}", id(&person["employments"][0]))
}

/// What a conflict calls the time at a partner.
fn field(partner: &Value) -> String {
    format!("employment:{}", id(partner))
}

fn titles(person: &Value) -> Vec<&str> {
    let times = person["employments"].as_array().unwrap();
    times.iter().map(|time| time["title"].as_str().unwrap()).collect()
}

async fn now(ops: &Client<'_>, person: &Value) -> Value {
    ops.get(&at(person)).await.expect(200)
}

async fn state(ops: &Client<'_>, external: &str) -> Value {
    found(ops, external).await["state"].clone()
}

async fn open(ops: &Client<'_>) -> Vec<Value> {
    let conflicts = ops.get("/v1/sync-conflicts?state=open").await.expect(200);
    conflicts["data"].as_array().unwrap().clone()
}

async fn resolve(ops: &Client<'_>, conflict: &Value, decision: Value) -> Value {
    ops.post(&format!("/v1/sync-conflicts/{}/resolve", id(conflict)), decision)
        .await
        .expect(200)
}

each_engine! {
    async fn a_change_of_a_time_at_a_partner_is_a_change_of_the_person(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        let (north, south) = (prospect(&ops, "North").await, prospect(&ops, "South").await);
        let made = director(&ops, "0001", &north).await;
        assert_eq!((&made["revision"], state(&ops, "0001").await), (&json!(1), json!("in_sync")));

        ops.patch(&time_of(&made), json!({"title": "Owner"})).await.expect(200);
        let linked = found(&ops, "0001").await;
        assert_eq!((&now(&ops, &made).await["revision"], &linked["our_revision"], &linked["state"]), (&json!(2), &json!(2), &json!("pending")));
        let stale = [("if-match", "\"1\"")];
        assert_eq!(ops.send(Method::PATCH, &at(&made), &stale, Some(&json!({"name": "Anna Berg"}))).await.refused(412), "precondition_failed");
        ops.post(&format!("{}/employments", at(&made)), works(&south, "Consultant")).await.expect(201);
        let both = now(&ops, &made).await;
        assert_eq!(both["revision"], 3);
        ops.post(&format!("{}/end", time_of(&both)), json!({})).await.expect(200);
        assert_eq!(now(&ops, &made).await["revision"], 4);

        // Whoever changes a time, or the person, tells of the person as the vendor reads them.
        let of_north = world.partner_user(partners::id(&north), Role::PartnerAdmin);
        of_north.patch(&time_of(&made), json!({"title": "Chair"})).await.expect(200);
        of_north.patch(&at(&made), json!({"name": "Anna Berg"})).await.expect(200);
        world.sequence();
        let told = world.vendor(Role::Admin).get("/v1/events?types=person.updated&limit=200").await.expect(200);
        let told: Vec<(&Value, usize)> = told["data"].as_array().unwrap().iter()
            .map(|event| (&event["changed_fields"], event["data"]["employments"].as_array().unwrap().len()))
            .collect();
        let (times, name) = (json!(["employments"]), json!(["name"]));
        assert_eq!(told, [(&times, 1), (&times, 2), (&times, 2), (&times, 2), (&name, 2)]);
        sound(&world);
    }

    async fn a_time_that_one_side_changed_or_both_to_the_same_is_no_conflict(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let system = crm(&ops).await;
        let north = prospect(&ops, "North").await;
        let made = director(&ops, "0001", &north).await;
        let brings = |revision: &'static str, title: &'static str| {
            let (ops, north) = (&ops, &north);
            async move { arrives(ops, "0001", revision, json!({"employment": works(north, title)})).await.expect(200) }
        };
        assert_eq!(titles(&brings("2", "CEO").await), ["CEO"], "they alone changed it");
        assert_eq!(state(&ops, "0001").await, "in_sync");

        ops.patch(&time_of(&made), json!({"title": "Owner"})).await.expect(200);
        assert_eq!(titles(&brings("3", "Owner").await), ["Owner"], "both changed it to the same");
        assert_eq!((state(&ops, "0001").await, open(&ops).await), (json!("pending"), vec![]));

        let revision = now(&ops, &made).await["revision"].clone();
        report(&ops, &system, json!([{"resource_id": made["id"], "revision": revision}])).await;
        assert_eq!(titles(&brings("4", "Chair").await), ["Chair"], "what was pushed both have");
        assert_eq!(state(&ops, "0001").await, "in_sync");

        ops.patch(&time_of(&made), json!({"title": "Founder"})).await.expect(200);
        let brought = json!({"locale": "de", "employment": works(&north, "Chair")});
        let kept = arrives(&ops, "0001", "5", brought).await.expect(200);
        assert_eq!((titles(&kept), &kept["locale"]), (vec!["Founder"], &json!("de")), "they have it as it was");
        assert_eq!((state(&ops, "0001").await, open(&ops).await), (json!("pending"), vec![]));
        sound(&world);
    }

    async fn a_time_that_both_sides_changed_is_a_conflict_for_somebody_to_choose(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        let north = prospect(&ops, "North").await;
        let name = field(&north);
        let chosen = json!({"resolution": "fields", "fields": [{"field": name, "take": "theirs"}]});
        for (external, decision, stands) in [
            ("0001", json!({"resolution": "ours"}), "Owner"),
            ("0002", json!({"resolution": "theirs"}), "CEO"),
            ("0003", chosen, "CEO"),
        ] {
            let made = director(&ops, external, &north).await;
            ops.patch(&time_of(&made), json!({"title": "Owner"})).await.expect(200);
            let problem = arrives(&ops, external, "2", json!({"employment": works(&north, "CEO")})).await.expect(409);
            assert_eq!((&problem["code"], &problem["errors"][1]["pointer"]), (&json!("sync_conflict"), &json!("#/employment")), "{problem}");
            assert_eq!(titles(&now(&ops, &made).await), ["Owner"], "nothing is written over");
            let conflict = open(&ops).await.remove(0);
            let versions = ["base", "ours", "theirs"].map(|side| conflict[side][name.as_str()]["title"].as_str().unwrap());
            assert_eq!((versions, &conflict["fields"]), (["Director", "Owner", "CEO"], &json!([name])));
            assert_eq!(state(&ops, external).await, "conflict");
            resolve(&ops, &conflict, decision).await;
            assert_eq!(titles(&now(&ops, &made).await), [stands]);
            assert_eq!((state(&ops, external).await, open(&ops).await), (json!("pending"), vec![]));
        }
        sound(&world);
    }

    async fn a_time_that_was_begun_on_both_sides_is_a_conflict(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        let (north, south) = (prospect(&ops, "North").await, prospect(&ops, "South").await);
        let made = director(&ops, "0001", &north).await;
        ops.post(&format!("{}/employments", at(&made)), works(&south, "Seller")).await.expect(201);
        let brought = json!({"employment": works(&south, "Buyer")});
        assert_eq!(arrives(&ops, "0001", "2", brought).await.refused(409), "sync_conflict");
        let conflict = open(&ops).await.remove(0);
        let name = field(&south);
        assert_eq!((&conflict["fields"], &conflict["base"][name.as_str()]), (&json!([name]), &Value::Null));
        resolve(&ops, &conflict, json!({"resolution": "theirs"})).await;
        assert_eq!(titles(&now(&ops, &made).await), ["Buyer", "Director"]);
        sound(&world);
    }

    async fn a_time_that_was_ended_here_is_not_begun_anew_by_who_does_not_know(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        let north = prospect(&ops, "North").await;
        let made = director(&ops, "0001", &north).await;
        let ended = ops.post(&format!("{}/end", time_of(&made)), json!({})).await.expect(200);
        let mut known = works(&north, "Director");
        let brought = json!({"locale": "de", "employment": known});
        let kept = arrives(&ops, "0001", "2", brought).await.expect(200);
        assert_eq!((kept["employments"].as_array().unwrap(), &kept["locale"]), (&vec![ended.clone()], &json!("de")));
        known["starts_on"] = json!("2026-01-01");
        let kept = arrives(&ops, "0001", "3", json!({"employment": known})).await.expect(200);
        assert_eq!(kept["employments"], json!([ended]), "it is known by its first day");
        assert_eq!((state(&ops, "0001").await, open(&ops).await), (json!("pending"), vec![]));

        // There she has another position meanwhile: somebody decides whether she works there.
        assert_eq!(arrives(&ops, "0001", "4", json!({"employment": works(&north, "CEO")})).await.refused(409), "sync_conflict");
        let conflict = open(&ops).await.remove(0);
        let ends = ["base", "ours", "theirs"].map(|side| conflict[side][field(&north)]["ends_on"].clone());
        assert_eq!(ends, [Value::Null, json!("2026-11-21"), Value::Null]);
        resolve(&ops, &conflict, json!({"resolution": "theirs"})).await;
        let present = now(&ops, &made).await;
        assert_eq!((titles(&present), &present["employments"][1]), (vec!["CEO", "Director"], &ended), "what has been stays");
        sound(&world);
    }

    async fn a_conflict_keeps_a_time_at_each_partner_that_they_brought(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        crm(&ops).await;
        let (north, south) = (prospect(&ops, "North").await, prospect(&ops, "South").await);
        let made = arrives(&ops, "0001", "1", json!({"name": "Anna"})).await.expect(201);
        ops.patch(&at(&made), json!({"name": "Anna here"})).await.expect(200);
        for (revision, brought) in [
            ("2", json!({"name": "Anna there", "employment": works(&north, "Director")})),
            ("3", json!({"employment": works(&south, "Buyer")})),
            ("4", json!({"employment": works(&north, "CEO")})),
        ] {
            assert_eq!(arrives(&ops, "0001", revision, brought).await.refused(409), "sync_conflict");
        }
        let conflict = open(&ops).await.remove(0);
        let kept = [&north, &south].map(|partner| conflict["theirs"][field(partner)]["title"].clone());
        assert_eq!((&conflict["fields"], kept), (&json!(["name"]), [json!("CEO"), json!("Buyer")]));
        resolve(&ops, &conflict, json!({"resolution": "ours"})).await;
        let present = now(&ops, &made).await;
        let mut times = titles(&present);
        times.sort_unstable();
        assert_eq!((times, &present["name"]), (vec!["Buyer", "CEO"], &json!("Anna here")), "what they alone changed is taken either way");
        sound(&world);
    }

    async fn a_map_says_whose_the_times_at_partners_are(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let system = crm(&ops).await;
        let north = prospect(&ops, "North").await;
        let made = director(&ops, "0001", &north).await;
        ops.patch(&time_of(&made), json!({"title": "Owner"})).await.expect(200);
        let entry = json!({"field": "/employment", "external_field": "AccountId", "owner": "theirs"});
        let map = json!({"system_id": system["id"], "resource_type": "person", "entries": [entry]});
        let map = ops.post("/v1/field-maps", map).await.expect(201);
        ops.post(&format!("/v1/field-maps/{}/publish", id(&map)), json!({})).await.expect(200);
        let taken = arrives(&ops, "0001", "2", json!({"employment": works(&north, "CEO")})).await.expect(200);
        assert_eq!((titles(&taken), open(&ops).await), (vec!["CEO"], vec![]));
        sound(&world);
    }
}
