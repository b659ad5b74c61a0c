//! Approvals: conditions of a chain, quorum, segregation, who stands in for whom, escalation, and what waits for whom.

use futures_util::future::join;
use openprm::{
    auth::{Role, Rows},
    db::Tx,
    error::Result,
    jobs::{JOBS, Progress},
    kernel::ids::UserId,
};
use serde_json::{Value, json};

use crate::{
    program::{Program, complete, guards, heard, path, sound, submitted, told_of, with},
    scene::run,
    support::{Client, World, publish_policy},
};

/// Somebody of the vendor with a name, whose role the tables know as well.
pub struct Person<'w> {
    pub client: Client<'w>,
    pub id: UserId,
}

impl<'w> Person<'w> {
    pub fn new(world: &'w World, name: &str, role: Role) -> Self {
        let client = world.vendor(role);
        let id = client.caller().user().unwrap();
        world.holds(&client, role);
        let named = format!(
            "UPDATE users SET name = '{name}', name_key = '{}' WHERE id = '{id}'",
            name.to_lowercase()
        );
        world.sql(move |tx| run(tx, &named));
        Self { client, id }
    }

    async fn approve(&self, deal: &Value) -> crate::support::Response {
        self.client.post(&path(deal, "/approve"), json!({})).await
    }

    pub async fn approves(&self, deal: &Value) -> Value {
        self.approve(deal).await.expect(200)
    }

    /// The guards that keep them from approving.
    pub async fn kept_from(&self, deal: &Value) -> Vec<String> {
        let problem = self.approve(deal).await.expect(409);
        guards(&problem).into_iter().map(str::to_owned).collect()
    }

    /// Is away from now on for so many days.
    pub async fn away(&self, world: &World, delegate: &Person<'_>, days: i64) -> Value {
        let body = json!({"delegate_id": delegate.id, "ends_at": world.now().plus_days(days), "reason": "On holiday."});
        self.client.post("/v1/delegations", body).await.expect(201)
    }

    /// What waits for them: label, why, and for whom they would stand in.
    pub async fn waiting(&self) -> Vec<(String, String, Option<String>)> {
        let page = self.client.get("/v1/approvals?mine=true").await.expect(200);
        let rows = page["data"].as_array().unwrap();
        rows.iter()
            .map(|row| {
                let text = |value: &Value| value.as_str().map(str::to_owned);
                (
                    text(&row["subject"]["label"]).unwrap(),
                    text(&row["because"]).unwrap(),
                    text(&row["on_behalf_of"]),
                )
            })
            .collect()
    }
}

/// Puts the program under a policy of registrations; what is left out is as before.
async fn policy(world: &World, registration: Value) {
    publish_policy(world, json!({"registration": registration})).await;
}

fn step(name: &str, role: &str, more: Value) -> Value {
    let mut step = json!({"name": name, "role": role});
    for (field, value) in more.as_object().unwrap() {
        step[field] = value.clone();
    }
    step
}

pub async fn chain(client: &Client<'_>, deal: &Value) -> Vec<Value> {
    let chain = client.get(&path(deal, "/approval-chain")).await.expect(200);
    chain["data"].as_array().unwrap().clone()
}

async fn steps(client: &Client<'_>, deal: &Value) -> Vec<String> {
    chain(client, deal)
        .await
        .iter()
        .map(|step| step["name"].as_str().unwrap().to_owned())
        .collect()
}

pub fn people(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|person| person["name"].as_str().unwrap())
        .collect()
}

fn escalate(world: &World) -> usize {
    batches(|work| world.sql(work))
}

