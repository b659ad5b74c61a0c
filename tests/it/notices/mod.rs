//! Notices, story by story: who is told what, once, on which channels, in which words, and when.

mod once;
mod reminding;
mod telling;
mod texts;
mod wishes;

use diesel::prelude::*;
use openprm::{
    auth::{Caller, Role},
    events::Fact,
    kernel::ids::PartnerId,
    mail::Delivery,
    modules::{Modules, Switches},
};
use serde_json::Value;

use crate::{
    program::Program,
    scene::run,
    support::{Client, World, delivered},
};

/// Those of the mails that go to the partner's seller.
async fn to_sales(world: &World) -> Vec<Delivery> {
    let mut mails = delivered(world).await;
    mails.retain(|mail| mail.to.starts_with("partner_sales"));
    mails
}

/// Everything that happened so far is told.
fn dispatch(world: &World) -> usize {
    world.sequence();
    world.work("notice_dispatch")
}

/// Gives a partner's person the membership that their token speaks of.
fn joins(world: &World, partner: PartnerId, person: &Client<'_>, role: &str) {
    let (user, at) = (person.caller().user().unwrap().to_string(), world.now().micros());
    let id = user.replace("user_", "mem_");
    let role = role.to_owned();
    world.sql(move |tx| {
        run(tx, &format!("INSERT INTO partner_memberships (id, partner_id, user_id, status, revision, created_at, updated_at) VALUES ('{id}', '{partner}', '{user}', 'active', 1, {at}, {at})"))?;
        run(tx, &format!("INSERT INTO partner_membership_roles (membership_id, role) VALUES ('{id}', '{role}')"))
    });
}

/// One partner's seller and administrator, and the vendor's approver.
struct Cast<'w> {
    partner: PartnerId,
    sales: Client<'w>,
    admin: Client<'w>,
    approver: Client<'w>,
}

fn cast<'w>(program: &Program<'w>) -> Cast<'w> {
    let (world, partner) = (program.world, program.partner("Nordwind"));
    // What made the partner is told before there is anybody to hear it.
    dispatch(world);
    let (sales, admin) = (program.sales(partner), world.partner_user(partner, Role::PartnerAdmin));
    let approver = world.vendor(Role::Approver);
    joins(world, partner, &sales, "partner_sales");
    joins(world, partner, &admin, "partner_admin");
    world.holds(&approver, Role::Approver);
    Cast {
        partner,
        sales,
        admin,
        approver,
    }
}

/// What is switched off at a server that does without those modules.
fn without(modules: &[&str]) -> Switches {
    Switches::new(Modules::without(modules).unwrap(), Vec::new())
}

fn topics(page: &Value) -> Vec<&str> {
    let rows = page["data"].as_array().unwrap();
    rows.iter().map(|row| row["topic"].as_str().unwrap()).collect()
}

async fn inbox(person: &Client<'_>) -> Value {
    person.get("/v1/notices?limit=200").await.expect(200)
}

async fn told(person: &Client<'_>, topic: &str) -> Value {
    let page = person.get(&format!("/v1/notices?topic={topic}")).await.expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 1, "{topic}: {page}");
    page["data"][0].clone()
}

async fn choose(person: &Client<'_>, body: Value) -> Value {
    const PATH: &str = "/v1/me/notice-preferences";
    let tag = person.get(PATH).await.header("etag").unwrap().to_owned();
    person
        .send(actix_web::http::Method::PUT, PATH, &[("if-match", &tag)], Some(&body))
        .await
        .expect(200)
}

fn count(world: &World, sql: &'static str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    world.sql(move |tx| Ok(diesel::sql_query(sql).get_result::<Count>(tx.conn())?.n))
}

/// Something that happened to a record as an event tells of it, whether or not it did.
fn happened(world: &World, by: &'static str, (kind, resource_type): (&'static str, &'static str), data: Value) {
    let audience = ["partner_id", "from_partner_id", "to_partner_id"]
        .iter()
        .filter_map(|name| data[*name].as_str()?.parse().ok());
    let fact = Fact {
        kind,
        resource_type,
        resource_id: data["id"].as_str().unwrap().to_owned(),
        revision: 1,
        audience: audience.collect(),
        data,
        previous: None,
        changed: Vec::new(),
        lost: Vec::new(),
        partner_view: None,
        deleted: false,
        reason: None,
    };
    world
        .db
        .run_now(&Caller::system(by), move |tx| tx.record(fact.clone()))
        .unwrap();
}

/// How many notices there are, and how many of them are of one kind.
fn written(world: &World) -> i64 {
    count(world, "SELECT COUNT(*) AS n FROM notices")
}

fn in_berlin(world: &World, person: &Client<'_>, locale: &'static str) {
    let user = person.caller().user().unwrap();
    world.sql(move |tx| {
        run(
            tx,
            &format!("UPDATE users SET locale = '{locale}', time_zone = 'Europe/Berlin' WHERE id = '{user}'"),
        )
    });
}
