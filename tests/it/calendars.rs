//! Business calendars: whose hours and holidays count where, and the clocks of reviews that run by them.

use openprm::{
    auth::{Caller, Role},
    kernel::Time,
};
use serde_json::{Value, json};

use crate::{
    program::{Program, complete, guards, path, submitted, with},
    scene::run,
    support::{Client, World},
};

/// Munich's office: nine to five, with a lunch break on Fridays.
fn bavaria() -> Value {
    let day = |day: &str| json!({"weekday": day, "from": "09:00", "to": "17:00"});
    json!({
        "code": "DE-BY", "name": "Bavaria", "time_zone": "Europe/Berlin", "holiday_regions": ["DE-BY"],
        "working_hours": [
            day("monday"), day("tuesday"), day("wednesday"), day("thursday"),
            {"weekday": "friday", "from": "13:00", "to": "17:00"}, {"weekday": "friday", "from": "09:00", "to": "12:00"},
        ],
    })
}

fn of(calendar: &Value, rest: &str) -> String {
    format!("/v1/calendars/{}{rest}", calendar["id"].as_str().unwrap())
}

fn pointers(problem: &Value) -> Vec<&str> {
    problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect()
}

async fn territory(admin: &Client<'_>, code: &str) -> String {
    let found = admin.get(&format!("/v1/territories?code={code}")).await.expect(200);
    format!("/v1/territories/{}", found["data"][0]["id"].as_str().unwrap())
}

/// Sets the world's clock forward to that moment, within its first second.
fn go_to(world: &World, moment: &str) {
    let to: Time = moment.parse().unwrap();
    world
        .clock
        .advance_seconds((to.micros() - world.now().micros() + 999_999) / 1_000_000);
}

/// A registration that may be sent in late in 2027.
fn late() -> Value {
    with(json!({"expected_close_on": "2028-03-31"}))
}

/// That moment, but for the microseconds by which the tests' clock moves at each look.
fn second(value: &Value) -> String {
    format!("{}Z", &value.as_str().unwrap()[..19])
}

/// Another server's change that takes its time: it has the row when this answers, and commits a moment later.
fn slowly(world: &World, sql: String) -> std::thread::JoinHandle<()> {
    let db = world.with_connections(2);
    let (sender, receiver) = std::sync::mpsc::channel();
    let changing = std::thread::spawn(move || {
        let sender = std::sync::Mutex::new(sender);
        db.run_now(&Caller::system("test"), move |tx| {
            run(tx, &sql)?;
            sender.lock().unwrap().send(()).ok();
            std::thread::sleep(std::time::Duration::from_millis(300));
            Ok(())
        })
        .unwrap();
    });
    receiver.recv().unwrap();
    changing
}

