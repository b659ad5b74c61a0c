//! A whole pipeline of an old CRM, with the figures of its files.

use std::{collections::BTreeMap, sync::Arc};

use openprm::{
    auth::Role,
    imports::{ImportKind, ImportVerdict, Mapping, Plan, import, rehearse},
    kernel::Time,
};
use serde_json::{Value, json};

use super::{all_rows, event_kinds, silent};
use crate::{
    program::path,
    support::{contract, publish_policy, shared},
};

const PIPELINE: &str = include_str!("../../../examples/crm-sales/import.toml");

/// What the file itself says of each partner: won, lost, and what was won.
fn from_the_file(folder: &std::path::Path) -> BTreeMap<String, (i64, i64, i64)> {
    let mut partners = BTreeMap::new();
    let mut teams = csv::Reader::from_path(folder.join("sales_teams.csv")).unwrap();
    for row in teams.records() {
        partners.insert(row.unwrap()[0].to_owned(), (0, 0, 0));
    }
    let mut pipeline = csv::Reader::from_path(folder.join("sales_pipeline.csv")).unwrap();
    for row in pipeline.records() {
        let row = row.unwrap();
        let figures = partners.get_mut(&row[1]).unwrap();
        match &row[4] {
            "Won" => {
                figures.0 += 1;
                figures.2 += row[7].parse::<i64>().unwrap();
            }
            "Lost" => figures.1 += 1,
            _ => {}
        }
    }
    partners
}

async fn all_pages(client: &crate::support::Client<'_>, path: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(address) = next {
        let page = client.get(&address).await.expect(200);
        rows.extend(page["data"].as_array().unwrap().clone());
        next = page["next_cursor"]
            .as_str()
            .map(|cursor| format!("{path}&cursor={cursor}"));
    }
    rows
}

