//! Partners: how a firm comes in, who looks after it, what it sees, and how it ends.

use diesel::prelude::*;
use futures_util::future::join_all;
use openprm::{
    auth::{Role, Rows},
    error::Error,
    kernel::ids::{Id as _, PartnerId, UserId},
    schema,
};
use serde_json::{Value, json};

use crate::support::{Client, World, publish_policy};

pub(crate) fn path(partner: &Value) -> String {
    format!("/v1/partners/{}", partner["id"].as_str().unwrap())
}

pub(crate) fn id(partner: &Value) -> PartnerId {
    partner["id"].as_str().unwrap().parse().unwrap()
}

pub(crate) async fn prospect(ops: &Client<'_>, name: &str) -> Value {
    ops.post(
        "/v1/partners",
        json!({"legal_name": name, "default_currency": "EUR", "time_zone": "Europe/Berlin"}),
    )
    .await
    .expect(201)
}

pub(crate) async fn territory(ops: &Client<'_>, code: &str) -> Value {
    ops.post(
        "/v1/territories",
        json!({"code": code, "name": code, "kind": "country"}),
    )
    .await
    .expect(201)
}

/// The token in the latest mail to that address.
fn token(world: &World, address: &str) -> String {
    let address = address.to_owned();
    let body: Option<String> = world.sql(move |tx| {
        use schema::mails::dsl as m;
        m::mails
            .filter(m::recipient.eq(&address))
            .order((m::created_at.desc(), m::id.desc()))
            .select(m::body)
            .first(tx.conn())
            .map_err(Error::from)
    });
    body.unwrap()
        .lines()
        .find(|line| line.len() == 43 && !line.contains(' '))
        .unwrap()
        .to_owned()
}

fn application(firm: &str, email: &str) -> Value {
    json!({
        "legal_name": firm, "default_currency": "EUR", "time_zone": "Europe/Berlin",
        "applicant": {"name": "Anna Berg", "email": email}, "types": ["reseller"], "territory_codes": ["DE"],
    })
}

pub(crate) async fn applied(world: &World, firm: &str, email: &str) -> (Value, String) {
    let receipt = world
        .stranger()
        .post("/v1/partner-applications", application(firm, email))
        .await
        .expect(201);
    let token = token(world, email);
    world
        .stranger()
        .post("/v1/partner-applications/verify-email", json!({"token": token}))
        .await
        .expect(200);
    (receipt, token)
}

pub(crate) async fn by_name(ops: &Client<'_>, name: &str) -> Value {
    ops.get(&format!("/v1/partners?q={name}")).await.expect(200)["data"][0].clone()
}

/// A partner that came in by application and is active.
pub(crate) async fn active(world: &World, firm: &str, domain: &str) -> Value {
    let (ops, admin) = (world.vendor(Role::ChannelOps), world.vendor(Role::Admin));
    let de = admin.get("/v1/territories?q=DE").await.expect(200)["data"][0].clone();
    let de = if de.is_null() { territory(&ops, "DE").await } else { de };
    applied(world, firm, &format!("anna@{domain}")).await;
    let partner = by_name(&ops, firm).await;
    ops.post(&format!("{}/start-review", path(&partner)), json!({}))
        .await
        .expect(200);
    let manager = world.user("vendor", "cam");
    let approval = json!({"types": ["reseller", "msp"], "territory_ids": [de["id"]], "program_ids": [program(world).await], "account_manager_id": manager});
    admin
        .post(&format!("{}/approve", path(&partner)), approval)
        .await
        .expect(200);
    ops.post(&format!("{}/activate", path(&partner)), json!({}))
        .await
        .expect(200)
}

/// A program to join, with a version in force.
async fn program(world: &World) -> Value {
    let ops = world.vendor(Role::ChannelOps);
    let known = ops.get("/v1/programs").await.expect(200)["data"]
        .as_array()
        .unwrap()
        .clone();
    match known.iter().find(|program| program["code"] == "CHANNEL") {
        Some(program) => program["id"].clone(),
        None => published(&ops, "CHANNEL", json!({"others": []})).await["id"].clone(),
    }
}