each_engine! {
    async fn a_review_is_due_by_the_hours_and_holidays_of_the_deals_territory(world: World) {
        let program = Program::new(&world).await;
        let (ops, sales) = (world.vendor(Role::ChannelOps), program.sales(program.partner("Nordwind")));
        let calendar = ops.post("/v1/calendars", bavaria()).await.expect(201);
        // The region around Germany names it, so that it holds for Germany.
        ops.patch(&territory(&ops, "DACH").await, json!({"calendar_id": calendar["id"]})).await.expect(200);

        // Friday evening in Munich. Monday is All Saints', and on Sunday the clocks are set back.
        go_to(&world, "2027-10-29T16:30:00Z");
        let deal = submitted(&sales, late()).await;
        assert_eq!(deal["review"]["due_at"], "2027-11-04T08:00:00.000000Z", "two days after Tuesday at nine, by winter time");
        let sla = &deal["review_sla"];
        assert_eq!((sla["state"].as_str(), sla["remaining_business_seconds"].as_i64()), (Some("on_time"), Some(16 * 3600)));
        assert_eq!((&sla["calendar_id"], &sla["calendar_revision"], &sla["due_at"]), (&calendar["id"], &json!(1), &deal["review"]["due_at"]));

        // Whatever the calendar becomes, the clock that runs keeps its due time.
        let patched = ops.patch(&of(&calendar, ""), json!({"extra_days": [{"on": "2027-11-03", "name": "Stocktaking"}]})).await.expect(200);
        assert_eq!(patched["revision"], 2);
        let same = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((&same["review"]["due_at"], &same["review_sla"]["calendar_revision"]), (&deal["review"]["due_at"], &json!(1)));
        let next = submitted(&sales, with(json!({"expected_close_on": "2028-03-31", "customer": {"name": "Zander KG", "website": "https://www.zander-werke.de", "city": "Ulm", "country": "DE"}}))).await;
        assert_eq!(next["review"]["due_at"], "2027-11-05T08:00:00.000000Z");
        assert_eq!(next["review_sla"]["calendar_revision"], 2);

        let approver = world.vendor(Role::Approver);
        go_to(&world, "2027-11-05T14:00:00Z");
        approver.post(&path(&next, "/reject"), json!({"reason_code": "insufficient_information", "reason_text": "No need is told."})).await.expect(200);
        let states = |list: Value| -> Vec<String> { list["data"].as_array().unwrap().iter().map(|deal| deal["review_sla"]["state"].as_str().unwrap().to_owned()).collect() };
        assert_eq!(states(approver.get("/v1/deals?review_sla=breached").await.expect(200)), ["breached"]);
        assert_eq!(states(approver.get("/v1/deals?review_sla=missed,met").await.expect(200)), ["missed"]);
        assert_eq!(states(approver.get("/v1/deals?review_sla=on_time,at_risk,paused").await.expect(200)), [""; 0]);
    }

    async fn while_the_partner_owes_answers_the_clock_stands(world: World) {
        let program = Program::new(&world).await;
        let (ops, sales, approver) = (world.vendor(Role::ChannelOps), program.sales(program.partner("Nordwind")), world.vendor(Role::Approver));
        let mut body = bavaria();
        body["is_default"] = json!(true);
        ops.post("/v1/calendars", body).await.expect(201);
        // A Wednesday in Munich, ten o'clock.
        go_to(&world, "2026-11-25T09:00:00Z");
        let deal = submitted(&sales, complete()).await;
        assert_eq!(second(&deal["review"]["due_at"]), "2026-11-27T09:00:00Z");
        // Six of sixteen hours are used.
        go_to(&world, "2026-11-25T15:00:00Z");
        let asked = approver.post(&path(&deal, "/request-info"), json!({"questions": ["Since when do you know of it?"], "business_days": 3})).await.expect(200);
        assert_eq!(asked["review_sla"]["state"], "paused");
        assert_eq!((&asked["review_sla"]["due_at"], &asked["review"]["due_at"]), (&Value::Null, &Value::Null));
        assert_eq!(second(&asked["info_request"]["due_at"]), "2026-11-30T15:00:00Z", "three working days after Wednesday at four");
        let left = asked["review_sla"]["remaining_business_seconds"].as_i64().unwrap();
        assert!((9 * 3600 + 3500..=10 * 3600).contains(&left), "{left}");
        assert_eq!(approver.get("/v1/deals?review_sla=paused").await.expect(200)["data"][0]["id"], deal["id"]);

        // Answered on Monday morning before work: ten hours from nine on are Tuesday at eleven.
        go_to(&world, "2026-11-30T06:00:00Z");
        let answered = sales.post(&path(&deal, "/answer-info"), json!({"answers": ["Since May."]})).await.expect(200);
        assert_eq!(answered["review_sla"]["state"], "on_time");
        assert_eq!(answered["review_sla"]["remaining_business_seconds"].as_i64(), Some(left));
        let due: Time = answered["review"]["due_at"].as_str().unwrap().parse().unwrap();
        let expected: Time = "2026-12-01T10:00:00Z".parse().unwrap();
        assert!((-2_000_000..60_000_000).contains(&expected.since(due)), "{due}");
        go_to(&world, "2026-12-01T09:00:00Z");
        let late = approver.get("/v1/deals?review_sla=at_risk").await.expect(200);
        assert_eq!((&late["data"][0]["id"], &late["data"][0]["review_sla"]["state"]), (&deal["id"], &json!("at_risk")));
        let decided = approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        assert_eq!((decided["review_sla"]["state"].as_str(), &decided["review_sla"]["remaining_business_seconds"]), (Some("met"), &Value::Null));

        let report = approver.get("/v1/reports/review-times").await.expect(200);
        let month = &report["data"][0];
        assert_eq!((month["period"].as_str(), &month["decisions"], &month["decided_in_time_basis_points"]), (Some("2026-12"), &json!(1), &json!(10_000)));
        // Six hours on Wednesday, eight on Monday and one on Tuesday; the partner had sixteen in between.
        let about = |value: &Value, hours: i64| (hours * 3600 - 60..=hours * 3600 + 60).contains(&value.as_i64().unwrap());
        assert!(about(&month["without_pauses"]["p50_seconds"], 15), "{month}");
        assert!(about(&month["with_pauses"]["p90_seconds"], 31), "{month}");
    }

    async fn partners_see_the_times_of_all_decisions_but_of_no_single_one(world: World) {
        let program = Program::new(&world).await;
        let (north, south) = (program.sales(program.partner("Nordwind")), program.sales(program.partner("Südwind")));
        let approver = world.vendor(Role::Approver);
        go_to(&world, "2026-11-23T08:00:00Z");
        let mut deals = Vec::new();
        for (index, name) in ["Ahorn", "Birke", "Cypresse", "Distel", "Eiche", "Fichte"].iter().enumerate() {
            let site = format!("https://www.{}-holz.de", name.to_lowercase());
            let sales = if index % 2 == 0 { &north } else { &south };
            deals.push(submitted(sales, with(json!({"deal_type": "net_new", "customer": {"name": format!("{name} Holz GmbH"), "website": site, "city": "Ulm", "country": "DE"}}))).await);
        }
        let report = "/v1/reports/review-times?period=quarter&deal_type=net_new&decided_before=2027-01-01T00:00:00Z";
        assert_eq!(north.get(report).await.expect(200)["data"], json!([]));
        for (index, deal) in deals.iter().enumerate() {
            // The first four an hour apart; the others after the two days.
            world.clock.advance_seconds(if index == 4 { 3 * 86_400 } else { 3600 });
            approver.post(&path(deal, "/approve"), json!({})).await.expect(200);
            let told = north.get(report).await.expect(200);
            assert_eq!(told["data"].as_array().unwrap().len(), usize::from(index >= 4), "{told}");
            assert!(told["data"][0]["decided_in_time_basis_points"].is_null());
        }
        let (told, whole) = (north.get(report).await.expect(200), approver.get(report).await.expect(200));
        let (told, whole) = (&told["data"][0], &whole["data"][0]);
        assert_eq!((told["period"].as_str(), &told["decisions"]), (Some("2026-Q4"), &json!(6)));
        assert_eq!(told["with_pauses"], whole["with_pauses"]);
        // A bound between two decisions would tell of the last one.
        let between = report.replace("2027-01-01", "2026-11-25");
        assert_eq!(approver.get(&between).await.expect(200)["data"][0]["decisions"], 4);
        assert_eq!(&north.get(&between).await.expect(200)["data"][0], told);
        // And so would a year beside its months, if a month with one decision counted in it.
        go_to(&world, "2026-12-01T08:00:00Z");
        let late = submitted(&north, with(json!({"deal_type": "net_new", "customer": {"name": "Ginster Holz GmbH", "website": "https://www.ginster-holz.de", "city": "Ulm", "country": "DE"}}))).await;
        approver.post(&path(&late, "/approve"), json!({})).await.expect(200);
        for (period, all) in [("quarter", 7), ("year", 7), ("whole", 7), ("month", 6)] {
            let report = report.replace("quarter", period);
            assert_eq!(approver.get(&report).await.expect(200)["data"][0]["decisions"], all);
            let theirs = north.get(&report).await.expect(200);
            assert_eq!((theirs["data"].as_array().unwrap().len(), &theirs["data"][0]["decisions"]), (1, &json!(6)), "{period}");
        }
        let hours = |value: &Value| (value.as_i64().unwrap() + 60) / 3600;
        assert_eq!((hours(&whole["with_pauses"]["p50_seconds"]), hours(&whole["without_pauses"]["p90_seconds"])), (3, 77));
        assert_eq!(whole["decided_in_time_basis_points"], 6667);
        for (query, found) in [("period=year", 1), ("period=whole", 1), ("deal_type=renewal", 0), ("decided_since=2026-12-01T00:00:00Z&decided_before=2026-12-31T00:00:00Z", 1), ("decided_since=2026-12-02T00:00:00Z&decided_before=2026-12-31T00:00:00Z", 0)] {
            let rows = approver.get(&format!("/v1/reports/review-times?{query}")).await.expect(200);
            assert_eq!(rows["data"].as_array().unwrap().len(), found, "{query}");
        }
        let within = territory(&approver, "AT").await;
        let austria = format!("/v1/reports/review-times?territory_id={}", within.rsplit('/').next().unwrap());
        assert_eq!(approver.get(&austria).await.expect(200)["data"], json!([]));
        let backwards = approver.get("/v1/reports/review-times?decided_since=2027-12-01T00:00:00Z").await.expect(200);
        assert_eq!(backwards["data"], json!([]), "a time that ends before it begins");
    }

    async fn an_appeal_is_due_by_the_hours_and_holidays_of_the_deals_territory(world: World) {
        let program = Program::new(&world).await;
        let (ops, sales) = (world.vendor(Role::ChannelOps), program.sales(program.partner("Nordwind")));
        let calendar = ops.post("/v1/calendars", bavaria()).await.expect(201);
        ops.patch(&territory(&ops, "DACH").await, json!({"calendar_id": calendar["id"]})).await.expect(200);
        // Friday evening in Munich, before All Saints' on Monday.
        go_to(&world, "2027-10-29T16:30:00Z");
        let deal = submitted(&sales, late()).await;
        let no = json!({"reason_code": "not_qualified", "reason_text": "There is no budget."});
        world.vendor(Role::Approver).post(&path(&deal, "/reject"), no).await.expect(200);
        let lodged = sales.post(&path(&deal, "/appeals"), json!({"grounds": "There is.", "evidence": [{"note": "The board's minutes."}]})).await.expect(201);
        assert_eq!((lodged["due_at"].as_str(), lodged["sla"].as_str()), (Some("2027-11-09T08:00:00.000000Z"), Some("on_time")));
        let at = format!("/v1/deal-appeals/{}", lodged["id"].as_str().unwrap());
        go_to(&world, "2027-11-08T12:00:00Z");
        assert_eq!(sales.get(&at).await.expect(200)["sla"], "at_risk");
        go_to(&world, "2027-11-09T08:00:01Z");
        assert_eq!(sales.get(&at).await.expect(200)["sla"], "breached");
    }

    async fn a_new_default_waits_for_whoever_renames_the_present_one(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let mut present = bavaria();
        present["is_default"] = json!(true);
        let present = ops.post("/v1/calendars", present).await.expect(201);
        let id = present["id"].as_str().unwrap().to_owned();
        let renaming = slowly(&world, format!("UPDATE calendars SET name = 'Upper Bavaria', revision = revision + 1 WHERE id = '{id}'"));
        let mut newcomer = bavaria();
        (newcomer["code"], newcomer["is_default"]) = (json!("NEW"), json!(true));
        assert_eq!(ops.post("/v1/calendars", newcomer).await.expect(201)["is_default"], true);
        renaming.join().unwrap();
        let back = ops.get(&of(&present, "")).await.expect(200);
        assert_eq!((back["name"].as_str(), back["is_default"].as_bool(), back["revision"].as_i64()), (Some("Upper Bavaria"), Some(false), Some(3)));
    }

    async fn what_was_changed_meanwhile_is_not_deleted(world: World) {
        let admin = world.vendor(Role::Admin);
        for (table, address, new) in [
            ("calendars", "/v1/calendars", bavaria()),
            ("territories", "/v1/territories", json!({"code": "XX", "name": "Elsewhere", "kind": "custom"})),
            ("teams", "/v1/teams", json!({"name": "North"})),
            ("products", "/v1/products", json!({"code": "EDGE-XX", "name": "Edge XX", "kind": "product"})),
        ] {
            let made = admin.post(address, new).await.expect(201);
            let (id, revision) = (made["id"].as_str().unwrap().to_owned(), made["revision"].as_i64().unwrap());
            let changing = slowly(&world, format!("UPDATE {table} SET revision = revision + 1 WHERE id = '{id}'"));
            let at = format!("{address}/{id}");
            let tag = format!("\"{revision}\"");
            let stale = admin.send(actix_web::http::Method::DELETE, &at, &[("if-match", &tag)], None).await;
            assert_eq!(stale.refused(412), "precondition_failed", "{table}");
            changing.join().unwrap();
            let tag = format!("\"{}\"", revision + 1);
            admin.send(actix_web::http::Method::DELETE, &at, &[("if-match", &tag)], None).await.expect(204);
        }
    }

    async fn nothing_is_told_beyond_the_year_9999(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let calendar = ops.post("/v1/calendars", bavaria()).await.expect(201);
        for rest in ["/due-time?from=9999-12-30T09:00:00Z&business_days=30", "/due-time?from=9999-12-31T09:00:00Z&business_hours=4000", "/days?from=9999-12-20"] {
            assert_eq!(ops.get(&of(&calendar, rest)).await.refused(409), "contradiction", "{rest}");
        }
        ops.get(&of(&calendar, "/due-time?from=9999-12-20T09:00:00Z&business_days=1")).await.expect(200);
        let days = ops.get(&of(&calendar, "/days?from=9999-12-20&to=9999-12-31")).await.expect(200);
        assert_eq!(days["data"].as_array().unwrap().len(), 12);
    }

    async fn without_a_calendar_monday_to_friday_count(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        // It is Saturday.
        let deal = submitted(&sales, complete()).await;
        assert_eq!(deal["review"]["due_at"], "2026-11-25T00:00:00.000000Z");
        assert_eq!((&deal["review_sla"]["calendar_id"], &deal["review_sla"]["remaining_business_seconds"]), (&Value::Null, &json!(2 * 86_400)));
    }

    async fn a_calendar_tells_its_days_and_what_is_due(world: World) {
        let (ops, analyst) = (world.vendor(Role::ChannelOps), world.vendor(Role::Analyst));
        let mut body = bavaria();
        body["extra_days"] = json!([{"on": "2027-11-02", "name": "All Souls"}]);
        body["working_days"] = json!([{"on": "2027-11-01", "name": "Year's end"}]);
        let calendar = ops.post("/v1/calendars", body).await.expect(201);
        let days = analyst.get(&of(&calendar, "/days?from=2027-10-29&to=2027-11-03")).await.expect(200);
        let told: Vec<(String, String, usize, Option<&str>)> = days["data"].as_array().unwrap().iter().map(|day| {
            (day["on"].as_str().unwrap().to_owned(), day["weekday"].as_str().unwrap().to_owned(), day["open"].as_array().unwrap().len(), day["holiday"].as_str())
        }).collect();
        let of_day = |on: &str, weekday: &str, open, holiday| (on.to_owned(), weekday.to_owned(), open, holiday);
        assert_eq!(told, [
            of_day("2027-10-29", "friday", 2, None),
            of_day("2027-10-30", "saturday", 0, None),
            of_day("2027-10-31", "sunday", 0, None),
            of_day("2027-11-01", "monday", 1, None),
            of_day("2027-11-02", "tuesday", 0, Some("All Souls")),
            of_day("2027-11-03", "wednesday", 1, None),
        ]);
        assert_eq!(days["data"][0]["open"][0], json!({"from": "2027-10-29T07:00:00.000000Z", "to": "2027-10-29T10:00:00.000000Z"}));
        assert_eq!(days["data"][3]["open"][0], json!({"from": "2027-11-01T08:00:00.000000Z", "to": "2027-11-01T16:00:00.000000Z"}));
        let usual = analyst.get(&of(&calendar, "/days")).await.expect(200);
        assert_eq!((usual["data"][0]["on"].as_str(), usual["data"].as_array().unwrap().len()), (Some("2026-11-21"), 31));
        for wrong in ["from=2027-01-02&to=2027-01-01", "from=2027-01-01&to=2028-03-01"] {
            assert_eq!(pointers(&analyst.get(&of(&calendar, &format!("/days?{wrong}"))).await.expect(409)), ["query:to"]);
        }
        let due = analyst.get(&of(&calendar, "/due-time?from=2027-10-28T14:00:00Z&business_days=1&business_hours=2")).await.expect(200);
        assert_eq!((due["due_at"].as_str(), due["business_seconds"].as_i64()), (Some("2027-11-01T09:00:00.000000Z"), Some(9 * 3600)));
    }

    async fn what_is_wrong_with_a_calendar_is_named(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let changed = |name: &str, value: Value| { let mut body = bavaria(); body[name] = value; body };
        let monday = |from: &str, to: &str| json!({"weekday": "monday", "from": from, "to": to});
        for (body, pointer, status) in [
            (changed("time_zone", json!("Europe/Munich")), "#/time_zone", 422),
            (changed("working_hours", json!([])), "#/working_hours", 422),
            (changed("working_hours", json!([monday("09:00", "13:00"), monday("12:30", "17:00")])), "#/working_hours/1/from", 409),
            (changed("working_hours", json!([monday("17:00", "09:00")])), "#/working_hours/0/to", 409),
            (changed("working_hours", json!([monday("9:000", "17:00")])), "#/working_hours/0/from", 422),
            (changed("holiday_regions", json!(["DE", "DE-XX"])), "#/holiday_regions/1", 409),
            (changed("extra_days", json!([{"on": "2027-02-29", "name": "Leap"}])), "#/extra_days/0/on", 422),
            (changed("extra_days", json!([{"on": "2027-02-28", "name": "One"}, {"on": "2027-02-28", "name": "Two"}])), "#/extra_days/1/on", 409),
        ] {
            assert_eq!(pointers(&ops.post("/v1/calendars", body.clone()).await.expect(status)), [pointer], "{body}");
        }
        let mut both = changed("extra_days", json!([{"on": "2027-05-01", "name": "Closed"}]));
        both["working_days"] = json!([{"on": "2027-05-01", "name": "Open"}]);
        assert_eq!(pointers(&ops.post("/v1/calendars", both).await.expect(409)), ["#/working_days/0/on"]);
        let made = ops.post("/v1/calendars", bavaria()).await.expect(201);
        assert_eq!(ops.post("/v1/calendars", bavaria()).await.refused(409), "already_exists");
        assert_eq!(pointers(&ops.patch(&of(&made, ""), json!({"working_hours": [monday("09:00", "13:00"), monday("12:30", "17:00")]})).await.expect(409)), ["#/working_hours/1/from"]);
    }

    async fn one_calendar_is_the_default_and_one_in_use_is_not_retired(world: World) {
        let program = Program::new(&world).await;
        let (ops, sales) = (world.vendor(Role::Admin), program.sales(program.partner("Nordwind")));
        let named = |code: &str, default: bool| { let mut body = bavaria(); body["code"] = json!(code); body["is_default"] = json!(default); body };
        let first = ops.post("/v1/calendars", named("ONE", true)).await.expect(201);
        let second = ops.post("/v1/calendars", named("TWO", true)).await.expect(201);
        assert_eq!(ops.get(&of(&first, "")).await.expect(200)["is_default"], false);
        let defaults = sales.get("/v1/calendars?is_default=true").await.expect(200);
        assert_eq!((defaults["data"].as_array().unwrap().len(), &defaults["data"][0]["id"]), (1, &second["id"]));
        assert_eq!(guards(&ops.patch(&of(&second, ""), json!({"status": "retired"})).await.expect(409)), ["not_default"]);
        assert_eq!(ops.delete(&of(&second, "")).await.refused(409), "in_use");

        let germany = territory(&ops, "DE").await;
        let place = ops.patch(&germany, json!({"calendar_id": first["id"]})).await.expect(200);
        assert_eq!(place["calendar_id"], first["id"]);
        assert_eq!(guards(&ops.patch(&of(&first, ""), json!({"status": "retired"})).await.expect(409)), ["named_by_no_territory"]);
        assert_eq!(ops.delete(&of(&first, "")).await.refused(409), "in_use");
        ops.patch(&germany, json!({"calendar_id": null})).await.expect(200);
        ops.patch(&of(&first, ""), json!({"status": "retired"})).await.expect(200);
        let refused = ops.patch(&germany, json!({"calendar_id": first["id"]})).await.expect(409);
        assert_eq!((refused["code"].as_str(), pointers(&refused)), (Some("unknown_reference"), vec!["#/calendar_id"]));
        let nowhere = ops.post("/v1/territories", json!({"code": "FR", "name": "France", "kind": "country", "calendar_id": "cal_01jdq4p6c8f3kb2v9y0s7x5ham"})).await.expect(409);
        assert_eq!(pointers(&nowhere), ["#/calendar_id"]);
        ops.delete(&of(&first, "")).await.expect(204);

        // Who may write: the vendor's operations; everyone reads.
        assert_eq!(sales.post("/v1/calendars", named("THREE", false)).await.status, 403);
        assert_eq!(world.vendor(Role::Cam).post("/v1/calendars", named("THREE", false)).await.status, 403);
        sales.get(&of(&second, "/days")).await.expect(200);
    }
}
