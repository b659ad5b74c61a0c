//! Tasks, interactions, and the queue of what waits for each person.

use std::sync::Arc;

use openprm::{
    auth::{Role, Rows},
    kernel::ids::{Id as _, PartnerId},
    work::items::{self, WorkItemKind},
};
use serde_json::{Value, json};

use crate::{
    program::{Program, approved, complete, heard, path, submitted, told_of, with},
    support::{Client, statements},
};

fn id(record: &Value) -> &str {
    record["id"].as_str().unwrap()
}

fn titles(page: &Value) -> Vec<&str> {
    let rows = page["data"].as_array().unwrap();
    rows.iter().map(|row| row["title"].as_str().unwrap()).collect()
}

fn act(task: &Value, action: &str) -> String {
    format!("/v1/tasks/{}/{action}", id(task))
}

fn at(task: &Value) -> String {
    format!("/v1/tasks/{}", id(task))
}

/// What waits for a client, by kind: the items.
async fn waiting(client: &Client<'_>, kind: &str) -> Vec<Value> {
    let page = client.get(&format!("/v1/work-items?kind={kind}")).await.expect(200);
    page["data"].as_array().unwrap().clone()
}

/// The one item of that kind.
async fn one(client: &Client<'_>, kind: &str) -> Value {
    let mut items = waiting(client, kind).await;
    assert_eq!(items.len(), 1, "{kind}: {items:?}");
    items.remove(0)
}

/// Does what clears the item, and sees that it is gone.
async fn clear(client: &Client<'_>, kind: &str, body: Value) {
    let item = one(client, kind).await;
    let path = item["action"]["path"].as_str().unwrap();
    let answer = client.post(path, body).await;
    assert!(answer.status < 300, "{kind}: {} {}", answer.status, answer.body);
    assert_eq!(waiting(client, kind).await, Vec::<Value>::new(), "{kind} is cleared");
}

