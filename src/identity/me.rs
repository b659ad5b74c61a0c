//! Who the caller is, and what they may do.

use actix_web::get;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    memberships, service_clients,
    sessions::{self, Place},
    users::{self, RowScope},
};
use crate::{
    auth::{Actor, Caller, Role, Side, permissions},
    db::{Db, Tx},
    error::{Error, Result},
    http::{Plain, Reply},
    kernel::{
        Time,
        ids::{PartnerId, TeamId},
    },
    words,
};

words! {
    /// What kind of caller it is.
    pub CallerKind {
        /// A person.
        User = "user",
        /// A program.
        ServiceClient = "service_client",
    }

    /// The side of the channel that the caller stands on.
    pub CallerSide {
        /// The vendor's.
        Vendor = "vendor",
        /// A partner's.
        Partner = "partner",
    }
}

/// The caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Me {
    /// The user or the service client.
    #[schema(example = "user_01jdq4k8v6e5ns3q7t9x2m4b8c", max_length = 40)]
    pub id: String,
    /// What kind of caller it is.
    pub kind: CallerKind,
    /// The side that the caller stands on.
    pub side: CallerSide,
    /// The caller's name.
    #[schema(example = "Maria Keller", max_length = 200)]
    pub name: String,
    /// The address that a user signs in with.
    #[schema(required = true, example = "maria.keller@example.com", max_length = 254)]
    pub email: Option<String>,
    /// The caller's roles with this token.
    #[schema(max_items = 12)]
    pub roles: Vec<Role>,
    /// The scopes of a program's token; null for people, whose roles decide.
    #[schema(required = true, max_items = 100)]
    pub scopes: Option<Vec<String>>,
    /// The partner that the caller acts for with this token.
    #[schema(required = true)]
    pub partner_id: Option<PartnerId>,
    /// That partner's name.
    #[schema(required = true, example = "Northwind Resellers Ltd", max_length = 300)]
    pub partner_name: Option<String>,
    /// Which partners' rows a vendor user sees.
    #[schema(required = true)]
    pub row_scope: Option<RowScope>,
    /// The vendor team that the user belongs to.
    #[schema(required = true)]
    pub team_id: Option<TeamId>,
    /// The partners that the user may act for, each with a token of its own.
    #[schema(max_items = 100)]
    pub places: Vec<Place>,
    /// The language that the user reads best, BCP 47.
    #[schema(required = true, example = "de-CH", max_length = 35)]
    pub locale: Option<String>,
    /// The user's time zone.
    #[schema(required = true, example = "Europe/Zurich", max_length = 64)]
    pub time_zone: Option<String>,
    /// When the user last signed in.
    #[schema(required = true)]
    pub last_sign_in_at: Option<Time>,
    /// Since when a second factor guards the user's sign-in; null if none does.
    #[schema(required = true)]
    pub second_factor_at: Option<Time>,
    /// Whether the user must set up a second factor before anything else is possible; then `operations` are what is left.
    #[schema(example = false)]
    pub second_factor_due: bool,
    /// The operations that this caller may call, by their ids in the document.
    #[schema(max_items = 1000, example = json!(["getMe", "listDeals"]))]
    pub operations: Vec<String>,
}

/// Read who you are
///
/// The caller of this token: name, roles, scopes, partner, and every operation that they may call.
#[utoipa::path]
#[get("/v1/me")]
pub async fn get_me(db: Db, caller: Caller) -> Reply<Plain<Me>> {
    db.snapshot(&caller, |tx| me(tx).map(Plain)).await
}

fn me(tx: &mut Tx<'_>) -> Result<Me> {
    let caller = tx.caller();
    let side = match caller.side() {
        Side::Vendor => CallerSide::Vendor,
        Side::Partner(_) => CallerSide::Partner,
        Side::Nobody => return Err(Error::new(&crate::error::codes::UNAUTHENTICATED)),
    };
    let partner_name = match caller.partner() {
        Some(partner) => memberships::partner_names(tx, &[partner])?.remove(&partner),
        None => None,
    };
    let operations = permissions::TABLE
        .iter()
        .filter(|row| row.check(caller).is_ok())
        .map(|row| row.operation.to_owned())
        .collect();
    let base = Me {
        id: caller.actor_text(),
        kind: CallerKind::User,
        side,
        name: String::new(),
        email: None,
        roles: caller.roles().list(),
        scopes: caller.scopes().map(<[String]>::to_vec),
        partner_id: caller.partner(),
        partner_name,
        row_scope: None,
        team_id: None,
        places: Vec::new(),
        locale: None,
        time_zone: None,
        last_sign_in_at: None,
        second_factor_at: None,
        second_factor_due: caller.must_enrol(),
        operations,
    };
    match caller.actor() {
        Actor::User(id) => {
            let user = users::find(tx, id)?;
            Ok(Me {
                name: user.name,
                email: Some(user.email),
                row_scope: user.row_scope,
                team_id: user.team_id,
                places: sessions::places(tx, id)?,
                locale: user.locale,
                time_zone: user.time_zone,
                last_sign_in_at: user.last_sign_in_at,
                second_factor_at: user.second_factor_at,
                ..base
            })
        }
        Actor::Client(id) => Ok(Me {
            kind: CallerKind::ServiceClient,
            name: service_clients::name_of(tx, id)?,
            ..base
        }),
        Actor::System(_) | Actor::Anonymous => Err(Error::new(&crate::error::codes::UNAUTHENTICATED)),
    }
}
