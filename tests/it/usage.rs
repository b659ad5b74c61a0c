//! Facts that health and engagement need: what is counted, what is never written down, and that each is there exactly once.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::http::Method;
use diesel::{
    prelude::*,
    sql_types::{BigInt, Text},
};
use futures_util::future::join_all;
use openprm::{
    auth::{Actor, Caller, Facts, Request, Role, Roles, Rows, Side},
    config::Retention,
    db::Db,
    error::Error,
    identity::{self, Access, NewUser, memberships::PartnerRole},
    jobs::JOBS,
    kernel::ids::{Id as _, PartnerId, UserId},
    usage::{self, Recorder, UseKind, responses},
};
use serde_json::{Value, json};

use crate::{
    program::{Program, complete, path, submitted, with},
    scene::run,
    support::{
        Client, World, publish_policy,
        server::{Server, request},
    },
};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn number(world: &World, sql: &str) -> i64 {
    let sql = sql.to_owned();
    world.sql(move |tx| {
        diesel::sql_query(&sql)
            .get_result::<Number>(tx.conn())
            .map(|row| row.n)
            .map_err(Error::from)
    })
}

fn lines(world: &World, sql: &str) -> Vec<String> {
    let sql = sql.to_owned();
    world.sql(move |tx| {
        diesel::sql_query(&sql)
            .load::<Line>(tx.conn())
            .map(|rows| rows.into_iter().map(|row| row.line).collect())
            .map_err(Error::from)
    })
}

/// What was counted, once it is written down: kind, resource and how often, over all people and days.
async fn counted(world: &World) -> Vec<String> {
    world.state.usage.flush(&world.db).await.unwrap();
    lines(
        world,
        "SELECT kind || ' ' || resource || ' ' || CAST(SUM(times) AS TEXT) AS line FROM usage_days GROUP BY kind, resource ORDER BY 1",
    )
}

/// Side, kind and seconds of every answer that was noted, in the order of the answers.
fn answers(world: &World) -> Vec<String> {
    world.sequence();
    world.work("response_times");
    lines(
        world,
        "SELECT side || ' ' || kind || ' ' || CAST(seconds AS TEXT) || ' ' || CAST(business_seconds AS TEXT) AS line FROM response_times ORDER BY answered_at",
    )
}

async fn engagement(client: &Client<'_>, query: &str) -> Vec<Value> {
    let page = client.get(&format!("/v1/reports/engagement{query}")).await.expect(200);
    page["data"].as_array().unwrap().clone()
}

/// A caller who acts for a partner, without a request.
fn acting(partner: PartnerId, user: UserId) -> Caller {
    Caller::new(Facts {
        actor: Actor::User(user),
        side: Side::Partner(partner),
        roles: Roles::of(&[Role::PartnerSales]),
        scopes: None,
        rows: Rows::Partners(Arc::from([partner])),
        must_enrol: false,
        request: Request::internal("test"),
    })
}

fn count(recorder: &Recorder, world: &World, caller: &Caller, kind: UseKind) {
    let used = recorder.of(caller, "deals", || Some(kind)).unwrap();
    recorder.count(used, world.now());
}

const HOUR: i64 = 3600;

