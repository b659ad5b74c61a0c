//! A whole pipeline of an old CRM, with the figures of its files.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use openprm::{
    auth::Role,
    imports::{Entity, Mapping, Plan, Verdict, import, rehearse},
};
use serde_json::{Value, json};

use super::{all_rows, event_kinds, silent};
use crate::support::contract;

/// The place of files that are not part of the repository.
#[expect(clippy::disallowed_methods, reason = "the runner of the tests says where they are")]
fn shared(test: &str) -> Option<PathBuf> {
    let place = std::env::var_os("OPENPRM_SHARED")
        .filter(|place| !place.is_empty())
        .map(PathBuf::from);
    if place.is_none() {
        use std::io::Write as _;
        drop(writeln!(
            std::io::stderr(),
            "not run: imports::{test} (OPENPRM_SHARED is not set)"
        ));
    }
    place
}

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
        let Some(place) = shared("the_whole_pipeline_of_an_old_crm_comes_in") else { return };
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
            (counts.of(Verdict::Created), counts.of(Verdict::Draft), counts.of(Verdict::Rejected), counts.of(Verdict::Skipped))
        };
        assert_eq!(made(Entity::Territories), (3, 0, 0, 0));
        assert_eq!(made(Entity::Users), (6, 0, 0, 0));
        assert_eq!(made(Entity::Partners), (35, 0, 0, 0));
        assert_eq!(made(Entity::Products), (3 + 7, 0, 0, 0));
        assert_eq!(made(Entity::CustomerAccounts), (85, 0, 0, 0));
        assert_eq!(made(Entity::Deals), (7375, 1425, 0, 0));

        assert_eq!(event_kinds(&world, &["deal", "protection"]), ["deal.imported"], "history is no news");
        assert_eq!(all_rows(&world)["mails"], 0, "nobody is written to");

        let started = std::time::Instant::now();
        let again = import(&world.db, &plan, None, &silent()).unwrap();
        let second = started.elapsed();
        for (entity, file, counts) in &again.steps {
            assert_eq!(counts.of(Verdict::Unchanged), counts.rows(), "{entity} from {file}: {counts}");
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
}
