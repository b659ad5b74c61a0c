//! Names of a world that does not exist: partners, customers, people. The same in every run.

use super::chance::Chance;

/// A customer of the demo world.
#[derive(Debug, Clone)]
pub struct Company {
    /// Its legal name.
    pub name: String,
    /// Its domain, under a reserved name so that no mail ever leaves.
    pub domain: String,
    /// Its country.
    pub country: &'static str,
    /// Its city.
    pub city: &'static str,
    /// Its postal code.
    pub postal_code: String,
    /// Its street and number.
    pub street: String,
}

/// Country, its city, its legal form, the name of a street, and how its postal codes look.
const PLACES: &[(&str, &[&str], &str, &str, &str)] = &[
    (
        "DE",
        &["Stuttgart", "Hamburg", "Leipzig", "Bremen"],
        "GmbH",
        "Lindenstraße",
        "7####",
    ),
    ("DE", &["München", "Köln", "Dresden"], "AG", "Bahnhofstraße", "8####"),
    ("AT", &["Wien", "Graz", "Linz"], "GmbH", "Ringstraße", "1###"),
    ("CH", &["Zürich", "Bern", "Basel"], "AG", "Seestrasse", "8###"),
    ("FR", &["Lyon", "Nantes", "Lille"], "SAS", "rue des Ateliers", "69###"),
    ("GB", &["Leeds", "Bristol", "Glasgow"], "Ltd", "Mill Lane", "LS# #DR"),
    ("SE", &["Göteborg", "Malmö"], "AB", "Hamngatan", "4## ##"),
    (
        "US",
        &["Denver", "Austin", "Columbus", "Portland"],
        "Inc",
        "Harbor Street",
        "8####",
    ),
    ("CA", &["Toronto", "Calgary"], "Ltd", "King Street", "M#V #K#"),
    ("JP", &["Osaka", "Nagoya"], "K.K.", "Chuo", "5##-####"),
];

const STEMS: &[&str] = &[
    "Aldermoor",
    "Bergholt",
    "Calvaro",
    "Dornfeld",
    "Elmsworth",
    "Falkenau",
    "Granvik",
    "Halstrom",
    "Ivarsen",
    "Jorvik",
    "Kestrel",
    "Lindqvist",
    "Marlowe",
    "Norden",
    "Osterby",
    "Penrose",
    "Quintero",
    "Ravenna",
    "Silberhorn",
    "Tallis",
    "Umbria",
    "Vantaa",
    "Wexley",
    "Yarrow",
    "Zeller",
    "Ashcombe",
    "Brandt",
    "Corvin",
    "Delacroix",
    "Eastholm",
];

const TRADES: &[&str] = &[
    "Logistics",
    "Foods",
    "Metalworks",
    "Clinics",
    "Textiles",
    "Energy",
    "Packaging",
    "Instruments",
    "Retail",
    "Chemicals",
];

const FIRST: &[&str] = &[
    "Anna", "Ben", "Clara", "David", "Elif", "Felix", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Luca", "Mara", "Noah",
    "Olga", "Paul", "Rosa", "Samir", "Tessa", "Victor",
];

const LAST: &[&str] = &[
    "Albrecht", "Bauer", "Conti", "Dupont", "Eriksen", "Fischer", "Garcia", "Hansen", "Ito", "Jensen", "Keller",
    "Lambert", "Moreau", "Novak", "Olsen", "Petrov", "Quinn", "Rossi", "Schmidt", "Tanaka",
];

const PARTNERS: &[&str] = &[
    "Nordwind Systeme",
    "Bluepeak Networks",
    "Cascade IT",
    "Delta Security",
    "Ember Cloud",
    "Fjord Solutions",
    "Granite Data",
    "Helix Integration",
    "Ironbridge Technology",
    "Juniper Hill Consulting",
    "Keystone Systems",
    "Lighthouse IT",
    "Meridian Networks",
    "Northgate Solutions",
    "Orchard Digital",
    "Pinnacle Security",
    "Quarry Systems",
    "Redwood Managed Services",
    "Summit Integrators",
    "Tidewater Tech",
    "Uplands Computing",
    "Vertex Distribution",
    "Westbrook IT",
    "Yellowstone Data",
    "Zenit Systemhaus",
    "Alpenblick IT",
    "Brightwater Cloud",
    "Copperfield Systems",
    "Driftwood Digital",
    "Evergreen MSP",
    "Foxglove Networks",
    "Goldcrest Solutions",
    "Harbourline Tech",
    "Ivory Tower Software",
    "Kingfisher Cloud",
    "Larkspur Security",
    "Moorland Systems",
    "Nightingale IT",
    "Oakridge Distribution",
    "Peregrine Networks",
];

/// The customers: so many, no two with one name.
pub fn companies(count: usize, chance: &mut Chance) -> Vec<Company> {
    let all = TRADES
        .iter()
        .flat_map(|trade| STEMS.iter().map(move |stem| (stem, trade)));
    all.zip(PLACES.iter().cycle())
        .take(count)
        .map(|((stem, trade), place)| company(stem, trade, place, chance))
        .collect()
}

fn company(
    stem: &str,
    trade: &str,
    place: &'static (
        &'static str,
        &'static [&'static str],
        &'static str,
        &'static str,
        &'static str,
    ),
    chance: &mut Chance,
) -> Company {
    let (country, cities, form, street, postal) = *place;
    Company {
        name: format!("{stem} {trade} {form}"),
        domain: format!("{}-{}.example", stem.to_lowercase(), trade.to_lowercase()),
        country,
        city: chance.pick(cities).copied().unwrap_or("Stuttgart"),
        postal_code: postal
            .chars()
            .map(|c| if c == '#' { chance.digit() } else { c })
            .collect(),
        street: format!("{street} {}", chance.below(180) + 1),
    }
}

/// The partners' names, most senior first.
pub fn partners() -> &'static [&'static str] {
    PARTNERS
}

/// The name of person number so-and-so; the first 400 are different.
pub fn person(number: usize) -> String {
    let first = FIRST.get(number % FIRST.len()).copied().unwrap_or("Anna");
    let last = LAST
        .get((number / FIRST.len() + number) % LAST.len())
        .copied()
        .unwrap_or("Bauer");
    format!("{first} {last}")
}
