//! The shapes of the portal on the wire.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::Resource,
    kernel::{Language, Patch, Stored, Time, ids::IdentityProviderId},
    modules::Module,
    schema::portal_branding,
    words,
    work::items::WorkItemKind,
};

words! {
    /// How people can sign in.
    pub SignInMethod {
        /// By mail address and password.
        Password = "password",
        /// At one of `identity_providers`, whose token is then sent as `Authorization: Bearer …`.
        OpenIdConnect = "openid_connect",
    }

    /// What a legal link leads to.
    pub LegalLinkKind {
        /// Who offers the portal.
        Imprint = "imprint",
        /// How personal data is handled.
        Privacy = "privacy",
        /// The terms of use.
        Terms = "terms",
        /// Anything else.
        Other = "other",
    }
}

/// A legal link of the portal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LegalLink {
    /// What it leads to.
    pub kind: LegalLinkKind,
    /// What it says.
    #[schema(example = "Privacy", min_length = 1, max_length = 120)]
    pub label: String,
    /// Where it leads.
    #[schema(
        example = "https://www.vendor.example/privacy",
        min_length = 8,
        max_length = 500,
        pattern = "^https?://[^ ]+$"
    )]
    pub url: String,
}

/// How the portal presents itself.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Identifiable, Serialize, ToSchema,
)]
#[diesel(table_name = portal_branding, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct PortalBranding {
    /// There is one of them.
    #[serde(skip)]
    #[schema(ignore)]
    pub id: String,
    /// What the program is called.
    #[schema(example = "Northwall Partner Program", min_length = 1, max_length = 120)]
    pub name: String,
    /// The logo.
    #[schema(required = true, example = "https://www.vendor.example/logo.svg", max_length = 500)]
    pub logo_url: Option<String>,
    /// The small picture of tabs and bookmarks.
    #[schema(required = true, example = "https://www.vendor.example/icon.png", max_length = 500)]
    pub icon_url: Option<String>,
    /// The main colour.
    #[schema(example = "#1f4e79", max_length = 7)]
    pub primary_color: String,
    /// The colour of what shall be seen first.
    #[schema(example = "#b45309", max_length = 7)]
    pub accent_color: String,
    /// Who helps.
    #[schema(required = true, example = "Channel desk", max_length = 120)]
    pub support_name: Option<String>,
    /// Their mail address.
    #[schema(required = true, example = "partners@vendor.example", max_length = 254)]
    pub support_email: Option<String>,
    /// Their telephone number.
    #[schema(required = true, example = "+493012345678", max_length = 40)]
    pub support_phone: Option<String>,
    /// Their page.
    #[schema(required = true, example = "https://www.vendor.example/support", max_length = 500)]
    pub support_url: Option<String>,
    /// What the law wants to be linked.
    #[schema(value_type = Vec<LegalLink>, max_items = 20)]
    pub legal_links: Stored<Vec<LegalLink>>,
    /// How often it was changed.
    #[schema(example = 1, minimum = 1)]
    pub revision: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

impl Resource for PortalBranding {
    const TYPE: &'static str = "portal_branding";

    fn id(&self) -> String {
        self.id.clone()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn path(&self) -> String {
        "/v1/portal/branding".to_owned()
    }
}

/// Changes of how the portal presents itself. What is left out stays, null clears.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortalBrandingPatch {
    /// What the program is called.
    #[schema(
        example = "Northwall Partner Program",
        min_length = 1,
        max_length = 120,
        nullable = false
    )]
    pub name: Option<String>,
    /// The logo.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "https://www.vendor.example/logo.svg", min_length = 8, max_length = 500, pattern = "^https?://[^ ]+$")]
    pub logo_url: Patch<String>,
    /// The small picture of tabs and bookmarks.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "https://www.vendor.example/icon.png", min_length = 8, max_length = 500, pattern = "^https?://[^ ]+$")]
    pub icon_url: Patch<String>,
    /// The main colour.
    #[schema(example = "#1f4e79", max_length = 7, pattern = "^#[0-9A-Fa-f]{6}$", nullable = false)]
    pub primary_color: Option<String>,
    /// The colour of what shall be seen first.
    #[schema(example = "#b45309", max_length = 7, pattern = "^#[0-9A-Fa-f]{6}$", nullable = false)]
    pub accent_color: Option<String>,
    /// Who helps.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Channel desk", min_length = 1, max_length = 120)]
    pub support_name: Patch<String>,
    /// Their mail address.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "partners@vendor.example", max_length = 254, pattern = "^[^@ ]+@[^@ ]+$")]
    pub support_email: Patch<String>,
    /// Their telephone number.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "+493012345678", min_length = 1, max_length = 40)]
    pub support_phone: Patch<String>,
    /// Their page.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "https://www.vendor.example/support", min_length = 8, max_length = 500, pattern = "^https?://[^ ]+$")]
    pub support_url: Patch<String>,
    /// What the law wants to be linked, all of it.
    #[schema(max_items = 20, nullable = false)]
    pub legal_links: Option<Vec<LegalLink>>,
}

