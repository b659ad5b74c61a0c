//! What fields and words are called, in the languages that the program speaks.
//!
//! A small catalogue, held against the contract by a test: a field or word that a form can show and that has no entry here
//! fails it. Other languages are added as a third text.

use super::{layouts::layout, model::FormResource};
use crate::kernel::Language;

/// A text in English and in German.
pub type Texts = [&'static str; 2];

/// What fields are called: by resource and pointer where it matters, or else by their name. Fields within a field stand in
/// this order.
const FIELDS: &[(&str, Texts)] = &[
    ("deals/contacts/title", ["Position", "Position"]),
    ("deals/contacts/role", ["Part in buying", "Rolle beim Kauf"]),
    ("people/employment/title", ["Position", "Position"]),
    ("deals/amount", ["Expected value", "Erwarteter Wert"]),
    ("deals/description", ["Customer's need", "Bedarf des Kunden"]),
    ("partners/parent_id", ["Parent company", "Muttergesellschaft"]),
    ("customer-accounts/parent_id", ["Parent company", "Muttergesellschaft"]),
    ("partners/territory_ids", ["Territories", "Gebiete"]),
    ("partners/registration/authority", ["Register", "Register"]),
    ("direct-opportunities/amount", ["Expected value", "Erwarteter Wert"]),
    ("direct-opportunities/owner_name", ["Owner by name", "Zuständig (Name)"]),
    ("installed-base/partner_id", ["Sold by", "Verkauft von"]),
    ("products/parent_id", ["Part of", "Teil von"]),
    ("territories/parent_id", ["Lies in", "Liegt in"]),
    (
        "external_refs",
        ["Ids in other systems", "Kennungen in anderen Systemen"],
    ),
    ("system", ["System", "System"]),
    ("id", ["Id there", "Kennung dort"]),
    ("partner_id", ["Partner", "Partner"]),
    ("product", ["Product", "Produkt"]),
    ("quantity", ["Quantity", "Menge"]),
    ("unit_price", ["Unit price", "Einzelpreis"]),
    ("amount", ["Amount", "Betrag"]),
    ("currency", ["Currency", "Währung"]),
    ("kind", ["Kind", "Art"]),
    ("value", ["Value", "Wert"]),
    ("number", ["Number", "Nummer"]),
    ("name", ["Name", "Name"]),
    ("legal_name", ["Legal name", "Firma"]),
    ("trading_names", ["Trading names", "Handelsnamen"]),
    ("title", ["Title", "Titel"]),
    ("department", ["Department", "Abteilung"]),
    ("roles", ["Parts", "Rollen"]),
    ("role", ["Part", "Rolle"]),
    ("starts_on", ["From", "Ab"]),
    ("website", ["Website", "Website"]),
    ("email", ["E-mail", "E-Mail"]),
    ("phone", ["Telephone", "Telefon"]),
    ("street", ["Street and number", "Straße und Hausnummer"]),
    ("postal_code", ["Postal code", "Postleitzahl"]),
    ("city", ["City", "Ort"]),
    ("region", ["State or province", "Bundesland oder Kanton"]),
    ("country", ["Country", "Land"]),
    ("registration_number", ["Registration number", "Registernummer"]),
    ("registration_authority", ["Register", "Register"]),
    ("authority", ["Authority", "Stelle"]),
    ("address", ["Address", "Anschrift"]),
    ("hq_address", ["Head office", "Hauptsitz"]),
    ("topic", ["Topic", "Thema"]),
    ("channel", ["Channel", "Kanal"]),
    ("wanted", ["Wanted", "Erwünscht"]),
    ("purpose", ["Purpose", "Zweck"]),
    ("wording", ["Wording", "Wortlaut"]),
    ("given_at", ["Given at", "Erteilt am"]),
    ("withdrawn_at", ["Withdrawn at", "Widerrufen am"]),
    ("description", ["Description", "Beschreibung"]),
    ("deal_type", ["Kind of business", "Geschäftsart"]),
    ("source", ["Source", "Herkunft"]),
    ("customer", ["Customer", "Kunde"]),
    (
        "customer_consent",
        [
            "The customer agreed to be named",
            "Der Kunde hat der Nennung zugestimmt",
        ],
    ),
    ("contacts", ["Contacts", "Ansprechpartner"]),
    ("sites", ["Sites", "Standorte"]),
    ("territory", ["Territory", "Gebiet"]),
    ("lines", ["Products", "Produkte"]),
    ("expected_close_on", ["Expected close", "Erwarteter Abschluss"]),
    ("next_step", ["Next step", "Nächster Schritt"]),
    ("competitor", ["Competitor", "Wettbewerber"]),
    (
        "co_sell_needs",
        ["Help wanted of the vendor", "Gewünschte Unterstützung"],
    ),
    ("visibility", ["Visibility", "Sichtbarkeit"]),
    ("custom", ["More", "Weiteres"]),
    ("types", ["Business", "Geschäftsmodelle"]),
    ("registration", ["Register entry", "Registereintrag"]),
    ("tax_ids", ["Tax numbers", "Steuernummern"]),
    ("default_currency", ["Currency", "Währung"]),
    ("time_zone", ["Time zone", "Zeitzone"]),
    ("tags", ["Labels", "Schlagworte"]),
    ("locale", ["Language", "Sprache"]),
    ("employment", ["Works at", "Tätig bei"]),
    ("preferences", ["Wants to hear of", "Möchte hören von"]),
    ("consents", ["Consents", "Einwilligungen"]),
    ("aliases", ["Also known as", "Auch bekannt als"]),
    ("industry", ["Industry", "Branche"]),
    ("employees", ["Employees", "Beschäftigte"]),
    ("annual_revenue", ["Annual revenue", "Jahresumsatz"]),
    ("founded_year", ["Founded", "Gründungsjahr"]),
    ("owner_id", ["Owner", "Zuständig"]),
    ("account_id", ["Customer", "Kunde"]),
    ("product_id", ["Product", "Produkt"]),
    ("territory_id", ["Territory", "Gebiet"]),
    ("status", ["Status", "Status"]),
    ("stage", ["Stage", "Vertriebsphase"]),
    ("opened_at", ["Opened at", "Begonnen am"]),
    ("last_activity_at", ["Last activity", "Letzte Aktivität"]),
    ("closed_at", ["Closed at", "Abgeschlossen am"]),
    ("ends_on", ["No longer from", "Nicht mehr ab"]),
    ("since_on", ["Since", "Seit"]),
    ("reason", ["Reason", "Grund"]),
    ("code", ["Code", "Kürzel"]),
    ("list_price", ["List price", "Listenpreis"]),
    ("calendar_id", ["Business calendar", "Geschäftskalender"]),
    (
        "distributor_sees_resellers",
        [
            "Distributors see their resellers' records",
            "Distributoren sehen die Daten ihrer Wiederverkäufer",
        ],
    ),
];

/// What the words of closed sets are called: the set, the word, its texts.
const WORDS: &[(&str, &str, Texts)] = &[
    ("DealType", "net_new", ["New business", "Neugeschäft"]),
    ("DealType", "expansion", ["Expansion", "Erweiterung"]),
    ("DealType", "renewal", ["Renewal", "Verlängerung"]),
    (
        "DealSource",
        "partner_sourced",
        ["Found by the partner", "Vom Partner gefunden"],
    ),
    (
        "DealSource",
        "vendor_lead",
        ["Lead of the vendor", "Lead des Herstellers"],
    ),
    ("DealSource", "referral", ["Referral", "Empfehlung"]),
    ("DealSource", "marketing", ["Marketing", "Marketing"]),
    ("DealVisibility", "full", ["Whole sales team", "Gesamter Vertrieb"]),
    (
        "DealVisibility",
        "limited",
        ["Channel team only", "Nur Partnerbetreuung"],
    ),
    ("PartnerType", "reseller", ["Reseller", "Wiederverkäufer"]),
    ("PartnerType", "distributor", ["Distributor", "Distributor"]),
    ("PartnerType", "referral", ["Referral partner", "Empfehlungspartner"]),
    (
        "PartnerType",
        "msp",
        ["Managed service provider", "Managed-Service-Anbieter"],
    ),
    ("PartnerType", "si", ["System integrator", "Systemintegrator"]),
    ("PartnerType", "isv", ["Software vendor", "Softwarehersteller"]),
    ("PartnerType", "agent", ["Agent", "Handelsvertreter"]),
    ("ContactRole", "primary", ["Main contact", "Hauptansprechpartner"]),
    ("ContactRole", "sales", ["Sales", "Vertrieb"]),
    ("ContactRole", "marketing", ["Marketing", "Marketing"]),
    ("ContactRole", "technical", ["Technical", "Technik"]),
    ("ContactRole", "finance", ["Finance", "Finanzen"]),
    ("ContactRole", "signer", ["Signs contracts", "Zeichnungsberechtigt"]),
    ("ContactChannel", "email", ["E-mail", "E-Mail"]),
    ("ContactChannel", "phone", ["Telephone", "Telefon"]),
    ("ContactChannel", "post", ["Post", "Post"]),
    ("AliasKind", "trading_name", ["Trading name", "Handelsname"]),
    ("AliasKind", "former_name", ["Former name", "Früherer Name"]),
    ("AliasKind", "local_name", ["Local name", "Name in Landessprache"]),
    ("AliasKind", "acronym", ["Acronym", "Abkürzung"]),
    ("AliasKind", "domain", ["Domain", "Domain"]),
    ("AliasKind", "email_domain", ["Mail domain", "Mail-Domain"]),
    ("AliasKind", "phone", ["Telephone", "Telefon"]),
    ("AliasKind", "registration", ["Registration number", "Registernummer"]),
    ("AliasKind", "address", ["Address", "Anschrift"]),
    ("OpportunityType", "net_new", ["New business", "Neugeschäft"]),
    ("OpportunityType", "expansion", ["Expansion", "Erweiterung"]),
    ("OpportunityType", "renewal", ["Renewal", "Verlängerung"]),
    ("OpportunityStatus", "open", ["Open", "Offen"]),
    ("OpportunityStatus", "won", ["Won", "Gewonnen"]),
    ("OpportunityStatus", "lost", ["Lost", "Verloren"]),
    ("ProductKind", "line", ["Product line", "Produktlinie"]),
    ("ProductKind", "product", ["Product", "Produkt"]),
    ("ProductStatus", "active", ["Active", "Aktiv"]),
    ("ProductStatus", "retired", ["Retired", "Nicht mehr geführt"]),
    ("TerritoryKind", "world", ["World", "Welt"]),
    ("TerritoryKind", "region", ["Region", "Region"]),
    ("TerritoryKind", "country", ["Country", "Land"]),
    (
        "TerritoryKind",
        "subdivision",
        ["State or province", "Bundesland oder Kanton"],
    ),
    ("TerritoryKind", "custom", ["Of our own", "Eigener Zuschnitt"]),
    ("TerritoryStatus", "active", ["Active", "Aktiv"]),
    ("TerritoryStatus", "retired", ["Retired", "Nicht mehr geführt"]),
];

/// What a record of the type is called.
pub const fn record(resource: FormResource, language: Language) -> &'static str {
    language.of(match resource {
        FormResource::Deals => ["Deal", "Projekt"],
        FormResource::Partners => ["Partner", "Partner"],
        FormResource::People => ["Person", "Person"],
        FormResource::CustomerAccounts => ["Customer", "Kunde"],
        FormResource::DirectOpportunities => ["Own opportunity", "Eigenes Projekt"],
        FormResource::NamedAccounts => ["Named account", "Hauskunde"],
        FormResource::InstalledBase => ["Installed product", "Bestandsprodukt"],
        FormResource::Products => ["Product", "Produkt"],
        FormResource::Territories => ["Territory", "Gebiet"],
        FormResource::Programs => ["Program", "Programm"],
    })
}

