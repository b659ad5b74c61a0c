//! Recurring work: what each job does, that several servers share it, and what becomes of a job that fails.

use diesel::prelude::*;
use openprm::{
    auth::{Caller, Role},
    db::{Db, Tx},
    error::{Error, Result},
    jobs::{self, JOBS, Job, Outcome, Progress},
    kernel::ids::{Id as _, SessionId},
    modules::{Modules, Switches},
    numbers, schema,
};
use serde_json::json;

use crate::{
    partners::{active, path as partner_path, prospect, published},
    program::{Program, complete, path, submitted, with},
    scene::run,
    support::{World, batches},
};

fn told(world: &World, kind: &'static str) -> i64 {
    world.sql(move |tx| {
        use schema::events::dsl as e;
        e::events
            .filter(e::event_type.eq(kind))
            .count()
            .get_result(tx.conn())
            .map_err(Error::from)
    })
}

const fn job(name: &'static str, work: fn(&mut Tx<'_>) -> Result<Progress>) -> Job {
    Job {
        name,
        module: None,
        does: "tests",
        every: 3600,
        work,
    }
}

/// Five batches of one record each.
fn five(tx: &mut Tx<'_>) -> Result<Progress> {
    numbers::next(tx, "BATCH")?;
    let done = numbers::last(tx, "BATCH")?;
    std::thread::sleep(std::time::Duration::from_millis(5));
    Ok(Progress {
        done: 1,
        more: done < 5,
        failed: 0,
    })
}

fn fails(_tx: &mut Tx<'_>) -> Result<Progress> {
    Err(Error::internal("no"))
}

fn panics(_tx: &mut Tx<'_>) -> Result<Progress> {
    panic!("a job that panics")
}

fn state(db: &Db, name: &'static str) -> (Option<String>, i64, bool) {
    let found = db.run_now(&Caller::system("test"), move |tx| {
        use schema::job_leases::dsl as l;
        l::job_leases
            .find(name)
            .select((l::last_error, l::failures, l::lease_token))
            .first::<(Option<String>, i64, Option<String>)>(tx.conn())
            .map_err(Error::from)
    });
    let (error, failures, token) = found.unwrap();
    (error, failures, token.is_some())
}

