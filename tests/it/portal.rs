//! The portal: what a front end is told before and after signing in.

use openprm::auth::Role;
use serde_json::{Value, json};

use crate::{
    program::{Program, approved, complete, path, submitted, with},
    support::Client,
};

fn names(portal: &Value) -> Vec<&str> {
    portal["menu"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["name"].as_str().unwrap())
        .collect()
}

/// What waits for the client, by kind.
async fn work(client: &Client<'_>) -> Vec<(String, i64)> {
    let portal = client.get("/v1/portal").await.expect(200);
    let unread = client.get("/v1/notices/unread-count").await.expect(200);
    assert_eq!(portal["unread_notices"], unread["unread"]);
    let queue = client.get("/v1/work-items?include_total=true").await.expect(200);
    let work = portal["work"].as_array().unwrap().iter();
    let counts: Vec<(String, i64)> = work
        .map(|one| (one["kind"].as_str().unwrap().to_owned(), one["count"].as_i64().unwrap()))
        .collect();
    let sum: i64 = counts.iter().map(|(_, count)| count).sum();
    assert_eq!(
        queue["total"]["value"],
        json!(sum),
        "the portal counts what the queue lists"
    );
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

fn counts(list: &[(&str, i64)]) -> Vec<(String, i64)> {
    list.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect()
}

each_engine! {
    async fn the_page_for_signing_in_is_open_to_everyone_and_holds_no_more_than_it_needs(world: World) {
        let stranger = world.stranger();
        let page = stranger.get("/v1/portal/public").await.expect(200);
        assert_eq!((page["branding"]["name"].as_str(), &page["sign_in_methods"]), (Some("OpenPRM"), &json!(["password"])));
        assert_eq!(page["identity_providers"], json!([]));
        assert_eq!(page["locales"], json!([{"code": "en", "name": "English"}, {"code": "de", "name": "Deutsch"}]));
        assert!(page.get("menu").is_none() && page.get("work").is_none() && page.get("modules").is_none());
        assert_eq!(stranger.get("/v1/portal").await.refused(401), "unauthenticated");
        assert_eq!(stranger.get("/v1/portal/branding").await.refused(401), "unauthenticated");
    }

    async fn the_page_for_signing_in_names_the_providers_that_everybody_may_know(world: World) {
        let program = Program::new(&world).await;
        let (admin, partner) = (world.vendor(Role::Admin), program.partner("Nordwind"));
        let add = async |name: &str, issuer: &str, partner: Value| {
            let body = json!({
                "name": name, "issuer": issuer, "audience": "openprm", "link_by": "verified_email", "email_domains": ["vendor.example"],
                "roles_by": "limited", "roles_claim": "groups", "role_map": [], "authorised_parties": ["portal"], "partner_id": partner,
            });
            admin.post("/v1/identity-providers", body).await.expect(201)
        };
        let page = async || world.stranger().get("/v1/portal/public").await.expect(200);
        add("Nordwind staff", "https://login.nordwind.example/realm", json!(partner)).await;
        let shown = page().await;
        assert_eq!((&shown["sign_in_methods"], &shown["identity_providers"]), (&json!(["password"]), &json!([])), "who the partners are is told to nobody");

        let staff = add("Staff", "https://login.vendor.example/realms/prm/", Value::Null).await;
        let partners = add("partners", "https://id.vendor.example", Value::Null).await;
        let shown = page().await;
        assert_eq!(shown["sign_in_methods"], json!(["password", "openid_connect"]));
        let wanted = json!([
            {
                "id": partners["id"], "name": "partners", "issuer": "https://id.vendor.example", "audience": "openprm",
                "discovery_url": "https://id.vendor.example/.well-known/openid-configuration",
            },
            {
                "id": staff["id"], "name": "Staff", "issuer": "https://login.vendor.example/realms/prm/", "audience": "openprm",
                "discovery_url": "https://login.vendor.example/realms/prm/.well-known/openid-configuration",
            },
        ]);
        assert_eq!(shown["identity_providers"], wanted, "by name in any case, and nothing of how accounts become users");

        let path = |provider: &Value| format!("/v1/identity-providers/{}", provider["id"].as_str().unwrap());
        admin.patch(&path(&staff), json!({"enabled": false})).await.expect(200);
        let shown = page().await;
        let names: Vec<_> = shown["identity_providers"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
        assert_eq!(names, ["partners"], "one whose tokens are refused leads nowhere");
        admin.delete(&path(&partners)).await.expect(204);
        assert_eq!(page().await["sign_in_methods"], json!(["password"]));
    }

    async fn branding_is_changed_by_those_whose_it_is_and_shown_to_all(world: World) {
        let content = world.vendor(Role::ContentManager);
        let change = json!({
            "name": "Northwall Partner Program", "logo_url": "https://www.vendor.example/logo.svg", "primary_color": "#0A5C36",
            "support_email": "partners@vendor.example", "legal_links": [{"kind": "privacy", "label": "Privacy", "url": "https://www.vendor.example/privacy"}]
        });
        let changed = content.patch("/v1/portal/branding", change).await.expect(200);
        assert_eq!((changed["revision"].as_i64(), changed["accent_color"].as_str()), (Some(2), Some("#b45309")));
        assert_eq!(world.stranger().get("/v1/portal/public").await.expect(200)["branding"], changed);
        let stale = content.send(actix_web::http::Method::PATCH, "/v1/portal/branding", &[("if-match", "\"1\"")], Some(&json!({"name": "Late"}))).await;
        assert_eq!(stale.refused(412), "precondition_failed");
        for wrong in [json!({"logo_url": "javascript:alert(1)"}), json!({"primary_color": "red"}), json!({"legal_links": [{"kind": "privacy", "label": "x", "url": "data:text/html,x"}]}), json!({"name": ""})] {
            assert_eq!(content.patch("/v1/portal/branding", wrong).await.refused(422), "validation_failed");
        }
        assert_eq!(content.patch("/v1/portal/branding", json!({"logo_url": null})).await.expect(200)["logo_url"], Value::Null);
        assert_eq!(world.vendor(Role::Cam).patch("/v1/portal/branding", json!({"name": "Mine"})).await.refused(403), "forbidden");
        assert!(crate::program::told_of(&world, "portal_branding").contains("portal_branding.updated"));
    }

    async fn a_menu_leads_nowhere_that_its_reader_may_not_go(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        for role in Role::ALL.iter().copied().filter(|role| *role != Role::Integration) {
            let client = if role.is_partner() { world.partner_user(partner, role) } else { world.vendor(role) };
            let portal = client.get("/v1/portal").await.expect(200);
            for entry in portal["menu"].as_array().unwrap() {
                let answer = client.get(entry["path"].as_str().unwrap()).await;
                assert_eq!(answer.status, 200, "{role}: {}", entry["name"]);
                if let Some(form) = entry["form"].as_str() {
                    let answer = client.get(&format!("/v1/schema/{form}")).await;
                    assert_eq!(answer.expect(200)["resource"], form, "{role}: {}", entry["name"]);
                    assert_eq!(entry["path"], format!("/v1/{form}"), "the form is of what the entry lists");
                }
            }
            for entry in portal["work"].as_array().unwrap() {
                assert_eq!(client.get(entry["path"].as_str().unwrap()).await.status, 200, "{role}: {entry}");
            }
        }
        let sales = program.sales(partner).get("/v1/portal").await.expect(200);
        assert!(names(&sales).contains(&"deals") && !names(&sales).contains(&"customers") && !names(&sales).contains(&"policies"));
        let deals = |portal: &Value| portal["menu"].as_array().unwrap().iter().find(|entry| entry["name"] == "deals").unwrap().clone();
        assert_eq!(deals(&sales)["form"], "deals");
        let german = program.sales(partner).send(actix_web::http::Method::GET, "/v1/portal", &[("accept-language", "de")], None).await;
        assert_eq!(german.header("content-language"), Some("de"));
        assert!(german.header("vary").unwrap().to_lowercase().contains("accept-language"));
        let same = program.sales(partner).send(actix_web::http::Method::GET, "/v1/schema/deals", &[("accept-language", "de")], None).await;
        assert_eq!((same.status, same.header("content-language")), (200, Some("de")));
        let english = program.sales(partner).send(actix_web::http::Method::GET, "/v1/portal/public", &[("if-none-match", "*")], None).await;
        assert_eq!((english.status, english.header("content-language"), english.header("vary").is_some()), (304, Some("en"), true));
        assert!(program.sales(partner).get("/v1/partners").await.header("content-language").is_none());
        let german = german.expect(200);
        assert_eq!((german["language"].as_str(), deals(&german)["label"].as_str()), (Some("de"), Some("Projekte")));
        assert_eq!(german["modules"].as_array().unwrap().len(), 15);
    }

    async fn open_work_is_counted_for_those_who_can_clear_it(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, approver, other) = (program.sales(partner), world.vendor(Role::Approver), world.vendor(Role::Approver));
        let kinds = async |client: &Client<'_>| {
            let portal = client.get("/v1/portal").await.expect(200);
            let kinds = portal["work"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap().to_owned());
            kinds.collect::<Vec<_>>()
        };
        assert_eq!(kinds(&sales).await, ["protection_end", "deal_questions", "transfer_consent", "task", "follow_up"]);
        assert_eq!(kinds(&world.vendor(Role::Analyst)).await, ["task", "follow_up"]);
        assert_eq!((work(&sales).await, work(&approver).await), (vec![], vec![]));
        let deal = submitted(&sales, complete()).await;
        assert_eq!(work(&approver).await, counts(&[("registration_decision", 1)]));
        approver.post(&path(&deal, "/claim-review"), json!({})).await.expect(200);
        assert_eq!((work(&approver).await, work(&other).await), (counts(&[("registration_decision", 1)]), vec![]));
        approver.post(&path(&deal, "/request-info"), json!({"questions": ["Which sites?"]})).await.expect(200);
        assert_eq!(work(&sales).await, counts(&[("deal_questions", 1)]));
        assert_eq!(work(&approver).await, vec![]);
        assert_eq!(work(&program.sales(program.partner("Südwind"))).await, vec![], "another partner's");
        world.clock.advance_days(30);
        assert_eq!(work(&sales).await, vec![], "what lapsed waits for nobody");

        let granted = approved(&world, &sales, with(json!({"customer": {"name": "Gamma GmbH", "website": "https://www.gamma-bau.de"}, "expected_close_on": "2027-06-30"}))).await;
        assert_eq!(granted["protection"]["state"], "active");
        assert_eq!(work(&sales).await, vec![]);
        world.clock.advance_days(80);
        assert_eq!(work(&sales).await, counts(&[("protection_end", 1)]));
        let listed = sales.get("/v1/portal").await.expect(200)["work"][0].clone();
        assert_eq!((listed["label"].as_str(), listed["operation"].as_str()), (Some("Protections that end soon"), Some("listWorkItems")));
        assert_eq!(sales.get(listed["path"].as_str().unwrap()).await.expect(200)["data"].as_array().unwrap().len(), 1, "{listed}");
        world.clock.advance_days(20);
        assert_eq!(work(&sales).await, vec![]);
    }
}
