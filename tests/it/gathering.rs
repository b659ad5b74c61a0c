//! What a transaction about many records keeps back is written in few statements; nothing misses it, and it is undone with the rest.

use diesel::{RunQueryDsl as _, connection::SimpleConnection as _, prelude::*};
use openprm::{
    auth::Caller,
    db::{Engine, Tx},
    error::{Error, Result},
    events::{Fact, queries::last_seq, sequencer::Sequencer},
    kernel::ids::{Id as _, PartnerId},
    schema::{counters, event_audiences, events},
    verify,
};
use serde_json::json;

use crate::support::World;

fn fact(revision: i64) -> Fact {
    Fact {
        kind: "team.updated",
        resource_type: "team",
        resource_id: "one".to_owned(),
        revision,
        audience: vec![PartnerId::example(1), PartnerId::example(2)],
        data: json!({"revision": revision}),
        previous: None,
        changed: vec![],
        deleted: false,
        reason: None,
        lost: vec![PartnerId::example(3)],
        partner_view: None,
    }
}

fn count(tx: &mut Tx<'_>) -> Result<i64> {
    Ok(events::table
        .filter(events::resource_type.eq("team"))
        .count()
        .get_result(tx.conn())?)
}

fn add(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    tx.add(diesel::insert_into(counters::table).values((counters::name.eq(name), counters::value.eq(1_i64))))
}

fn counted(tx: &mut Tx<'_>) -> Result<i64> {
    Ok(counters::table
        .filter(counters::name.like("GATHERED%"))
        .count()
        .get_result(tx.conn())?)
}

fn write<T: Send + 'static>(world: &World, work: fn(&mut Tx<'_>) -> Result<T>) -> Result<T> {
    world.db.run_now(&Caller::system("test"), work)
}

each_engine! {
    async fn events_that_are_kept_back_are_told_in_their_order_and_without_gaps(world: World) {
        for round in 0..3 {
            let told = world.db.run_now(&Caller::system("test"), move |tx| {
                tx.gathering(|tx| (1..=45).try_for_each(|number| tx.record(fact(round * 45 + number))))?;
                count(tx)
            });
            assert_eq!(told.unwrap(), (round + 1) * 45);
        }
        let sequencer = Sequencer::new();
        sequencer.catch_up(&world.db).unwrap();
        sequencer.release(&world.db).unwrap();
        let told: Vec<(Option<i64>, i64)> = world.sql(|tx| {
            let team = events::table.filter(events::resource_type.eq("team")).order(events::position);
            team.select((events::position, events::revision)).load(tx.conn()).map_err(Error::from)
        });
        assert_eq!(told.iter().map(|(_, revision)| *revision).collect::<Vec<_>>(), (1..=135).collect::<Vec<_>>());
        let first = told[0].0.unwrap();
        assert!(told.iter().zip(first..).all(|((position, _), place)| *position == Some(place)), "{told:?}");
        let heard: i64 = world.sql(|tx| Ok(event_audiences::table.filter(event_audiences::partner_id.eq(PartnerId::example(3).to_string())).filter(event_audiences::lost.eq(true)).count().get_result(tx.conn())?));
        assert_eq!(heard, 135);
        assert!(world.sql(verify::findings).iter().all(|finding| finding.count == 0), "{:?}", world.sql(verify::findings));
    }

    async fn who_looks_misses_nothing_that_is_kept_back(world: World) {
        write(&world, |tx| {
            let before = last_seq(tx)?;
            tx.gathering(|tx| {
                add(tx, "GATHERED-1")?;
                tx.record(fact(1))?;
                assert_eq!((counted(tx)?, count(tx)?), (1, 1));
                assert!(last_seq(tx)? > before);
                add(tx, "GATHERED-2")?;
                add(tx, "GATHERED-3")?;
                assert_eq!(counted(tx)?, 3);
                Ok(())
            })
        })
        .unwrap();
        assert_eq!(world.sql(counted), 3);
    }

    async fn what_fails_takes_along_what_it_kept_back_and_nothing_else(world: World) {
        write(&world, |tx| {
            tx.gathering(|tx| {
                add(tx, "GATHERED-1")?;
                tx.record(fact(1))?;
                let failed = tx.attempt(|tx| {
                    add(tx, "GATHERED-2")?;
                    tx.record(fact(2))?;
                    Err::<(), _>(Error::internal("undone"))
                });
                assert!(failed.is_err());
                // That a row cannot be added is told at the end of the attempt, if not before.
                assert!(tx.attempt(|tx| add(tx, "GATHERED-1")).is_err());
                tx.attempt(|tx| add(tx, "GATHERED-3"))?;
                tx.record(fact(3))
            })
        })
        .unwrap();
        assert_eq!((world.sql(counted), world.sql(count)), (2, 2));
        let whole = write(&world, |tx| {
            tx.gathering(|tx| {
                add(tx, "GATHERED-4")?;
                tx.record(fact(4))?;
                add(tx, "GATHERED-1")
            })
        });
        assert!(whole.is_err(), "one row was there already");
        assert_eq!((world.sql(counted), world.sql(count)), (2, 2));
    }

    async fn a_transaction_that_the_engine_ended_does_not_end_all_writing(world: World) {
        let ended = write(&world, |tx| {
            tx.conn().batch_execute("ROLLBACK")?;
            add(tx, "GATHERED-1")
        });
        // SQLite notices at the commit; PostgreSQL only warns.
        assert!(ended.is_err() || world.engine() == Engine::Postgres);
        write(&world, |tx| add(tx, "GATHERED-2")).unwrap();
        assert!(world.sql(counted) >= 1);
    }
}
