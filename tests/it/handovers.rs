//! Handovers: a partner passes from one account manager to another.

use diesel::prelude::*;
use openprm::{
    auth::Role,
    error::Error,
    kernel::ids::{Id as _, PartnerId, ProgramId, ProgramMembershipId},
    schema,
};
use serde_json::json;

use crate::{
    partners::{active, id, path},
    support::World,
};

/// The partner is about to lose its tier: work for whoever takes it over.
fn at_risk(world: &World, partner: PartnerId) {
    world.sql(move |tx| {
        use schema::{program_memberships::dsl as m, programs::dsl as p};
        let (program, now) = (ProgramId::example(7), tx.now.micros());
        let row = (
            (
                p::id.eq(program.to_string()),
                p::code.eq("risk"),
                p::name.eq("Risk"),
                p::name_key.eq("risk"),
                p::status.eq("active"),
            ),
            (
                p::distributor_sees_resellers.eq(false),
                p::custom.eq("{}"),
                p::revision.eq(1_i64),
                p::created_at.eq(now),
                p::updated_at.eq(now),
            ),
        );
        diesel::insert_into(p::programs)
            .values(&row)
            .execute(tx.conn())
            .map_err(Error::from)?;
        let row = (
            (
                m::id.eq(ProgramMembershipId::example(1).to_string()),
                m::partner_id.eq(partner),
                m::program_id.eq(program.to_string()),
                m::standing.eq("at_risk"),
            ),
            (m::grace_until.eq(Some(now)), m::risk.eq(Some("{}"))),
            (
                m::joined_at.eq(now),
                m::revision.eq(1_i64),
                m::created_at.eq(now),
                m::updated_at.eq(now),
            ),
        );
        diesel::insert_into(m::program_memberships)
            .values(&row)
            .execute(tx.conn())
            .map_err(Error::from)
    });
}

each_engine! {
    async fn a_partner_passes_on_with_its_work(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let partner = active(&world, "Nordwind", "nordwind.example").await;
        at_risk(&world, id(&partner));
        let incoming = world.vendor_of(Role::Cam, openprm::auth::Rows::Partners([].into()));
        let to = incoming.caller().user().unwrap();
        let new = json!({"partner_id": partner["id"], "role": "primary", "to_user_id": to, "reason_code": "departure", "effective_at": world.now().plus_days(2)});
        let task = json!({"title": "Ask for the plan of the year", "assignee_id": partner["account_manager_id"], "resource_type": "partner", "resource_id": partner["id"]});
        ops.post("/v1/tasks", task).await.expect(201);
        let handover = ops.post("/v1/handovers", new.clone()).await.expect(201);
        assert_eq!((&handover["from_user_id"], &handover["status"]), (&partner["account_manager_id"], &json!("draft")));
        assert_eq!(ops.post("/v1/handovers", new).await.refused(409), "already_exists");
        let at = format!("/v1/handovers/{}", handover["id"].as_str().unwrap());
        let items = ops.get(&format!("{at}/items")).await.expect(200);
        let items = items["data"].as_array().unwrap();
        let listed = |kind: &str| items.iter().find(|item| item["kind"] == kind).unwrap();
        assert_eq!((items.len(), listed("open_task")["title"].as_str()), (2, Some("Ask for the plan of the year")));

        ops.post(&format!("{at}/schedule"), json!({})).await.expect(200);
        assert_eq!(ops.post(&format!("{at}/begin"), json!({})).await.refused(409), "guard_failed");
        assert_eq!(incoming.get(&at).await.expect(200)["status"], "scheduled", "the new account manager sees it before the partner");
        assert_eq!(incoming.get(&path(&partner)).await.refused(404), "not_found");
        world.clock.advance_days(2);
        let due = world.sql(openprm::partners::handovers::due);
        assert_eq!(due.len(), 1);
        assert!(world.sql(move |tx| openprm::partners::handovers::begin_due(tx, due[0])));
        let begun = ops.get(&at).await.expect(200);
        assert_eq!(begun["status"], "in_progress");
        assert_eq!(ops.get(&path(&partner)).await.expect(200)["account_manager_id"], json!(to));
        let chain = ops.get(&format!("{}/account-managers", path(&partner))).await.expect(200);
        assert_eq!(chain["data"][0]["handover_id"], handover["id"]);
        assert_eq!(chain["data"][1]["valid_until"], chain["data"][0]["valid_from"], "neither gap nor overlap");
        assert_eq!(ops.patch(&at, json!({"reason_text": "x"})).await.refused(422), "field_locked");

        assert_eq!(ops.post(&format!("{at}/accept"), json!({})).await.refused(409), "guard_failed");
        incoming.post(&format!("{at}/accept"), json!({})).await.expect(200);
        assert_eq!(incoming.post(&format!("{at}/complete"), json!({})).await.refused(409), "guard_failed");
        incoming.post(&format!("{at}/log-first-touch"), json!({"note": "Introduced myself."})).await.expect(200);
        let item = format!("{at}/items/{}", listed("at_risk")["id"].as_str().unwrap());
        let done = incoming.patch(&item, json!({"status": "done", "note": "Renewed."})).await.expect(200);
        assert_eq!(done["done_by"], json!(to));
        incoming.post(&format!("{at}/items"), json!({"title": "Introduce the engineer"})).await.expect(201);
        assert_eq!(incoming.post(&format!("{at}/complete"), json!({})).await.expect(200)["status"], "completed");
        assert_eq!(ops.post(&format!("{at}/cancel"), json!({})).await.refused(409), "invalid_state");
    }

    async fn changing_hands_too_often_takes_a_second_person(world: World) {
        let (ops, admin) = (world.vendor(Role::ChannelOps), world.vendor(Role::Admin));
        let partner = active(&world, "Nordwind", "nordwind.example").await;
        let chain = format!("{}/account-managers", path(&partner));
        for name in ["second", "third"] {
            let user = world.user("vendor", name);
            ops.post(&chain, json!({"role": "primary", "user_id": user, "reason_code": "workload"})).await.expect(201);
        }
        let fourth = world.user("vendor", "fourth");
        assert_eq!(ops.post(&chain, json!({"role": "primary", "user_id": fourth, "reason_code": "workload"})).await.refused(409), "guard_failed");
        let new = json!({"partner_id": partner["id"], "role": "primary", "to_user_id": fourth, "reason_code": "departure"});
        let handover = ops.post("/v1/handovers", new).await.expect(201);
        let at = format!("/v1/handovers/{}", handover["id"].as_str().unwrap());
        assert_eq!(ops.post(&format!("{at}/schedule"), json!({})).await.refused(409), "guard_failed");
        assert_eq!(ops.post(&format!("{at}/agree"), json!({})).await.refused(409), "guard_failed");
        admin.post(&format!("{at}/agree"), json!({})).await.expect(200);
        ops.post(&format!("{at}/schedule"), json!({})).await.expect(200);
        ops.post(&format!("{at}/begin"), json!({})).await.expect(200);
        assert_eq!(ops.get(&path(&partner)).await.expect(200)["account_manager_id"], json!(fourth));
        let stranger = world.partner_user(id(&partner), Role::PartnerAdmin);
        assert_eq!(stranger.get(&at).await.refused(403), "forbidden");
    }
}
