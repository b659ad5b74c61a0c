//! The order of the feed, and the chain of audit records: whoever changes what was written down is found out.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use diesel::{RunQueryDsl as _, prelude::*};
use openprm::{
    audit::{self, Anchor, Report},
    auth::{Caller, Role},
    db::Engine,
    error::Error,
    events::{
        Fact,
        sequencer::{Sequencer, Turn},
    },
    kernel::ids::{Id as _, PartnerId},
    numbers, schema, verify,
};
use serde_json::json;

use crate::{scene::run, support::World};

/// So many things that happen.
async fn happen(world: &World, count: usize) {
    let ops = world.vendor(Role::ChannelOps);
    for number in 0..count {
        let code = format!("T{}-{number}", world.now().micros());
        ops.post("/v1/territories", json!({"code": code, "name": code, "kind": "region"}))
            .await
            .expect(201);
    }
}

/// What a server does in the background, at once.
fn sequenced(world: &World) {
    let sequencer = Sequencer::new();
    sequencer.catch_up(&world.db).unwrap();
    sequencer.release(&world.db).unwrap();
}

fn report(world: &World) -> Report {
    world.sql(audit::verify)
}

/// What somebody with all rights on the database does, past every guard.
fn tamper(world: &World, table: &str, sql: &'static str) {
    let off = match world.engine() {
        Engine::Postgres => format!("ALTER TABLE {table} DISABLE TRIGGER USER"),
        Engine::Sqlite => String::new(),
    };
    let triggers: Vec<String> = match world.engine() {
        Engine::Postgres => vec![off],
        Engine::Sqlite => ["no_update", "no_delete", "chain_once", "erase_only", "position_once"]
            .iter()
            .map(|trigger| format!("DROP TRIGGER IF EXISTS {table}_{trigger}"))
            .collect(),
    };
    world.sql(move |tx| {
        triggers.iter().try_for_each(|sql| run(tx, sql).map(drop))?;
        run(tx, sql)
    });
}

fn in_order(world: &World) -> Vec<(Option<i64>, i64)> {
    world.sql(|tx| {
        use schema::events::dsl as e;
        e::events
            .filter(e::resource_type.eq("team"))
            .order(e::position)
            .select((e::position, e::revision))
            .load(tx.conn())
            .map_err(Error::from)
    })
}

