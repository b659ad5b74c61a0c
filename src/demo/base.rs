//! The people and partners of the demo program, with ids that documentation can name.

use diesel::prelude::*;
use serde_json::json;

use super::{desk::Person, names};
use crate::{
    auth::Role,
    db::Tx,
    error::{Error, Result},
    identity::{
        self, Access, NewUser,
        memberships::PartnerRole,
        users::{RowScope, VendorRole},
    },
    kernel::{
        Time,
        ids::{Id as _, PartnerId, UserId},
    },
    partners::{self, ImportedPartner, NewPartner, PartnerStatus},
    schema,
};

/// A login that the start prints.
#[derive(Debug, Clone, Copy)]
pub struct Login {
    /// The role.
    pub role: Role,
    /// The address.
    pub email: &'static str,
    name: &'static str,
    /// The partner's place in the list; none for the vendor's people.
    partner: Option<usize>,
}

const fn vendor(role: Role, email: &'static str, name: &'static str) -> Login {
    Login {
        role,
        email,
        name,
        partner: None,
    }
}

const fn partner(role: Role, email: &'static str, name: &'static str, place: usize) -> Login {
    Login {
        role,
        email,
        name,
        partner: Some(place),
    }
}

/// Everybody who can sign in.
pub static LOGINS: &[Login] = &[
    vendor(Role::Admin, "admin@demo.example", "Ada Admin"),
    vendor(Role::ChannelOps, "ops@demo.example", "Oskar Ops"),
    vendor(Role::Cam, "cam@demo.example", "Carla Manager"),
    vendor(Role::Approver, "approver@demo.example", "Aron Approver"),
    vendor(Role::Finance, "finance@demo.example", "Fiona Finance"),
    vendor(Role::ContentManager, "content@demo.example", "Cleo Content"),
    vendor(Role::Analyst, "analyst@demo.example", "Anton Analyst"),
    partner(Role::PartnerAdmin, "admin@nordwind.example", "Nora Nordwind", 0),
    partner(Role::PartnerSales, "sales@nordwind.example", "Nils Nordwind", 0),
    partner(Role::PartnerMarketing, "marketing@nordwind.example", "Nele Nordwind", 0),
    partner(Role::PartnerLearner, "learner@nordwind.example", "Nico Nordwind", 0),
    partner(Role::PartnerSales, "sales@bluepeak.example", "Bianca Bluepeak", 1),
    vendor(Role::Cam, "cam2@demo.example", "Chris Manager"),
    vendor(Role::Cam, "cam3@demo.example", "Chiara Manager"),
    vendor(Role::Approver, "approver2@demo.example", "Alma Approver"),
    partner(Role::PartnerSales, "sales@cascade.example", "Cem Cascade", 2),
    partner(Role::PartnerSales, "sales@delta.example", "Dora Delta", 3),
    partner(Role::PartnerSales, "sales@ember.example", "Emil Ember", 4),
    partner(Role::PartnerSales, "sales@fjord.example", "Freya Fjord", 5),
    partner(Role::PartnerSales, "sales@granite.example", "Gus Granite", 6),
    partner(Role::PartnerSales, "sales@helix.example", "Hanna Helix", 7),
    partner(Role::PartnerAdmin, "admin@bluepeak.example", "Bruno Bluepeak", 1),
    partner(Role::PartnerAdmin, "admin@vertex.example", "Vera Vertex", 21),
    partner(Role::PartnerSales, "sales@vertex.example", "Vince Vertex", 21),
    partner(Role::PartnerSales, "sales@oakridge.example", "Olga Oakridge", 38),
];

/// Who is who.
#[derive(Debug, Clone)]
pub struct Cast {
    /// Runs the program.
    pub ops: Person,
    /// Decides.
    pub approvers: Vec<Person>,
    /// The partners, with somebody who registers for each.
    pub sellers: Vec<(PartnerId, Person)>,
    /// The account managers, in the order in which the partners are theirs.
    pub managers: Vec<Person>,
}

impl Cast {
    /// Whose the partner is.
    pub fn manager_of(&self, partner: PartnerId) -> Option<Person> {
        let place = (0..names::partners().len()).find(|place| partner_id(*place) == partner)?;
        self.managers.get(place.checked_rem(self.managers.len())?).copied()
    }
}

/// What a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing yet.
    Nothing,
    /// The demo program.
    Demo,
    /// Somebody's data.
    Other,
}

/// Looks what the database holds.
///
/// # Errors
/// What the database reports.
pub fn found(tx: &mut Tx<'_>) -> Result<Found> {
    use schema::users::dsl as u;
    let users: i64 = u::users.count().get_result(tx.conn())?;
    let admins: i64 = u::users
        .filter(u::email_key.eq("admin@demo.example"))
        .count()
        .get_result(tx.conn())?;
    Ok(match (users, admins) {
        (0, _) => Found::Nothing,
        (_, 0) => Found::Other,
        _ => Found::Demo,
    })
}