/// The headings of a form, in order.
pub fn groups(resource: FormResource) -> impl Iterator<Item = (&'static str, Texts)> {
    layout(resource).iter().map(|(name, texts, _)| (*name, *texts))
}

/// Where a form shows a field.
pub struct Place {
    /// The lowest first.
    pub order: usize,
    /// Under which heading; fields within a field have none of their own.
    pub group: Option<&'static str>,
}

/// Where a form shows a field. One that no layout names comes last, so that a new field is never lost.
pub fn place(resource: FormResource, at: &str) -> Place {
    let (parent, name) = at.rsplit_once('/').unwrap_or_default();
    if parent.is_empty() {
        let fields = layout(resource)
            .iter()
            .flat_map(|(group, _, fields)| fields.iter().map(move |field| (*group, *field)));
        for (index, (group, field)) in fields.enumerate() {
            if field == name {
                return Place {
                    order: (index + 1) * 10,
                    group: Some(group),
                };
            }
        }
    }
    let known = FIELDS.iter().position(|(key, _)| *key == name).unwrap_or(FIELDS.len());
    Place {
        order: (known + 1) * 10,
        group: None,
    }
}

fn known_field(resource: FormResource, at: &str) -> Option<Texts> {
    let specific = format!("{resource}{}", at.replace("/*", ""));
    let name = at.rsplit('/').next().unwrap_or_default();
    let find = |wanted: &str| FIELDS.iter().find(|(key, _)| *key == wanted).map(|(_, texts)| *texts);
    find(&specific).or_else(|| find(name))
}