/// A language that the portal is offered in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PortalLocale {
    /// Its code, BCP 47.
    pub code: Language,
    /// What it calls itself.
    #[schema(example = "Deutsch", max_length = 60)]
    pub name: String,
}

/// A module that is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PortalModule {
    /// Its name.
    pub name: Module,
    /// What people call it.
    #[schema(example = "Deals", max_length = 60)]
    pub label: String,
}

/// An entry of the menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PortalMenuEntry {
    /// Its name, which stays when the label changes.
    #[schema(example = "deals", max_length = 60)]
    pub name: String,
    /// What people read.
    #[schema(example = "Deals", max_length = 60)]
    pub label: String,
    /// The operation that it leads to.
    #[schema(example = "listDeals", max_length = 64)]
    pub operation: String,
    /// Its path.
    #[schema(example = "/v1/deals", max_length = 200)]
    pub path: String,
    /// The type of record of its form, as `GET /v1/schema/{resource}` takes it; null where there is none.
    #[schema(required = true, example = "deals", max_length = 60)]
    pub form: Option<String>,
}

/// How much of a kind of work waits for the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PortalWork {
    /// The kind.
    pub kind: WorkItemKind,
    /// What people read.
    #[schema(example = "Deals to decide", max_length = 120)]
    pub label: String,
    /// How many there are.
    #[schema(example = 3, minimum = 0, maximum = 10_000)]
    pub count: i64,
    /// How many of them are late.
    #[schema(example = 1, minimum = 0, maximum = 10_000)]
    pub overdue: i64,
    /// The operation that lists them.
    #[schema(example = "listWorkItems", max_length = 64)]
    pub operation: String,
    /// Its path, with the filter.
    #[schema(example = "/v1/work-items?kind=registration_decision", max_length = 200)]
    pub path: String,
}

/// The portal as the caller finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Portal {
    /// How it presents itself.
    pub branding: PortalBranding,
    /// The language of the labels in this answer.
    pub language: Language,
    /// The languages that there are.
    #[schema(max_items = 20)]
    pub locales: Vec<PortalLocale>,
    /// The modules that are on.
    #[schema(max_items = 50)]
    pub modules: Vec<PortalModule>,
    /// The caller's menu, in order.
    #[schema(max_items = 100)]
    pub menu: Vec<PortalMenuEntry>,
    /// What waits for the caller, by kind; kinds that are not the caller's are left out, those of which nothing waits are not.
    /// For machines nothing waits.
    #[schema(max_items = 50)]
    pub work: Vec<PortalWork>,
    /// How many notices the caller has not read.
    #[schema(example = 2, minimum = 0)]
    pub unread_notices: i64,
}

/// A provider (OpenID Connect) at which people can sign in. What a page needs to send them there, and no more: how their accounts
/// become users here, and what roles they get, is told to nobody before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PortalIdentityProvider {
    /// Its id.
    pub id: IdentityProviderId,
    /// What people read.
    #[schema(example = "Staff sign-in", min_length = 1, max_length = 200)]
    pub name: String,
    /// Who issues its tokens.
    #[schema(example = "https://login.example.com/realms/prm", max_length = 500)]
    pub issuer: String,
    /// Where it says at which address signing in begins (`authorization_endpoint`), and what else it can do.
    #[schema(
        example = "https://login.example.com/realms/prm/.well-known/openid-configuration",
        max_length = 540
    )]
    pub discovery_url: String,
    /// What its tokens must be for (`aud`): the name that this server has there, which the page asks for tokens by.
    #[schema(example = "openprm", min_length = 1, max_length = 255)]
    pub audience: String,
}

/// The portal before signing in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PublicPortal {
    /// How it presents itself.
    pub branding: PortalBranding,
    /// The language that was asked for.
    pub language: Language,
    /// The languages that there are.
    #[schema(max_items = 20)]
    pub locales: Vec<PortalLocale>,
    /// How people can sign in.
    #[schema(max_items = 10)]
    pub sign_in_methods: Vec<SignInMethod>,
    /// The providers at which people can sign in, by name: those of the vendor that are enabled. A provider that is bound to a
    /// partner is not told to everybody, because its name would be the partner's: its people come from their own pages.
    #[schema(max_items = 50)]
    pub identity_providers: Vec<PortalIdentityProvider>,
    /// Whether firms can apply to become partners.
    #[schema(example = true)]
    pub applications_open: bool,
}
