//! One function per operation: take, call, answer.

use actix_web::{get, patch};

use super::{
    menu,
    model::{Portal, PortalBranding, PortalBrandingPatch, PublicPortal},
    queries, rules, work,
};
use crate::{
    auth::Caller,
    db::Db,
    http::{AcceptLanguage, IfMatch, Json, Plain, Reply},
    identity::providers,
    kernel::Language,
    modules::Module,
    notices,
};

/// Read the portal
///
/// How it presents itself, its languages, the modules that are on, your menu, and how much waits for you. Menu and work hold
/// what you may call, and nothing else.
#[utoipa::path(params(AcceptLanguage))]
#[get("")]
pub async fn get_portal(db: Db, caller: Caller, language: Language) -> Reply<Plain<Portal>> {
    db.snapshot(&caller, move |tx| {
        let branding = queries::find(tx)?;
        let caller = tx.caller().clone();
        let modules = caller.request().switches.modules();
        let mut work = Vec::new();
        let mut unread_notices = 0;
        if let Some(person) = caller.user() {
            if modules.has(Module::Work) {
                work = work::of(tx, person, language)?;
            }
            if modules.has(Module::Notices) {
                unread_notices = notices::unread(tx, person)?;
            }
        }
        Ok(Plain(Portal {
            branding,
            language,
            locales: rules::locales(),
            modules: rules::modules(modules, language),
            menu: menu::of(&caller, language),
            work,
            unread_notices,
        }))
    })
    .await
}

/// Read the portal before signing in
///
/// What the page for signing in needs: how the portal presents itself, its languages, and how to sign in: by password, or at one
/// of the identity providers that the vendor has enabled.
#[utoipa::path(params(AcceptLanguage), extensions(("x-errors" = json!(["unauthenticated"]))))]
#[get("/public")]
pub async fn get_public_portal(db: Db, caller: Caller, language: Language) -> Reply<Plain<PublicPortal>> {
    db.snapshot(&caller, move |tx| {
        let modules = tx.caller().request().switches.modules();
        let providers = providers::for_everybody(tx)?;
        let identity_providers: Vec<_> = providers.into_iter().map(rules::shown).collect();
        Ok(Plain(PublicPortal {
            branding: queries::find(tx)?,
            language,
            locales: rules::locales(),
            sign_in_methods: rules::sign_in_methods(&identity_providers),
            identity_providers,
            applications_open: modules.has(Module::Applications),
        }))
    })
    .await
}

/// Read the portal's branding
///
/// Name, pictures, colours, who helps, and legal links, with the tag that a change needs.
#[utoipa::path]
#[get("/branding")]
pub async fn get_portal_branding(db: Db, caller: Caller) -> Reply<Json<PortalBranding>> {
    db.read(&caller, |tx| queries::find(tx).map(Json)).await
}

/// Change the portal's branding
///
/// What is left out stays, null clears; the list of legal links is replaced as a whole.
#[utoipa::path(params(IfMatch))]
#[patch("/branding")]
pub async fn update_portal_branding(
    db: Db,
    caller: Caller,
    seen: IfMatch,
    patch: Json<PortalBrandingPatch>,
) -> Reply<Json<PortalBranding>> {
    db.write(&caller, move |tx| {
        let before = queries::find(tx)?;
        seen.check(before.revision)?;
        let after = before.clone().patched(&patch.0, tx.now);
        queries::save(tx, &before, after).map(Json)
    })
    .await
}