/// What a field is called.
pub fn field(resource: FormResource, at: &str, language: Language) -> String {
    known_field(resource, at).map_or_else(
        || spelled(at.rsplit('/').next().unwrap_or_default()),
        |texts| language.of(texts).to_owned(),
    )
}

fn known_word(kind: &str, word: &str) -> Option<Texts> {
    WORDS
        .iter()
        .find(|(set, one, _)| *set == kind && *one == word)
        .map(|(.., texts)| *texts)
}

/// What a word of a closed set is called.
pub fn word(kind: &str, word: &str, language: Language) -> String {
    known_word(kind, word).map_or_else(|| spelled(word), |texts| language.of(texts).to_owned())
}

/// A name as words: `next_step` is "Next step".
fn spelled(name: &str) -> String {
    let text = name.replace(['_', '-'], " ");
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{
        app,
        forms::{Bodies, bodies::reference},
    };

    /// Everything that a form can show: fields by their pointers, words by their sets.
    fn shown(schema: &Value, at: &str, bodies: &Bodies, fields: &mut Vec<String>, words: &mut Vec<(String, String)>) {
        if let Value::Object(object) = schema {
            if let Some(name) = reference(object) {
                let target = bodies.component(name).unwrap();
                match target["enum"].as_array() {
                    Some(list) if list.len() <= 40 => {
                        words.extend(
                            list.iter()
                                .map(|word| (name.to_owned(), word.as_str().unwrap().to_owned())),
                        );
                    }
                    Some(_) => {}
                    None => shown(target, at, bodies, fields, words),
                }
            }
            for key in ["oneOf", "anyOf", "allOf"] {
                for part in object.get(key).and_then(Value::as_array).into_iter().flatten() {
                    shown(part, at, bodies, fields, words);
                }
            }
            if let Some(items) = object.get("items") {
                shown(items, &format!("{at}/*"), bodies, fields, words);
            }
            for (name, inner) in object
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                let here = format!("{at}/{name}");
                fields.push(here.clone());
                shown(inner, &here, bodies, fields, words);
            }
        }
    }

    #[test]
    fn every_field_and_word_has_its_label_and_every_field_its_place() {
        let bodies = Bodies::of(&app::document().unwrap());
        let mut missing = Vec::new();
        for resource in FormResource::ALL {
            let (mut fields, mut words) = (Vec::new(), Vec::new());
            let written = resource.written();
            for operation in [written.create, written.update] {
                shown(
                    &bodies.body(operation).unwrap().schema,
                    "",
                    &bodies,
                    &mut fields,
                    &mut words,
                );
            }
            for at in fields {
                if known_field(*resource, &at).is_none() {
                    missing.push(format!("{resource}{at} has no label"));
                }
                if at.matches('/').count() == 1 && place(*resource, &at).group.is_none() {
                    missing.push(format!("{resource}{at} stands under no heading"));
                }
            }
            for (kind, word) in words {
                if known_word(&kind, &word).is_none() {
                    missing.push(format!("{word} of {kind} has no label"));
                }
            }
        }
        missing.sort();
        missing.dedup();
        assert!(
            missing.is_empty(),
            "If you are here because you added a field to a form: give it a label.\n{}",
            missing.join("\n")
        );
    }
}
