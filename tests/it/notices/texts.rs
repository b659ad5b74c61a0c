//! The catalogue of topics, and the texts that the program can edit, in every language.

use openprm::{auth::Role, notices};
use serde_json::{Value, json};

use super::{Cast, cast, choose, count, dispatch, in_berlin, told};
use crate::program::{Program, complete, path, submitted};

each_engine! {
    async fn the_program_s_owner_edits_and_tries_texts_and_has_the_built_in_ones_back(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, admin, approver, .. } = cast(&program);
        let ops = world.vendor(Role::ChannelOps);
        const AT: &str = "/v1/notice-templates/deal_approved/en";
        let built_in = ops.get(AT).await.expect(200);
        assert_eq!((built_in["source"].as_str(), &built_in["revision"]), (Some("built_in"), &json!(0)));
        let all = ops.get("/v1/notice-templates").await.expect(200);
        let topics = notices::catalogue::NoticeTopic::ALL.len();
        assert_eq!(all["data"].as_array().unwrap().len(), 2 * topics);
        let wrong = ops.patch(AT, json!({"body": "{{deal.titel}} for {{customer.name}}, {{secret}}"})).await.expect(409);
        let details: Vec<&str> = wrong["errors"].as_array().unwrap().iter().map(|fault| fault["detail"].as_str().unwrap()).collect();
        assert!(details.len() == 2 && details[0].contains("deal.titel") && details[1].contains("secret"), "{wrong}");
        let draft = json!({"subject": "Yes to {{deal.title}}", "body": "<b>{{customer.name}}</b> until {{protected.until}}"});
        let tried = ops.post(&format!("{AT}/preview"), draft.clone()).await.expect(200);
        assert_eq!(tried, json!({"subject": "Yes to Acme: firewalls for 40 branches", "body": "<b>Acme GmbH</b> until 21 February 2027, 09:00 (UTC)"}));
        assert_eq!(ops.get(AT).await.expect(200), built_in, "a try stores nothing");
        let edited = ops.patch(AT, draft).await.expect(200);
        assert_eq!((edited["source"].as_str(), &edited["revision"]), (Some("own"), &json!(1)));
        let french = ops.patch("/v1/notice-templates/deal_approved/fr", json!({"subject": "Accepté : {{deal.title}}", "body": "Votre enregistrement est accepté."})).await.expect(200);
        assert_eq!(french["source"], "own");
        in_berlin(&world, &admin, "fr-CA");
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        dispatch(&world);
        assert_eq!(told(&sales, "deal_approved").await["subject"], "Yes to Acme: firewalls for 40 branches");
        assert_eq!(told(&admin, "deal_approved").await["subject"], "Accepté : Acme: firewalls for 40 branches");
        let back = ops.post(&format!("{AT}/reset"), json!({})).await.expect(200);
        assert_eq!((&back["body"], &back["revision"]), (&built_in["body"], &json!(2)));
        let revisions = ops.get(&format!("{AT}/revisions")).await.expect(200);
        let sources: Vec<&str> = revisions["data"].as_array().unwrap().iter().map(|row| row["source"].as_str().unwrap()).collect();
        assert_eq!(sources, ["built_in", "own"]);
        for address in ["/v1/notice-templates/deal_approved/Klingon", "/v1/notice-templates/nothing/en"] {
            assert_eq!(ops.get(address).await.refused(404), "not_found");
        }
        for other in [&sales, &approver] {
            assert_eq!(other.get(AT).await.refused(403), "forbidden");
        }
    }

    async fn the_catalogue_tells_each_side_what_it_is_told_of(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, approver, .. } = cast(&program);
        let (theirs, ours) = (sales.get("/v1/notice-topics").await.expect(200), approver.get("/v1/notice-topics").await.expect(200));
        let row = |page: &Value, topic: &str| page["data"].as_array().unwrap().iter().find(|row| row["topic"] == topic).cloned();
        let ending = row(&theirs, "protection_ending").unwrap();
        assert_eq!((&ending["days_before"], &ending["recipients"], &ending["optional"]), (&json!([30, 14, 3]), &json!(["submitter", "partner_admin"]), &json!(true)));
        assert_eq!(row(&ours, "protection_ending").unwrap()["recipients"], json!(["account_manager"]));
        assert!(row(&theirs, "reopening_requested").is_none() && row(&ours, "deal_approved").is_none());
        assert_eq!(row(&theirs, "deal_info_requested").unwrap()["optional"], false);
    }

    async fn locales_meet_however_they_were_typed_and_a_notice_says_what_it_is_written_in(world: World) {
        let program = Program::new(&world).await;
        let Cast { sales, admin, approver, .. } = cast(&program);
        let ops = world.vendor(Role::ChannelOps);
        let swiss = json!({"subject": "Merci für {{deal.title}}", "body": "Danke."});
        ops.patch("/v1/notice-templates/deal_approved/de-CH", swiss).await.expect(200);
        assert_eq!(choose(&sales, json!({"locale": "DE-ch"})).await["locale"], "de-CH");
        let made = count(&world, "SELECT MAX(created_at) AS n FROM notice_preferences");
        assert_eq!(choose(&sales, json!({"locale": "de-ch", "digest_hour": 9})).await["revision"], 2);
        assert_eq!(count(&world, "SELECT MAX(created_at) AS n FROM notice_preferences"), made, "when it was first chosen stays");
        assert!(count(&world, "SELECT MAX(updated_at) AS n FROM notice_preferences") > made);
        choose(&admin, json!({"locale": "it-CH"})).await;
        let deal = submitted(&sales, complete()).await;
        approver.post(&path(&deal, "/approve"), json!({})).await.expect(200);
        dispatch(&world);
        let (own, other) = (told(&sales, "deal_approved").await, told(&admin, "deal_approved").await);
        assert_eq!((own["locale"].as_str(), own["subject"].as_str()), (Some("de-CH"), Some("Merci für Acme: firewalls for 40 branches")));
        assert_eq!(other["locale"], "en", "there is no Italian text");
        assert!(other["body"].as_str().unwrap().contains("19 February 2027"), "{other}");
        assert_eq!(told(&sales, "deal_queued").await["locale"], "de");
        let person = ops.post("/v1/people", json!({"name": "Reto Frei", "locale": "de-ch"})).await;
        assert_eq!(person.expect(201)["locale"], "de-CH");
    }

    async fn the_edits_of_a_text_are_counted_alike_on_every_page(world: World) {
        let ops = world.vendor(Role::ChannelOps);
        const AT: &str = "/v1/notice-templates/deal_approved/en";
        for number in 0..3 {
            ops.patch(AT, json!({"subject": format!("Yes, {number}")})).await.expect(200);
        }
        let mut address = format!("{AT}/revisions?limit=1&include_total=true");
        let mut found = Vec::new();
        for _ in 0..3 {
            let page = ops.get(&address).await.expect(200);
            assert_eq!(page["total"]["value"], 3, "{page}");
            found.push(page["data"][0]["revision"].as_i64().unwrap());
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            address = format!("{AT}/revisions?limit=1&include_total=true&cursor={cursor}");
        }
        assert_eq!(found, [3, 2, 1]);
    }
}