/// Escalates batch by batch until nothing more is worth its while; tells how many steps it dealt with.
fn batches(run: impl Fn(fn(&mut Tx<'_>) -> Result<Progress>) -> Progress) -> usize {
    let job = JOBS.iter().find(|job| job.name == "approval_escalations").unwrap();
    let mut done = 0;
    loop {
        let progress = run(job.work);
        done += progress.done;
        if !progress.more {
            return done;
        }
    }
}

/// What the list says of a record's step that waits: why the caller may decide it, and when the decision is owed.
async fn listed_for(person: &Person<'_>, deal: &Value) -> (Value, Value) {
    let page = person.client.get("/v1/approvals").await.expect(200);
    let rows = page["data"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["subject"]["label"] == deal["number"])
        .unwrap();
    (row["because"].clone(), row["due_at"].clone())
}

pub fn label(deal: &Value) -> String {
    deal["number"].as_str().unwrap().to_owned()
}

fn another(number: u32) -> Value {
    with(
        json!({"customer": {"name": format!("Werk {number} GmbH"), "website": format!("https://www.werk-{number}.example"), "city": "Stuttgart", "country": "DE"}}),
    )
}

each_engine! {
    async fn the_approver_on_holiday_is_bypassed_by_their_delegate(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let sales = program.sales(partner);
        let (away, finance) = (Person::new(&world, "Jonas Brandt", Role::Approver), Person::new(&world, "Maria Weber", Role::Finance));
        let deal = submitted(&sales, complete()).await;
        assert_eq!(finance.kept_from(&deal).await, ["step_role"]);
        assert_eq!(finance.waiting().await, []);
        let first = &chain(&away.client, &deal).await[0];
        assert_eq!((people(&first["asked"]), people(&first["away"])), (vec!["Jonas Brandt"], vec![]));

        let delegation = away.away(&world, &finance, 10).await;
        assert_eq!((delegation["status"].as_str(), &delegation["person_id"]), (Some("in_force"), &json!(away.id)));
        let first = &chain(&away.client, &deal).await[0];
        assert_eq!((people(&first["asked"]), &first["asked"][0]["on_behalf_of"]), (vec!["Maria Weber"], &json!(away.id)));
        assert_eq!((people(&first["away"]), &first["away"][0]["until"]), (vec!["Jonas Brandt"], &delegation["ends_at"]));
        assert_eq!((first["away"][0]["stand_in_name"].as_str(), &first["away"][0]["stand_in_id"]), (Some("Maria Weber"), &json!(finance.id)));
        let own = &chain(&sales, &deal).await[0];
        assert_eq!((&own["asked"], &own["away"], &own["votes"]), (&Value::Null, &Value::Null, &Value::Null), "the partner reads no names");
        assert_eq!(finance.waiting().await, [(label(&deal), "delegated".to_owned(), Some(away.id.to_string()))]);

        let done = finance.approves(&deal).await;
        assert_eq!(done["review_status"], "approved");
        let decided = finance.client.get(&path(&deal, "/decisions")).await.expect(200)["data"][0].clone();
        assert_eq!((&decided["decided_by"], &decided["on_behalf_of"]), (&json!(finance.id), &json!(away.id)));
        let read = sales.get(&path(&deal, "/decisions")).await.expect(200)["data"][0].clone();
        assert_eq!((&read["decided_by"], &read["on_behalf_of"]), (&Value::Null, &Value::Null));
        let voted = &chain(&away.client, &deal).await[0];
        assert_eq!((voted["status"].as_str(), &voted["votes"][0]["person_id"], &voted["votes"][0]["on_behalf_of"]), (Some("approved"), &json!(finance.id), &json!(away.id)));
        assert_eq!((&voted["asked"], &voted["away"]), (&json!([]), &json!([])));
        let history = away.client.get(&path(&deal, "/history")).await.expect(200).to_string();
        assert!(history.contains(&format!("On behalf of {}.", away.id)), "{history}");
        let names = [away.id.to_string(), finance.id.to_string()];
        assert!(names.iter().all(|name| !heard(&world, partner).contains(name)), "nor in events");

        world.clock.advance_days(10);
        let late = submitted(&sales, another(2)).await;
        assert_eq!(finance.kept_from(&late).await, ["step_role"], "it is over");
        away.approves(&late).await;
        sound(&world);
    }

    async fn a_delegate_refuses_in_the_name_of_who_is_away_and_the_record_says_so(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        policy(&world, json!({"approval_chain": [step("Money", "finance", json!({}))]})).await;
        let (away, ops) = (Person::new(&world, "Anna", Role::Finance), Person::new(&world, "Otto", Role::ChannelOps));
        away.away(&world, &ops, 3).await;
        let deal = submitted(&sales, complete()).await;
        let refusal = json!({"reason_code": "not_qualified", "reason_text": "No budget."});
        ops.client.post(&path(&deal, "/reject"), refusal).await.expect(200);
        let first = &chain(&ops.client, &deal).await[0];
        assert_eq!((first["status"].as_str(), &first["votes"][0]["on_behalf_of"], first["votes"][0]["decision"].as_str()), (Some("rejected"), &json!(away.id), Some("rejected")));
        let decided = ops.client.get(&path(&deal, "/decisions")).await.expect(200)["data"][0].clone();
        assert_eq!((&decided["decided_by"], &decided["on_behalf_of"]), (&json!(ops.id), &json!(away.id)));
        sound(&world);
    }

    async fn finance_refuses_the_step_that_is_theirs_and_no_other(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        policy(&world, json!({"approval_chain": [step("Channel", "approver", json!({})), step("Money", "finance", json!({}))]})).await;
        let (approver, finance) = (Person::new(&world, "Anna", Role::Approver), Person::new(&world, "Maria", Role::Finance));
        let deal = submitted(&sales, complete()).await;
        let refusal = || json!({"reason_code": "not_qualified", "reason_text": "No budget."});
        let refused = finance.client.post(&path(&deal, "/reject"), refusal()).await.expect(409);
        assert_eq!(guards(&refused), ["step_role"], "it is the channel's turn");
        let told = async |person: &Person<'_>| {
            let actions = person.client.get(&path(&deal, "/actions")).await.expect(200);
            let reject = actions["data"].as_array().unwrap().iter().find(|action| action["action"] == "reject").unwrap();
            reject["failing"].as_array().unwrap().iter().map(|guard| guard["guard"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(told(&finance).await, ["step_role"]);
        approver.approves(&deal).await;
        assert_eq!((told(&finance).await, told(&approver).await), (vec![], vec![]), "whoever reviews refuses at every step");
        finance.client.post(&path(&deal, "/reject"), refusal()).await.expect(200);
        let last = &chain(&approver.client, &deal).await[1];
        assert_eq!((last["status"].as_str(), &last["votes"][0]["person_id"]), (Some("rejected"), &json!(finance.id)));

        // Standing in for the channel they refuse its step, in its name; an account manager refuses nothing.
        let other = submitted(&sales, another(2)).await;
        approver.away(&world, &finance, 2).await;
        finance.client.post(&path(&other, "/reject"), refusal()).await.expect(200);
        let first = &chain(&approver.client, &other).await[0];
        assert_eq!((first["status"].as_str(), &first["votes"][0]["on_behalf_of"]), (Some("rejected"), &json!(approver.id)));
        let manager = Person::new(&world, "Carla", Role::Cam);
        assert_eq!(manager.client.post(&path(&deal, "/reject"), refusal()).await.refused(403), "forbidden");
        sound(&world);
    }

    async fn only_those_are_asked_who_can_decide(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        policy(&world, json!({"approval_chain": [step("One", "approver", json!({})), step("Two", "approver", json!({}))]})).await;
        let (anna, berta) = (Person::new(&world, "Anna", Role::Approver), Person::new(&world, "Berta", Role::Approver));
        let deal = submitted(&sales, complete()).await;
        assert_eq!(people(&chain(&anna.client, &deal).await[0]["asked"]), ["Anna", "Berta"]);
        assert_eq!(listed_for(&anna, &deal).await.0, "own_role");
        anna.approves(&deal).await;
        // The second step takes another person, so that Anna is neither asked nor told that it waits for her.
        assert_eq!(anna.kept_from(&deal).await, ["another_person"]);
        assert_eq!(people(&chain(&anna.client, &deal).await[1]["asked"]), ["Berta"]);
        assert_eq!((listed_for(&anna, &deal).await.0, listed_for(&berta, &deal).await.0), (Value::Null, json!("own_role")));
        // Nor is somebody who stands in for Berta and spoke before.
        berta.away(&world, &anna, 3).await;
        let second = &chain(&anna.client, &deal).await[1];
        assert_eq!((people(&second["asked"]), people(&second["away"]), &second["away"][0]["stand_in_id"]), (vec![], vec!["Berta"], &Value::Null));
        assert_eq!((listed_for(&anna, &deal).await.0, anna.waiting().await), (Value::Null, vec![]));

        // A stand-in whose role may not call the operation can decide nothing.
        let (clara, manager) = (Person::new(&world, "Clara", Role::Approver), Person::new(&world, "Carla", Role::Cam));
        assert_eq!(people(&chain(&anna.client, &deal).await[1]["asked"]), ["Clara"]);
        clara.away(&world, &manager, 3).await;
        assert_eq!(manager.approve(&deal).await.refused(403), "forbidden");
        let second = &chain(&anna.client, &deal).await[1];
        assert_eq!((people(&second["asked"]), people(&second["away"])), (vec![], vec!["Berta", "Clara"]));
        assert_eq!((listed_for(&manager, &deal).await.0, manager.waiting().await), (Value::Null, vec![]));
    }

    async fn what_the_caller_brought_in_never_waits_for_them(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        policy(&world, json!({"approval_chain": [step("Program", "channel_ops", json!({}))]})).await;
        let (writer, other) = (Person::new(&world, "Otto", Role::ChannelOps), Person::new(&world, "Paula", Role::ChannelOps));
        let deal = submitted(&writer.client, with(json!({"partner_id": partner.to_string()}))).await;
        assert_eq!((listed_for(&writer, &deal).await.0, listed_for(&other, &deal).await.0), (Value::Null, json!("own_role")));
        policy(&world, json!({"segregation": {"own_submissions": false, "own_records": false, "managed_partners": true}})).await;
        assert_eq!(listed_for(&writer, &deal).await.0, "own_role", "where the policy lets them");
        let new = json!({"role": "primary", "user_id": other.id, "reason_code": "workload"});
        world.vendor(Role::ChannelOps).post(&format!("/v1/partners/{partner}/account-managers"), new).await.expect(201);
        assert_eq!((listed_for(&other, &deal).await.0, other.waiting().await), (Value::Null, vec![]), "they look after the partner");
    }

    async fn what_the_vendor_owes_is_owed_later_by_what_the_partner_took(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        policy(&world, json!({"approval_chain": [step("One", "approver", json!({})), step("Two", "approver", json!({}))]})).await;
        let (anna, berta) = (Person::new(&world, "Anna", Role::Approver), Person::new(&world, "Berta", Role::Approver));
        let deal = submitted(&sales, complete()).await;
        let owed = deal["review"]["due_at"].clone();
        assert_eq!(listed_for(&anna, &deal).await.1, owed);
        anna.client.post(&path(&deal, "/request-info"), json!({"questions": ["Which sites?"]})).await.expect(200);
        assert_eq!(listed_for(&anna, &deal).await.1, Value::Null, "the clock stands");
        world.clock.advance_days(4);
        let answered = sales.post(&path(&deal, "/answer-info"), json!({"answers": ["Stuttgart."]})).await.expect(200);
        let later = answered["review"]["due_at"].clone();
        assert!(later.as_str() > owed.as_str(), "{later} after {owed}");
        assert_eq!(listed_for(&anna, &deal).await.1, later);
        anna.approves(&deal).await;
        assert_eq!(listed_for(&berta, &deal).await.1, later, "of the next step as well");
    }

    async fn a_step_that_cannot_be_escalated_keeps_no_other_back(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        policy(&world, json!({"approval_chain": [step("Board", "approver", json!({"escalate_after_hours": 1}))]})).await;
        for number in 0..3 {
            submitted(&sales, another(number)).await;
        }
        // The one that waits the longest is of a record that is not there.
        let lost = "UPDATE approval_steps SET subject_id = 'deal_01k7wz9d6cfvb8k1zq3n5x7h2a' WHERE id = (SELECT min(id) FROM approval_steps)";
        assert_eq!(world.sql(move |tx| run(tx, lost)), 1);
        world.clock.advance_seconds(3700);
        assert_eq!((escalate(&world), escalate(&world)), (2, 0));
        assert_eq!(told_of(&world, "deal").matches("\"deal.approval_escalated\"").count(), 2);
    }

    async fn nobody_decides_by_a_detour_what_they_may_not_decide(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind").to_string();
        let approver = Person::new(&world, "Anna", Role::Approver);
        let (writer, second) = (Person::new(&world, "Otto", Role::ChannelOps), Person::new(&world, "Paula", Role::ChannelOps));
        // Who sent it in is named delegate by the approver: still their own.
        approver.away(&world, &writer, 5).await;
        let deal = submitted(&writer.client, with(json!({"partner_id": partner}))).await;
        assert_eq!(writer.kept_from(&deal).await, ["not_own_submission"]);
        assert_eq!(writer.waiting().await, []);
        assert_eq!(people(&chain(&second.client, &deal).await[0]["asked"]), Vec::<&str>::new(), "who may not is not asked");
        // Who sent it in lends their role to somebody without it: that one is kept from it as they are.
        policy(&world, json!({"approval_chain": [step("Program", "channel_ops", json!({}))]})).await;
        let finance = Person::new(&world, "Maria", Role::Finance);
        second.away(&world, &finance, 5).await;
        let body = |number| {
            let mut body = another(number);
            body["partner_id"] = json!(partner);
            body
        };
        let own = submitted(&second.client, body(2)).await;
        assert_eq!(finance.kept_from(&own).await, ["not_own_submission"]);
        assert_eq!(finance.waiting().await, []);
        let other = submitted(&writer.client, body(3)).await;
        assert_eq!(finance.waiting().await, [(label(&other), "delegated".to_owned(), Some(second.id.to_string()))]);
        finance.approves(&other).await;
        // Both steps of a chain take different people, whoever's voice it was.
        policy(&world, json!({"approval_chain": [step("One", "channel_ops", json!({})), step("Two", "channel_ops", json!({}))]})).await;
        let long = submitted(&writer.client, body(4)).await;
        finance.approves(&long).await;
        assert_eq!(finance.kept_from(&long).await, ["another_person"]);
        assert_eq!(second.kept_from(&long).await, ["another_person"], "they have spoken through their delegate");
        assert_eq!(second.waiting().await, []);
        let third = Person::new(&world, "Rita", Role::ChannelOps);
        assert_eq!(third.approves(&long).await["review_status"], "approved");
        sound(&world);
    }

    async fn who_looks_after_the_partner_decides_unless_the_policy_forbids_it(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let sales = program.sales(partner);
        let manager = Person::new(&world, "Anna", Role::Approver);
        let new = json!({"role": "primary", "user_id": manager.id, "reason_code": "workload"});
        world.vendor(Role::ChannelOps).post(&format!("/v1/partners/{partner}/account-managers"), new).await.expect(201);
        let (usual, strict) = (submitted(&sales, complete()).await, submitted(&sales, another(2)).await);
        manager.approves(&usual).await;
        policy(&world, json!({"segregation": {"managed_partners": true}})).await;
        assert_eq!(manager.kept_from(&strict).await, ["not_managed_partner"]);
        assert_eq!(manager.waiting().await, []);
        let actions = manager.client.get(&path(&strict, "/actions")).await.expect(200);
        let approve = actions["data"].as_array().unwrap().iter().find(|action| action["action"] == "approve").unwrap();
        assert_eq!(approve["failing"][0]["guard"], "not_managed_partner");
        let (other, finance) = (Person::new(&world, "Berta", Role::Approver), Person::new(&world, "Maria", Role::Finance));
        assert_eq!(people(&chain(&other.client, &strict).await[0]["asked"]), ["Berta"]);
        manager.away(&world, &finance, 2).await;
        assert_eq!(finance.kept_from(&strict).await, ["not_managed_partner"], "nor through a delegate");
        assert_eq!(finance.waiting().await, []);
        other.approves(&strict).await;
        policy(&world, json!({"segregation": {"own_submissions": false, "own_records": false}})).await;
        let body = with(json!({"partner_id": partner.to_string(), "deal_type": "renewal", "amount": {"amount": "300000.00", "currency": "EUR"}}));
        let ops = Person::new(&world, "Otto", Role::ChannelOps);
        let own = submitted(&ops.client, body).await;
        other.approves(&own).await;
        assert_eq!(ops.approves(&own).await["review_status"], "approved", "where the policy lets them");
    }

    async fn each_condition_adds_its_step_where_it_is_met(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let dach = program.dach.clone();
        policy(&world, json!({"approval_chain": [
            step("Always", "approver", json!({})),
            step("Large", "channel_ops", json!({"from": [{"amount": "100000.00", "currency": "EUR"}]})),
            step("Renewal", "finance", json!({"deal_types": ["renewal"]})),
            step("DACH", "channel_ops", json!({"territory_ids": [dach]})),
            step("Tierless", "finance", json!({"tier_ranks": [0]})),
            step("Gold", "admin", json!({"tier_ranks": [3, 4]})),
        ]})).await;
        let usual = sales.post("/v1/deals", complete()).await.expect(201);
        assert_eq!(steps(&sales, &usual).await, ["Always", "DACH", "Tierless"], "Germany lies in DACH");
        let large = sales.post("/v1/deals", with(json!({"deal_type": "renewal", "amount": {"amount": "100000.00", "currency": "EUR"}}))).await.expect(201);
        assert_eq!(steps(&sales, &large).await, ["Always", "Large", "Renewal", "DACH", "Tierless"]);
        let admin = world.vendor(Role::Admin);
        // A condition about segments asks by the policy's own.
        let unknown = admin.post("/v1/policies", json!({"registration": {"approval_chain": [step("X", "finance", json!({"segments": ["gold"]}))]}})).await.expect(201);
        let refused = admin.post(&format!("/v1/policies/{}/publish", unknown["id"].as_str().unwrap()), json!({})).await.expect(409);
        assert_eq!(refused["errors"][0]["pointer"], "#/registration/approval_chain/0/segments/0");
        let france = admin.post("/v1/territories", json!({"code": "FR", "name": "France", "kind": "country"})).await.expect(201);
        policy(&world, json!({"approval_chain": [step("Nowhere", "finance", json!({"territory_ids": [france["id"]]})), step("Renewal", "channel_ops", json!({"deal_types": ["renewal"]}))]})).await;
        assert_eq!(steps(&sales, &usual).await, ["Nowhere"], "a chain that asks nobody asks the first");
        assert_eq!(steps(&sales, &large).await, ["Renewal"]);
        let unknown = json!({"registration": {"approval_chain": [step("X", "finance", json!({"territory_ids": ["territory_01jdq4p6c8f3kb2v9y0s7x5ham"]}))]}});
        let refused = admin.post("/v1/policies", unknown.clone()).await.expect(409);
        assert_eq!((refused["code"].as_str(), refused["errors"][0]["pointer"].as_str()), (Some("unknown_reference"), Some("#/registration/approval_chain/0/territory_ids/0")));
        let draft = admin.post("/v1/policies", json!({"registration": {}})).await.expect(201);
        assert_eq!(admin.patch(&format!("/v1/policies/{}", draft["id"].as_str().unwrap()), unknown).await.refused(409), "unknown_reference");
        for wrong in [json!({"quorum": 0}), json!({"quorum": 21}), json!({"escalate_after_hours": -1}), json!({"escalate_to": "nobody"}), json!({"sectors": []})] {
            let body = json!({"registration": {"approval_chain": [step("X", "finance", wrong)]}});
            assert_eq!(admin.post("/v1/policies", body).await.refused(422), "validation_failed");
        }
    }

    async fn a_quorum_takes_so_many_people_and_one_refusal_refuses(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let sales = program.sales(partner);
        policy(&world, json!({"approval_chain": [step("Board", "approver", json!({"quorum": 2}))]})).await;
        let (a, b, c) = (Person::new(&world, "Anna", Role::Approver), Person::new(&world, "Berta", Role::Approver), Person::new(&world, "Clara", Role::Finance));
        let deal = submitted(&sales, complete()).await;
        let first = a.approves(&deal).await;
        assert_eq!((first["review_status"].as_str(), first["protection"]["state"].as_str()), (Some("in_review"), Some("queued")));
        assert!(first["revision"].as_i64() > deal["revision"].as_i64());
        assert_eq!(a.kept_from(&deal).await, ["already_decided"]);
        let half = &chain(&a.client, &deal).await[0];
        assert_eq!((half["status"].as_str(), half["quorum"].as_i64(), half["votes"].as_array().unwrap().len(), people(&half["asked"])), (Some("pending"), Some(2), 1, vec!["Berta"]));
        assert_eq!((a.waiting().await.len(), b.waiting().await.len()), (0, 1));
        let row = b.client.get("/v1/approvals").await.expect(200)["data"][0].clone();
        assert_eq!((row["quorum"].as_i64(), row["agreed"].as_i64(), row["subject"]["path"].as_str()), (Some(2), Some(1), Some(path(&deal, "").as_str())));
        // A voice that was heard through a delegate counts once.
        a.away(&world, &c, 2).await;
        assert_eq!(c.kept_from(&deal).await, ["already_decided"]);
        assert_eq!(b.approves(&deal).await["review_status"], "approved");
        assert_eq!(a.approve(&deal).await.refused(409), "invalid_state");
        assert!(told_of(&world, "deal").contains("deal.approval_voted"));

        let other = submitted(&sales, another(2)).await;
        c.approves(&other).await;
        assert_eq!(a.kept_from(&other).await, ["already_decided"], "Clara spoke for them");
        let refusal = json!({"reason_code": "not_qualified", "reason_text": "No budget."});
        b.client.post(&path(&other, "/reject"), refusal).await.expect(200);
        let refused = &chain(&a.client, &other).await[0];
        assert_eq!((refused["status"].as_str(), refused["votes"].as_array().unwrap().len()), (Some("rejected"), 2));
        sound(&world);
    }

    async fn two_at_the_same_moment_both_count_and_only_one_where_one_is_enough(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let (a, b) = (Person::new(&world, "Anna", Role::Approver), Person::new(&world, "Berta", Role::Approver));
        for number in 0..4 {
            let quorum = 1 + number % 2;
            policy(&world, json!({"approval_chain": [step("Board", "approver", json!({"quorum": quorum}))]})).await;
            let deal = submitted(&sales, another(number)).await;
            let (one, other) = join(a.approve(&deal), b.approve(&deal)).await;
            let mut answered = [one.status, other.status];
            answered.sort_unstable();
            assert_eq!(answered, if quorum == 2 { [200, 200] } else { [200, 409] }, "{:?} {:?}", one.body, other.body);
            assert_eq!(sales.get(&path(&deal, "")).await.expect(200)["review_status"], "approved");
            let votes = chain(&a.client, &deal).await[0]["votes"].as_array().unwrap().len();
            assert_eq!(votes, usize::try_from(quorum).unwrap());
        }
        sound(&world);
    }

    async fn a_step_that_waits_too_long_is_escalated_exactly_once(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let sales = program.sales(partner);
        policy(&world, json!({"review_business_days": 5, "info_business_days": 20, "approval_chain": [
            step("Board", "approver", json!({"escalate_after_hours": 48, "escalate_to": "finance"})),
            step("Program", "channel_ops", json!({"escalate_after_hours": 10, "escalate_to": "finance"})),
        ]})).await;
        let (approver, finance) = (Person::new(&world, "Anna", Role::Approver), Person::new(&world, "Maria", Role::Finance));
        let ops = Person::new(&world, "Otto", Role::ChannelOps);
        let (deal, asked) = (submitted(&sales, complete()).await, submitted(&sales, another(2)).await);
        let decided = submitted(&sales, another(3)).await;
        world.clock.advance_seconds(47 * 3600);
        let questions = json!({"questions": ["Which sites are meant?"]});
        approver.client.post(&path(&asked, "/request-info"), questions).await.expect(200);
        approver.approves(&decided).await;
        assert_eq!(escalate(&world), 0);
        world.clock.advance_seconds(2 * 3600);
        assert_eq!(finance.kept_from(&deal).await, ["step_role"], "time alone changes nobody's rights");
        let before = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((escalate(&world), escalate(&world)), (1, 0), "not what the partner owes an answer to, nor what is at its next step");
        assert_eq!(sales.get(&path(&deal, "")).await.expect(200)["revision"], before["revision"]);
        assert_eq!(told_of(&world, "deal").matches("deal.approval_escalated").count(), 1);
        assert!(!heard(&world, partner).contains("escalated"), "it is the vendor's own business");
        let first = &chain(&approver.client, &deal).await[0];
        assert!(first["escalated_at"].is_string() && first["escalates_at"].is_null(), "{first}");
        assert_eq!(people(&first["asked"]), ["Anna", "Maria"]);
        assert_eq!(chain(&sales, &deal).await[0]["escalated_at"], Value::Null);
        assert_eq!(finance.waiting().await, [(label(&deal), "escalated".to_owned(), None)]);
        let escalated = ops.client.get("/v1/approvals?escalated=true").await.expect(200);
        assert_eq!((escalated["data"].as_array().unwrap().len(), &escalated["data"][0]["because"], &escalated["data"][0]["escalated_to"]), (1, &Value::Null, &json!("finance")));
        let history = ops.client.get(&path(&deal, "/history")).await.expect(200).to_string();
        assert!(history.contains("escalate"), "{history}");
        finance.approves(&deal).await;
        assert_eq!(finance.kept_from(&deal).await, ["step_role"], "the next step is not escalated");

        // The clock of the step stood while the partner owed the answer: one hour is left of it.
        sales.post(&path(&asked, "/answer-info"), json!({"answers": ["Stuttgart."]})).await.expect(200);
        assert_eq!(escalate(&world), 0);
        world.clock.advance_seconds(1800);
        assert_eq!(escalate(&world), 0);
        world.clock.advance_seconds(2400);
        assert_eq!(escalate(&world), 1);
        // The later steps have clocks of their own.
        world.clock.advance_seconds(10 * 3600);
        assert_eq!((escalate(&world), escalate(&world)), (2, 0));
        assert_eq!(finance.kept_from(&deal).await, ["another_person"]);
        ops.approves(&deal).await;
        sound(&world);
    }

    async fn servers_that_escalate_at_once_do_it_once(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        policy(&world, json!({"approval_chain": [step("Board", "approver", json!({"escalate_after_hours": 1}))]})).await;
        for number in 0..3 {
            submitted(&sales, another(number)).await;
        }
        world.clock.advance_seconds(3601);
        let done = world.at_once(4, |db| batches(|work| db.run_now(&openprm::auth::Caller::system("test"), work).unwrap()));
        assert_eq!(done.into_iter().sum::<usize>(), 3);
        assert_eq!(told_of(&world, "deal").matches("\"deal.approval_escalated\"").count(), 3);
    }

    async fn an_amendment_is_agreed_to_by_the_same_rules(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let (approver, finance) = (Person::new(&world, "Anna", Role::Approver), Person::new(&world, "Maria", Role::Finance));
        let deal = submitted(&sales, complete()).await;
        approver.approves(&deal).await;
        policy(&world, json!({"approval_chain": [step("Board", "approver", json!({"quorum": 2, "escalate_after_hours": 1}))]})).await;
        let more = json!({"amount": {"amount": "90000.00", "currency": "EUR"}, "reason": "More branches."});
        let amendment = sales.post(&path(&deal, "/amendments"), more).await.expect(201);
        let at = format!("/v1/deal-amendments/{}", amendment["id"].as_str().unwrap());
        approver.away(&world, &finance, 3).await;
        assert_eq!(finance.waiting().await, [(label(&deal), "delegated".to_owned(), Some(approver.id.to_string()))]);
        let half = finance.client.post(&format!("{at}/approve"), json!({})).await.expect(200);
        assert_eq!(half["status"], "pending");
        let twice = approver.client.post(&format!("{at}/approve"), json!({})).await.expect(409);
        assert_eq!(guards(&twice), ["already_decided"]);
        world.clock.advance_seconds(3700);
        assert_eq!((escalate(&world), escalate(&world)), (1, 0));
        let admin = Person::new(&world, "Root", Role::Admin);
        let done = admin.client.post(&format!("{at}/approve"), json!({})).await.expect(200);
        assert_eq!(done["status"], "approved");
        let large = json!({"amount": {"amount": "190000.00", "currency": "EUR"}, "reason": "More branches."});
        let back = sales.post(&path(&deal, "/amendments"), large).await.expect(201);
        sales.post(&format!("/v1/deal-amendments/{}/withdraw", back["id"].as_str().unwrap()), json!({})).await.expect(200);
        assert_eq!(admin.waiting().await, [], "what was taken back waits for nobody");
        sound(&world);
    }

    async fn what_waits_is_listed_within_the_caller_s_rows_and_page_by_page(world: World) {
        let program = Program::new(&world).await;
        let (one, other) = (program.partner("Nordwind"), program.partner("Südstern"));
        let mut labels = Vec::new();
        for (number, partner) in [one, other, one].into_iter().enumerate() {
            labels.push(label(&submitted(&program.sales(partner), another(u32::try_from(number).unwrap())).await));
        }
        let listed = |page: &Value| -> Vec<String> { page["data"].as_array().unwrap().iter().map(|row| row["subject"]["label"].as_str().unwrap().to_owned()).collect() };
        let all = world.vendor(Role::Analyst);
        assert_eq!(listed(&all.get("/v1/approvals").await.expect(200)), labels);
        assert_eq!(listed(&all.get("/v1/approvals?mine=true").await.expect(200)), Vec::<String>::new());
        let approver = world.vendor_of(Role::Approver, Rows::Partners([one].into()));
        assert_eq!(listed(&approver.get("/v1/approvals?mine=true").await.expect(200)), [labels[0].clone(), labels[2].clone()]);
        let first = approver.get("/v1/approvals?mine=true&limit=1").await.expect(200);
        assert_eq!(listed(&first), labels[..1]);
        let second = approver.get(&format!("/v1/approvals?mine=true&limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).await.expect(200);
        assert_eq!((listed(&second), second["has_more"].as_bool()), (vec![labels[2].clone()], Some(false)));
        for (filter, wanted) in [
            (format!("partner_id={other}"), vec![labels[1].clone()]),
            ("kind=deal_amendment".to_owned(), vec![]),
            ("kind=deal_registration,deal_amendment&role=approver".to_owned(), labels.clone()),
            ("role=finance".to_owned(), vec![]),
            ("escalated=false".to_owned(), labels.clone()),
        ] {
            assert_eq!(listed(&all.get(&format!("/v1/approvals?{filter}")).await.expect(200)), wanted, "{filter}");
        }
        assert_eq!(program.sales(one).get("/v1/approvals").await.refused(403), "forbidden");
        assert_eq!(world.stranger().get("/v1/approvals").await.refused(401), "unauthenticated");
        // Who stands in for somebody with fewer rows decides no more than they could.
        let (narrow, finance) = (Person::new(&world, "Anna", Role::Approver), Person::new(&world, "Maria", Role::Finance));
        let id = narrow.id;
        world.sql(move |tx| run(tx, &format!("UPDATE users SET row_scope = 'own' WHERE id = '{id}'")));
        narrow.away(&world, &finance, 1).await;
        assert_eq!(finance.waiting().await, []);
    }

    async fn votes_and_escalations_stay_as_they_were_written_down(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        policy(&world, json!({"approval_chain": [step("Board", "approver", json!({"quorum": 2, "escalate_after_hours": 1}))]})).await;
        let deal = submitted(&sales, complete()).await;
        Person::new(&world, "Anna", Role::Approver).approves(&deal).await;
        world.clock.advance_seconds(3700);
        assert_eq!(escalate(&world), 1);
        for sql in ["UPDATE approval_votes SET decision = 'rejected'", "DELETE FROM approval_votes", "UPDATE approval_escalations SET due_at = 1", "DELETE FROM approval_escalations"] {
            let refused = world.db.run_now(&openprm::auth::Caller::system("test"), move |tx| run(tx, sql));
            assert!(refused.is_err(), "{sql}");
        }
    }
}