fn vendor_role(role: Role) -> Result<VendorRole> {
    role.as_str().parse().map_err(Error::internal)
}

fn partner_role(role: Role) -> Result<PartnerRole> {
    role.as_str().parse().map_err(Error::internal)
}

/// Makes everybody.
///
/// # Errors
/// What the modules refuse.
pub fn make(tx: &mut Tx<'_>, password_hash: &str) -> Result<Cast> {
    let mut users = Vec::new();
    for (place, login) in (1_u64..).zip(LOGINS) {
        users.push((UserId::example(place), *login));
    }
    for (id, login) in users.iter().filter(|(_, login)| login.partner.is_none()) {
        // An account manager sees the partners that are theirs; everybody else of the vendor sees all.
        let row_scope = if login.role == Role::Cam {
            RowScope::Own
        } else {
            RowScope::All
        };
        let access = Access::Vendor {
            roles: vec![vendor_role(login.role)?],
            row_scope,
            team: None,
            territories: Vec::new(),
        };
        create(tx, *id, login, access, password_hash)?;
    }
    let managers: Vec<UserId> = users
        .iter()
        .filter(|(_, login)| login.role == Role::Cam)
        .map(|(id, _)| *id)
        .collect();
    let since = tx.now.plus_days(-400);
    for (place, name) in names::partners().iter().enumerate() {
        let manager = managers.get(place % managers.len().max(1)).copied();
        insert_partner(
            tx,
            place,
            name,
            since.plus_days(i64::try_from(place).unwrap_or(0) * 7),
            manager,
        )?;
    }
    for (id, login) in users.iter().filter(|(_, login)| login.partner.is_some()) {
        let access = Access::Partner {
            partner: partner_id(login.partner.unwrap_or(0)),
            roles: vec![partner_role(login.role)?],
        };
        create(tx, *id, login, access, password_hash)?;
    }
    cast(&users)
}

fn create(tx: &mut Tx<'_>, id: UserId, login: &Login, access: Access, password_hash: &str) -> Result<()> {
    let new = NewUser {
        id: Some(id),
        email: login.email.to_owned(),
        name: login.name.to_owned(),
        password_hash: Some(password_hash.to_owned()),
        access,
    };
    identity::create_user(tx, &new).map(drop)
}

/// The id of the partner at that place of the list.
pub fn partner_id(place: usize) -> PartnerId {
    PartnerId::example(u64::try_from(place).unwrap_or(0) + 1)
}

fn insert_partner(tx: &mut Tx<'_>, place: usize, name: &str, since: Time, manager: Option<UserId>) -> Result<()> {
    let kinds = ["reseller", "msp", "si", "distributor", "referral"];
    let kind = if name.contains("Distribution") {
        "distributor"
    } else {
        kinds.get(place % 3).copied().unwrap_or("reseller")
    };
    let country = ["DE", "DE", "AT", "CH", "FR", "GB", "SE", "US"]
        .get(place % 8)
        .copied()
        .unwrap_or("DE");
    let currency = match country {
        "CH" => "CHF",
        "GB" => "GBP",
        "SE" => "SEK",
        "US" => "USD",
        _ => "EUR",
    };
    let short = name.split(' ').next().unwrap_or(name).to_lowercase();
    let profile: NewPartner = serde_json::from_value(json!({
        "legal_name": name,
        "trading_names": [],
        "types": [kind],
        "tax_ids": [],
        "website": format!("https://www.{short}.example"),
        "hq_address": {"country": country},
        "territory_ids": [],
        "default_currency": currency,
        "time_zone": "Europe/Berlin",
        "tags": if place < 8 { json!(["strategic"]) } else { json!([]) },
        "external_refs": [{"system": "crm", "id": format!("P-{:03}", place + 1)}],
    }))
    .map_err(Error::internal)?;
    let imported = ImportedPartner {
        id: partner_id(place),
        status: PartnerStatus::Active,
        since,
        account_manager: manager,
        legacy: false,
        profile,
    };
    partners::insert_imported(tx, &imported).map(drop)
}

fn cast(users: &[(UserId, Login)]) -> Result<Cast> {
    let person = |id: UserId, login: &Login| Person {
        user: id,
        role: login.role,
        partner: login.partner.map(partner_id),
    };
    let of = |role: Role| {
        users
            .iter()
            .filter(move |(_, login)| login.role == role)
            .map(|(id, login)| person(*id, login))
            .collect::<Vec<_>>()
    };
    let ops = of(Role::ChannelOps)
        .first()
        .copied()
        .ok_or_else(|| Error::internal("the demo has nobody who runs it"))?;
    let sellers = of(Role::PartnerSales)
        .into_iter()
        .filter_map(|seller| Some((seller.partner?, seller)))
        .collect();
    Ok(Cast {
        ops,
        approvers: of(Role::Approver),
        sellers,
        managers: of(Role::Cam),
    })
}
