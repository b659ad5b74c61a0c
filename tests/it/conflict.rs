//! Conflict checks: what is found, who may read how much of it, and that it can be run again.

use diesel::prelude::*;
use openprm::{
    auth::{Caller, Role},
    deals::{
        conflict::{self, CheckPurpose, ConflictVerdict, Described},
        protection::{self, Ending},
    },
    error::Error,
    kernel::ids::{AccountId, DealId},
    schema::conflict_checks,
};
use serde_json::{Value, json};

use crate::{
    scene::{self, Made, Scene},
    support::{World, publish_policy},
};

/// Stores a customer account as the vendor's people do, with its index keys.
async fn customer(world: &World, name: &str, website: &str) -> AccountId {
    let made = world
        .vendor(Role::ChannelOps)
        .post(
            "/v1/customer-accounts",
            json!({"name": name, "website": (!website.is_empty()).then_some(website), "address": {"country": "DE"}}),
        )
        .await
        .expect(201);
    made["id"].as_str().unwrap().parse().unwrap()
}

/// Says who the customer of a registration is, in the partner's words.
fn describe(world: &World, deal: DealId, name: &str, website: Option<&str>, tied: &str) {
    let website = website.map_or_else(|| "NULL".to_owned(), |website| format!("'{website}'"));
    let at = if tied == "unresolved" {
        "NULL".to_owned()
    } else {
        world.now().micros().to_string()
    };
    let sql = format!(
        "INSERT INTO deal_customer_inputs (deal_id, name, name_key, website, country, resolution, resolved_at) VALUES ('{deal}', '{name}', lower('{name}'), {website}, 'DE', '{tied}', {at})"
    );
    world.sql(move |tx| scene::run(tx, &sql));
}

fn protect(world: &World, scene: &Scene, made: Made, account: AccountId) {
    let grant = scene.grant(made, account, &[scene.edge], scene.germany, world.now());
    world.sql(move |tx| protection::grant(tx, &grant));
}

async fn checked(world: &World, scene: &Scene, deal: DealId) -> Value {
    scene
        .approver(world)
        .post(&format!("/v1/deals/{deal}/conflict-checks"), json!({}))
        .await
        .expect(201)
}

/// Partner one is protected on Edge in Germany at Acme; partner two asks for Edge and Core in DACH.
async fn contested(world: &World) -> (Scene, Made, Made, AccountId) {
    let scene = Scene::new(world);
    let acme = customer(world, "Acme Maschinenbau GmbH", "https://www.acme-maschinen.de").await;
    let first = scene.deal(
        world,
        scene.partner(world),
        acme,
        &[scene.edge],
        scene.germany,
        "approved",
    );
    protect(world, &scene, first, acme);
    let second = scene.deal(
        world,
        scene.partner(world),
        acme,
        &[scene.edge, scene.core],
        scene.dach,
        "submitted",
    );
    describe(
        world,
        second.deal,
        "ACME Maschinenbau",
        Some("acme-maschinen.de"),
        "matched",
    );
    (scene, first, second, acme)
}