each_engine! {
    async fn the_whole_pipeline_of_an_old_crm_comes_in(world: World) {
        let Some(place) = shared::place("imports::the_whole_pipeline_of_an_old_crm_comes_in") else { return };
        let folder = place.join("data/crm-sales");
        let mapping = Mapping::parse(PIPELINE).unwrap();
        let plan = Arc::new(Plan { mapping, mapping_hash: "test".to_owned(), folder: folder.clone(), contract: contract() });
        let before = all_rows(&world);
        let started = std::time::Instant::now();
        let rehearsed = rehearse(&world.db, &plan, None, &silent()).unwrap();
        let rehearsal = started.elapsed();
        assert_eq!(all_rows(&world), before, "a dry run keeps nothing");
        let started = std::time::Instant::now();
        let summary = import(&world.db, &plan, None, &silent()).unwrap();
        let first = started.elapsed();
        assert_eq!(summary.steps, rehearsed.steps, "a dry run says what the run will say");
        let made = |entity| {
            let counts = summary.of(entity);
            (counts.of(ImportVerdict::Created), counts.of(ImportVerdict::Draft), counts.of(ImportVerdict::Rejected), counts.of(ImportVerdict::Skipped))
        };
        assert_eq!(made(ImportKind::Territories), (3, 0, 0, 0));
        assert_eq!(made(ImportKind::Users), (6, 0, 0, 0));
        assert_eq!(made(ImportKind::Partners), (35, 0, 0, 0));
        assert_eq!(made(ImportKind::Products), (3 + 7, 0, 0, 0));
        assert_eq!(made(ImportKind::CustomerAccounts), (85, 0, 0, 0));
        assert_eq!(made(ImportKind::Deals), (7375, 1425, 0, 0));

        assert_eq!(event_kinds(&world, &["deal", "protection"]), ["deal.imported"], "history is no news");
        assert_eq!(all_rows(&world)["mails"], 0, "nobody is written to");

        let started = std::time::Instant::now();
        let again = import(&world.db, &plan, None, &silent()).unwrap();
        let second = started.elapsed();
        for (entity, file, counts) in &again.steps {
            assert_eq!(counts.of(ImportVerdict::Unchanged), counts.rows(), "{entity} from {file}: {counts}");
        }
        {
            use std::io::Write as _;
            drop(writeln!(std::io::stderr(), "{:?}: dry run {rehearsal:.1?}, import {first:.1?}, again {second:.1?}", world.engine()));
        }

        let analyst = world.vendor(Role::Analyst);
        let figures = from_the_file(&folder);
        let rates = all_pages(&analyst, "/v1/reports/win-rates?limit=20").await;
        assert_eq!(rates.len(), 35);
        for row in &rates {
            let (won, lost, value) = figures[row["partner_name"].as_str().unwrap()];
            assert_eq!((row["won"].as_i64(), row["lost"].as_i64()), (Some(won), Some(lost)), "{row}");
            let rate = (won + lost > 0).then(|| (won * 20_000 + won + lost) / (2 * (won + lost)));
            assert_eq!(row["win_rate_basis_points"].as_i64(), rate, "{row}");
            let told: Vec<&str> = row["won_value"].as_array().unwrap().iter().filter_map(|money| money["amount"].as_str()).collect();
            assert_eq!(told, if won > 0 { vec![format!("{value}.00")] } else { vec![] }, "{row}");
        }

        // The same again, deal by deal.
        let ops = world.vendor(Role::ChannelOps);
        let mut listed: BTreeMap<String, i64> = BTreeMap::new();
        for stage in ["won", "closed_lost", "qualified", "prospect"] {
            let deals = all_pages(&ops, &format!("/v1/deals?limit=200&stage={stage}")).await;
            listed.insert(stage.to_owned(), i64::try_from(deals.len()).unwrap());
            for deal in &deals {
                let is_draft = deal["customer_account_id"].is_null();
                assert_eq!(deal["review_status"], if is_draft { "draft" } else { "not_registered" }, "{deal}");
                assert_eq!(is_draft, deal["missing"].as_array().unwrap().contains(&json!("customer")), "{deal}");
            }
            if stage == "won" {
                let cents: i64 = deals.iter().map(|deal| deal["amount"]["amount"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap()).sum();
                assert_eq!(cents, figures.values().map(|(_, _, value)| value * 100).sum::<i64>());
            }
        }
        assert_eq!(listed, BTreeMap::from([("won".to_owned(), 4238), ("closed_lost".to_owned(), 2473), ("qualified".to_owned(), 1589), ("prospect".to_owned(), 500)]));

        let accounts = all_pages(&ops, "/v1/customer-accounts?limit=200").await;
        assert_eq!(accounts.iter().filter(|account| !account["parent_id"].is_null()).count(), 15);
        assert!(accounts.iter().all(|account| account["industry"] != "technolgy"));
        let partners = all_pages(&ops, "/v1/partners?limit=200").await;
        assert!(partners.iter().all(|partner| partner["status"] == "active" && !partner["account_manager_id"].is_null() && partner["territory_ids"].as_array().unwrap().len() == 1));
    }

    async fn a_longer_window_is_simulated_over_the_whole_pipeline_published_and_carried_by_the_next_decision(world: World) {
        let Some(place) = shared::place("imports::a_longer_window_is_simulated_over_the_whole_pipeline_published_and_carried_by_the_next_decision") else { return };
        let mapping = Mapping::parse(PIPELINE).unwrap();
        let plan = Arc::new(Plan { mapping, mapping_hash: "test".to_owned(), folder: place.join("data/crm-sales"), contract: contract() });
        import(&world.db, &plan, None, &silent()).unwrap();
        let ops = world.vendor(Role::ChannelOps);
        // Windows that shut nobody out can be counted by hand: a won deal lies inside if it took fewer days.
        let told = json!({"conflict": {"active_protection": "advisory"}});
        let lenient = publish_policy(&world, told).await;
        assert_eq!(lenient["version"], 1);
        let draft = ops.post("/v1/policies", json!({"registration": {"protection_days": 120}})).await.expect(201);
        let simulate = format!("/v1/policies/{}/simulate", draft["id"].as_str().unwrap());
        let started = std::time::Instant::now();
        let simulation = ops.post(&simulate, json!({})).await.expect(201);
        let took = started.elapsed();
        {
            use std::io::Write as _;
            drop(writeln!(std::io::stderr(), "{:?}: simulated {} deals in {took:.1?}", world.engine(), simulation["deals"]));
        }
        assert_eq!((&simulation["deals"], &simulation["legacy_deals"], &simulation["compared_version"]), (&json!(7375), &json!(7375), &json!(1)));
        let counts = |simulation: &Value, question: &str| -> BTreeMap<String, i64> {
            let rows = simulation["counts"].as_array().unwrap();
            let row = rows.iter().find(|row| row["question"] == question).unwrap();
            row.as_object().unwrap().iter().filter_map(|(name, value)| Some((name.clone(), value.as_i64()?))).collect()
        };
        let moment = |deal: &Value, field: &str| -> Time { deal[field].as_str().unwrap().parse().unwrap() };
        let deals = all_pages(&ops, "/v1/deals?limit=200&status=not_registered").await;
        assert_eq!(deals.len(), 7375);
        let won: Vec<&Value> = deals.iter().filter(|deal| deal["stage"] == "won").collect();
        let inside = |days: i64| won.iter().filter(|deal| moment(deal, "closed_at") < moment(deal, "created_at").plus_days(days)).count();
        let between: Vec<&&Value> = won.iter().filter(|deal| {
            let (from, closed) = (moment(deal, "created_at"), moment(deal, "closed_at"));
            closed >= from.plus_days(90) && closed < from.plus_days(120)
        }).collect();
        let whole = |count: usize| i64::try_from(count).unwrap();
        let found = counts(&simulation, "won_inside_window");
        assert!(!between.is_empty() && inside(90) > 0);
        assert_eq!((found["asked"], found["before"], found["after"], found["differing"]), (whole(won.len()), whole(inside(90)), whole(inside(120)), whole(between.len())));
        let partners: std::collections::BTreeSet<&str> = between.iter().map(|deal| deal["partner_id"].as_str().unwrap()).collect();
        assert_eq!(found["partners"], whole(partners.len()));
        let ends = counts(&simulation, "protection_end");
        assert_eq!((ends["before"], ends["after"], ends["differing"]), (7375 * 90, 7375 * 120, 7375));

        // With windows that shut others out, what is told deal by deal comes to the counts.
        let strict = ops.post("/v1/policies", json!({"registration": {"protection_days": 120}, "conflict": {"active_protection": "conflict"}})).await.expect(201);
        let simulation = ops.post(&format!("/v1/policies/{}/simulate", strict["id"].as_str().unwrap()), json!({})).await.expect(201);
        assert_eq!(simulation["found_rows"], simulation["stored_rows"], "all of it is kept");
        let rows = all_pages(&ops, &format!("/v1/policy-simulations/{}/rows?limit=200", simulation["id"].as_str().unwrap())).await;
        assert_eq!(json!(rows.len()), simulation["stored_rows"]);
        for count in simulation["counts"].as_array().unwrap() {
            let own: Vec<&Value> = rows.iter().filter(|row| row["question"] == count["question"]).collect();
            assert_eq!(count["differing"], json!(own.len()), "{count}");
            assert_eq!(count["partners"], json!(own.iter().map(|row| row["partner_id"].as_str().unwrap()).collect::<std::collections::BTreeSet<_>>().len()), "{count}");
        }
        let is = |row: &&Value, question: &str, side: &str, answer: &str| row["question"] == question && row[side] == answer;
        let out: std::collections::BTreeSet<&str> = rows.iter().filter(|row| is(row, "shut_out", "before", "no")).map(|row| row["deal_id"].as_str().unwrap()).collect();
        let windowless: std::collections::BTreeSet<&str> = rows.iter().filter(|row| is(row, "protection_end", "after", "none")).map(|row| row["deal_id"].as_str().unwrap()).collect();
        assert!(!out.is_empty());
        assert_eq!(out, windowless, "who is shut out has no window, and nobody else");
        assert_eq!(whole(out.len()), counts(&simulation, "shut_out")["after"]);
        let kept = won.iter().filter(|deal| !out.contains(deal["id"].as_str().unwrap()) && moment(deal, "closed_at") < moment(deal, "created_at").plus_days(120)).count();
        assert_eq!(counts(&simulation, "won_inside_window")["after"], whole(kept));

        // One of the partners that came in registers before the longer window is published, and after it.
        let partner = all_pages(&ops, "/v1/partners?limit=200").await.swap_remove(0);
        let products = all_pages(&ops, "/v1/products?limit=200").await;
        let product = &products.iter().find(|product| product["kind"] == "product").unwrap()["id"];
        let territory = &partner["territory_ids"][0];
        let partner = partner["id"].as_str().unwrap();
        let sells = json!({"product_id": product, "territory_id": territory, "starts_on": "2026-01-01"});
        ops.post(&format!("/v1/partners/{partner}/authorisations"), sells).await.expect(201);
        let (sales, approver) = (world.partner_user(partner.parse().unwrap(), Role::PartnerSales), world.vendor(Role::Approver));
        let approved = async |customer: &str| -> Value {
            let body = json!({
                "title": format!("{customer}: new servers"),
                "customer": {"name": customer, "website": format!("https://www.{}.de", customer.to_lowercase()), "city": "Stuttgart", "country": "DE"},
                "territory": territory, "lines": [{"product": product}],
                "amount": {"amount": "4800.00", "currency": "USD"}, "expected_close_on": "2027-03-31",
            });
            let deal = sales.post("/v1/deals", body).await.expect(201);
            sales.post(&path(&deal, "/submit"), json!({})).await.expect(200);
            let deal = approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
            let decisions = ops.get(&path(&deal, "/decisions")).await.expect(200)["data"].clone();
            assert_eq!(decisions.as_array().unwrap().len(), 1, "{decisions}");
            assert_eq!(deal["protection"]["granted_until"], decisions[0]["ends_at"]);
            decisions[0].clone()
        };
        let holds = |decision: &Value, version: i64, days: i64| {
            assert_eq!((&decision["policy_version"], &decision["terms"]["window_days"]), (&json!(version), &json!(days)), "{decision}");
            assert_eq!(moment(decision, "ends_at"), moment(decision, "starts_at").plus_days(days));
        };
        holds(&approved("Brezelwerk").await, 1, 90);
        let published = ops.post(&format!("/v1/policies/{}/publish", draft["id"].as_str().unwrap()), json!({})).await.expect(200);
        assert_eq!((&published["version"], &published["registration"]["protection_days"]), (&json!(2), &json!(120)));
        holds(&approved("Kupferschmiede").await, 2, 120);
    }
}