each_engine! {
    async fn what_partners_people_do_is_counted_by_kind_and_nothing_else(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let sales = program.sales(partner);
        assert!(counted(&world).await.is_empty(), "nothing is counted of the vendor's people");
        let deal = submitted(&sales, complete()).await;
        assert_eq!(counted(&world).await, ["action deals 2"]);
        let events = number(&world, "SELECT COUNT(*) AS n FROM events");

        let seen = sales.get(&path(&deal, "")).await;
        let tag = seen.header("etag").unwrap().to_owned();
        assert_eq!(sales.send(Method::GET, &path(&deal, ""), &[("if-none-match", &tag)], None).await.status, 304);
        sales.get(&path(&deal, "/comments")).await.expect(200);
        sales.get("/v1/deals?limit=1&sort=-updated_at").await.expect(200);
        sales.get("/v1/deals?q=Acme").await.expect(200);
        sales.get("/v1/deals?q=xyzzysecret").await.expect(200);
        sales.get("/v1/deals?stage=won").await.expect(200);
        assert_eq!(number(&world, "SELECT COUNT(*) AS n FROM usage_days"), 1, "a read writes nothing");
        assert_eq!(counted(&world).await, ["action deals 2", "empty_search deals 2", "search deals 1", "view deals 4"]);

        // Neither heads, nor refusals, nor what a portal asks by itself, nor machines, nor strangers.
        sales.send(Method::HEAD, &path(&deal, ""), &[], None).await;
        sales.get("/v1/deals/deal_01jdq4p6c8f3kb2v9y0s7x5ham").await.refused(404);
        sales.get("/v1/deals?nonsense=1").await.refused(400);
        sales.get("/v1/users").await.refused(403);
        for own in ["/v1/me", "/v1/portal", "/v1/notices", "/v1/notices/unread-count", "/v1/schema/deals"] {
            sales.get(own).await.expect(200);
        }
        world.machine(&["deals:read"]).get("/v1/deals").await.expect(200);
        world.stranger().get("/v1/portal/public").await.expect(200);
        world.vendor(Role::Approver).get(&path(&deal, "")).await.expect(200);
        assert_eq!(counted(&world).await, ["action deals 2", "empty_search deals 2", "search deals 1", "view deals 4"]);

        let people = number(&world, "SELECT COUNT(DISTINCT user_id || partner_id) AS n FROM usage_days");
        assert_eq!(people, 1);
        assert_eq!(number(&world, "SELECT COUNT(*) AS n FROM events"), events, "counting is no event");
        let all = lines(&world, "SELECT partner_id || day_on || user_id || kind || resource AS line FROM usage_days").join(" ");
        assert!(!all.contains("xyzzy") && !all.contains("deal_") && all.contains("2026-11-21"), "{all}");
    }

    async fn further_pages_of_a_list_are_the_same_look_at_it(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let mut next = "/v1/products?limit=1".to_owned();
        for _ in 0..3 {
            let page = sales.get(&next).await.expect(200);
            next = format!("/v1/products?limit=1&cursor={}", page["next_cursor"].as_str().unwrap_or_default());
        }
        assert_eq!(counted(&world).await, ["view products 1"]);
    }

    async fn counts_are_exact_under_fifty_readers_at_once(world: World) {
        let program = Program::new(&world).await;
        let partners = [program.partner("Nordwind"), program.partner("Südwind")];
        let people: Vec<Client<'_>> = (0..50).map(|reader| program.sales(partners[reader % 2])).collect();
        for round in 0..4 {
            let done = join_all(people.iter().map(|person| person.get("/v1/products"))).await;
            assert!(done.iter().all(|answer| answer.status == 200));
            if round % 2 == 0 {
                world.state.usage.flush(&world.db).await.unwrap();
            }
        }
        assert_eq!(counted(&world).await, ["view products 200"]);
        assert_eq!(number(&world, "SELECT COUNT(*) AS n FROM usage_days WHERE times = 4"), 50);
        assert_eq!(world.state.usage.flush(&world.db).await.unwrap(), 0, "what is written is not written again");
    }

    async fn several_servers_add_up_and_what_cannot_be_written_waits(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let callers: Vec<Caller> = (0..20).map(|_| acting(partner, program.sales(partner).caller().user().unwrap())).collect();
        let (one, other) = (Recorder::new(true), Recorder::new(true));
        let db = world.with_connections(6);
        for _ in 0..5 {
            for caller in &callers {
                count(&one, &world, caller, UseKind::View);
                count(&other, &world, caller, UseKind::View);
            }
            let (left, right) = futures_util::future::join(one.flush(&db), other.flush(&db)).await;
            assert_eq!((left.unwrap(), right.unwrap()), (20, 20));
        }
        assert_eq!(counted(&world).await, ["view deals 200"]);

        count(&one, &world, &callers[0], UseKind::View);
        world.sql(|tx| run(tx, "ALTER TABLE usage_days RENAME TO usage_days_gone"));
        assert!(one.flush(&world.db).await.is_err());
        count(&one, &world, &callers[0], UseKind::View);
        world.sql(|tx| run(tx, "ALTER TABLE usage_days_gone RENAME TO usage_days"));
        assert_eq!(one.flush(&world.db).await.unwrap(), 1);
        assert_eq!(counted(&world).await, ["view deals 202"]);
    }

    async fn somebody_who_is_gone_keeps_no_count_of_others_back(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let there = acting(partner, program.sales(partner).caller().user().unwrap());
        let recorder = Recorder::new(true);
        count(&recorder, &world, &acting(partner, UserId::example(77)), UseKind::View);
        count(&recorder, &world, &acting(PartnerId::example(78), there.user().unwrap()), UseKind::View);
        count(&recorder, &world, &there, UseKind::Search);
        assert_eq!(recorder.flush(&world.db).await.unwrap(), 3);
        assert_eq!(counted(&world).await, ["search deals 1"]);
        assert!(Recorder::new(false).of(&there, "deals", || Some(UseKind::View)).is_none(), "it can be switched off");
    }

    async fn each_side_s_answers_are_timed(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        // Saturday, 09:00.
        let deal = submitted(&sales, complete()).await;
        let say = async |who: &Client<'_>, visibility: &str| {
            who.post(&path(&deal, "/comments"), json!({"body": "Well?", "visibility": visibility})).await.expect(201);
        };
        say(&approver, "vendor").await;
        world.clock.advance_days(2);
        say(&sales, "both").await;
        world.clock.advance_seconds(HOUR);
        say(&approver, "vendor").await;
        say(&sales, "both").await;
        world.clock.advance_seconds(2 * HOUR);
        say(&approver, "both").await;
        say(&approver, "both").await;
        world.clock.advance_seconds(HOUR);
        say(&sales, "both").await;
        assert_eq!(answers(&world), ["vendor comment 10800 10800", "partner comment 3600 3600"]);

        approver.post(&path(&deal, "/request-info"), json!({"questions": ["Since when?"], "business_days": 3})).await.expect(200);
        world.clock.advance_seconds(2 * HOUR);
        sales.post(&path(&deal, "/answer-info"), json!({"answers": ["May."]})).await.expect(200);
        world.clock.advance_seconds(24 * HOUR);
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        // Three days and six hours; the weekend does not count as business, nor does the pause.
        assert_eq!(answers(&world)[2..], ["partner questions 7200 7200", "vendor decision 280800 133200"]);

        world.clock.advance_days(76);
        sales.post(&path(&deal, "/move-stage"), json!({"stage": "qualified", "next_step": "Offer."})).await.expect(200);
        let more = sales.post(&path(&deal, "/extensions"), json!({"activity": "The offer is with the board."})).await.expect(201);
        world.clock.advance_seconds(HOUR);
        approver.post(&format!("/v1/deal-extensions/{}/grant", more["id"].as_str().unwrap()), json!({})).await.expect(200);
        assert!(answers(&world)[4].starts_with("vendor request 3600 "));

        let row = engagement(&world.vendor(Role::Analyst), "?from_day=2026-11-01&before_day=2027-12-01").await.remove(0);
        assert_eq!((&row["vendor_responses"]["answers"], &row["vendor_responses"]["p50_seconds"]), (&json!(3), &json!(10800)));
        assert_eq!(row["partner_responses"], json!({"answers": 2, "p50_seconds": 3600, "p50_business_seconds": 3600}));
    }

    async fn the_decision_on_an_appeal_is_an_answer_of_the_vendor(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver, judge) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver), world.vendor(Role::Admin));
        let deal = submitted(&sales, complete()).await;
        let refusal = json!({"reason_code": "not_qualified", "reason_text": "Too early."});
        approver.post(&path(&deal, "/reject"), refusal).await.expect(200);
        world.clock.advance_days(2);
        let grounds = json!({"grounds": "It is another plant.", "evidence": [{"note": "The customer's letter."}]});
        let appeal = sales.post(&path(&deal, "/appeals"), grounds).await.expect(201);
        world.clock.advance_seconds(5 * HOUR);
        let at = format!("/v1/deal-appeals/{}", appeal["id"].as_str().unwrap());
        judge.post(&format!("{at}/uphold"), json!({"reason_text": "They are two."})).await.expect(200);
        assert_eq!(answers(&world)[1..], [format!("vendor request {} {}", 5 * HOUR, 5 * HOUR)]);
    }

    async fn what_the_rules_decide_alone_is_no_answer(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        publish_policy(&world, json!({"note": "No tier needed.", "registration": {"auto_approval": {"enabled": true, "tier_rank": 0, "below": [{"amount": "50000.00", "currency": "EUR"}]}}})).await;
        let deal = submitted(&sales, complete()).await;
        assert_eq!(deal["review"]["auto_approved"], true);
        assert!(answers(&world).is_empty());
    }

    async fn no_answer_is_noted_twice_or_lost_through_faults_and_races(world: World) {
        let program = Program::new(&world).await;
        let (sales, approver) = (program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let start = number(&world, "SELECT position AS n FROM usage_marks");
        for number in 0..6 {
            let customer = json!({"name": format!("Kunde {number}"), "website": format!("https://www.kunde{number}.de")});
            let deal = submitted(&sales, with(json!({"customer": customer}))).await;
            let body = json!({"reason_code": "not_qualified", "reason_text": "Too early."});
            approver.post(&path(&deal, "/reject"), body).await.expect(200);
        }
        world.sequence();
        let noted = || number(&world, "SELECT COUNT(*) AS n FROM response_times");
        // It falls over after it has read and written: all of it is undone, the mark too.
        let fault = world.db.run_now(&Caller::system("response_times"), |tx| {
            assert!(responses::note(tx, 3)? > 0);
            Err::<(), Error>(Error::internal("the power is gone"))
        });
        assert!(fault.is_err());
        assert_eq!((noted(), number(&world, "SELECT position AS n FROM usage_marks")), (0, start));
        let db = world.with_connections(6);
        let threads: Vec<_> = (0..4).map(|_| {
            let db: Db = db.clone();
            std::thread::spawn(move || {
                let caller = Caller::system("response_times");
                while db.run_now(&caller, |tx| responses::note(tx, 1)).unwrap() > 0 {}
            })
        }).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(noted(), 6);
        assert_eq!(world.work("response_times"), 0);
        // A mark that was set back, as by a restored backup, notes nothing again.
        world.sql(move |tx| run(tx, &format!("UPDATE usage_marks SET position = {start}")));
        assert_eq!((world.work("response_times"), noted()), (6, 6));
    }

    async fn facts_are_deleted_when_their_time_is_over(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let user = program.sales(partner).caller().user().unwrap();
        world.sql(move |tx| {
            for day in 0..600_i64 {
                let at = tx.now.plus_days(-day);
                let (micros, day_on) = (at.micros(), at.date());
                run(tx, &format!("INSERT INTO usage_days (partner_id, day_on, user_id, kind, resource, times) VALUES ('{partner}', '{day_on}', '{user}', 'view', 'deals', 1), ('{partner}', '{day_on}', '{user}', 'action', 'deals', 1), ('{partner}', '{day_on}', '{user}', 'search', 'deals', 1), ('{partner}', '{day_on}', '{user}', 'view', 'products', 1)"))?;
                run(tx, &format!("INSERT INTO response_times (event_id, partner_id, day_on, side, kind, asked_at, answered_at, seconds, business_seconds) VALUES ('evt_{day}', '{partner}', '{day_on}', 'vendor', 'comment', {micros}, {micros}, 0, 0)"))?;
            }
            Ok(())
        });
        let kept = || (number(&world, "SELECT COUNT(*) AS n FROM usage_days"), number(&world, "SELECT COUNT(*) AS n FROM response_times"));
        let job = JOBS.iter().find(|job| job.name == "usage_retention").unwrap();
        let first = world.sql(job.work);
        assert!(first.more && first.done == 500, "a batch is bounded: {first:?}");
        assert_eq!((world.work("usage_retention"), kept()), (296, (401 * 4, 401)));
        usage::settle(&world.db, Retention { usage: 30, sign_ins: 30, addresses: 7, events: 30 }).unwrap();
        world.work("usage_retention");
        assert_eq!(kept(), (31 * 4, 31));
        assert_eq!(world.work("usage_retention"), 0);
    }

    async fn sign_ins_lose_their_address_and_then_go_and_cannot_be_touched_before(world: World) {
        let user = world.user("partner", "somebody");
        world.sql(move |tx| {
            for day in 0..500_i64 {
                let at = tx.now.plus_days(-day);
                let (id, micros, day_on) = (openprm::kernel::ids::SignInId::at(at), at.micros(), at.date());
                run(tx, &format!("INSERT INTO sign_ins (id, user_id, at, day_on, method, outcome, ip, user_agent) VALUES ('{id}', '{user}', {micros}, '{day_on}', 'password', 'success', '192.0.2.1', 'Browser')"))?;
            }
            Ok(())
        });
        let refused = |sql: &'static str| world.db.run_now(&Caller::system("test"), move |tx| run(tx, sql)).is_err();
        for sql in ["DELETE FROM sign_ins", "UPDATE sign_ins SET ip = NULL, user_agent = NULL", "UPDATE sign_ins SET outcome = 'expired'"] {
            assert!(refused(sql), "{sql}");
        }
        world.work("sign_in_retention");
        let left = |condition: &str| number(&world, &format!("SELECT COUNT(*) AS n FROM sign_ins WHERE {condition}"));
        assert_eq!((left("TRUE"), left("ip IS NOT NULL AND user_agent IS NOT NULL"), left("ip IS NULL AND user_agent IS NULL")), (400, 90, 310));
        for sql in ["DELETE FROM sign_ins", "UPDATE sign_ins SET ip = NULL, user_agent = NULL", "UPDATE sign_ins SET outcome = 'expired' WHERE ip IS NULL", "UPDATE sign_ins SET ip = '192.0.2.9' WHERE ip IS NULL"] {
            assert!(refused(sql), "{sql}");
        }
        assert_eq!(world.work("sign_in_retention"), 0);
    }

    async fn each_sees_the_engagement_of_their_own_partners(world: World) {
        let program = Program::new(&world).await;
        let (nord, sued) = (program.partner("Nordwind"), program.partner("Südwind"));
        let (first, second, other) = (program.sales(nord), program.sales(nord), program.sales(sued));
        for person in [&first, &first, &second, &other] {
            person.get("/v1/products?q=nothing-of-the-kind").await.expect(200);
            person.get("/v1/products").await.expect(200);
        }
        world.clock.advance_days(1);
        submitted(&first, complete()).await;
        world.state.usage.flush(&world.db).await.unwrap();
        let now = world.now();
        let people = [&first, &second].map(|person| person.caller().user().unwrap());
        world.sql(move |tx| {
            for (index, day) in [0, 0, 1, 40].into_iter().enumerate() {
                for user in people {
                    let at = now.plus_days(-day);
                    let (id, micros, day_on) = (openprm::kernel::ids::SignInId::at(tx.moment()), at.micros() - i64::try_from(index).unwrap(), at.date());
                    run(tx, &format!("INSERT INTO sign_ins (id, user_id, partner_id, at, day_on, method, outcome) VALUES ('{id}', '{user}', '{nord}', {micros}, '{day_on}', 'refresh', 'success')"))?;
                }
            }
            Ok(())
        });
        let all = engagement(&world.vendor(Role::Analyst), "").await;
        assert_eq!(all.len(), 2);
        let expected = json!({
            "partner_id": nord, "partner_name": "Nordwind", "people": 0, "active_people": 2, "active_days": 2, "last_active_on": "2026-11-22",
            "sign_in_days": 4, "views": 3, "searches": 3, "empty_searches": 3, "changes": 2,
            "vendor_responses": {"answers": 0, "p50_seconds": null, "p50_business_seconds": null},
            "partner_responses": {"answers": 0, "p50_seconds": null, "p50_business_seconds": null}
        });
        assert_eq!(all[0], expected);
        assert_eq!((&all[1]["views"], &all[1]["active_people"], &all[1]["last_active_on"]), (&json!(1), &json!(1), &json!("2026-11-21")));

        // One day, other rows, one partner; a page at a time.
        let later = engagement(&world.vendor(Role::Cam), "?from_day=2026-11-22").await;
        assert_eq!((&later[0]["views"], &later[0]["changes"], &later[1]["last_active_on"]), (&json!(0), &json!(2), &Value::Null));
        let cam = world.vendor_of(Role::Cam, Rows::Partners(Arc::from([sued])));
        let theirs = engagement(&cam, "").await;
        assert_eq!((theirs.len(), &theirs[0]["partner_id"]), (1, &json!(sued)));
        assert!(engagement(&cam, &format!("?partner_id={nord}")).await.is_empty());
        let own = engagement(&world.partner_user(nord, Role::PartnerAdmin), "").await;
        assert_eq!((own.len(), &own[0]), (1, &expected));
        assert!(engagement(&world.partner_user(nord, Role::PartnerAdmin), &format!("?partner_id={sued}")).await.is_empty());
        first.get("/v1/reports/engagement").await.refused(403);
        let page = world.machine(&["reports:read"]).get("/v1/reports/engagement?limit=1").await.expect(200);
        let next = page["next_cursor"].as_str().unwrap();
        let rest = engagement(&world.machine(&["reports:read"]), &format!("?limit=1&cursor={next}")).await;
        assert_eq!((&page["data"][0]["partner_id"], &rest[0]["partner_id"]), (&json!(nord), &json!(sued)));
        assert!(!format!("{all:?}").contains("user_"), "it names no person");
    }

    async fn what_was_counted_is_written_down_when_the_server_ends(world: World) {
        const PASSWORD: &str = "nine lime tractors at dusk";
        let partner = Program::new(&world).await.partner("Nordwind");
        world.sql(move |tx| {
            let new = NewUser {
                id: None,
                email: "sales@nordwind.example".to_owned(),
                name: "Sales".to_owned(),
                password_hash: Some(identity::hash_password(PASSWORD)?),
                access: Access::Partner { partner, roles: vec![PartnerRole::PartnerSales] },
            };
            identity::create_user(tx, &new).map(drop)
        });
        let server = serve(&world);
        let port = server.port;
        let login = json!({"email": "sales@nordwind.example", "password": PASSWORD});
        let (status, session) = request(port, "POST", "/v1/auth/login", &[], Some(&login)).unwrap();
        assert_eq!(status, 200, "{session}");
        let bearer = format!("Bearer {}", session["access_token"].as_str().unwrap());
        let asked = Instant::now();
        for _ in 0..3 {
            let (status, _) = request(port, "GET", "/v1/products", &[("authorization", &bearer)], None).unwrap();
            assert_eq!(status, 200);
        }
        server.end();
        assert!(asked.elapsed() < usage::FLUSH_EVERY + Duration::from_secs(10), "the server took too long to end");
        assert_eq!(counted(&world).await, ["view products 3"]);
        let row = engagement(&world.vendor(Role::Admin), "?before_day=2099-01-01&from_day=2026-01-01").await.remove(0);
        assert_eq!((&row["people"], &row["sign_in_days"]), (&json!(1), &json!(1)));
    }
}

/// The program itself on the world's database.
fn serve(world: &World) -> Server {
    let config = &world.state.config;
    let settings = [
        ("DATABASE_URL", config.database_url.as_str()),
        ("OPENPRM_SECRET", config.secret.as_deref().unwrap()),
    ];
    Server::start(Path::new("."), &["serve"], &settings, Duration::from_secs(40))
}
