//! The feed: every change once, in the order of commits, to whoever may read it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use openprm::{
    audit,
    auth::{Caller, Role, Rows},
    error::{Error, Result},
    events::{
        Fact,
        feed::{self, Reading, Wanted},
        queries::last_position,
        sequencer::{Sequencer, Turn},
    },
    kernel::ids::{Id as _, PartnerId, TeamId},
};
use serde_json::{Value, json};

use crate::{
    program::{Program, approved, complete, path, sound, submitted},
    support::{Client, World},
};

/// What the caller reads there: the events and where it goes on.
async fn read(world: &World, client: &Client<'_>, query: &str) -> (Vec<Value>, String) {
    world.sequence();
    let page = client.get(&format!("/v1/events?{query}")).await.expect(200);
    (
        page["data"].as_array().unwrap().clone(),
        page["next_cursor"].as_str().unwrap().to_owned(),
    )
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

/// Where the feed ends now.
async fn end(world: &World, client: &Client<'_>) -> String {
    read(world, client, "cursor=now").await.1
}

each_engine! {
    async fn who_sees_the_rows_of_many_partners_reads_the_feed_like_everyone(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, admin) = (program.sales(partner), world.vendor(Role::Admin));
        let begin = end(&world, &admin).await;
        let deal = submitted(&sales, complete()).await;
        // More than the ranges that SQLite puts together.
        let others = (1..=700).map(PartnerId::example);
        let of = |rows: Vec<PartnerId>| world.vendor_of(Role::ChannelOps, Rows::Partners(rows.into()));
        let (all, without) = (of(others.clone().chain([partner]).collect()), of(others.collect()));
        for more in ["", "&types=deal.*", &format!("&resource_id={}", deal["id"].as_str().unwrap())] {
            let (seen, last) = read(&world, &all, &format!("cursor={begin}&limit=500{more}")).await;
            assert!(names(&seen).contains(&"deal.submitted"), "{more}: {:?}", names(&seen));
            let (hidden, end) = read(&world, &without, &format!("cursor={begin}&limit=500{more}")).await;
            assert!(names(&hidden).iter().all(|name| !name.starts_with("deal")), "{more}: {:?}", names(&hidden));
            assert_eq!(last, end);
        }
    }

    async fn a_request_ends_however_much_of_what_it_passes_is_not_shown(world: World) {
        let program = Program::new(&world).await;
        let (partner, admin) = (program.partner("Nordwind"), world.vendor(Role::Admin));
        let begin = end(&world, &admin).await;
        world.sql(move |tx| {
            // Notes of the partner's own: nothing of them is for the vendor.
            (0..900).try_for_each(|number| {
                tx.record(Fact {
                    kind: "note.created",
                    resource_type: "note",
                    resource_id: format!("note_{number}"),
                    revision: 1,
                    audience: vec![partner],
                    data: json!({"visibility": "partner", "resource_type": "partner"}),
                    previous: None,
                    changed: Vec::new(),
                    lost: Vec::new(),
                    partner_view: None,
                    deleted: false,
                    reason: None,
                })
            })
        });
        let ops = world.vendor(Role::ChannelOps);
        ops.post("/v1/territories", json!({"code": "LI", "name": "Liechtenstein", "kind": "custom"})).await.expect(201);
        world.sequence();
        let (mut cursor, mut pages) = (begin, 0);
        let found = loop {
            let path = format!("/v1/events?cursor={cursor}&limit=1&resource_type=note,territory");
            let page = admin.get(&path).await.expect(200);
            pages += 1;
            cursor = page["next_cursor"].as_str().unwrap().to_owned();
            if let Some(event) = page["data"].as_array().unwrap().first() {
                assert_eq!(page["has_more"], json!(false));
                break event["type"].clone();
            }
            assert_eq!(page["has_more"], json!(true), "an empty page is not the end");
        };
        assert_eq!((found, pages), (json!("territory.created"), 3));
    }
}

