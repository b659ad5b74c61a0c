//! Which scheme a registration number belongs to.

/// A scheme of registration numbers with rules of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Duns,
    Lei,
    Vat,
    GermanRegister,
    CompaniesHouse,
    Sirene,
    SwissUid,
    Other,
}

/// The scheme by the authority's name, the look of the number, and the country.
pub(super) fn scheme_of(named: &str, number: &str, country: &str) -> Scheme {
    let compact = named.replace(' ', "");
    let has = |words: &[&str]| words.iter().any(|word| compact.contains(word));
    let is = |words: &[&str]| words.iter().any(|word| compact == *word);
    if has(&["DUNS", "DUNANDBRAD", "DUNBRAD"]) || is(&["DANDB", "DNB"]) || number.starts_with("DUNS") {
        Scheme::Duns
    } else if has(&["LEGALENTITYID"]) || is(&["LEI", "GLEIF"]) {
        Scheme::Lei
    } else if has(&["VATID", "VATN", "USTID", "UMSATZSTEUER", "PARTITAIVA", "TVAINTRA"])
        || is(&["VAT", "UST", "TVA", "IVA", "BTW", "MOMS", "MWST", "NIF-IVA", "PIVA"])
    {
        Scheme::Vat
    } else if number.starts_with("HRB")
        || number.starts_with("HRA")
        || (has(&["HANDELSREGISTER", "AMTSGERICHT"]) && matches!(country, "DE" | ""))
        || is(&["HRB", "HRA"])
        || compact.starts_with("DEHR")
    {
        Scheme::GermanRegister
    } else if has(&["COMPANIESHOUSE"]) || is(&["CRN", "GBCOH", "COH"]) || (compact.is_empty() && country == "GB") {
        Scheme::CompaniesHouse
    } else if has(&["SIREN", "SIRET"]) {
        Scheme::Sirene
    } else if has(&["SWISSUID"]) || (number.starts_with("CHE") && matches!(country, "CH" | "")) || is(&["CHUID"]) {
        Scheme::SwissUid
    } else {
        Scheme::Other
    }
}