each_engine! {
    async fn what_happened_is_chained_and_verify_knows_the_tail(world: World) {
        happen(&world, 5).await;
        let before = report(&world);
        assert!(before.head.is_none() && before.tail >= 5 && before.chain.is_none() && before.payload.is_none());
        sequenced(&world);
        let chained = report(&world);
        let head = chained.head.clone().unwrap();
        assert_eq!((chained.tail, head.position, &chained.chain), (0, before.tail, &None));
        happen(&world, 2).await;
        let grown = report(&world);
        assert_eq!((grown.tail, &grown.head, &grown.chain, &grown.payload), (2, &Some(head.clone()), &None, &None));
        sequenced(&world);
        assert_eq!(report(&world).head.unwrap().position, head.position + 2);
        assert!(world.sql(move |tx| audit::anchored(tx, &head)), "what was noted earlier is still there");
        assert_eq!(Sequencer::new().turn(&world.db).unwrap(), Turn::Idle);
        assert!(world.sql(verify::findings).iter().all(|finding| finding.count == 0));
    }

    async fn one_server_sequences_until_it_is_gone(world: World) {
        let (first, second) = (Sequencer::new(), Sequencer::new());
        happen(&world, 1).await;
        assert!(matches!(first.turn(&world.db).unwrap(), Turn::Done { .. }));
        happen(&world, 1).await;
        assert_eq!(second.turn(&world.db).unwrap(), Turn::Elsewhere);
        world.sql(|tx| run(tx, "UPDATE feed_marks SET lease_until = 1 WHERE lease_token IS NOT NULL"));
        assert!(matches!(second.turn(&world.db).unwrap(), Turn::Done { records: 1.., .. }));
        happen(&world, 1).await;
        second.release(&world.db).unwrap();
        assert!(matches!(first.turn(&world.db).unwrap(), Turn::Done { .. }));
    }

    async fn events_get_their_places_while_another_server_is_at_the_chain(world: World) {
        let (first, second) = (Sequencer::new(), Sequencer::new());
        happen(&world, 1).await;
        assert!(matches!(second.chain(&world.db).unwrap(), Turn::Done { records: 1.., .. }));
        happen(&world, 1).await;
        assert_eq!(first.chain(&world.db).unwrap(), Turn::Elsewhere);
        let placed = first.place(&world.db).unwrap();
        match world.engine() {
            Engine::Sqlite => assert_eq!(placed, Turn::Idle, "they have them from the start"),
            Engine::Postgres => assert!(matches!(placed, Turn::Done { events: 2.., .. }), "{placed:?}"),
        }
    }

    async fn a_changed_record_is_named(world: World) {
        happen(&world, 6).await;
        sequenced(&world);
        tamper(&world, "audit_records", "UPDATE audit_records SET actor_id = 'user_somebody_else' WHERE chain_position = 3");
        let broken = report(&world).chain.unwrap();
        assert_eq!(broken.position, Some(3));
        assert!(broken.record.as_ref().unwrap().starts_with("aud_") && broken.why.contains("changed"), "{broken}");
        let findings = verify::of_audit(&report(&world));
        assert_eq!((findings[0].count, findings[1].count), (1, 0));
        assert!(findings[0].first.as_ref().unwrap().contains("position 3"));
    }

    async fn a_record_that_was_taken_out_is_missed(world: World) {
        happen(&world, 6).await;
        sequenced(&world);
        tamper(&world, "audit_records", "DELETE FROM audit_records WHERE chain_position = 4");
        let broken = report(&world).chain.unwrap();
        assert_eq!(broken.position, Some(5));
        assert!(broken.why.contains("from 4 to 4 are gone"), "{broken}");
    }

    async fn an_end_that_was_cut_off_is_missed(world: World) {
        happen(&world, 6).await;
        sequenced(&world);
        tamper(&world, "audit_records", "DELETE FROM audit_records WHERE chain_position >= 5");
        let broken = report(&world).chain.unwrap();
        assert_eq!(broken.position, Some(4));
        assert!(broken.why.contains("are gone or were replaced"), "{broken}");
    }

    async fn a_chain_that_was_made_anew_does_not_have_the_link_that_was_noted(world: World) {
        happen(&world, 4).await;
        sequenced(&world);
        let noted: Anchor = report(&world).head.unwrap().to_string().parse().unwrap();
        tamper(&world, "audit_records", "UPDATE audit_records SET actor_id = 'user_somebody_else', chain_position = NULL, prev_hash = NULL, hash = NULL");
        tamper(&world, "feed_marks", "UPDATE feed_marks SET position = 0, hash = NULL WHERE name = 'audit_chain'");
        sequenced(&world);
        assert_eq!((report(&world).chain, report(&world).tail), (None, 0), "whoever may write everything can make a chain");
        assert!(!world.sql(move |tx| audit::anchored(tx, &noted)));
    }

    async fn an_event_that_says_something_else_is_named_and_an_erased_one_is_not(world: World) {
        happen(&world, 4).await;
        sequenced(&world);
        // An erasure takes the payload with its salt; the chain stays whole.
        world.sql(|tx| run(tx, "UPDATE events SET data = NULL, previous = NULL, salt = NULL, erased_at = 1 WHERE seq = 1"));
        assert_eq!((report(&world).chain, report(&world).payload), (None, None));
        tamper(&world, "events", "UPDATE events SET data = '{\"name\": \"another\"}' WHERE seq = 2");
        let broken = report(&world).payload.unwrap();
        assert_eq!(broken.position, Some(2));
        assert!(broken.why.contains("does not say any more"), "{broken}");
    }

    async fn the_feed_tells_of_a_record_in_the_order_of_its_changes(world: World) {
        let db = world.with_connections(10);
        let ended = Arc::new(AtomicBool::new(false));
        let sequencing: Vec<_> = (0..2)
            .map(|_| {
                let (db, ended) = (db.clone(), ended.clone());
                std::thread::spawn(move || {
                    let sequencer = Sequencer::new();
                    while !ended.load(Ordering::SeqCst) {
                        sequencer.turn(&db).unwrap();
                        std::thread::sleep(std::time::Duration::from_millis(2));
                    }
                    sequencer.release(&db).unwrap();
                })
            })
            .collect();
        let writing: Vec<_> = (0..6)
            .map(|_| {
                let db = db.clone();
                std::thread::spawn(move || {
                    for round in 0..20 {
                        let written = db.run_now(&Caller::system("test"), move |tx| {
                            // The lock of the one record that all of them change.
                            numbers::next(tx, "ORDER")?;
                            let revision = numbers::last(tx, "ORDER")?;
                            let fact = Fact {
                                kind: "team.updated", resource_type: "team", resource_id: "one".to_owned(), revision,
                                audience: vec![PartnerId::example(1)], data: json!({"revision": revision}),
                                previous: None, changed: vec![], deleted: false, reason: None, lost: vec![], partner_view: None,
                            };
                            tx.record(fact)?;
                            if round % 5 == 4 { Err(Error::internal("undone")) } else { Ok(()) }
                        });
                        assert_eq!(written.is_err(), round % 5 == 4);
                    }
                })
            })
            .collect();
        writing.into_iter().for_each(|thread| thread.join().unwrap());
        ended.store(true, Ordering::SeqCst);
        sequencing.into_iter().for_each(|thread| thread.join().unwrap());
        sequenced(&world);
        let told = in_order(&world);
        assert_eq!(told.len(), 6 * 16);
        assert!(told.windows(2).all(|pair| pair[0].1 < pair[1].1), "in the order of the changes");
        let first = told[0].0.unwrap();
        assert!(told.iter().zip(first..).all(|((position, _), place)| *position == Some(place)), "without gaps: {told:?}");
        assert!(world.sql(verify::findings).iter().all(|finding| finding.count == 0), "{:?}", world.sql(verify::findings));
        assert_eq!(report(&world).chain, None);
    }
}