each_engine! {
    async fn a_task_is_done_once_and_can_be_opened_again(world: World) {
        let program = Program::new(&world).await;
        let cam = world.vendor(Role::Cam);
        let partner = program.partner("Nordwind");
        let deal = program.sales(partner).post("/v1/deals", complete()).await.expect(201);
        let task = cam.post("/v1/tasks", json!({"title": "Send the offer", "priority": "high", "resource_type": "deal", "resource_id": id(&deal), "due_at": "2026-11-20T12:00:00Z"})).await.expect(201);
        assert_eq!((task["status"].as_str(), task["kind"].as_str(), task["visibility"].as_str()), (Some("open"), Some("task"), Some("internal")));
        assert_eq!(task["partner_id"], json!(partner.to_string()));
        let done = cam.post(&act(&task, "complete"), json!({})).await.expect(200);
        assert_eq!((done["status"].as_str(), &done["ended_by"]), (Some("done"), &done["created_by"]));
        assert_eq!(cam.post(&act(&task, "complete"), json!({})).await.refused(409), "invalid_state");
        assert_eq!(cam.post(&act(&task, "cancel"), json!({})).await.refused(409), "invalid_state");
        assert_eq!(cam.patch(&at(&task), json!({"title": "Later"})).await.refused(409), "invalid_state");
        let open = cam.post(&act(&task, "reopen"), json!({})).await.expect(200);
        assert_eq!((open["status"].as_str(), &open["ended_by"], &open["ended_at"]), (Some("open"), &Value::Null, &Value::Null));
        let changed = cam.patch(&at(&task), json!({"title": "Send the offer again", "due_at": null})).await.expect(200);
        assert_eq!((changed["title"].as_str(), &changed["due_at"]), (Some("Send the offer again"), &Value::Null));
        cam.post(&act(&task, "cancel"), json!({})).await.expect(200);
        let told = told_of(&world, "task");
        for kind in ["task.created", "task.completed", "task.reopened", "task.updated", "task.cancelled"] {
            assert!(told.contains(kind), "{kind}: {told}");
        }
        assert!(!heard(&world, partner).contains("task."), "internal work is not told to the partner");
    }

    async fn a_partner_sees_and_does_what_is_shared_with_it(world: World) {
        let program = Program::new(&world).await;
        let (partner, other) = (program.partner("Nordwind"), program.partner("Südstern"));
        let (sales, stranger, cam) = (program.sales(partner), program.sales(other), world.vendor(Role::Cam));
        let deal = sales.post("/v1/deals", complete()).await.expect(201);
        let on = |title: &str, visibility: &str| json!({"title": title, "visibility": visibility, "resource_type": "deal", "resource_id": id(&deal)});
        let internal = cam.post("/v1/tasks", on("Check their margin", "internal")).await.expect(201);
        let shared = cam.post("/v1/tasks", on("Send the order", "shared")).await.expect(201);
        let own = sales.post("/v1/tasks", json!({"title": "Ask the buyer", "resource_type": "deal", "resource_id": id(&deal)})).await.expect(201);
        assert_eq!((own["visibility"].as_str(), own["created_side"].as_str()), (Some("shared"), Some("partner")));
        assert_eq!(titles(&sales.get("/v1/tasks?sort=created_at").await.expect(200)), ["Send the order", "Ask the buyer"]);
        assert_eq!(titles(&stranger.get("/v1/tasks").await.expect(200)), Vec::<&str>::new());
        sales.get(&at(&internal)).await.expect(404);
        sales.post(&act(&internal, "complete"), json!({})).await.expect(404);
        stranger.get(&at(&shared)).await.expect(404);
        stranger.post(&act(&shared, "complete"), json!({})).await.expect(404);
        assert_eq!(sales.patch(&at(&shared), json!({"title": "x"})).await.refused(403), "forbidden");
        assert_eq!(sales.post(&act(&shared, "cancel"), json!({})).await.refused(403), "forbidden");
        sales.post(&act(&shared, "complete"), json!({})).await.expect(200);
        sales.patch(&at(&own), json!({"title": "Ask the buyer again"})).await.expect(200);
        cam.post(&act(&own, "complete"), json!({})).await.expect(200);

        assert_eq!(sales.post("/v1/tasks", on("Secret", "internal")).await.refused(403), "field_forbidden");
        assert_eq!(stranger.post("/v1/tasks", on("Not mine", "shared")).await.refused(409), "unknown_reference");
        assert_eq!(cam.post("/v1/tasks", json!({"title": "x", "visibility": "shared"})).await.refused(409), "conflict");
        assert_eq!(cam.post("/v1/tasks", json!({"title": "x", "resource_type": "deal"})).await.refused(409), "contradiction");
        assert_eq!(cam.post("/v1/tasks", json!({"title": "x", "resource_type": "deal", "resource_id": "deal"})).await.refused(409), "unknown_reference");
        assert_eq!(cam.post("/v1/tasks", json!({"title": "x", "resource_type": "customer_account", "resource_id": "account_01jdq4p6c8f3kb2v9y0s7x5ham"})).await.refused(409), "unknown_reference");
        assert_eq!(sales.post("/v1/tasks", json!({"title": "x", "resource_type": "conflict_case", "resource_id": "case_01jdq4p6c8f3kb2v9y0s7x5ham"})).await.refused(409), "unknown_reference");
        assert_eq!(cam.post("/v1/tasks", json!({"title": "x", "assignee_id": "user_01jdq4p6c8f3kb2v9y0s7x5ham"})).await.refused(409), "unknown_reference");

        let heard = heard(&world, partner);
        assert!(heard.contains("Send the order") && !heard.contains("margin"), "{heard}");
    }

    async fn the_vendors_people_see_the_tasks_of_their_partners_rows(world: World) {
        let program = Program::new(&world).await;
        let (ours, theirs) = (program.partner("Nordwind"), program.partner("Südstern"));
        let ops = world.vendor(Role::ChannelOps);
        let cam = world.vendor_of(Role::Cam, Rows::Partners(Arc::from([ours])));
        for (partner, title) in [(ours, "Ours"), (theirs, "Theirs")] {
            ops.post("/v1/tasks", json!({"title": title, "resource_type": "partner", "resource_id": partner.to_string()})).await.expect(201);
        }
        ops.post("/v1/tasks", json!({"title": "Nobody's", "due_at": "2026-11-22T09:00:00Z"})).await.expect(201);
        assert_eq!(titles(&cam.get("/v1/tasks?sort=created_at").await.expect(200)), ["Ours", "Nobody's"]);
        assert_eq!(titles(&ops.get(&format!("/v1/tasks?partner_id={theirs}")).await.expect(200)), ["Theirs"]);
        assert_eq!(titles(&ops.get(&format!("/v1/tasks?resource_type=partner&resource_id={ours}")).await.expect(200)), ["Ours"]);
        assert_eq!(cam.post("/v1/tasks", json!({"title": "x", "resource_type": "partner", "resource_id": theirs.to_string()})).await.refused(409), "unknown_reference");
        assert_eq!(titles(&ops.get("/v1/tasks?overdue=true").await.expect(200)), Vec::<&str>::new());
        assert_eq!(titles(&ops.get("/v1/tasks?due_before=2026-11-23T00:00:00Z").await.expect(200)), ["Nobody's"]);
        world.clock.advance_days(3);
        assert_eq!(titles(&ops.get("/v1/tasks?overdue=true").await.expect(200)), ["Nobody's"]);
        assert_eq!(titles(&ops.get("/v1/tasks?overdue=false&sort=created_at").await.expect(200)), ["Ours", "Theirs"]);
        assert_eq!(titles(&ops.get("/v1/tasks?sort=due_at").await.expect(200)), ["Nobody's"]);
    }

    async fn of_two_who_complete_a_task_at_once_one_is_refused(world: World) {
        let (one, other) = (world.vendor(Role::Cam), world.vendor(Role::ChannelOps));
        for number in 0..5 {
            let task = one.post("/v1/tasks", json!({"title": format!("Race {number}")})).await.expect(201);
            let path = act(&task, "complete");
            let (first, second) = futures_util::future::join(one.post(&path, json!({})), other.post(&path, json!({}))).await;
            let mut statuses = [first.status, second.status];
            statuses.sort_unstable();
            assert!(statuses[0] == 200 && matches!(statuses[1], 409 | 412), "{statuses:?}");
            assert_eq!(one.get(&at(&task)).await.expect(200)["revision"], 2);
        }
    }

    async fn an_interaction_has_people_of_both_sides_and_a_follow_up(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, cam) = (program.sales(partner), world.vendor(Role::Cam));
        let user = world.user("vendor", "engineer").to_string();
        let person = cam.post("/v1/people", json!({"name": "Erika Muster"})).await.expect(201);
        let deal = sales.post("/v1/deals", complete()).await.expect(201);
        world.clock.advance_days(3);
        let body = |changes: Value| {
            let mut body = json!({"kind": "meeting", "subject": "Trial", "happened_at": "2026-11-23T14:00:00Z", "resource_type": "deal", "resource_id": id(&deal), "visibility": "shared"});
            for (name, value) in changes.as_object().unwrap() {
                body[name] = value.clone();
            }
            body
        };
        let made = cam.post("/v1/interactions", body(json!({
            "duration_minutes": 45, "vendor_participants": [user, user], "partner_participants": [id(&person)], "next_step": "Send the offer",
            "follow_up": {"due_at": "2026-11-27T12:00:00Z"},
        }))).await.expect(201);
        assert_eq!((made["vendor_participants"].clone(), made["partner_participants"].clone()), (json!([user]), json!([id(&person)])));
        let task = cam.get(&format!("/v1/tasks/{}", made["follow_up_task_id"].as_str().unwrap())).await.expect(200);
        assert_eq!((task["kind"].as_str(), task["title"].as_str(), task["visibility"].as_str()), (Some("follow_up"), Some("Send the offer"), Some("shared")));
        assert_eq!((&task["assignee_id"], &task["resource_id"]), (&made["created_by"], &json!(id(&deal))));
        let worked = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!(worked["last_activity_at"], "2026-11-23T14:00:00.000000Z");

        for (query, count) in [(format!("user_id={user}"), 1), (format!("person_id={}", id(&person)), 1), ("kind=mail".to_owned(), 0), ("happened_from=2026-11-24T00:00:00Z".to_owned(), 0)] {
            let page = cam.get(&format!("/v1/interactions?{query}")).await.expect(200);
            assert_eq!(page["data"].as_array().unwrap().len(), count, "{query}");
        }
        let here = format!("/v1/interactions/{}", id(&made));
        let changed = cam.patch(&here, json!({"vendor_participants": [], "summary": "All went well"})).await.expect(200);
        assert_eq!((changed["vendor_participants"].clone(), changed["revision"].clone()), (json!([]), json!(2)));
        assert_eq!(sales.patch(&here, json!({"summary": "x"})).await.refused(403), "forbidden");
        sales.get(&here).await.expect(200);
        program.sales(program.partner("Südstern")).get(&here).await.expect(404);

        assert_eq!(cam.post("/v1/interactions", body(json!({"happened_at": "2027-11-23T14:00:00Z"}))).await.refused(409), "conflict");
        assert_eq!(cam.post("/v1/interactions", body(json!({"vendor_participants": ["user_01jdq4p6c8f3kb2v9y0s7x5ham"]}))).await.refused(409), "unknown_reference");
        assert_eq!(sales.post("/v1/interactions", body(json!({"partner_participants": [id(&person)]}))).await.refused(409), "unknown_reference");
        // What is refused leaves no follow-up behind.
        let follow_ups = cam.get("/v1/tasks?kind=follow_up").await.expect(200);
        assert_eq!(follow_ups["data"].as_array().unwrap().len(), 1);

        world.clock.advance_days(31);
        assert_eq!(cam.patch(&here, json!({"summary": "x"})).await.refused(409), "conflict");
        assert_eq!(cam.delete(&here).await.refused(409), "conflict");
        let late = cam.post("/v1/interactions", body(json!({"visibility": "internal"}))).await.expect(201);
        cam.delete(&format!("/v1/interactions/{}", id(&late))).await.expect(204);
        sales.get(&path(&deal, "")).await.expect(200);
        let told = told_of(&world, "interaction");
        assert!(told.contains("interaction.deleted") && told.contains("interaction.updated"), "{told}");
    }

    async fn decisions_wait_for_those_who_can_make_them_and_vanish_when_they_are_made(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let sales = program.sales(partner);
        let (approver, finance, ops) = (world.vendor(Role::Approver), world.vendor(Role::Finance), world.vendor(Role::ChannelOps));
        let blind = world.vendor_of(Role::Approver, Rows::Partners(Arc::from([PartnerId::example(9)])));
        let deal = submitted(&sales, complete()).await;
        let item = one(&approver, "registration_decision").await;
        assert_eq!((item["resource_id"].as_str(), item["title"].as_str(), item["overdue"].as_bool()), (Some(id(&deal)), Some("Acme: firewalls for 40 branches"), Some(false)));
        assert_eq!(item["action"], json!({"operation": "approveDeal", "method": "POST", "path": path(&deal, "/approve")}));
        assert!(waiting(&finance, "registration_decision").await.is_empty(), "it is not finance's step");
        assert!(waiting(&blind, "registration_decision").await.is_empty(), "not their rows");
        assert!(waiting(&sales, "registration_decision").await.is_empty());

        // Questions wait for the partner instead; the answers bring it back.
        approver.post(&path(&deal, "/request-info"), json!({"questions": ["Which branches?"]})).await.expect(200);
        assert!(waiting(&approver, "registration_decision").await.is_empty());
        clear(&sales, "deal_questions", json!({"answers": ["All of them."]})).await;
        clear(&approver, "registration_decision", json!({})).await;

        sales.post(&path(&deal, "/amendments"), json!({"amount": {"amount": "96000.00", "currency": "EUR"}, "reason": "More branches."})).await.expect(201);
        clear(&approver, "amendment_decision", json!({})).await;
        approver.post(&path(&deal, "/reopenings"), json!({"reason_code": "wrong_data", "reason_text": "Another plant."})).await.expect(201);
        assert!(waiting(&approver, "reopening_decision").await.is_empty(), "nobody decides what they asked for");
        clear(&ops, "reopening_decision", json!({})).await;
        clear(&approver, "registration_decision", json!({})).await;
    }

    async fn whoever_stands_in_for_an_approver_has_their_decisions_in_the_queue(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let (approver, finance) = (world.vendor(Role::Approver), world.vendor(Role::Finance));
        for (client, role) in [(&approver, "approver"), (&finance, "finance")] {
            let user = client.caller().user().unwrap();
            world.sql(move |tx| crate::scene::run(tx, &format!("INSERT INTO user_roles (user_id, role) VALUES ('{user}', '{role}')")));
        }
        let deal = submitted(&sales, complete()).await;
        assert!(waiting(&finance, "registration_decision").await.is_empty());
        let body = json!({"delegate_id": finance.caller().user().unwrap(), "ends_at": world.now().plus_days(10), "reason": "On holiday."});
        let delegation = approver.post("/v1/delegations", body).await.expect(201);
        assert_eq!(one(&finance, "registration_decision").await["resource_id"], deal["id"]);
        approver.post(&format!("/v1/delegations/{}/cancel", id(&delegation)), json!({})).await.expect(200);
        assert!(waiting(&finance, "registration_decision").await.is_empty());
    }

    async fn a_queue_of_many_costs_as_many_statements_as_one_of_few(world: World) {
        let cam = world.vendor(Role::Cam);
        let me = cam.caller().user().unwrap();
        let cost = || {
            let work = |tx: &mut openprm::db::Tx<'_>| Ok(statements::sent(|| items::counted(tx, me)));
            let (sent, counted) = world.db.ask_now(cam.caller(), work).unwrap();
            let tasks = counted.unwrap().into_iter().find(|one| one.kind == WorkItemKind::Task).unwrap();
            (sent, tasks.count)
        };
        let (few, none) = cost();
        assert!(few > 0 && none == 0, "statements are counted");
        for number in 0..20 {
            cam.post("/v1/tasks", json!({"title": format!("Task {number}"), "assignee_id": me})).await.expect(201);
        }
        assert_eq!(cost(), (few, 20));
    }

    async fn protections_that_end_and_requests_for_more_time_wait_for_both_sides(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, approver, cam) = (program.sales(partner), world.vendor(Role::Approver), world.vendor(Role::Cam));
        let deal = approved(&world, &sales, complete()).await;
        assert!(waiting(&sales, "protection_end").await.is_empty());
        world.clock.advance_days(75);
        let item = one(&sales, "protection_end").await;
        assert_eq!((item["resource_id"].as_str(), item["action"]["operation"].as_str()), (Some(id(&deal)), Some("requestDealExtension")));
        assert!(waiting(&cam, "protection_end").await.is_empty(), "another user manages this partner");
        sales.post("/v1/interactions", json!({"kind": "call", "subject": "Trial", "happened_at": "2027-02-03T10:00:00Z", "resource_type": "deal", "resource_id": id(&deal)})).await.expect(201);
        clear(&sales, "protection_end", json!({"activity": "The trial is done."})).await;
        let item = one(&approver, "extension_decision").await;
        assert!(item["due_at"].is_string());
        clear(&approver, "extension_decision", json!({})).await;
        assert!(waiting(&sales, "protection_end").await.is_empty(), "it ends later now");
    }

    async fn an_appeal_waits_for_each_who_may_judge_it_and_for_nobody_else(world: World) {
        let program = Program::new(&world).await;
        let (partner, other) = (program.partner("Nordwind"), program.partner("Südstern"));
        let (sales, rivals) = (program.sales(partner), program.sales(other));
        let ops = world.vendor(Role::ChannelOps);
        let manager = async |partner: PartnerId| {
            let manager = world.vendor(Role::Approver);
            let new = json!({"role": "primary", "user_id": manager.caller().user().unwrap().to_string(), "reason_code": "workload"});
            ops.post(&format!("/v1/partners/{partner}/account-managers"), new).await.expect(201);
            manager
        };
        let (own, competing) = (manager(partner).await, manager(other).await);
        let (decider, judge, second, cam) = (world.vendor(Role::Approver), world.vendor(Role::Approver), world.vendor(Role::Admin), world.vendor(Role::Cam));
        let deal = submitted(&sales, complete()).await;
        decider.post(&path(&deal, "/reject"), json!({"reason_code": "not_qualified", "reason_text": "Too early."})).await.expect(200);
        let grounds = json!({"grounds": "It is another plant.", "evidence": [{"note": "The customer's letter."}]});
        let appeal = sales.post(&path(&deal, "/appeals"), grounds).await.expect(201);
        let at = format!("/v1/deal-appeals/{}", id(&appeal));

        // The queue says the same as the actions of the record.
        let agrees = async |person: &Client<'_>, judges: bool| {
            let items = waiting(person, "appeal_decision").await;
            let actions = person.get(&path(&deal, "/actions")).await.expect(200);
            let dismiss = actions["data"].as_array().unwrap().iter().find(|action| action["action"] == "dismiss_appeal").cloned();
            assert_eq!((items.len(), dismiss.is_some_and(|action| action["available"] == true)), (usize::from(judges), judges), "{items:?}");
        };
        for (person, judges) in [(&judge, true), (&second, true), (&ops, true), (&competing, true), (&decider, false), (&own, false), (&cam, false)] {
            agrees(person, judges).await;
        }
        let item = one(&judge, "appeal_decision").await;
        assert_eq!((&item["due_at"], &item["since"], &item["resource_id"]), (&appeal["due_at"], &appeal["created_at"], &deal["id"]));
        assert_eq!(item["action"], json!({"operation": "upholdDealAppeal", "method": "POST", "path": format!("{at}/uphold")}));
        assert!(waiting(&sales, "appeal_decision").await.is_empty(), "a partner judges nothing");

        // Somebody else claims the same: who looks after them, and who granted it to them, is out.
        let rival = submitted(&rivals, complete()).await;
        agrees(&competing, false).await;
        second.post(&path(&rival, "/approve"), json!({})).await.expect(200);
        for (person, judges) in [(&judge, true), (&ops, true), (&competing, false), (&second, false)] {
            agrees(person, judges).await;
        }
        let work = ops.get("/v1/portal").await.expect(200)["work"].clone();
        let counted = work.as_array().unwrap().iter().find(|one| one["kind"] == "appeal_decision").unwrap().clone();
        assert_eq!((&counted["count"], counted["label"].as_str()), (&json!(1), Some("Appeals to decide")), "{work}");

        ops.post(&format!("{at}/claim"), json!({})).await.expect(200);
        assert!(waiting(&judge, "appeal_decision").await.is_empty(), "another has taken it on");
        world.clock.advance_days(20);
        assert_eq!(one(&ops, "appeal_decision").await["overdue"], true);
        ops.post(&format!("{at}/dismiss"), json!({"reason_text": "It is one plant."})).await.expect(200);
        assert!(waiting(&ops, "appeal_decision").await.is_empty());
    }

    async fn wins_transfers_and_applications_wait_too(world: World) {
        let program = Program::new(&world).await;
        let (giver, receiver) = (program.partner("Nordwind"), program.partner("Südstern"));
        let (gives, takes) = (program.sales(giver), program.sales(receiver));
        let (ops, approver) = (world.vendor(Role::ChannelOps), world.vendor(Role::Approver));
        let deal = approved(&world, &gives, complete()).await;
        let body = json!({"to_partner_id": receiver.to_string(), "reason_code": "customer_request"});
        ops.post(&path(&deal, "/transfers"), body).await.expect(201);
        assert!(waiting(&ops, "transfer_execution").await.is_empty(), "nobody has consented");
        let item = one(&takes, "transfer_consent").await;
        assert!(!item.to_string().contains("firewalls"), "the receiver does not see the registration: {item}");
        clear(&takes, "transfer_consent", json!({})).await;
        clear(&gives, "transfer_consent", json!({})).await;
        clear(&ops, "transfer_execution", json!({})).await;

        let other = approved(&world, &gives, with(json!({"title": "Brezel: firewalls", "customer": {"name": "Brezelwerk", "website": "https://www.brezelwerk.de", "city": "Ulm", "country": "DE"}}))).await;
        world.clock.advance_days(4);
        gives.post(&path(&other, "/win"), json!({"evidence": [{"kind": "purchase_order", "reference": "PO-77", "issued_on": "2026-11-20"}]})).await.expect(200);
        clear(&ops, "win_verification", json!({})).await;

        let applied = PartnerId::at(world.now());
        let micros = world.now().micros();
        world.sql(move |tx| {
            crate::scene::run(tx, &format!(
                "INSERT INTO partners (id, number, legal_name, name_key, trading_names, tax_ids, default_currency, time_zone, status, status_since, custom, legacy, revision, created_at, updated_at) \
                 VALUES ('{applied}', '{applied}', 'Neuwind', 'neuwind', '[]', '[]', 'EUR', 'UTC', 'applied', {micros}, '{{}}', FALSE, 1, {micros}, {micros})"
            ))
        });
        assert_eq!(one(&approver, "application_review").await["action"]["operation"], "startPartnerReview");
        assert!(waiting(&world.vendor(Role::Cam), "application_review").await.is_empty(), "an account manager starts no review");
        let decided = format!("UPDATE partners SET status = 'in_review' WHERE id = '{applied}'");
        world.sql(move |tx| crate::scene::run(tx, &decided));
        assert!(waiting(&approver, "application_review").await.is_empty());
        assert_eq!(one(&approver, "application_decision").await["title"], "Neuwind");
    }

    async fn handovers_cases_and_tasks_wait_for_their_person(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let ops = world.vendor(Role::ChannelOps);
        let cam = world.vendor(Role::Cam);
        let me = cam.caller().user().unwrap();
        let handover = ops.post("/v1/handovers", json!({"partner_id": partner.to_string(), "role": "primary", "to_user_id": me.to_string(), "reason_code": "departure", "effective_at": world.now().plus_seconds(60).to_string()})).await.expect(201);
        let there = format!("/v1/handovers/{}", id(&handover));
        ops.post(&format!("{there}/items"), json!({"title": "Call the owner"})).await.expect(201);
        assert!(waiting(&cam, "handover_work").await.is_empty(), "it has not begun");
        ops.post(&format!("{there}/schedule"), json!({})).await.expect(200);
        world.clock.advance_seconds(120);
        ops.post(&format!("{there}/begin"), json!({})).await.expect(200);
        let work = one(&cam, "handover_work").await;
        cam.patch(work["action"]["path"].as_str().unwrap(), json!({"status": "done"})).await.expect(200);
        assert!(waiting(&cam, "handover_work").await.is_empty());
        assert!(waiting(&ops, "handover_acceptance").await.is_empty(), "it is another's");
        clear(&cam, "handover_acceptance", json!({})).await;
        assert!(waiting(&cam, "handover_completion").await.is_empty(), "the first talk is missing");
        clear(&cam, "handover_first_talk", json!({"note": "A good talk."})).await;
        clear(&cam, "handover_completion", json!({})).await;

        for (kind, due) in [("task", Some("2026-11-25T09:00:00Z")), ("follow_up", None)] {
            cam.post("/v1/tasks", json!({"title": kind, "kind": kind, "assignee_id": me.to_string(), "due_at": due})).await.expect(201);
        }
        cam.post("/v1/tasks", json!({"title": "Due earlier", "assignee_id": me.to_string(), "due_at": "2026-11-24T09:00:00Z"})).await.expect(201);
        cam.post("/v1/tasks", json!({"title": "Nobody's"})).await.expect(201);
        let all = cam.get("/v1/work-items").await.expect(200);
        assert_eq!(titles(&all), ["Due earlier", "task", "follow_up"], "what is due first, then what has no time");
        let mut seen = Vec::new();
        let mut next = "/v1/work-items?limit=1".to_owned();
        loop {
            let page = cam.get(&next).await.expect(200);
            seen.extend(titles(&page).into_iter().map(str::to_owned));
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("/v1/work-items?limit=1&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(seen, ["Due earlier", "task", "follow_up"]);
        world.clock.advance_days(3);
        world.clock.advance_seconds(3600);
        assert_eq!(titles(&cam.get("/v1/work-items?overdue=true").await.expect(200)), ["Due earlier"]);
        assert_eq!(titles(&cam.get("/v1/work-items?overdue=false").await.expect(200)), ["task", "follow_up"]);
        assert_eq!(titles(&cam.get("/v1/work-items?due_before=2026-11-26T00:00:00Z&include_total=true").await.expect(200)), ["Due earlier", "task"]);
        let summary = cam.get("/v1/work-items/summary").await.expect(200);
        assert_eq!((summary["count"].as_i64(), summary["overdue"].as_i64()), (Some(3), Some(1)), "{summary}");
        assert_eq!(summary["kinds"][1], json!({"kind": "follow_up", "count": 1, "overdue": 0, "next_due_at": null}));
        clear(&cam, "follow_up", json!({})).await;

        let scene_account = world.vendor(Role::Admin).post("/v1/customer-accounts", json!({"name": "Acme GmbH"})).await.expect(201);
        let (account, micros) = (id(&scene_account).to_owned(), world.now().micros());
        let case = openprm::kernel::ids::CaseId::at(world.now());
        let approver = world.vendor(Role::Approver);
        let judge = approver.caller().user().unwrap();
        world.sql(move |tx| {
            crate::scene::run(tx, &format!(
                "INSERT INTO conflict_cases (id, number, case_type, status, account_id, summary, detail, adjudicator_id, acknowledge_due_at, decision_due_at, opened_by, revision, created_at, updated_at) \
                 VALUES ('{case}', 'CC-1', 'territory', 'triaged', '{account}', 'Two want it', '[]', '{judge}', {micros}, {micros}, 'system:test', 1, {micros}, {micros})"
            ))
        });
        assert!(waiting(&world.vendor(Role::Approver), "case_decision").await.is_empty(), "another judges it");
        clear(&approver, "case_decision", json!({"outcome": "no_conflict", "reason": "Two plants."})).await;
        assert_eq!(world.machine(&["work:read"]).get("/v1/work-items").await.refused(403), "insufficient_scope");
    }

    async fn a_saved_view_fits_its_list_and_is_its_owners(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (cam, ops, sales) = (world.vendor(Role::Cam), world.vendor(Role::ChannelOps), program.sales(partner));
        let view = json!({"name": "Open tasks", "operation": "listTasks", "filters": {"status": "open", "kind": "task,follow_up"}, "sort": "due_at", "columns": ["id", "title"]});
        let made = cam.post("/v1/saved-views", view.clone()).await.expect(201);
        assert_eq!((made["visibility"].as_str(), &made["filters"], &made["partner_id"]), (Some("private"), &view["filters"], &Value::Null));
        assert_eq!(cam.post("/v1/saved-views", view.clone()).await.refused(409), "already_exists");
        ops.post("/v1/saved-views", view.clone()).await.expect(201);
        let here = format!("/v1/saved-views/{}", id(&made));
        ops.get(&here).await.expect(404);
        cam.patch(&here, json!({"visibility": "shared", "sort": null})).await.expect(200);
        assert_eq!(ops.get(&here).await.expect(200)["sort"], Value::Null);
        assert_eq!(ops.patch(&here, json!({"name": "Mine now"})).await.refused(403), "forbidden");
        assert_eq!(ops.delete(&here).await.refused(403), "forbidden");
        sales.get(&here).await.expect(404);

        let shared = json!({"name": "Drafts", "operation": "listDeals", "filters": {"status": "draft"}, "visibility": "shared"});
        let theirs = sales.post("/v1/saved-views", shared).await.expect(201);
        let there = format!("/v1/saved-views/{}", id(&theirs));
        program.sales(partner).get(&there).await.expect(200);
        program.sales(program.partner("Südstern")).get(&there).await.expect(404);
        cam.get(&there).await.expect(404);
        let names = sales.get("/v1/saved-views").await.expect(200);
        assert_eq!(names["data"].as_array().unwrap().len(), 1);

        let with = |name: &str, value: Value| {
            let mut body = view.clone();
            body["name"] = json!(name);
            body[name] = value;
            body
        };
        for (name, value, pointer) in [
            ("filters", json!({"status": "asleep"}), "#/filters/status"),
            ("filters", json!({"statuss": "open"}), "#/filters/statuss"),
            ("sort", json!("title"), "#/sort"),
        ] {
            let problem = cam.post("/v1/saved-views", with(name, value)).await.expect(409);
            assert_eq!((&problem["code"], &problem["errors"][0]["pointer"]), (&json!("contradiction"), &json!(pointer)), "{problem}");
        }
        for (name, value) in [("filters", json!({"cursor": "abc"})), ("operation", json!("getTask")), ("operation", json!("listNothing"))] {
            assert_eq!(cam.post("/v1/saved-views", with(name, value)).await.refused(409), "unknown_reference");
        }
        let secret = json!({"name": "Not for partners", "operation": "listConflictCases"});
        assert_eq!(sales.post("/v1/saved-views", secret).await.refused(409), "unknown_reference");
        assert_eq!(cam.patch(&here, json!({"filters": {"status": "asleep"}})).await.refused(409), "contradiction");
        cam.delete(&here).await.expect(204);
        cam.get(&here).await.expect(404);
    }
}
