//! How the portal changes. Pure.

use super::model::{
    PortalBranding, PortalBrandingPatch, PortalIdentityProvider, PortalLocale, PortalModule, SignInMethod,
};
use crate::{
    identity::providers::{self, IdentityProvider},
    kernel::{Language, Stored, Time},
    modules::Modules,
};

impl PortalBranding {
    /// The branding with the changes made.
    #[must_use]
    pub fn patched(self, patch: &PortalBrandingPatch, now: Time) -> Self {
        Self {
            name: patch.name.clone().unwrap_or(self.name),
            logo_url: patch.logo_url.clone().apply(self.logo_url),
            icon_url: patch.icon_url.clone().apply(self.icon_url),
            primary_color: patch.primary_color.clone().unwrap_or(self.primary_color),
            accent_color: patch.accent_color.clone().unwrap_or(self.accent_color),
            support_name: patch.support_name.clone().apply(self.support_name),
            support_email: patch.support_email.clone().apply(self.support_email),
            support_phone: patch.support_phone.clone().apply(self.support_phone),
            support_url: patch.support_url.clone().apply(self.support_url),
            legal_links: patch.legal_links.clone().map_or(self.legal_links, Stored),
            revision: self.revision + 1,
            updated_at: now,
            ..self
        }
    }
}

/// The languages that there are.
pub fn locales() -> Vec<PortalLocale> {
    Language::ALL
        .iter()
        .map(|language| PortalLocale {
            code: *language,
            name: language.own_name().to_owned(),
        })
        .collect()
}

/// The modules that are on.
pub fn modules(on: Modules, language: Language) -> Vec<PortalModule> {
    on.list()
        .into_iter()
        .map(|module| PortalModule {
            name: module,
            label: language.of(module.label()).to_owned(),
        })
        .collect()
}

/// What everybody may know of a provider: what a page must send to a browser in any case.
pub fn shown(provider: IdentityProvider) -> PortalIdentityProvider {
    PortalIdentityProvider {
        discovery_url: providers::discovery_url(&provider.issuer),
        id: provider.id,
        name: provider.name,
        issuer: provider.issuer,
        audience: provider.audience,
    }
}

/// How people can sign in, if these providers are there for them.
pub fn sign_in_methods(providers: &[PortalIdentityProvider]) -> Vec<SignInMethod> {
    let ways = SignInMethod::ALL.iter().copied();
    ways.filter(|way| match way {
        SignInMethod::Password => true,
        SignInMethod::OpenIdConnect => !providers.is_empty(),
    })
    .collect()
}
