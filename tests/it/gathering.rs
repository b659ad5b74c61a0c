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

    async fn what_could_not_be_written_is_no_matter_to_pass_over(world: World) {
        let passed_over = write(&world, |tx| {
            tx.gathering(|tx| {
                add(tx, "GATHERED-1")?;
                add(tx, "GATHERED-1")?;
                // One of the two cannot be written, which this question is the first to hear of.
                assert!(counted(tx).is_err());
                assert!(counted(tx).is_err() && tx.attempt(|tx| add(tx, "GATHERED-2")).is_err());
                Ok(())
            })
        });
        assert!(passed_over.is_err());
        assert_eq!(world.sql(counted), 0);
    }

    async fn a_row_that_is_not_as_it_was_read_fails_what_changes_it(world: World) {
        let changed = write(&world, |tx| {
            tx.gathering(|tx| {
                add(tx, "GATHERED-1")?;
                let change = |value: i64| diesel::update(counters::table.find("GATHERED-1").filter(counters::value.eq(1_i64))).set(counters::value.eq(value));
                tx.conn().execute_change(&change(1), &change(5))?;
                let absent = |value: i64| diesel::update(counters::table.find("GATHERED-9").filter(counters::value.eq(1_i64))).set(counters::value.eq(value));
                // PostgreSQL makes changes together, and tells at the end what could not be made.
                let made = tx.conn().execute_change(&absent(1), &absent(5))?;
                if tx.engine() == Engine::Sqlite && made == 0 {
                    return Err(Error::internal("not made"));
                }
                Ok(())
            })
        });
        assert!(changed.is_err());
        assert_eq!(world.sql(counted), 0);
    }

    async fn changes_that_are_kept_back_are_made(world: World) {
        write(&world, |tx| {
            tx.gathering(|tx| {
                let change = |name: String, from: i64, to: i64| diesel::update(counters::table.find(name).filter(counters::value.eq(from))).set(counters::value.eq(to));
                for number in 0..45 {
                    add(tx, &format!("GATHERED-{number}"))?;
                }
                for number in 0..45 {
                    let name = || format!("GATHERED-{number}");
                    tx.conn().execute_change(&change(name(), 1, 1), &change(name(), 1, 10 + number))?;
                }
                let again = || "GATHERED-7".to_owned();
                tx.conn().execute_change(&change(again(), 17, 17), &change(again(), 17, 100))?;
                let value: i64 = counters::table.find("GATHERED-7").select(counters::value).first(tx.conn())?;
                assert_eq!(value, 100);
                Ok(())
            })
        })
        .unwrap();
        let sum: Vec<i64> = world.sql(|tx| counters::table.filter(counters::name.like("GATHERED%")).select(counters::value).load(tx.conn()).map_err(Error::from));
        assert_eq!(sum.iter().sum::<i64>(), (10..55).sum::<i64>() - 17 + 100);
    }

    async fn a_write_that_panics_takes_nobody_elses_along(world: World) {
        // The first holds the writer of SQLite until the others wait behind it: they are one group then.
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let wait = std::sync::Mutex::new(wait);
        let begin = |work: Box<dyn Fn(&mut Tx<'_>) -> Result<()> + Send + Sync>| {
            let db = world.db.clone();
            std::thread::spawn(move || db.run_now(&Caller::system("test"), move |tx| work(tx)))
        };
        let first = begin(Box::new(move |tx| {
            wait.lock().unwrap().recv().unwrap_or_default();
            add(tx, "GATHERED-1")
        }));
        std::thread::sleep(std::time::Duration::from_millis(100));
        let before = begin(Box::new(|tx| add(tx, "GATHERED-2")));
        std::thread::sleep(std::time::Duration::from_millis(50));
        let panics = begin(Box::new(|tx| {
            tx.attempt(|tx| {
                add(tx, "GATHERED-3")?;
                panic!("a write that panics in an attempt")
            })
        }));
        std::thread::sleep(std::time::Duration::from_millis(50));
        let after = begin(Box::new(|tx| add(tx, "GATHERED-4")));
        std::thread::sleep(std::time::Duration::from_millis(50));
        go.send(()).unwrap();
        assert!(panics.join().is_ok_and(|told| told.is_err()) || world.engine() == Engine::Postgres);
        for write in [first, before, after] {
            write.join().unwrap().unwrap();
        }
        let names: Vec<String> = world.sql(|tx| counters::table.filter(counters::name.like("GATHERED%")).order(counters::name).select(counters::name).load(tx.conn()).map_err(Error::from));
        assert_eq!(names, ["GATHERED-1", "GATHERED-2", "GATHERED-4"]);
    }

    async fn a_transaction_that_the_engine_ended_does_not_end_all_writing(world: World) {
        let ended = write(&world, |tx| {
            tx.conn().batch_execute("ROLLBACK")?;
            add(tx, "GATHERED-1")
        });
        // Both notice at the end, and cannot undo what stood for itself since.
        assert!(ended.is_err());
        write(&world, |tx| add(tx, "GATHERED-2")).unwrap();
        assert_eq!(world.sql(counted), 2);
    }
}
