//! Forms that the vendor's people alone fill in: each required field is one, each label is there, and who may is the same.

use openprm::auth::Role;
use serde_json::{Value, json};

use super::{entries, fits, form, locked};
use crate::program::Program;

/// Every choice of closed sets that a schema offers.
fn offered(schema: &Value) -> Vec<Value> {
    let properties = schema["properties"].as_object().unwrap().values();
    properties
        .filter_map(|property| property["oneOf"].as_array())
        .flatten()
        .cloned()
        .collect()
}

each_engine! {
    async fn what_the_vendor_s_forms_require_makes_a_record_and_what_they_lack_is_refused(world: World) {
        let program = Program::new(&world).await;
        let ops = world.vendor(Role::ChannelOps);
        for entry in entries(&program, &ops).await {
            let (resource, list) = (entry.resource, format!("/v1/{}", entry.resource));
            let before = form(&ops, resource).await;
            let schema = &before["create"];
            let mut needed: Vec<&str> = entry.least.as_object().unwrap().keys().map(String::as_str).collect();
            needed.sort_unstable();
            assert_eq!(schema["required"], json!(needed), "{resource}");
            assert_eq!((&before["required_for_submit"], &before["submit_by"]), (&json!([]), &Value::Null), "{resource}");
            assert!(before["reasons"].as_array().unwrap().is_empty() && before["stages"].as_array().unwrap().is_empty(), "{resource}");
            assert_eq!(before["create_by"]["path"], list.as_str());
            assert_eq!(before["update_by"]["path"], format!("{list}/{{id}}"));
            for lacking in needed {
                let mut body = entry.least.clone();
                body.as_object_mut().unwrap().remove(lacking);
                assert!(!fits(schema, &body), "{resource} without {lacking}");
                assert_eq!(ops.post(&list, body).await.refused(422), "validation_failed", "{resource} without {lacking}");
            }
            let whole = entry.with(&entry.more);
            for body in [&entry.least, &whole] {
                assert!(fits(schema, body), "{resource}: {body}");
            }
            let least = ops.post(&list, entry.least.clone()).await.expect(201);
            let made = ops.post(&list, whole.clone()).await.expect(201);
            assert_ne!(least["id"], made["id"]);

            let of = |id: &Value| format!("{resource}?id={}", id.as_str().unwrap());
            let change = form(&ops, &of(&made["id"])).await["update"].clone();
            assert_eq!((&change["required"], &change["readOnly"], locked(&change).len()), (&json!([]), &Value::Null, 0), "{resource}");
            assert!(fits(&change, &entry.change), "{resource}: {}", entry.change);
            let path = format!("{list}/{}", made["id"].as_str().unwrap());
            if let Some(fixed) = entry.fixed {
                let body = json!({fixed: whole[fixed]});
                assert!(change["properties"].get(fixed).is_none() && !fits(&change, &body), "{resource}/{fixed}");
                assert_eq!(ops.patch(&path, body).await.refused(422), "validation_failed");
            }
            let changed = ops.patch(&path, entry.change.clone()).await.expect(200);
            for (name, value) in entry.change.as_object().unwrap() {
                assert_eq!(&changed[name], value, "{resource}/{name}");
            }
            let foreign = json!("deal_01jdq4p6c8f3kb2v9y0s7x5ham");
            assert_eq!(form(&ops, &of(&foreign)).await["update"], Value::Null, "{resource}");
        }
    }

    async fn the_vendor_s_forms_speak_the_language_of_who_fills_them_in(world: World) {
        let program = Program::new(&world).await;
        let ops = world.vendor(Role::ChannelOps);
        for entry in entries(&program, &ops).await {
            for (index, language) in [(1, "en"), (2, "de")] {
                let path = format!("/v1/schema/{}", entry.resource);
                let answer = ops.send(actix_web::http::Method::GET, &path, &[("accept-language", language)], None).await;
                let schema = answer.expect(200)["create"].clone();
                let [record, field, word] = entry.labels;
                assert_eq!(schema["title"], record[index]);
                assert_eq!(schema["properties"][field[0]]["title"], field[index], "{}", entry.resource);
                let choice = json!({"const": word[0], "title": word[index]});
                assert!(word[0].is_empty() || offered(&schema).contains(&choice), "{choice}");
            }
        }
    }

    async fn a_form_is_there_to_be_filled_in_by_those_who_may(world: World) {
        let program = Program::new(&world).await;
        let (ops, partner) = (world.vendor(Role::ChannelOps), program.partner("Nordwind"));
        let entries = entries(&program, &ops).await;
        for role in Role::ALL.iter().copied().filter(|role| *role != Role::Integration) {
            let client = if role.is_partner() { world.partner_user(partner, role) } else { world.vendor(role) };
            for entry in &entries {
                let resource = entry.resource;
                let runs_it = [Role::Admin, Role::ChannelOps].contains(&role);
                let may = runs_it || (role == Role::Cam && ["direct-opportunities", "named-accounts", "installed-base"].contains(&resource));
                let form = form(&client, resource).await;
                for part in ["create", "update", "create_by", "update_by"] {
                    assert_eq!(form[part].is_null(), !may, "{role}: {part} of {resource}");
                }
                if may {
                    let chosen = &form["create"]["properties"]["owner_id"];
                    assert!(chosen.is_null() || chosen.get("x-choices").is_some() == runs_it, "{role} {resource}: {chosen}");
                } else {
                    let refused = client.post(&format!("/v1/{resource}"), entry.least.clone()).await.refused(403);
                    assert_eq!(refused, "forbidden", "{role}: {resource}");
                }
            }
        }
    }
}
