//! Everything is told once: through faults, restarts, races, imports, and what cannot be told.

use openprm::{auth::Caller, error::Error, jobs, notices};
use serde_json::json;

use super::{Cast, cast, count, dispatch, happened, inbox, told, topics, without, written};
use crate::{
    program::{Program, complete, path, submitted, with},
    scene::run,
};

each_engine! {
    async fn nothing_is_told_twice_or_lost_through_faults_restarts_and_races(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, admin, approver, .. } = cast(&program);
        dispatch(&world);
        let before = written(&world);
        let start = count(&world, "SELECT position AS n FROM feed_marks WHERE name = 'notices'");
        for number in 0..5 {
            let customer = json!({"name": format!("Kunde {number}"), "website": format!("https://www.kunde{number}.de")});
            let deal = submitted(&sales, with(json!({"customer": customer}))).await;
            approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        }
        world.sequence();
        // It falls over after it has read and written: all of it is undone, the mark too.
        let fault = world.db.run_now(&Caller::system("notice_dispatch"), |tx| {
            assert!(notices::tell(tx, 3)?.done > 0);
            Err::<(), Error>(Error::internal("the power is gone"))
        });
        assert!(fault.is_err());
        assert_eq!((written(&world), count(&world, "SELECT COUNT(*) AS n FROM mails")), (before, 0));
        // Half way, and then another server on the same database.
        world.sql(|tx| notices::tell(tx, 3));
        let half = written(&world);
        assert!(half > before);
        world.at_once(4, |db| {
            let caller = Caller::system("notice_dispatch");
            while db.run_now(&caller, |tx| notices::tell(tx, 2)).unwrap().done > 0 {}
        });
        // Of each: a receipt, the account manager, and the decision to seller and administrator. Approvers have nothing to do any more.
        assert_eq!(written(&world) - before, 20);
        assert_eq!(count(&world, "SELECT COUNT(*) AS n FROM mails"), 20);
        assert_eq!(count(&world, "SELECT COUNT(DISTINCT recipient_id || topic || cause) AS n FROM notices"), written(&world));
        for (person, expected) in [(&sales, 10), (&admin, 5), (&approver, 0)] {
            assert_eq!(inbox(person).await["data"].as_array().unwrap().len(), expected);
        }
        // A mark that was set back, as by a restored backup, tells nobody again.
        world.sql(move |tx| run(tx, &format!("UPDATE feed_marks SET position = {start} WHERE name = 'notices'")));
        dispatch(&world);
        assert_eq!((written(&world) - before, count(&world, "SELECT COUNT(*) AS n FROM mails")), (20, 20));
        assert_eq!(dispatch(&world), 0);
    }

    async fn what_happens_while_notices_or_its_module_are_off_is_told_nobody_later(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, approver, .. } = cast(&program);
        let run = |off: &[&str]| {
            world.sequence();
            jobs::run_by_name(&world.db, &without(off), "notice_dispatch").unwrap();
            dispatch(&world)
        };
        let before = written(&world);
        for (number, off) in [&["notices"][..], &["deals", "conflict_cases", "reports"][..]].into_iter().enumerate() {
            let customer = json!({"name": format!("Kunde {number}"), "website": format!("https://www.kunde{number}.de")});
            let deal = submitted(&sales, with(json!({"customer": customer}))).await;
            approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
            assert_eq!((run(off), written(&world)), (0, before), "{off:?}");
        }
        submitted(&sales, complete()).await;
        assert!(run(&["webhooks"]) == 0 && written(&world) > before, "what is on is told as ever");
    }

    async fn what_an_import_brings_tells_nobody(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, admin, .. } = cast(&program);
        let deal = sales.post("/v1/deals", complete()).await.expect(201);
        let approved = |by| happened(&world, by, ("deal.approved", "deal"), deal.clone());
        approved("import");
        dispatch(&world);
        assert_eq!(written(&world), 0);
        approved("test");
        dispatch(&world);
        assert_eq!((topics(&inbox(&sales).await), topics(&inbox(&admin).await)), (vec!["deal_approved"], vec!["deal_approved"]));
    }

    async fn an_event_that_cannot_be_told_keeps_nobody_from_being_told_of_others(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, approver, .. } = cast(&program);
        let deal = submitted(&sales, complete()).await;
        let mut lost = deal.clone();
        lost["id"] = json!("deal_01jdq4p6c8f3kb2v9y0s7x5ham");
        // Its reviewer is asked for, and there is no such registration.
        happened(&world, "test", ("deal.info_answered", "deal"), lost);
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        world.sequence();
        let told_of = world.sql(|tx| notices::tell(tx, 50));
        assert_eq!((told_of.failed, told_of.done > 1), (1, true));
        told(&sales, "deal_approved").await;
        let again = world.sql(|tx| notices::tell(tx, 50));
        assert_eq!((again.failed, again.done), (0, 0), "it is left behind");
    }

    async fn notices_begin_where_the_log_stands_when_they_come(world: World) {
        happened(&world, "test", ("team.updated", "team"), json!({"id": "one"}));
        world.sequence();
        while world.db.migrate_down().unwrap() != "0180" {}
        assert_eq!(count(&world, "SELECT COUNT(*) AS n FROM feed_marks WHERE name = 'notices'"), 0);
        let happened = count(&world, "SELECT MAX(position) AS n FROM events");
        assert!(happened > 0);
        world.db.migrate_up().unwrap();
        assert_eq!(count(&world, "SELECT position AS n FROM feed_marks WHERE name = 'notices'"), happened);
        assert_eq!(dispatch(&world), 0);
    }
}
