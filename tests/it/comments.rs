//! Comments on registrations: who reads, writes, changes and removes them, and who hears of them.

use openprm::auth::Role;
use serde_json::{Value, json};

use crate::program::{Program, complete, heard, path, told_of};

fn bodies(page: &Value) -> Vec<&str> {
    let rows = page["data"].as_array().unwrap();
    rows.iter().map(|row| row["body"].as_str().unwrap()).collect()
}

fn at(comment: &Value) -> String {
    format!("/v1/deal-comments/{}", comment["id"].as_str().unwrap())
}

each_engine! {
    async fn each_side_reads_its_own_comments_and_those_for_both(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, analyst) = (program.sales(partner), world.vendor(Role::Analyst));
        let deal = sales.post("/v1/deals", complete()).await.expect(201);
        let comments = path(&deal, "/comments");
        let mut made = Vec::new();
        for (who, body, visibility) in [
            (&analyst, "vendor alone", "vendor"),
            (&sales, "partner alone", "partner"),
            (&analyst, "from the vendor", "both"),
        ] {
            made.push(who.post(&comments, json!({"body": body, "visibility": visibility})).await.expect(201));
        }
        let shared = sales.post(&comments, json!({"body": "from the partner"})).await.expect(201);
        assert_eq!((shared["visibility"].as_str(), shared["author_side"].as_str()), (Some("both"), Some("partner")));

        let (vendors, partners) = (analyst.get(&comments).await.expect(200), sales.get(&comments).await.expect(200));
        assert_eq!(bodies(&vendors), ["vendor alone", "from the vendor", "from the partner"]);
        assert_eq!(bodies(&partners), ["partner alone", "from the vendor", "from the partner"]);
        assert_eq!(bodies(&sales.get(&format!("{comments}?visibility=vendor,partner")).await.expect(200)), ["partner alone"]);
        assert_eq!(bodies(&sales.get(&format!("{comments}?author_side=vendor")).await.expect(200)), ["from the vendor"]);
        sales.get(&at(&made[0])).await.expect(404);
        analyst.get(&at(&made[1])).await.expect(404);
        analyst.get(&at(&made[0])).await.expect(200);
        assert_eq!(sales.post(&comments, json!({"body": "x", "visibility": "vendor"})).await.refused(403), "field_forbidden");
        assert_eq!(analyst.post(&comments, json!({"body": "x", "visibility": "partner"})).await.refused(403), "field_forbidden");

        let stranger = program.sales(program.partner("Südstern"));
        stranger.get(&comments).await.expect(404);
        stranger.post(&comments, json!({"body": "x"})).await.expect(404);
        stranger.get(&at(&shared)).await.expect(404);
    }

    async fn events_never_tell_one_side_what_the_other_keeps_to_itself(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, cam) = (program.sales(partner), world.vendor(Role::Cam));
        let deal = sales.post("/v1/deals", complete()).await.expect(201);
        let comments = path(&deal, "/comments");
        for (who, visibility, word) in [(&cam, "vendor", "discount"), (&sales, "partner", "margin"), (&cam, "both", "trial")] {
            let made = who.post(&comments, json!({"body": format!("About the {word}"), "visibility": visibility})).await.expect(201);
            let at = at(&made);
            who.patch(&at, json!({"body": format!("More about the {word}")})).await.expect(200);
            who.delete(&at).await.expect(204);
        }
        let heard = heard(&world, partner);
        assert!(!heard.contains("discount"), "{heard}");
        assert!(heard.contains("trial") && heard.contains("deal_comment.deleted"), "{heard}");
        let all = told_of(&world, "deal_comment");
        assert!(!all.contains("margin"), "the vendor's feed has every event: {all}");
        assert!(all.contains("discount") && all.matches("deal_comment.created").count() == 3, "{all}");
    }

    async fn a_comment_is_its_authors_and_is_no_sign_of_work(world: World) {
        let program = Program::new(&world).await;
        let partner = program.partner("Nordwind");
        let (sales, colleague) = (program.sales(partner), program.sales(partner));
        let ops = world.vendor(Role::ChannelOps);
        let deal = sales.post("/v1/deals", complete()).await.expect(201);
        world.clock.advance_days(3);
        let made = sales.post(&path(&deal, "/comments"), json!({"body": "First"})).await.expect(201);
        let at = at(&made);
        assert_eq!(colleague.patch(&at, json!({"body": "Not mine"})).await.refused(403), "forbidden");
        assert_eq!(colleague.delete(&at).await.refused(403), "forbidden");
        assert_eq!(ops.patch(&at, json!({"body": "Not mine"})).await.refused(403), "forbidden");
        let changed = sales.patch(&at, json!({"body": "Second"})).await.expect(200);
        assert_eq!((changed["body"].as_str(), changed["revision"].as_i64()), (Some("Second"), Some(2)));
        let stale = sales.send(actix_web::http::Method::PATCH, &at, &[("if-match", "\"1\"")], Some(&json!({"body": "Third"}))).await;
        assert_eq!(stale.refused(412), "precondition_failed");
        ops.delete(&at).await.expect(204);
        sales.get(&at).await.expect(404);
        let now = sales.get(&path(&deal, "")).await.expect(200);
        assert_eq!((&now["last_activity_at"], &now["revision"]), (&deal["last_activity_at"], &deal["revision"]));
    }
}