each_engine! {
    async fn a_reader_goes_on_from_where_it_stopped_and_misses_nothing(world: World) {
        let program = Program::new(&world).await;
        let (sales, admin) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Admin));
        let begin = end(&world, &admin).await;
        let deal = submitted(&sales, complete()).await;
        sales.post(&path(&deal, "/withdraw"), json!({"reason": "The project was stopped."})).await.expect(200);
        let (all, last) = read(&world, &admin, &format!("cursor={begin}&limit=500")).await;
        assert!(names(&all).contains(&"deal.created") && names(&all).contains(&"deal.withdrawn"), "{:?}", names(&all));
        // One by one it is the same, and each event's own cursor leads to the next.
        let (mut cursor, mut one_by_one) = (begin.clone(), Vec::new());
        loop {
            let page = admin.get(&format!("/v1/events?cursor={cursor}&limit=1")).await.expect(200);
            one_by_one.extend(page["data"].as_array().unwrap().iter().cloned());
            if page["has_more"] == false {
                assert_eq!(page["next_cursor"], last.as_str());
                break;
            }
            cursor = one_by_one.last().unwrap()["cursor"].as_str().unwrap().to_owned();
            assert_eq!(page["next_cursor"], cursor.as_str());
        }
        assert_eq!(one_by_one, all);
        assert!(all.windows(2).all(|pair| pair[0]["cursor"].as_str() < pair[1]["cursor"].as_str()));
        let again = admin.get(&format!("/v1/events?cursor={last}")).await.expect(200);
        assert_eq!((again["data"].as_array().unwrap().len(), again["next_cursor"].as_str()), (0, Some(last.as_str())));
        let submission = all.iter().find(|event| event["type"] == "deal.submitted").unwrap();
        assert_eq!(submission["previous"]["review_status"], "draft");
        assert_eq!(submission["data"]["review_status"], "submitted");
        assert!(submission["changed_fields"].as_array().unwrap().contains(&json!("review_status")));
        assert_eq!((submission["origin"].as_str(), submission["actor"]["type"].as_str()), (Some("submitDeal"), Some("user")));
        let (beginning, _) = read(&world, &admin, "cursor=beginning&limit=1").await;
        assert_eq!(beginning, read(&world, &admin, "limit=1").await.0);
    }

    async fn events_are_filtered_by_type_record_and_who_did_it(world: World) {
        let program = Program::new(&world).await;
        let (sales, admin) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Admin));
        let begin = end(&world, &admin).await;
        let (one, other) = (submitted(&sales, complete()).await, sales.post("/v1/deals", complete()).await.expect(201));
        let team = admin.post("/v1/teams", json!({"name": "North"})).await.expect(201);
        let at = |query: &str| format!("cursor={begin}&{query}");
        assert_eq!(names(&read(&world, &admin, &at("types=deal.submitted,team.created")).await.0), ["deal.submitted", "team.created"]);
        let (deals, _) = read(&world, &admin, &at("types=deal.*")).await;
        assert!(names(&deals).iter().all(|name| name.starts_with("deal.")) && deals.len() >= 3);
        let (teams, _) = read(&world, &admin, &at("resource_type=team")).await;
        assert_eq!(teams.iter().map(|event| &event["resource_id"]).collect::<Vec<_>>(), [&team["id"]]);
        let ids = format!("resource_id={},{}", other["id"].as_str().unwrap(), team["id"].as_str().unwrap());
        assert_eq!(names(&read(&world, &admin, &at(&ids)).await.0), ["deal.created", "team.created"]);
        let own = format!("resource_id={}&types=deal.created", one["id"].as_str().unwrap());
        assert_eq!(names(&read(&world, &sales, &at(&own)).await.0), ["deal.created"]);
        assert!(!names(&read(&world, &admin, &at("exclude_origin=self")).await.0).contains(&"team.created"));
        assert!(names(&read(&world, &sales, &at("exclude_origin=self")).await.0).iter().all(|name| !name.starts_with("deal.")));
        assert_eq!(admin.get("/v1/events?types=deal.flew").await.refused(409), "unknown_reference");
        assert_eq!(admin.get("/v1/events?types=flight.*").await.refused(409), "unknown_reference");
        assert_eq!(admin.get("/v1/events?cursor=next").await.refused(400), "invalid_query");
    }

    async fn partners_read_their_own_with_what_they_may_see_of_it(world: World) {
        let program = Program::new(&world).await;
        let admin = world.vendor(Role::Admin);
        for (name, visible) in [("budget_code", true), ("margin", false)] {
            let field = json!({"resource_type": "deal", "name": name, "label": name, "data_type": "text", "partner_visible": visible, "partner_editable": visible});
            admin.post("/v1/custom-fields", field).await.expect(201);
        }
        let (north, south) = (program.partner("Nordwind"), program.partner("Südstern"));
        let (sales, rival) = (program.sales(north), program.sales(south));
        let begin = end(&world, &admin).await;
        let deal = approved(&world, &sales, complete()).await;
        admin.patch(&path(&deal, ""), json!({"custom": {"budget_code": "K-7", "margin": "12"}})).await.expect(200);
        let at = format!("cursor={begin}&limit=500");
        let (whole, _) = read(&world, &admin, &at).await;
        let (theirs, _) = read(&world, &sales, &at).await;
        let of = |events: &[Value], name: &str| events.iter().find(|event| event["type"] == name).cloned().unwrap();
        let (vendor, partner) = (of(&whole, "deal.submitted"), of(&theirs, "deal.submitted"));
        assert!(vendor["data"]["seq"].is_i64() && partner["data"]["seq"].is_null());
        assert!(!partner["changed_fields"].as_array().unwrap().contains(&json!("seq")));
        assert_eq!(vendor["id"], partner["id"]);
        let (vendor, partner) = (of(&whole, "deal.updated"), of(&theirs, "deal.updated"));
        assert_eq!(vendor["data"]["custom"], json!({"budget_code": "K-7", "margin": "12"}));
        assert_eq!(partner["data"]["custom"], json!({"budget_code": "K-7"}));
        assert!(!partner.to_string().contains("margin"));
        // Of people, a partner reads of its own.
        let (submission, approval) = (of(&theirs, "deal.submitted"), of(&theirs, "deal.approved"));
        assert_eq!(submission["actor"], json!({"type": "user", "id": null}), "the test's people hold no place at the partner");
        assert_eq!(approval["actor"], json!({"type": "user", "id": null}));
        assert!(of(&whole, "deal.approved")["actor"]["id"].is_string());
        // The record as its own operation shows it, to each.
        for (client, events) in [(&admin, &whole), (&sales, &theirs)] {
            let record = client.get(&path(&deal, "")).await.expect(200);
            let mut last = of(events, "deal.updated")["data"].clone();
            for (name, value) in record.as_object().unwrap() {
                if last.get(name).is_none() { last[name] = value.clone(); }
            }
            assert_eq!(last, record);
        }
        let (other, _) = read(&world, &rival, &at).await;
        assert!(!json!(other).to_string().contains(deal["id"].as_str().unwrap()), "{:?}", names(&other));
    }

    async fn roles_rows_and_scopes_limit_what_is_read(world: World) {
        let program = Program::new(&world).await;
        let (north, south) = (program.partner("Nordwind"), program.partner("Südstern"));
        let (admin, begin) = (world.vendor(Role::Admin), "beginning");
        let (one, other) = (submitted(&program.sales(north), complete()).await, program.sales(south).post("/v1/deals", complete()).await.expect(201));
        admin.post("/v1/teams", json!({"name": "North"})).await.expect(201);
        let at = format!("cursor={begin}&limit=500");
        let manager = world.vendor_of(Role::Cam, Rows::Partners(Arc::from([north])));
        let managed = json!(read(&world, &manager, &at).await.0).to_string();
        assert!(managed.contains(one["id"].as_str().unwrap()) && !managed.contains(other["id"].as_str().unwrap()));
        assert!(!managed.contains("Südstern") && managed.contains("product.created"), "its partners', and nobody's");
        let machine = world.machine(&["events:read", "deals:read"]);
        let (by_scope, _) = read(&world, &machine, &at).await;
        assert!(by_scope.iter().all(|event| event["resource_type"] != "team" && event["resource_type"] != "product"));
        assert!(names(&by_scope).contains(&"deal.submitted"));
        assert_eq!(world.machine(&["deals:read"]).get("/v1/events").await.refused(403), "insufficient_scope");
        let learner = world.partner_user(north, Role::PartnerLearner);
        assert!(read(&world, &learner, &at).await.0.iter().all(|event| event["resource_type"] != "deal"));
        assert_eq!(world.stranger().get("/v1/events").await.refused(401), "unauthenticated");
    }

    async fn whoever_loses_sight_of_a_record_is_told_to_drop_it(world: World) {
        let program = Program::new(&world).await;
        let (sales, admin) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Admin));
        let deal = submitted(&sales, complete()).await;
        let note = json!({"resource_type": "deal", "resource_id": deal["id"], "body": "Board decides in May.", "visibility": "shared"});
        let begin = end(&world, &admin).await;
        let note = admin.post("/v1/notes", note).await.expect(201);
        admin.patch(&format!("/v1/notes/{}", note["id"].as_str().unwrap()), json!({"visibility": "internal", "body": "Board is split."})).await.expect(200);
        let (theirs, _) = read(&world, &sales, &format!("cursor={begin}&resource_type=note")).await;
        assert_eq!(names(&theirs), ["note.created", "note.updated"]);
        assert_eq!((theirs[0]["deleted"].as_bool(), theirs[0]["data"]["body"].as_str()), (Some(false), Some("Board decides in May.")));
        assert_eq!((theirs[1]["deleted"].as_bool(), &theirs[1]["data"], &theirs[1]["previous"]), (Some(true), &Value::Null, &Value::Null));
        assert!(!json!(theirs[1]).to_string().contains("split"));
        let (whole, _) = read(&world, &admin, &format!("cursor={begin}&resource_type=note")).await;
        assert_eq!(whole[1]["data"]["body"], "Board is split.");
    }

    async fn a_reader_that_waits_hears_at_once(world: World) {
        let admin = world.vendor(Role::Admin);
        let begin = end(&world, &admin).await;
        let waiting = async {
            let begun = Instant::now();
            let page = admin.get(&format!("/v1/events?cursor={begin}&wait=20")).await.expect(200);
            (page, begun.elapsed())
        };
        let other = world.vendor(Role::Admin);
        let writing = async {
            actix_web::rt::time::sleep(Duration::from_millis(200)).await;
            other.post("/v1/teams", json!({"name": "North"})).await.expect(201);
            world.sequence();
        };
        let ((page, took), ()) = futures_util::future::join(waiting, writing).await;
        assert_eq!(names(page["data"].as_array().unwrap()), ["team.created"]);
        assert!(took < Duration::from_secs(19), "it did not wait to the end");
        let last = page["next_cursor"].as_str().unwrap();
        let nothing = admin.get(&format!("/v1/events?cursor={last}&types=deal.*&wait=1")).await.expect(200);
        assert_eq!(nothing["data"], json!([]));
        // The end of the server ends all waiting.
        let ending = async {
            actix_web::rt::time::sleep(Duration::from_millis(100)).await;
            world.state.tail.end();
        };
        let begun = Instant::now();
        let (page, ()) = futures_util::future::join(admin.get(&format!("/v1/events?cursor={last}&wait=20")), ending).await;
        assert_eq!(page.expect(200)["data"], json!([]));
        assert!(begun.elapsed() < Duration::from_secs(19));
    }

    async fn nobody_waits_for_the_audit_chain(world: World) {
        let admin = world.vendor(Role::Admin);
        let begin = end(&world, &admin).await;
        admin.post("/v1/teams", json!({"name": "North"})).await.expect(201);
        let sequencer = Sequencer::new();
        sequencer.place(&world.db).unwrap();
        let page = admin.get(&format!("/v1/events?cursor={begin}")).await.expect(200);
        assert_eq!(names(page["data"].as_array().unwrap()), ["team.created"]);
        assert!(world.sql(audit::waiting), "its audit record is not chained yet");
        assert_eq!(sequencer.chain(&world.db).unwrap(), Turn::Done { events: 0, records: 1 });
        assert_eq!(sequencer.turn(&world.db).unwrap(), Turn::Idle);
        sequencer.release(&world.db).unwrap();
        sound(&world);
    }

    async fn what_is_more_than_a_batch_is_chained_whole(world: World) {
        let begin = end(&world, &world.vendor(Role::Admin)).await;
        world.sql(|tx| {
            (0..1203).try_for_each(|number| {
                tx.record(Fact {
                    kind: "team.updated",
                    resource_type: "team",
                    resource_id: "team_1".to_owned(),
                    revision: number,
                    audience: Vec::new(),
                    data: json!({"revision": number}),
                    previous: None,
                    changed: vec!["name".to_owned()],
                    lost: Vec::new(),
                    partner_view: None,
                    deleted: false,
                    reason: None,
                })
            })
        });
        let sequencer = Sequencer::new();
        let mut turns = Vec::new();
        while let turn @ Turn::Done { records, .. } = sequencer.turn(&world.db).unwrap() {
            turns.push((records, turn.is_full()));
        }
        sequencer.release(&world.db).unwrap();
        assert_eq!(turns, [(500, true), (500, true), (203, false)]);
        let found = world.sql(move |tx| {
            let after = feed::position(&begin)?;
            feed::after(tx, &Reading::granted(None, None), &Wanted::default(), (after, after + 2000), 2000)
        });
        let revisions: Vec<i64> = found.events.iter().map(|(_, event)| event.revision).collect();
        assert_eq!(revisions, (0..1203).collect::<Vec<_>>());
        let report = world.sql(audit::verify);
        assert_eq!((report.tail, report.chain, report.payload), (0, None, None));
    }

    async fn what_is_too_old_goes_and_its_cursors_with_it(world: World) {
        let admin = world.vendor(Role::Admin);
        admin.post("/v1/teams", json!({"name": "Old"})).await.expect(201);
        let (old, cursor) = read(&world, &admin, "limit=1").await;
        world.clock.advance_days(401);
        admin.post("/v1/teams", json!({"name": "New"})).await.expect(201);
        world.sequence();
        world.work("notice_dispatch");
        world.work("response_times");
        assert!(world.work("event_retention") >= 1);
        assert_eq!(admin.get(&format!("/v1/events?cursor={:016x}", 0)).await.refused(410), "cursor_expired");
        let (kept, _) = read(&world, &admin, "resource_type=team").await;
        assert_eq!(kept.iter().map(|event| event["data"]["name"].as_str().unwrap()).collect::<Vec<_>>(), ["New"]);
        assert!(cursor.as_str() >= old[0]["cursor"].as_str().unwrap());
        let ahead = admin.get("/v1/events?cursor=00ffffffffffffff").await.expect(410);
        assert_eq!(ahead["code"], "cursor_expired");
        assert!(ahead["detail"].as_str().unwrap().contains("older copy"), "{ahead}");
        assert_eq!(world.work("event_retention"), 0);
        sound(&world);
    }

    async fn what_a_machine_marks_as_its_own_is_known_again(world: World) {
        let admin = world.vendor(Role::Admin);
        let begin = end(&world, &admin).await;
        let body = json!({"name": "North"});
        admin.send(actix_web::http::Method::POST, "/v1/teams", &[("Change-Origin", "crm-7")], Some(&body)).await.expect(201);
        let (events, _) = read(&world, &admin, &format!("cursor={begin}")).await;
        assert_eq!(events[0]["origin_tag"], "crm-7");
    }

    async fn a_reader_beside_many_writers_gets_each_event_once_and_in_order(world: World) {
        const WRITERS: usize = 8;
        const ROUNDS: usize = 25;
        let db = world.with_connections(WRITERS + 3);
        let (ended, placed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let sequencing = {
            let (db, ended) = (db.clone(), ended.clone());
            std::thread::spawn(move || {
                let sequencer = Sequencer::new();
                while !ended.load(Ordering::SeqCst) {
                    sequencer.turn(&db).unwrap();
                    std::thread::sleep(Duration::from_millis(1));
                }
                sequencer.catch_up(&db).unwrap();
                sequencer.release(&db).unwrap();
            })
        };
        let reading = {
            let (db, placed) = (db.clone(), placed.clone());
            let wanted = Wanted { resource_types: vec!["team".to_owned()], ..Wanted::default() };
            std::thread::spawn(move || {
                let (mut cursor, mut heard) = (0, Vec::new());
                loop {
                    let all = placed.load(Ordering::SeqCst);
                    let wanted = wanted.clone();
                    let (found, last) = db.ask_now(&Caller::system("test"), move |tx| -> Result<_> {
                        let last = last_position(tx)?.unwrap_or(cursor);
                        Ok((feed::after(tx, &Reading::granted(None, None), &wanted, (cursor, last), 7)?, last))
                    }).unwrap();
                    let whole = found.read_to == last;
                    cursor = found.read_to;
                    heard.extend(found.events);
                    if all && whole { return heard; }
                }
            })
        };
        let writing: Vec<_> = (0..WRITERS).map(|writer| {
            let db = db.clone();
            std::thread::spawn(move || {
                let team = TeamId::example(u64::try_from(writer).unwrap()).to_string();
                for round in 0..ROUNDS {
                    let team = team.clone();
                    let undone = round % 6 == 5;
                    let written = db.run_now(&Caller::system("test"), move |tx| {
                        let revision = i64::try_from(round).unwrap();
                        tx.record(Fact {
                            kind: "team.updated", resource_type: "team", resource_id: team.clone(), revision,
                            audience: vec![PartnerId::example(1)], lost: vec![], data: json!({"revision": revision}), partner_view: None,
                            previous: None, changed: vec!["name".to_owned()], deleted: false, reason: None,
                        })?;
                        // Some commit long after others that began later.
                        if writer % 3 == 0 { std::thread::sleep(Duration::from_millis(6)); }
                        if undone { Err(Error::internal("undone")) } else { Ok(()) }
                    });
                    assert_eq!(written.is_err(), undone);
                }
            })
        }).collect();
        writing.into_iter().for_each(|thread| thread.join().unwrap());
        ended.store(true, Ordering::SeqCst);
        sequencing.join().unwrap();
        placed.store(true, Ordering::SeqCst);
        let heard = reading.join().unwrap();
        assert!(heard.windows(2).all(|pair| pair[0].0 < pair[1].0), "in the feed's order");
        let mut by_team: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for (_, event) in &heard {
            by_team.entry(&event.resource_id).or_default().push(event.revision);
        }
        let each: Vec<i64> = (0..i64::try_from(ROUNDS).unwrap()).filter(|round| round % 6 != 5).collect();
        assert_eq!(by_team.len(), WRITERS);
        assert!(by_team.values().all(|revisions| *revisions == each), "each once, in order: {by_team:?}");
    }
}