/// A program whose members begin in the tier Registered, with those benefits.
pub(crate) async fn published(ops: &Client<'_>, code: &str, benefits: Value) -> Value {
    let new = json!({"code": code, "name": format!("{code} program")});
    let program = ops.post("/v1/programs", new).await.expect(201);
    let path = format!("/v1/programs/{}", program["id"].as_str().unwrap());
    ops.post(&format!("{path}/versions"), json!({"currency": "EUR"}))
        .await
        .expect(201);
    let tier = json!({"rank": 1, "name": "Registered", "criteria": [], "benefits": benefits});
    ops.post(&format!("{path}/tiers"), tier).await.expect(201);
    ops.post(&format!("{path}/versions/1/publish"), json!({}))
        .await
        .expect(200);
    program
}

each_engine! {
    async fn a_prospect_is_made_read_changed_and_found(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let de = territory(&ops, "DE").await;
        let made = ops.post("/v1/partners", json!({
            "legal_name": "Nordwind Systemhaus GmbH", "trading_names": ["Nordwind IT"], "types": ["msp", "reseller"],
            "registration": {"number": "HRB 98765", "authority": "DE-HRB"}, "tax_ids": [{"kind": "eu_vat", "number": "DE123456789"}],
            "website": "https://www.nordwind.example", "phone": "+493012345678", "hq_address": {"city": "Berlin", "country": "DE"},
            "territory_ids": [de["id"]], "default_currency": "EUR", "time_zone": "Europe/Berlin", "tags": ["Strategic"],
            "external_refs": [{"system": "crm", "id": "0001"}],
        })).await.expect(201);
        assert_eq!((&made["status"], &made["revision"], &made["account_manager_id"]), (&json!("prospect"), &json!(1), &json!(null)));
        assert!(made["number"].as_str().unwrap().starts_with("PA-2026-"));
        assert_eq!(ops.get(&path(&made)).await.expect(200), made);

        let changed = ops.patch(&path(&made), json!({"hq_address": {"city": "Potsdam"}, "phone": null, "trading_names": []})).await.expect(200);
        assert_eq!(changed["hq_address"], json!({"street": null, "city": "Potsdam", "region": null, "postal_code": null, "country": "DE"}));
        assert_eq!((&changed["phone"], &changed["revision"]), (&json!(null), &json!(2)));

        let tid = de["id"].as_str().unwrap();
        for query in ["q=nord", "status=prospect,active", "type=msp", "country=DE", "tag=strategic", "external_system=crm&external_id=0001", &format!("territory_id={tid}")] {
            let found = ops.get(&format!("/v1/partners?{query}")).await.expect(200);
            assert_eq!(found["data"][0]["id"], made["id"], "{query}");
        }
        for query in ["q=south", "status=active", "type=isv", "country=FR", "tag=other", "external_system=crm&external_id=2"] {
            assert_eq!(ops.get(&format!("/v1/partners?{query}")).await.expect(200)["data"], json!([]), "{query}");
        }
        assert_eq!(ops.get("/v1/partners?external_id=1").await.refused(409), "contradiction");
        let twin = json!({"legal_name": "Other", "registration": {"number": "hrb-98765", "authority": "DE-HRB"}, "default_currency": "EUR", "time_zone": "UTC"});
        let refusal = ops.post("/v1/partners", twin).await.expect(409);
        assert_eq!(refusal["code"], "duplicate_partner");
        assert!(refusal["errors"][0]["detail"].as_str().unwrap().contains(made["id"].as_str().unwrap()), "the vendor learns who it is");
    }

    async fn a_tag_in_another_spelling_changes_nothing(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let at = "/v1/partners-by-external-id/crm/0007";
        let firm = json!({"legal_name": "Nordwind", "default_currency": "EUR", "time_zone": "UTC", "tags": ["Strategic"]});
        ops.put(at, firm).await.expect(201);
        let again = ops.put(at, json!({"tags": ["strategic"]})).await.expect(200);
        assert_eq!((&again["tags"], &again["revision"]), (&json!(["Strategic"]), &json!(1)));
        let more = ops.put(at, json!({"tags": ["strategic", "Berlin"]})).await.expect(200);
        assert_eq!(more["revision"], 2);
        assert_eq!(ops.get(at).await.expect(200)["tags"], json!(["Berlin", "Strategic"]));
    }

    async fn an_id_elsewhere_shows_no_more_than_the_callers_own_rows(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (north, south) = (prospect(&ops, "North").await, prospect(&ops, "South").await);
        let cam = world.vendor_of(Role::Cam, Rows::Partners([id(&north)].into()));
        for (at, body) in [
            ("/v1/partners-by-external-id/crm/1", json!({"legal_name": "West", "default_currency": "EUR", "time_zone": "UTC"})),
            ("/v1/people/by-external-id/crm/1", json!({"name": "Anna Berg", "employment": {"partner_id": south["id"]}})),
        ] {
            let made = ops.put(at, body).await.expect(201);
            assert_eq!(ops.get(at).await.expect(200)["id"], made["id"]);
            assert_eq!(cam.get(at).await.refused(404), "not_found");
            assert_eq!(cam.put(at, json!({"phone": "+493012345678"})).await.refused(409), "already_exists");
        }
    }

    async fn a_firm_applies_is_reviewed_prepares_and_sells(world: World) {
        let (ops, admin, stranger) = (world.vendor(Role::ChannelOps), world.vendor(Role::Admin), world.stranger());
        let de = territory(&ops, "DE").await;
        let email = "anna@nordwind.example";
        let receipt = stranger.post("/v1/partner-applications", application("Nordwind", email)).await.expect(201);
        assert_eq!((&receipt["status"], &receipt["email_verified"]), (&json!("applied"), &json!(false)));
        let partner = by_name(&ops, "Nordwind").await;
        let at = |action: &str| format!("{}/{action}", path(&partner));

        // Nobody reviews a firm whose applicant may be anybody.
        assert_eq!(ops.post(&at("start-review"), json!({})).await.refused(409), "guard_failed");
        let actions = ops.get(&at("actions")).await.expect(200);
        let start = actions["actions"].as_array().unwrap().iter().find(|action| action["action"] == "start_review").unwrap().clone();
        assert_eq!((&start["available"], &start["failing"][0]["guard"]), (&json!(false), &json!("email_not_verified")));

        let token = token(&world, email);
        let verified = stranger.post("/v1/partner-applications/verify-email", json!({"token": token})).await.expect(200);
        assert_eq!(verified["email_verified"], true);
        assert_eq!(ops.get("/v1/partners?domain=nordwind.example").await.expect(200)["data"][0]["id"], partner["id"]);
        ops.post(&at("start-review"), json!({})).await.expect(200);

        // Questions stop the clock.
        let before = ops.get(&at("application")).await.expect(200);
        ops.post(&at("request-info"), json!({"questions": ["How many engineers?"]})).await.expect(200);
        assert_eq!(ops.post(&at("reject"), json!({"reason_code": "no_fit", "reapply": "instant"})).await.refused(409), "invalid_state");
        let seen = stranger.post("/v1/partner-applications/status", json!({"token": token})).await.expect(200);
        assert_eq!((&seen["status"], &seen["questions"]), (&json!("info_requested"), &json!(["How many engineers?"])));
        world.clock.advance_days(3);
        stranger.post("/v1/partner-applications/answer", json!({"token": token, "answers": ["Twelve."]})).await.expect(200);
        let after = ops.get(&at("application")).await.expect(200);
        assert!(after["paused_micros"].as_i64().unwrap() >= 3 * 86_400_000_000, "the clock stood still");
        assert!(after["review_due_at"].as_str() > before["review_due_at"].as_str());
        let asked = ops.get(&at("info-requests")).await.expect(200);
        assert_eq!((&asked["data"][0]["status"], &asked["data"][0]["answers"]), (&json!("answered"), &json!(["Twelve."])));

        // Types, territories, programs and an account manager are chosen by an approver.
        let manager = world.user("vendor", "cam");
        let approval = json!({"types": ["reseller"], "territory_ids": [de["id"]], "program_ids": [program(&world).await], "account_manager_id": manager});
        assert_eq!(ops.post(&at("approve"), approval.clone()).await.refused(403), "forbidden");
        let unknown = json!({"types": ["reseller"], "territory_ids": [de["id"]], "program_ids": [program(&world).await], "account_manager_id": UserId::example(99)});
        assert_eq!(admin.post(&at("approve"), unknown).await.refused(409), "unknown_reference");
        let approved = admin.post(&at("approve"), approval).await.expect(200);
        assert_eq!((&approved["status"], &approved["account_manager_id"]), (&json!("onboarding"), &json!(manager)));
        let sells = ops.post(&at("activate"), json!({})).await.expect(200);
        assert_eq!((&sells["status"], &sells["account_manager_id"]), (&json!("active"), &json!(manager)));
        assert_eq!(ops.post(&at("activate"), json!({})).await.refused(409), "invalid_state");

        let changes = ops.get(&format!("{}?limit=2", at("status-changes"))).await.expect(200);
        assert_eq!((&changes["data"][0]["from_status"], &changes["data"][0]["to_status"]), (&json!("onboarding"), &json!("active")));
        let next = changes["next_cursor"].as_str().unwrap();
        let rest = ops.get(&format!("{}?limit=50&cursor={next}", at("status-changes"))).await.expect(200);
        let walked: Vec<&str> = rest["data"].as_array().unwrap().iter().map(|change| change["to_status"].as_str().unwrap()).collect();
        assert_eq!(walked, ["in_review", "info_requested", "in_review", "applied"]);
    }

    async fn an_application_is_due_in_business_time_where_the_program_says_so(world: World) {
        let (ops, stranger) = (world.vendor(Role::ChannelOps), world.stranger());
        publish_policy(&world, json!({"partners": {"review_clock": "business_time", "review_days": 5, "answer_days": 3}})).await;
        territory(&ops, "DE").await;
        let (_, token) = applied(&world, "Nordwind", "anna@nordwind.example").await;
        let partner = by_name(&ops, "Nordwind").await;
        let at = |action: &str| format!("{}/{action}", path(&partner));
        let made = ops.get(&at("application")).await.expect(200);
        // Applied on a Saturday: the days count from Monday on.
        assert_eq!((made["review_due_at"].as_str(), &made["clock_basis"]), (Some("2026-11-30T00:00:00.000000Z"), &json!("business_time")));
        ops.post(&at("start-review"), json!({})).await.expect(200);
        world.clock.advance_days(3);
        ops.post(&at("request-info"), json!({"questions": ["How many engineers?"]})).await.expect(200);
        let asked = ops.get(&at("application")).await.expect(200);
        assert_eq!(&asked["info_due_at"].as_str().unwrap()[..19], "2026-11-27T09:00:00", "three business days after Tuesday");
        // The application keeps the clock that it began with; the weekend in between counts for nobody.
        publish_policy(&world, json!({"partners": {"review_clock": "round_the_clock"}})).await;
        world.clock.advance_days(2);
        stranger.post("/v1/partner-applications/answer", json!({"token": token, "answers": ["Twelve."]})).await.expect(200);
        let resumed = ops.get(&at("application")).await.expect(200);
        assert_eq!(&resumed["review_due_at"].as_str().unwrap()[..19], "2026-12-02T00:00:00");
    }

    async fn two_people_of_one_firm_apply_at_once_and_one_succeeds(world: World) {
        territory(&world.vendor(Role::ChannelOps), "DE").await;
        let stranger = world.stranger();
        let mut body = application("Nordwind", "anna@nordwind.example");
        body["registration"] = json!({"number": "HRB 98765", "authority": "DE-HRB"});
        let answers = join_all((0..8).map(|one| {
            let (mut body, stranger) = (body.clone(), &stranger);
            body["applicant"]["email"] = json!(format!("person{one}@nordwind.example"));
            async move { stranger.post("/v1/partner-applications", body).await }
        })).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
        assert_eq!((won.len(), lost.len()), (1, 7));
        for answer in lost {
            let body = answer.expect(409);
            assert_eq!(body["code"], "duplicate_partner");
            assert!(!body.to_string().contains("partner_0"), "a stranger does not learn who it is: {body}");
        }
    }

    async fn a_domain_becomes_the_firms_that_verifies_it_first(world: World) {
        territory(&world.vendor(Role::ChannelOps), "DE").await;
        let stranger = world.stranger();
        for person in ["anna", "bert"] {
            stranger.post("/v1/partner-applications", application(person, &format!("{person}@nordwind.example"))).await.expect(201);
        }
        let token_of = |person: &str| token(&world, &format!("{person}@nordwind.example"));
        stranger.post("/v1/partner-applications/verify-email", json!({"token": token_of("bert")})).await.expect(200);
        stranger.post("/v1/partner-applications/verify-email", json!({"token": token_of("bert")})).await.expect(200);
        let late = stranger.post("/v1/partner-applications/verify-email", json!({"token": token_of("anna")})).await;
        assert_eq!(late.refused(409), "duplicate_partner");
        let third = stranger.post("/v1/partner-applications", application("carl", "carl@sales.nordwind.example")).await;
        assert_eq!(third.refused(409), "duplicate_partner");
    }

    async fn a_free_mailbox_says_nothing_of_the_firm(world: World) {
        territory(&world.vendor(Role::ChannelOps), "DE").await;
        let stranger = world.stranger();
        let mut body = application("Nordwind", "nordwind@gmail.com");
        assert_eq!(stranger.post("/v1/partner-applications", body.clone()).await.refused(409), "guard_failed");
        body["registration"] = json!({"number": "HRB 1", "authority": "DE-HRB"});
        stranger.post("/v1/partner-applications", body).await.expect(201);
        stranger.post("/v1/partner-applications/verify-email", json!({"token": token(&world, "nordwind@gmail.com")})).await.expect(200);
        stranger.post("/v1/partner-applications", { let mut other = application("Other", "other@gmail.com"); other["registration"] = json!({"number": "HRB 2", "authority": "DE-HRB"}); other }).await.expect(201);
        let ops = world.vendor(Role::ChannelOps);
        let partner = prospect(&ops, "Third").await;
        assert_eq!(ops.post(&format!("{}/domains", path(&partner)), json!({"domain": "gmail.com"})).await.refused(409), "guard_failed");
        assert_eq!(stranger.post("/v1/partner-applications/status", json!({"token": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})).await.refused(409), "unknown_reference");
    }

    async fn an_invitation_is_taken_up_once_and_ends_by_the_clock(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        territory(&ops, "DE").await;
        let partner = prospect(&ops, "Nordwind").await;
        let invite = format!("{}/invite", path(&partner));
        assert_eq!(ops.post(&invite, json!({"email": "anna@gmail.com"})).await.refused(409), "guard_failed");
        let invited = ops.post(&invite, json!({"email": "anna@nordwind.example"})).await.expect(200);
        assert_eq!(invited["status"], "invited");
        let other = prospect(&ops, "Other").await;
        assert_eq!(ops.post(&format!("{}/invite", path(&other)), json!({"email": "bert@nordwind.example"})).await.refused(409), "guard_failed");

        world.clock.advance_days(31);
        let late = ops.get(&path(&partner)).await.expect(200);
        assert_eq!(late["status"], "invite_expired");
        assert_eq!(ops.get("/v1/partners?status=invited").await.expect(200)["data"], json!([]));
        assert_eq!(ops.get("/v1/partners?status=invite_expired").await.expect(200)["data"][0]["id"], partner["id"]);
        let mut body = application("Nordwind", "anna@nordwind.example");
        body["invitation_token"] = json!(token(&world, "anna@nordwind.example"));
        assert_eq!(world.stranger().post("/v1/partner-applications", body.clone()).await.refused(409), "guard_failed");

        ops.post(&invite, json!({"email": "anna@nordwind.example"})).await.expect(200);
        body["invitation_token"] = json!(token(&world, "anna@nordwind.example"));
        let receipt = world.stranger().post("/v1/partner-applications", body.clone()).await.expect(201);
        assert_eq!((&receipt["status"], &receipt["email_verified"], &receipt["number"]), (&json!("applied"), &json!(true), &partner["number"]));
        assert_eq!(world.stranger().post("/v1/partner-applications", body).await.refused(409), "duplicate_partner");
        let states: Vec<Value> = ops.get(&format!("{}/invitations", path(&partner))).await.expect(200)["data"].as_array().unwrap().iter().map(|one| one["state"].clone()).collect();
        assert_eq!(states, ["accepted", "expired"]);
    }

    async fn a_rejection_says_when_the_firm_may_apply_again(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        territory(&ops, "DE").await;
        let (receipt, _) = applied(&world, "Nordwind", "anna@nordwind.example").await;
        let partner = by_name(&ops, "Nordwind").await;
        ops.post(&format!("{}/start-review", path(&partner)), json!({})).await.expect(200);
        let rejection = json!({"reason_code": "territory_covered", "reason_text": "Three are enough.", "reapply": "after", "reapply_after_on": "2027-01-01"});
        ops.post(&format!("{}/reject", path(&partner)), rejection).await.expect(200);
        let again = || async { world.stranger().post("/v1/partner-applications", application("Nordwind", "anna@nordwind.example")).await };
        let refusal = again().await.expect(409);
        assert_eq!((&refusal["code"], &refusal["errors"][0]["code"]), (&json!("guard_failed"), &json!("reapply_later")));
        world.clock.advance_days(60);
        let second = again().await.expect(201);
        assert_eq!(second["number"], receipt["number"], "the firm keeps its record and its history");
    }

    async fn an_active_partner_is_looked_after_at_every_moment(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let partner = active(&world, "Nordwind", "nordwind.example").await;
        let at = format!("{}/account-managers", path(&partner));
        let (first, second, third) = (partner["account_manager_id"].clone(), world.user("vendor", "second"), world.user("vendor", "third"));
        assert_eq!(ops.post(&format!("{at}/end"), json!({"role": "primary", "reason_code": "departure"})).await.refused(409), "guard_failed");
        assert_eq!(ops.post(&at, json!({"role": "primary", "user_id": first, "reason_code": "workload"})).await.refused(409), "guard_failed");
        let past = json!({"role": "primary", "user_id": second, "reason_code": "workload", "valid_from": "2020-01-01T00:00:00Z"});
        assert_eq!(ops.post(&at, past).await.refused(409), "guard_failed");

        ops.post(&at, json!({"role": "primary", "user_id": second, "reason_code": "workload"})).await.expect(201);
        let soon = world.now().plus_days(10);
        let coming = ops.post(&at, json!({"role": "primary", "user_id": third, "reason_code": "workload", "valid_from": soon})).await.expect(201);
        let again = json!({"role": "primary", "user_id": first, "reason_code": "workload", "valid_from": soon});
        assert!(matches!(ops.post(&at, again).await.refused(409).as_str(), "already_exists" | "guard_failed"));
        let fourth = world.user("vendor", "fourth");
        let refusal = ops.post(&at, json!({"role": "primary", "user_id": fourth, "reason_code": "workload", "valid_from": soon.plus_days(1)})).await.expect(409);
        assert_eq!(refusal["errors"][0]["code"], "too_many_reassignments");

        let now = ops.get(&format!("{at}?as_of={}", world.now())).await.expect(200);
        assert_eq!((&now["data"][0]["user_id"], &now["data"][0]["valid_until"]), (&json!(second), &coming["valid_from"]));
        let then = ops.get(&format!("{at}?as_of={}", soon.plus_days(1))).await.expect(200);
        assert_eq!((then["data"].as_array().unwrap().len(), &then["data"][0]["user_id"]), (1, &json!(third)));
        assert_eq!(ops.get(&format!("/v1/partners?account_manager_id={second}")).await.expect(200)["data"][0]["id"], partner["id"]);
        ops.delete(&format!("{at}/{}", coming["id"].as_str().unwrap())).await.expect(204);
        let begun = now["data"][0]["id"].as_str().unwrap();
        assert_eq!(ops.delete(&format!("{at}/{begun}")).await.refused(409), "guard_failed");
    }

    async fn the_database_itself_refuses_a_partner_that_nobody_looks_after(world: World) {
        let partner = id(&active(&world, "Nordwind", "nordwind.example").await);
        let refusal = world.db.run_now(&openprm::auth::Caller::system("test"), move |tx| {
            use schema::account_manager_assignments::dsl as a;
            diesel::delete(a::account_manager_assignments.filter(a::partner_id.eq(partner))).execute(tx.conn()).map_err(Error::from)
        });
        assert!(refusal.is_err());
        let gone = world.db.run_now(&openprm::auth::Caller::system("test"), move |tx| {
            use schema::partners::dsl as p;
            diesel::update(p::partners.filter(p::id.eq(PartnerId::example(1)))).set(p::status.eq("active")).execute(tx.conn()).map_err(Error::from)
        });
        assert_eq!(gone.unwrap(), 0);
    }

    async fn a_suspended_partner_registers_nothing_and_comes_back(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let partner = active(&world, "Nordwind", "nordwind.example").await;
        let key = id(&partner);
        let is_active = || world.sql(move |tx| openprm::partners::is_active(tx, key));
        assert!(is_active());
        let suspension = json!({"reason_code": "payment_overdue", "reason_text": "Two invoices.", "protections": "pause"});
        let suspended = ops.post(&format!("{}/suspend", path(&partner)), suspension).await.expect(200);
        assert_eq!((&suspended["status"], &suspended["suspension_protection"]), (&json!("suspended"), &json!("pause")));
        assert!(!is_active());
        let own = world.partner_user(key, Role::PartnerAdmin).get(&path(&partner)).await.expect(200);
        assert_eq!((&own["status_reason_code"], &own["status_reason_text"]), (&json!("payment_overdue"), &json!(null)));
        let back = ops.post(&format!("{}/reinstate", path(&partner)), json!({})).await.expect(200);
        assert_eq!((&back["status"], &back["suspension_protection"]), (&json!("active"), &json!(null)));
    }

    async fn a_partnership_ends_after_its_notice(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let partner = active(&world, "Nordwind", "nordwind.example").await;
        let own = world.partner_user(id(&partner), Role::PartnerAdmin);
        let at = |action: &str| format!("{}/{action}", path(&partner));
        let product = ops.post("/v1/products", json!({"code": "GTX", "name": "GTX", "kind": "product"})).await.expect(201);
        let de = ops.get("/v1/territories?q=DE").await.expect(200)["data"][0]["id"].clone();
        ops.post(&at("authorisations"), json!({"product_id": product["id"], "territory_id": de})).await.expect(201);

        let soon = json!({"reason_code": "moving_on", "effective_end_at": world.now().plus_days(3)});
        assert_eq!(own.post(&at("offboard"), soon).await.refused(409), "guard_failed");
        let notice = own.post(&at("offboard"), json!({"reason_code": "moving_on"})).await.expect(200);
        assert_eq!(notice["status"], "offboarding");
        assert_eq!(ops.post(&at("terminate"), json!({})).await.refused(409), "guard_failed");
        world.clock.advance_days(31);
        let key = id(&partner);
        let due = world.sql(openprm::partners::standing::due);
        assert_eq!(due, [key]);
        world.sql(move |tx| openprm::partners::standing::end_due(tx, key));
        let ended = ops.get(&path(&partner)).await.expect(200);
        assert_eq!((&ended["status"], &ended["account_manager_id"]), (&json!("terminated"), &json!(null)));
        let rights = ops.get(&at("authorisations")).await.expect(200);
        assert!(rights["data"][0]["ends_on"].is_string());
        assert_eq!(ops.get(&at("domains")).await.expect(200)["data"][0]["status"], "released");
        assert_eq!(ops.patch(&path(&partner), json!({"website": "https://x.example"})).await.refused(422), "field_locked");
        // The firm comes back on its own record.
        let again = world.stranger().post("/v1/partner-applications", application("Nordwind", "carl@nordwind.example")).await.expect(201);
        assert_eq!(again["number"], partner["number"]);
    }

    async fn authorisation_follows_both_trees(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let partner = active(&world, "Nordwind", "nordwind.example").await;
        let line = ops.post("/v1/products", json!({"code": "GTX", "name": "GTX line", "kind": "line"})).await.expect(201);
        let product = ops.post("/v1/products", json!({"code": "GTX-PRO", "name": "GTX Pro", "kind": "product", "parent_id": line["id"]})).await.expect(201);
        let de = ops.get("/v1/territories?q=DE").await.expect(200)["data"][0].clone();
        let berlin = ops.post("/v1/territories", json!({"code": "DE-BE", "name": "Berlin", "kind": "subdivision", "parent_id": de["id"]})).await.expect(201);
        let at = format!("{}/authorisations", path(&partner));
        let right = ops.post(&at, json!({"product_id": line["id"], "territory_id": de["id"], "ends_on": "2027-01-01"})).await.expect(201);
        assert_eq!(ops.post(&at, json!({"product_id": line["id"], "territory_id": de["id"]})).await.refused(409), "already_exists");
        assert_eq!(ops.post(&at, json!({"product_id": line["id"], "territory_id": de["id"], "starts_on": "2027-02-01", "ends_on": "2027-01-01"})).await.refused(409), "guard_failed");
        let key = id(&partner);
        let (product, berlin) = (product["id"].as_str().unwrap().parse().unwrap(), berlin["id"].as_str().unwrap().parse().unwrap());
        let sells = |days: i64| world.sql(move |tx| { let at = tx.now.plus_days(days); openprm::partners::authorised(tx, key, product, berlin, at) });
        assert!(sells(0));
        assert!(!sells(-1), "not before it began");
        assert!(!sells(41), "not after it ended");
        assert_eq!(ops.get(&format!("{at}?as_of=2027-01-01")).await.expect(200)["data"], json!([]));
        let longer = ops.patch(&format!("{at}/{}", right["id"].as_str().unwrap()), json!({"ends_on": null})).await.expect(200);
        assert_eq!(longer["ends_on"], json!(null));
        assert!(sells(41));
    }

    async fn people_of_a_partner_see_their_own_partner_alone(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        let (mine, other) = (prospect(&ops, "Mine").await, prospect(&ops, "Other").await);
        ops.patch(&path(&mine), json!({"tags": ["risk"], "external_refs": [{"system": "crm", "id": "1"}]})).await.expect(200);
        let own = world.partner_user(id(&mine), Role::PartnerAdmin);
        let seen = own.get(&path(&mine)).await.expect(200);
        assert_eq!((&seen["tags"], &seen["external_refs"]), (&json!(null), &json!(null)));
        let listed = own.get("/v1/partners").await.expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        assert_eq!(own.get("/v1/partners?tag=risk").await.expect(200)["data"], json!([]), "nobody finds out by a filter");
        for below in ["", "/account-managers", "/authorisations", "/domains", "/actions", "/status-changes", "/application", "/info-requests"] {
            assert_eq!(own.get(&format!("{}{below}", path(&other))).await.refused(404), "not_found", "{below}");
        }
        assert_eq!(own.patch(&path(&other), json!({"phone": null})).await.refused(404), "not_found");
        assert_eq!(own.patch(&path(&mine), json!({"legal_name": "Yours"})).await.refused(403), "field_forbidden");
        assert_eq!(own.patch(&path(&mine), json!({"phone": "+493012345678"})).await.expect(200)["phone"], "+493012345678");
        let cam = world.vendor_of(Role::Cam, Rows::Partners([id(&other)].into()));
        assert_eq!(cam.get(&path(&mine)).await.refused(404), "not_found");
    }

    async fn custom_fields_hold_what_their_definitions_say(world: World) {
        let admin = world.vendor(Role::Admin);
        let define = |name: &str, more: Value| {
            let mut body = json!({"resource_type": "partner", "name": name, "label": name, "data_type": "text"});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        admin.post("/v1/custom-fields", define("level", json!({"data_type": "choice", "choices": ["basic", "premium"], "partner_visible": true}))).await.expect(201);
        admin.post("/v1/custom-fields", define("seats", json!({"data_type": "integer", "partner_visible": true, "partner_editable": true}))).await.expect(201);
        admin.post("/v1/custom-fields", define("score", json!({"data_type": "decimal"}))).await.expect(201);
        assert_eq!(admin.post("/v1/custom-fields", define("score", json!({}))).await.refused(409), "already_exists");
        let partner = prospect(&admin, "Nordwind").await;
        let set = admin.patch(&path(&partner), json!({"custom": {"level": "basic", "seats": 3, "score": "7.5"}})).await.expect(200);
        assert_eq!(set["custom"], json!({"level": "basic", "seats": 3, "score": "7.5"}));
        let wrong = admin.patch(&path(&partner), json!({"custom": {"level": "gold", "colour": "red"}})).await.expect(409);
        let pointers: Vec<&str> = wrong["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(pointers, ["#/custom/colour", "#/custom/level"]);
        let own = world.partner_user(id(&partner), Role::PartnerAdmin);
        assert_eq!(own.get(&path(&partner)).await.expect(200)["custom"], json!({"level": "basic", "seats": 3}));
        assert_eq!(own.patch(&path(&partner), json!({"custom": {"level": "premium"}})).await.refused(403), "field_forbidden");
        let mine = own.patch(&path(&partner), json!({"custom": {"seats": 4}})).await.expect(200);
        assert_eq!(mine["custom"], json!({"level": "basic", "seats": 4}));
        assert_eq!(admin.get(&path(&partner)).await.expect(200)["custom"]["score"], "7.5", "what the partner does not see stays");
        assert_eq!(own.get("/v1/custom-fields").await.expect(200)["data"].as_array().unwrap().len(), 2);
    }
}