each_engine! {
    async fn a_second_registration_meets_the_first_and_is_told_why_and_what_would_clear_it(world: World) {
        let (scene, first, second, acme) = contested(&world).await;
        let check = checked(&world, &scene, second.deal).await;
        assert_eq!(check["verdict"], "conflict");
        let found = &check["assessment"];
        assert_eq!(found["customer"]["account_id"], json!(acme));
        assert_eq!(found["customer"]["decisive"], true);
        assert!(found["customer"]["matched"].as_array().unwrap().iter().any(|signal| signal["signal"] == "domain"), "{}", found["customer"]);
        let claim = &found["claims"][0];
        assert_eq!((&claim["kind"], &claim["deal_id"], &claim["partner_id"]), (&json!("active_protection"), &json!(first.deal), &json!(first.partner)));
        assert_eq!((&claim["overlaps"][0]["product"], &claim["overlaps"][0]["territory"]), (&json!("equal"), &json!("contained")));
        assert_eq!(found["queue_position"], 2);
        assert_eq!(found["earliest_free_at"].as_str().unwrap().get(..10), Some("2027-02-19"));
        let ways: Vec<&str> = found["would_clear_if"].as_array().unwrap().iter().map(|way| way["sentence"].as_str().unwrap()).collect();
        assert_eq!(ways[..2], ["Narrow the territory to Austria.", "Leave out Edge."]);
        assert_eq!(found["policy"], json!({"auto_action": "hold_for_review", "appealable": true}));
    }

    async fn a_partner_reads_its_own_checks_without_anything_that_names_others(world: World) {
        let (scene, first, second, acme) = contested(&world).await;
        let id = checked(&world, &scene, second.deal).await["id"].as_str().unwrap().to_owned();
        let mine = world.partner_user(second.partner, Role::PartnerSales);
        let seen = mine.get(&format!("/v1/conflict-checks/{id}")).await.expect(200);
        assert_eq!((&seen["assessment"], &seen["account_id"], &seen["created_by"]), (&json!(null), &json!(null), &json!(null)));
        assert_eq!(seen["redacted"]["verdict"], "conflict");
        assert_eq!(seen["redacted"]["queue_position"], 2);
        assert_eq!(seen["redacted"]["claims"][0]["kind"], "active_protection");
        assert_eq!(seen["redacted"]["would_clear_if"][0]["kind"], "narrow_territory");
        let text = seen.to_string();
        for hidden in [first.deal.to_string(), first.partner.to_string(), acme.to_string(), "DR-TEST".to_owned(), "Maschinenbau".to_owned()] {
            assert!(!text.contains(&hidden), "{hidden} in {text}");
        }
        let list = mine.get(&format!("/v1/conflict-checks?deal_id={}", second.deal)).await.expect(200);
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        let other = world.partner_user(first.partner, Role::PartnerSales);
        assert_eq!(other.get(&format!("/v1/conflict-checks/{id}")).await.refused(404), "not_found");
        assert_eq!(other.get("/v1/conflict-checks").await.expect(200)["data"], json!([]));
        assert_eq!(mine.post(&format!("/v1/deals/{}/conflict-checks", second.deal), json!({})).await.refused(403), "forbidden");
    }

    async fn a_check_run_again_on_what_it_saw_comes_to_the_same_and_on_what_is_there_now_to_the_present(world: World) {
        let (scene, first, second, _) = contested(&world).await;
        let check = checked(&world, &scene, second.deal).await;
        let path = format!("/v1/conflict-checks/{}/replay", check["id"].as_str().unwrap());
        world.sql(move |tx| protection::end(tx, first.deal, Ending::Revoked, "misrepresentation"));
        let approver = scene.approver(&world);
        let same = approver.post(&path, json!({})).await.expect(201);
        assert_eq!((&same["reproduced"], &same["differences"]), (&json!(true), &json!([])));
        assert_eq!(same["check"]["replay_of_id"], check["id"]);
        let now = approver.post(&path, json!({"basis": "present_facts"})).await.expect(201);
        assert_eq!((&now["reproduced"], &now["check"]["verdict"]), (&json!(false), &json!("clear")));
        assert_eq!(now["claims_removed"].as_array().unwrap().len(), 1);
        let verdict = now["differences"].as_array().unwrap().iter().find(|place| place["pointer"] == "/verdict").unwrap();
        assert_eq!((&verdict["before"], &verdict["after"]), (&json!("\"conflict\""), &json!("\"clear\"")));
        let settings = json!({"note": "Protections are told, not kept.", "conflict": {"active_protection": "advisory"}});
        publish_policy(&world, settings).await;
        let lenient = approver.post(&path, json!({"basis": "present_policy"})).await.expect(201);
        assert_eq!((&lenient["check"]["verdict"], &lenient["check"]["policy_version"]), (&json!("advisory"), &json!(1)));
        let partner = world.partner_user(second.partner, Role::PartnerSales);
        assert_eq!(partner.post(&path, json!({})).await.refused(403), "forbidden");
        assert_eq!(partner.get(&format!("/v1/conflict-checks?deal_id={}", second.deal)).await.expect(200)["data"].as_array().unwrap().len(), 1, "replays are the vendor's");
    }

    async fn what_the_vendor_holds_itself_is_found_as_surely_as_what_a_partner_holds(world: World) {
        let scene = Scene::new(&world);
        let (at, today) = (world.now().micros(), world.now().date());
        world.clock.advance_seconds(60);
        let held = [
            ("direct_opportunity", "INSERT INTO direct_opportunities (id, number, account_id, title, title_key, product_id, deal_type, status, stage, opened_at, last_activity_at, custom, revision, created_at, updated_at) VALUES ('opp_01kdvdna00e00atb3xvxt3ypjt', 'OP-1', '{account}', 'Own', 'own', '{edge}', 'net_new', 'open', 'qualified', {at}, {at}, '{}', 1, {at}, {at})"),
            ("named_account", "INSERT INTO named_accounts (id, account_id, starts_on, revision, created_at, updated_at) VALUES ('named_01kdvdna00e00atb3xvxt3ypjt', '{account}', '{today}', 1, {at}, {at})"),
            ("installed_base", "INSERT INTO installed_base (id, account_id, product_id, source, revision, created_at, updated_at) VALUES ('base_01kdvdna00e00atb3xvxt3ypjt', '{account}', '{suite}', 'manual', 1, {at}, {at})"),
        ];
        for (kind, sql) in held {
            let name = format!("Besitz {kind} AG");
            let account = customer(&world, &name, &format!("{}.de", kind.replace('_', "-"))).await;
            let sql = sql.replace("{account}", &account.to_string()).replace("{edge}", &scene.edge.to_string()).replace("{suite}", &scene.suite.to_string()).replace("{at}", &at.to_string()).replace("{today}", &today.to_string());
            world.sql(move |tx| scene::run(tx, &sql));
            let made = scene.deal(&world, scene.partner(&world), account, &[scene.edge_pro], scene.germany, "submitted");
            describe(&world, made.deal, &name, Some(&format!("https://{}.de/kontakt", kind.replace('_', "-"))), "matched");
            let check = checked(&world, &scene, made.deal).await;
            assert_eq!(check["verdict"], "conflict", "{kind}: {check}");
            assert_eq!(check["assessment"]["claims"][0]["kind"], kind);
            assert_eq!(check["assessment"]["claims"][0]["partner_id"], json!(null));
        }
    }

    async fn a_name_alone_is_for_a_person_and_a_relative_too(world: World) {
        let scene = Scene::new(&world);
        let known = customer(&world, "Schwarzwälder Uhrenmanufaktur GmbH", "uhrenmanufaktur-schwarzwald.de").await;
        let first = scene.deal(&world, scene.partner(&world), known, &[scene.edge], scene.germany, "approved");
        protect(&world, &scene, first, known);
        let lookalike = customer(&world, "Uhrenmanufaktur Schwarzwaelder", "").await;
        let second = scene.deal(&world, scene.partner(&world), lookalike, &[scene.edge], scene.germany, "submitted");
        describe(&world, second.deal, "Schwarzwälder Uhrenmanufaktur", None, "created");
        let check = checked(&world, &scene, second.deal).await;
        assert_eq!(check["verdict"], "review", "{}", check["assessment"]["candidates"]);
        assert!(check["assessment"]["would_clear_if"].as_array().unwrap().iter().any(|way| way["kind"] == "tell_customers_apart"));
        let daughter = known;
        let child: AccountId = openprm::kernel::ids::Id::example(77);
        scene.account(&world, child, "Ganz anders", Some(daughter));
        let third = scene.deal(&world, scene.partner(&world), child, &[scene.edge], scene.germany, "submitted");
        describe(&world, third.deal, "Ganz anders", None, "chosen");
        let check = checked(&world, &scene, third.deal).await;
        assert_eq!((&check["verdict"], &check["assessment"]["claims"][0]["relation"]), (&json!("review"), &json!("parent")));
    }

    async fn an_account_that_was_made_while_the_search_began_counts_once(world: World) {
        let search = || Described { name: "Quellhof GmbH".to_owned(), website: Some("https://www.quellhof.de".to_owned()), ..Described::default() };
        let before = world.sql(move |tx| conflict::prepare_described(tx, vec![search()])).remove(0);
        assert_eq!(before.account(), None);
        let made = customer(&world, "Quellhof GmbH", "https://www.quellhof.de").await;
        let seen = world.sql(move |tx| conflict::prepare_described(tx, vec![search()])).remove(0);
        for prepared in [before, seen] {
            let renewed = world.sql(move |tx| conflict::prepare_with(tx, &prepared, &[made]));
            assert_eq!(renewed.account(), Some(made), "{renewed:?}");
            assert_eq!(renewed.customer().candidates.len(), 1);
        }
    }

    async fn of_two_accounts_that_are_as_sure_the_first_is_the_customer(world: World) {
        let search = || Described { name: "Quellhof GmbH".to_owned(), website: Some("https://www.quellhof.de".to_owned()), ..Described::default() };
        let first = customer(&world, "Quellhof GmbH", "https://www.quellhof.de").await;
        let second = customer(&world, "Quellhof GmbH", "https://quellhof.de/shop").await;
        let found = world.sql(move |tx| conflict::prepare_described(tx, vec![search()])).remove(0);
        let as_sure: Vec<_> = found.customer().candidates.iter().map(|one| (one.account_id, one.class)).collect();
        assert!(as_sure.len() == 2 && as_sure[0].1 == as_sure[1].1 && second != first, "{as_sure:?}");
        assert_eq!(found.account(), Some(first), "a third account would hide what is protected at one of them");
    }

    async fn of_a_large_group_so_many_relatives_are_looked_at_whoever_else_has_some(world: World) {
        const MOST: usize = 200;
        let scene = Scene::new(&world);
        let account = |number: u64, name: &str, parent: Option<AccountId>| {
            let id: AccountId = openprm::kernel::ids::Id::example(number);
            scene.account(&world, id, name, parent);
            id
        };
        let head = account(500, "Konzern", None);
        let sisters: Vec<AccountId> = (0..250).map(|number| account(501 + number, &format!("Gesellschaft {number:03}"), Some(head))).collect();
        let asking = account(900, "Zuletzt", Some(head));
        let own = account(901, "Eigene Tochter", Some(asking));
        for held in [sisters[0], sisters[249], own] {
            let first = scene.deal(&world, scene.partner(&world), held, &[scene.edge], scene.germany, "approved");
            protect(&world, &scene, first, held);
        }
        let deal = scene.deal(&world, scene.partner(&world), asking, &[scene.edge], scene.germany, "submitted");
        describe(&world, deal.deal, "Zuletzt", None, "chosen");
        let check = checked(&world, &scene, deal.deal).await;
        let claims = check["assessment"]["claims"].as_array().unwrap();
        let held: Vec<(&Value, &str)> = claims.iter().map(|claim| (&claim["relation"], claim["account_id"].as_str().unwrap())).collect();
        let sister = |number: usize| (json!("sibling"), sisters[number].to_string());
        let has = |(relation, account): (Value, String)| held.contains(&(&relation, &account));
        assert!(has((json!("subsidiary"), own.to_string())), "a daughter is nearer than sisters: {held:?}");
        assert!(has(sister(0)) && !has(sister(249)), "those of the first names alone: {held:?}");
        let looked_at: String = world.sql(|tx| conflict_checks::table.select(conflict_checks::input).first(tx.conn()).map_err(Error::from));
        let facts: Value = serde_json::from_str(&looked_at).unwrap();
        let relatives = facts["customer"]["candidates"].as_array().unwrap().iter().filter(|one| one["relation"] != "itself");
        assert_eq!(relatives.count(), MOST + 1, "the one above is no sister");
    }

    async fn candidates_are_searched_for_once_and_follow_a_merge(world: World) {
        let (scene, first, second, acme) = contested(&world).await;
        checked(&world, &scene, second.deal).await;
        // The index forgets the account; what was found is remembered with the customer as it was typed.
        world.sql(move |tx| scene::run(tx, &format!("DELETE FROM account_keys WHERE account_id = '{acme}'")));
        let system = Caller::system("test");
        let found = world.db.run_now(&system, move |tx| {
            let prepared = conflict::prepare(tx, second.deal)?;
            conflict::check_deal(tx, second.deal, CheckPurpose::Approval, None, Some(&prepared))
        }).unwrap();
        assert_eq!(found.assessment.verdict, ConflictVerdict::Conflict);
        // The account is merged into another: the claims went with it, and so does the candidate.
        let stays = customer(&world, "Acme Gruppe AG", "acme-gruppe.de").await;
        world.sql(move |tx| {
            scene::run(tx, &format!("UPDATE customer_accounts SET status = 'merged', merged_into_id = '{stays}' WHERE id = '{acme}'"))?;
            scene::run(tx, &format!("UPDATE protections SET account_id = '{stays}' WHERE account_id = '{acme}'"))
        });
        let found = world.db.run_now(&system, move |tx| conflict::check_deal(tx, second.deal, CheckPurpose::Approval, None, None)).unwrap();
        assert_eq!((found.assessment.verdict, found.assessment.claims[0].account_id), (ConflictVerdict::Conflict, stays));
        assert_eq!(found.assessment.claims[0].deal_id, Some(first.deal));
        assert_eq!(world.sql(move |tx| conflict::queue_position(tx, second.deal)), 2);
    }

    async fn a_check_as_it_was_stored_is_never_changed(world: World) {
        let (scene, _, second, _) = contested(&world).await;
        let id = checked(&world, &scene, second.deal).await["id"].as_str().unwrap().to_owned();
        for sql in [format!("UPDATE conflict_checks SET verdict = 'clear' WHERE id = '{id}'"), format!("DELETE FROM conflict_checks WHERE id = '{id}'")] {
            let refused = world.db.run_now(&Caller::system("test"), move |tx| diesel::sql_query(&sql).execute(tx.conn()).map_err(openprm::error::Error::from));
            assert!(refused.is_err());
        }
    }

    async fn a_dry_run_tells_a_partner_little_and_only_so_often_and_the_vendor_all(world: World) {
        let (scene, first, _, acme) = contested(&world).await;
        let body = |name: &str, website: &str| json!({
            "customer": {"name": name, "website": website, "country": "DE"},
            "contact": {"name": "Petra Weiss", "email": "petra.weiss@acme-maschinen.de"},
            "need": "Acme replaces the firewalls of its branches before their support ends.",
            "territory": "DE", "lines": [{"product": "EDGE-PRO"}],
        });
        let taken = body("Acme", "acme-maschinen.de");
        let asking = scene.partner(&world);
        let seller = world.partner_user(asking, Role::PartnerSales);
        let told = seller.post("/v1/conflict-checks/dry-run", taken.clone()).await.expect(200);
        assert_eq!(told, json!({"answer": "needs_review", "check": null, "remaining": 19}));
        let free = seller.post("/v1/conflict-checks/dry-run", body("Ganz Neu KG", "ganz-neu-kg.de")).await.expect(200);
        assert_eq!((&free["answer"], &free["remaining"]), (&json!("clear"), &json!(18)));
        assert_eq!(seller.get("/v1/conflict-checks").await.expect(200)["data"], json!([]), "the check behind it is not theirs to read");
        let full = scene.approver(&world).post("/v1/conflict-checks/dry-run", taken.clone()).await.expect(200);
        assert_eq!((&full["check"]["verdict"], &full["remaining"]), (&json!("conflict"), &json!(null)));
        assert_eq!(full["check"]["assessment"]["claims"][0]["deal_id"], json!(first.deal));
        let probes = scene.approver(&world).get(&format!("/v1/conflict-probes?partner_id={asking}&account_id={acme}")).await.expect(200);
        assert_eq!(probes["data"].as_array().unwrap().len(), 1, "the vendor's own look is no probe");
        assert_eq!(seller.get("/v1/conflict-probes").await.refused(403), "forbidden");
        for left in (0..18).rev() {
            let told = seller.post("/v1/conflict-checks/dry-run", body(&format!("Ganz Neu {left}"), &format!("neu-{left}.de"))).await.expect(200);
            assert_eq!(told["remaining"], left);
        }
        let refused = seller.post("/v1/conflict-checks/dry-run", taken.clone()).await;
        assert!(refused.header("retry-after").is_some());
        assert_eq!(refused.refused(429), "rate_limited");
        #[derive(diesel::QueryableByName)]
        struct Count {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            n: i64,
        }
        let signals = world.sql(|tx| Ok(diesel::sql_query("SELECT COUNT(*) AS n FROM events WHERE event_type = 'conflict_check.probing_suspected'").get_result::<Count>(tx.conn())?.n));
        assert_eq!(signals, 1, "the vendor is told once");
        world.clock.advance_days(1);
        assert_eq!(seller.post("/v1/conflict-checks/dry-run", taken).await.expect(200)["answer"], "needs_review");
    }

    async fn a_dry_run_needs_a_contact_and_a_need_and_names_what_is_unknown(world: World) {
        let scene = Scene::new(&world);
        let seller = world.partner_user(scene.partner(&world), Role::PartnerSales);
        let body = json!({"customer": {"name": "Acme"}, "territory": "DE", "lines": [{"product": "EDGE"}]});
        assert_eq!(seller.post("/v1/conflict-checks/dry-run", body).await.refused(422), "validation_failed");
        let body = json!({
            "customer": {"name": "Acme"}, "contact": {"name": "Petra Weiss", "email": "p@acme.example"},
            "need": "Something that is long enough to be a need.", "territory": "XX", "lines": [{"product": "NOWHERE"}],
        });
        let refused = seller.post("/v1/conflict-checks/dry-run", body).await.expect(409);
        assert_eq!(refused["errors"].as_array().unwrap().len(), 2, "{refused}");
    }
}