each_engine! {
    async fn of_many_servers_one_does_the_work_and_nothing_is_done_twice(world: World) {
        let outcomes = world.at_once(8, |db| jobs::turn(db, &Switches::default(), &job("shared", five), &|| false));
        let db = world.db.clone();
        let done: Vec<usize> = outcomes.iter().filter_map(|outcome| if let Outcome::Done { done, .. } = outcome { Some(*done) } else { None }).collect();
        assert_eq!(done, [5], "{outcomes:?}");
        assert!(outcomes.iter().filter(|outcome| !matches!(outcome, Outcome::Done { .. })).all(|outcome| matches!(outcome, Outcome::NotYet { .. })));
        assert_eq!(world.sql(|tx| numbers::last(tx, "BATCH")), 5);
        assert!(matches!(jobs::turn(&db, &Switches::default(), &job("shared", five), &|| false), Outcome::NotYet { wait } if wait > 0), "it is not due again yet");
    }

    async fn lapses_are_noted_once_however_many_servers_look_for_them(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        for number in 0..6 {
            let customer = json!({"name": format!("Kunde {number}"), "website": format!("https://www.kunde{number}.de")});
            let deal = submitted(&sales, with(json!({"customer": customer}))).await;
            approver.post(&path(&deal, "/request-info"), json!({"questions": ["Who?"], "business_days": 1})).await.expect(200);
        }
        world.clock.advance_days(10);
        // Past the leases, too: the registrations themselves keep two from noting one lapse.
        let noted = world.at_once(4, |db| batches(db, "registration_lapses"));
        assert_eq!((noted.into_iter().sum::<usize>(), told(&world, "deal.lapsed")), (6, 6));
        assert_eq!(world.work("registration_lapses"), 0);
    }

    async fn a_job_that_failed_waits_for_an_administrator_until_it_ran_again(world: World) {
        let (admin, ops) = (world.vendor(Role::Admin), world.vendor(Role::ChannelOps));
        let waits = async |client: &crate::support::Client<'_>| client.get("/v1/work-items?kind=failed_job").await.expect(200)["data"].clone();
        assert_eq!(waits(&admin).await, json!([]));
        let never = admin.get("/v1/jobs/invitation_ends").await.expect(200);
        assert_eq!((&never["runs"], &never["due_at"], never["every_seconds"].as_i64()), (&json!(0), &json!(null), Some(3600)));
        assert!(matches!(jobs::turn(&world.db, &Switches::default(), &job("invitation_ends", fails), &|| false), Outcome::Failed { .. }));
        assert!(matches!(jobs::turn(&world.db, &Switches::default(), &job("of_no_server", fails), &|| false), Outcome::Failed { .. }), "of an older version, say");
        let item = waits(&admin).await[0].clone();
        assert_eq!((item["resource_id"].as_str(), &item["due_at"]), (Some("invitation_ends"), &item["since"]), "{item}");
        assert!(item["title"].as_str().unwrap().starts_with("invitation_ends: "), "{item}");
        assert_eq!((waits(&admin).await.as_array().unwrap().len(), waits(&ops).await), (1, json!([])));
        let listed = admin.get("/v1/jobs").await.expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), JOBS.len());
        let failed = admin.get("/v1/jobs/invitation_ends").await.expect(200);
        assert_eq!((&failed["failures"], &failed["running"], failed["last_error"].is_string()), (&json!(1), &json!(false), true));

        let again = JOBS.iter().find(|job| job.name == "invitation_ends").unwrap();
        assert!(matches!(jobs::turn(&world.db, &Switches::default(), again, &|| false), Outcome::NotYet { .. }), "its time has not come");
        assert_eq!(ops.post("/v1/jobs/invitation_ends/run", json!({})).await.refused(403), "forbidden");
        assert_eq!(admin.post("/v1/jobs/nothing/run", json!({})).await.refused(404), "not_found");
        let wanted = admin.post(item["action"]["path"].as_str().unwrap(), json!({})).await.expect(200);
        assert_eq!(wanted["failures"], json!(1), "it is due, and has not run yet");
        assert!(matches!(jobs::turn(&world.db, &Switches::default(), again, &|| false), Outcome::Done { .. }));
        assert_eq!(waits(&admin).await, json!([]));
        assert_eq!(told(&world, "job.requested"), 1);
    }

    async fn who_is_too_slow_loses_the_lease_and_does_nothing_more(world: World) {
        let lease = world.sql(|tx| jobs::take(tx, "slow")).unwrap();
        assert!(matches!(jobs::turn(&world.db, &Switches::default(), &job("slow", five), &|| false), Outcome::NotYet { .. }), "somebody runs it");
        world.sql(|tx| run(tx, "UPDATE job_leases SET lease_until = 1 WHERE name = 'slow'"));
        assert!(matches!(jobs::turn(&world.db, &Switches::default(), &job("slow", five), &|| false), Outcome::Done { done: 5, .. }));
        assert!(!world.sql(move |tx| jobs::keep(tx, &lease)));
    }

    async fn a_job_that_fails_or_panics_gives_its_lease_back_and_is_tried_again_later(world: World) {
        for (failing, why) in [(job("fails", fails), "internal"), (job("panics", panics), "")] {
            let name = failing.name;
            let outcome = jobs::turn(&world.db, &Switches::default(), &failing, &|| false);
            assert!(matches!(outcome, Outcome::Failed { done: 0, wait: 30, .. }), "{outcome:?}");
            let (error, failures, leased) = state(&world.db, name);
            assert!(error.unwrap().contains(why));
            assert_eq!((failures, leased), (1, false));
            assert!(matches!(jobs::turn(&world.db, &Switches::default(), &failing, &|| false), Outcome::NotYet { .. }));
        }
        world.sql(|tx| run(tx, "UPDATE job_leases SET due_at = 1 WHERE name = 'fails'"));
        assert!(matches!(jobs::turn(&world.db, &Switches::default(), &job("fails", fails), &|| false), Outcome::Failed { wait: 60, .. }));
        world.sql(|tx| run(tx, "UPDATE job_leases SET due_at = 1 WHERE name = 'fails'"));
        assert!(matches!(jobs::turn(&world.db, &Switches::default(), &job("fails", five), &|| false), Outcome::Done { .. }));
        assert_eq!(state(&world.db, "fails"), (None, 0, false));
    }

    async fn a_server_that_ends_leaves_the_rest_to_the_next(world: World) {
        assert!(matches!(jobs::turn(&world.db, &Switches::default(), &job("ended", five), &|| true), Outcome::Done { done: 1, wait: 0, .. }));
        assert!(matches!(jobs::turn(&world.db, &Switches::default(), &job("ended", five), &|| false), Outcome::Done { done: 4, .. }));
    }

    async fn what_was_scheduled_begins_and_what_was_announced_ends_by_itself(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (partner, other) = (active(&world, "Nordwind", "nordwind.example").await, active(&world, "Stern", "stern.example").await);
        let to = world.user("vendor", "successor");
        let new = json!({"partner_id": partner["id"], "role": "primary", "to_user_id": to, "reason_code": "departure", "effective_at": world.now().plus_days(2)});
        let handover = ops.post("/v1/handovers", new).await.expect(201);
        let handover = format!("/v1/handovers/{}", handover["id"].as_str().unwrap());
        ops.post(&format!("{handover}/schedule"), json!({})).await.expect(200);
        ops.post(&format!("{}/offboard", partner_path(&other)), json!({"reason_code": "moving_on"})).await.expect(200);
        assert_eq!((world.work("handovers"), world.work("partner_ends")), (0, 0));
        world.clock.advance_days(3);
        assert_eq!((world.work("handovers"), world.work("handovers")), (1, 0));
        assert_eq!(ops.get(&handover).await.expect(200)["status"], "in_progress");
        assert_eq!(ops.get(&partner_path(&partner)).await.expect(200)["account_manager_id"], json!(to));
        world.clock.advance_days(40);
        assert_eq!((world.work("partner_ends"), world.work("partner_ends")), (1, 0));
        assert_eq!(ops.get(&partner_path(&other)).await.expect(200)["status"], "terminated");
    }

    async fn the_end_of_a_protection_and_of_a_tier_set_by_hand_is_told_once(world: World) {
        let program = Program::new(&world).await;
        let (partner, ops) = (program.partner("Nordwind"), world.vendor(Role::ChannelOps));
        let deal = submitted(&program.sales(partner), complete()).await;
        world.vendor(Role::Approver).post(&path(&deal, "/approve"), json!({"protection_days": 20})).await.expect(200);
        let channel = published(&ops, "RESELL", json!({"others": []})).await;
        let here = format!("/v1/programs/{}", channel["id"].as_str().unwrap());
        let member = ops.post(&format!("{here}/memberships"), json!({"partner_id": partner})).await.expect(201);
        let tier = ops.get(&format!("{here}/tiers")).await.expect(200)["data"][0]["id"].clone();
        let until = world.now().plus_days(20);
        let set = json!({"tier_id": tier, "reason_code": "strategic_partner", "reason_text": "A pilot.", "until": until});
        ops.post(&format!("{here}/memberships/{}/override", member["id"].as_str().unwrap()), set).await.expect(200);
        assert_eq!((world.work("protection_ends"), world.work("tier_override_ends")), (0, 0));
        world.clock.advance_days(21);
        assert_eq!((world.work("protection_ends"), world.work("tier_override_ends")), (1, 1));
        assert_eq!((world.work("protection_ends"), world.work("tier_override_ends")), (0, 0));
        assert_eq!((told(&world, "protection.expired"), told(&world, "program_membership.override_ended")), (1, 1));
    }

    async fn what_nobody_can_use_any_more_is_deleted_after_a_while(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let partner = prospect(&ops, "Nordwind").await;
        ops.post(&format!("{}/invite", partner_path(&partner)), json!({"email": "anna@nordwind.example"})).await.expect(200);
        let answers = |world: &World| world.sql(|tx| schema::idempotency_keys::table.count().get_result::<i64>(tx.conn()).map_err(Error::from));
        assert!(answers(&world) > 0);
        let user = world.user("vendor", "somebody");
        let (session, at) = (SessionId::at(world.now()), world.now().micros());
        world.sql(move |tx| {
            run(tx, &format!("INSERT INTO refresh_families (id, user_id, expires_at, last_used_at, created_at) VALUES ('{session}', '{user}', {at}, {at}, {at})"))?;
            run(tx, &format!("INSERT INTO refresh_tokens (hash, family_id, issued_at, expires_at) VALUES ('h', '{session}', {at}, {at})"))?;
            run(tx, &format!("INSERT INTO one_time_tokens (hash, purpose, email_key, expires_at, created_by, created_at) VALUES ('h', 'email_verification', 'a@b.c', {at}, 'test', {at})"))?;
            run(tx, &format!("INSERT INTO login_throttles (subject, kind, failures, first_failure_at, updated_at) VALUES ('s', 'address', 3, {at}, {at})"))
        });
        world.clock.advance_days(3);
        assert_eq!(world.work("expired_answers"), 0);
        assert_eq!(world.work("expired_credentials"), 1, "only the count of failures means nothing any more");
        world.clock.advance_days(5);
        assert!(world.work("expired_answers") > 0);
        assert_eq!(answers(&world), 0);
        assert_eq!(world.work("expired_credentials"), 2);
        world.clock.advance_days(40);
        assert_eq!((world.work("invitation_ends"), world.work("invitation_ends")), (1, 0));
        let closed = ops.get(&format!("{}/invitations", partner_path(&partner))).await.expect(200);
        assert_eq!((&closed["data"][0]["state"], told(&world, "partner_invitation.closed")), (&json!("expired"), 1));
    }

    async fn a_job_is_run_by_hand_by_its_name(world: World) {
        assert_eq!(jobs::run_by_name(&world.db, &Switches::default(), "handovers").unwrap(), 0);
        assert_eq!(jobs::run_by_name(&world.db, &Switches::default(), "handovers").unwrap(), 0, "due or not");
        let unknown = jobs::run_by_name(&world.db, &Switches::default(), "nothing").unwrap_err();
        assert!(unknown.to_string().contains("not_found"));
        let states = jobs::states(&world.db, Modules::ALL).unwrap();
        assert_eq!(states.iter().filter(|(_, state)| state.is_some()).count(), 1);
    }
}
