//! Narrowed replies: `fields=` answers what was asked for and nothing else.

use serde_json::{Value, json};

use crate::program::{Program, complete, path, submitted};

each_engine! {
    async fn only_the_fields_that_were_asked_for_are_answered(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let deal = submitted(&sales, complete()).await;
        let narrow = sales.get(&path(&deal, "?fields=id,title,amount")).await;
        assert_eq!(narrow.header("content-type"), Some("application/vnd.openprm.narrowed+json"));
        assert!(narrow.header("etag").is_some());
        assert_eq!(narrow.expect(200), json!({"id": deal["id"], "title": deal["title"], "amount": deal["amount"]}));
        let page = sales.get("/v1/deals?fields=number&sort=created_at").await.expect(200);
        assert_eq!(page["data"], json!([{"number": deal["number"]}]));
        assert_eq!((&page["has_more"], &page["next_cursor"]), (&json!(false), &Value::Null));
        let whole = sales.get(&path(&deal, "")).await;
        assert_eq!(whole.header("content-type"), Some("application/json"));
        let embedded = sales.get(&path(&deal, "?fields=id&expand=partner")).await.expect(200);
        assert_eq!(embedded["expanded"]["partner"]["legal_name"], "Nordwind");
        assert_eq!(embedded.as_object().unwrap().len(), 2);
    }

    async fn a_field_that_is_not_there_is_named(world: World) {
        let program = Program::new(&world).await;
        let sales = program.sales(program.partner("Nordwind"));
        let problem = sales.get("/v1/deals?fields=id,titel").await.expect(400);
        assert_eq!(problem["errors"][0]["pointer"], "query:fields");
    }
}
