//! Pairs of invented and well-known names of many kinds, to see that the comparator generalises.

use super::compare::{POSSIBLE, PROBABLE, compare};
use super::names::NameKey;

/// Names of one organisation: at least probable.
const ONE: &[(&str, &str)] = &[
    // Legal forms, abbreviated and in full.
    (
        "Nordwind Logistik GmbH",
        "Nordwind Logistik Gesellschaft mit beschränkter Haftung",
    ),
    ("Halvorsen Maritime AS", "Halvorsen Maritime Aksjeselskap"),
    (
        "Quintero Hermanos S.A. de C.V.",
        "Quintero Hermanos Sociedad Anónima de Capital Variable",
    ),
    ("Bellafonte S.r.l.", "Bellafonte Società a responsabilità limitata"),
    ("Drukpol Sp. z o.o.", "Drukpol Spółka z ograniczoną odpowiedzialnością"),
    ("Tervola Oy", "Tervola Osakeyhtiö"),
    (
        "Kestrel Analytics, L.L.C.",
        "Kestrel Analytics Limited Liability Company",
    ),
    ("Van Houten B.V.", "Van Houten Besloten Vennootschap"),
    ("Zarya PJSC", "Public Joint Stock Company Zarya"),
    (
        "Ткани Урала ООО",
        "Общество с ограниченной ответственностью «Ткани Урала»",
    ),
    ("PT Sinar Baru", "P.T. Sinar Baru Tbk"),
    ("Delacroix SARL", "Société à responsabilité limitée Delacroix"),
    ("Hoshino K.K.", "Kabushiki Kaisha Hoshino"),
    ("Brightwater Pty Ltd", "Brightwater Proprietary Limited"),
    ("Marquez & Cía. Ltda.", "Marquez y Compañía Limitada"),
    ("AB Skogsverket", "Skogsverket AB"),
    ("Kowalczyk Meble Sp.j.", "Kowalczyk Meble spółka jawna"),
    ("Lindqvist GmbH & Co. KG", "Lindqvist GmbH & Co KG"),
    ("Orchid Textiles Pvt. Ltd.", "Orchid Textiles Private Limited"),
    ("Kaplan Holding A.Ş.", "Kaplan Holding Anonim Şirketi"),
    // Letters, marks, scripts.
    ("Müller Maschinenbau", "Mueller Maschinenbau"),
    ("Ørsted Vindkraft", "Orsted Vindkraft"),
    ("Яндекс", "Yandex"),
    ("Роснефть", "Rosneft"),
    ("Северсталь ПАО", "Severstal PAO"),
    ("Δέλτα Τρόφιμα Α.Ε.", "Delta Trofima SA"),
    ("Škoda Plzeň a.s.", "Skoda Plzen"),
    ("Çelik İnşaat", "Celik Insaat"),
    ("株式会社ホシノ", "ホシノ"),
    ("Straßenbau Weiß", "Strassenbau Weiss"),
    // Punctuation, spacing, order, small words.
    ("O'Donnell Brewing", "ODonnell Brewing"),
    ("Black & Decker", "Black and Decker"),
    ("Stone Bridge Partners", "Stonebridge Partners"),
    ("DataSphere Systems", "Data Sphere Systems"),
    ("Rolls-Royce plc", "Rolls Royce PLC"),
    ("R.W. Baird & Co", "RW Baird"),
    ("University of Cambridge", "Cambridge University"),
    ("The Lindgren Group", "Lindgren Group"),
    ("Ministry of Finance", "The Ministry of Finance"),
    ("Okafor, Chinedu", "Chinedu Okafor"),
    ("KruppStahl AG", "Krupp Stahl AG"),
    ("Toys-R-Us", "Toys R Us"),
    // Words in other forms.
    ("Helvetia Intl. Ltd", "Helvetia International Limited"),
    ("Pemberton Mfg Co", "Pemberton Manufacturing Company"),
    ("Castellano Bros.", "Castellano Brothers Inc"),
    ("Tarkov Tech", "Tarkov Technologies"),
    ("Univ. of Ljubljana", "University of Ljubljana"),
    ("Hargrove Assoc.", "Hargrove Associates"),
    ("Natl Bank of Kuwait", "National Bank of Kuwait"),
    ("Universität Heidelberg", "University of Heidelberg"),
    ("Lakeshore Medical Ctr", "Lakeshore Medical Center"),
    ("Centre for Tropical Research", "Center for Tropical Research"),
    ("Banco Pichincha", "Pichincha Bank"),
    ("Gruppo Ferrante", "Ferrante Group"),
    ("Bosch Deutschland", "Bosch Germany"),
    ("Jensen Eng. Services", "Jensen Engineering Services"),
    // Additions that change little.
    ("Pemberton", "Pemberton Group plc"),
    ("Vasquez Holdings", "Vasquez"),
    ("Tarkov", "Tarkov.com Inc"),
    // Initials.
    ("IBM", "International Business Machines Corporation"),
    (
        "International Business Machines (IBM)",
        "International Business Machines",
    ),
    ("KfW", "Kreditanstalt für Wiederaufbau"),
    ("BASF", "Badische Anilin und Soda Fabrik"),
    ("TSMC", "Taiwan Semiconductor Manufacturing Company"),
    (
        "UNESCO",
        "United Nations Educational, Scientific and Cultural Organization",
    ),
    ("NATO", "North Atlantic Treaty Organisation"),
    ("P&G", "Procter & Gamble Co"),
    ("B & Q", "B and Q plc"),
    ("HSBC", "Hongkong and Shanghai Banking Corporation"),
    // Spelling mistakes.
    ("Schlumbeger", "Schlumberger"),
    ("Accenure Ltd", "Accenture Ltd"),
    ("Heidleberg Zement AG", "Heidelberg Zement AG"),
    ("Unillever", "Unilever"),
    ("Thyssen Krup", "ThyssenKrupp"),
    ("Carefour", "Carrefour S.A."),
    ("Pembertn Analytics", "Pemberton Analytics"),
    ("Bridgstone Tyres", "Bridgestone Tyres"),
    ("Nordstrum Inc", "Nordstrom"),
    ("Hewlet Packard", "Hewlett-Packard"),
    // Numbers.
    ("3rd Wave Coffee", "Third Wave Coffee"),
    ("Studio 54", "Studio Fifty-Four"),
    ("7-Eleven", "7 Eleven Inc"),
    ("Pemberton Fund II", "Pemberton Fund 2"),
    ("Twentieth Century Bakery", "20th Century Bakery"),
];

/// Names of two organisations: not probable.
const TWO: &[(&str, &str)] = &[
    // One rare word differs.
    ("Pemberton Logistics", "Kowalski Logistics"),
    ("Bank of Ireland", "Bank of Scotland"),
    ("Royal Bank of Canada", "Royal Bank of Scotland"),
    ("Hargrove & Finch LLP", "Hargrove & Stone LLP"),
    ("First National Bank of Omaha", "First National Bank of Chicago"),
    ("University of Oxford", "University of Cambridge"),
    ("University of Oxford", "Oxford Brookes University"),
    ("Technical University of Munich", "University of Munich"),
    ("Michigan State University", "University of Michigan"),
    ("Ministry of Finance", "Ministry of Defence"),
    ("Deutsche Bahn", "Deutsche Post"),
    ("American Airlines", "American Express"),
    ("United Airlines", "United Technologies"),
    ("General Motors", "General Electric"),
    ("General Dynamics", "General Mills"),
    ("China Life Insurance", "China Merchants Bank"),
    ("National Grid", "National Express"),
    ("Nippon Steel", "Nippon Paper"),
    ("Texas Instruments", "Texas Roadhouse"),
    ("British Petroleum", "British Telecom"),
    ("Delta Air Lines", "Delta Dental"),
    ("Sun Life Financial", "Sun Microsystems"),
    // Numbers.
    ("Pemberton Fund II", "Pemberton Fund III"),
    ("School No. 12", "School No. 21"),
    ("Hospital 7", "Hospital 9"),
    ("Channel 4 Television", "Channel 5 Television"),
    ("Autobahn 2000 GmbH", "Autobahn 3000 GmbH"),
    ("Public School 118", "Public School 181"),
    ("Kraftwerk Nord I", "Kraftwerk Nord IV"),
    // Branches and lines of business of one group: possible at most.
    ("Pemberton France", "Pemberton Italy"),
    ("Toyota Finance Australia", "Toyota Finance New Zealand"),
    ("Pemberton (Singapore) Pte Ltd", "Pemberton (Malaysia) Sdn Bhd"),
    ("Mitsubishi Electric", "Mitsubishi Chemical"),
    ("Samsung Electronics", "Samsung Heavy Industries"),
    ("Allianz Insurance", "Allianz Real Estate"),
    ("Tata Steel", "Tata Motors"),
    ("Hyundai Motor", "Hyundai Engineering & Construction"),
    ("Gazprom", "Gazprom Neft"),
    ("Deutsche Telekom", "Deutsche Telekom Stiftung"),
    ("Volkswagen AG", "Volkswagen Bank GmbH"),
    ("Bowyer Systems", "Bowyer Industries"),
    ("BNP Paribas Cardif", "BNP Paribas Leasing"),
    ("Red Cross Germany", "Red Cross France"),
    // Near in letters.
    ("Pfizer", "Pfister"),
    ("Merck", "Mercer"),
    ("Sanofi", "Sandoz"),
    ("Hertz", "Hermes"),
    ("BP", "BD"),
    ("ABB", "ADP"),
    ("Lidl", "Aldi"),
    ("Austria Tabak", "Australia Tabak"),
    ("Bank of Niger", "Bank of Nigeria"),
    ("Republic of Slovakia", "Republic of Slovenia"),
    ("Banco de Chile", "Banco de China"),
    ("Iran Air", "Iraqi Airways"),
    ("Sinopharm", "Sinochem"),
    ("МТС", "МТБ"),
    ("Ромашка ООО", "Рябина ООО"),
    // Initials that do not fit.
    ("IBM", "International Paper Company"),
    ("ABC", "American Baking Institute"),
    ("KPMG", "Kraft Pine Metal Group of Berlin"),
    // People.
    ("John Smith", "John Brown"),
    ("Maria Gonzalez", "Mario Hernandez"),
    ("Wang Wei", "Wang Fang"),
    ("Peter Halvorsen", "Petra Lindqvist"),
    // Only common words in common.
    ("Global Logistics Services", "Global Consulting Services"),
    ("Premier Construction", "Premier Cleaning"),
    ("Advanced Medical Systems", "Advanced Security Systems"),
    ("Green Energy Solutions", "Blue Energy Solutions"),
    ("Construction", "Ivanov Construction"),
    ("Management Services", "Westlake Management Services"),
    ("International Trading Company", "Eastern Trading Company"),
    ("Smith & Sons", "Jones & Sons"),
    ("Holding AG", "Pemberton Holding AG"),
    ("Pacific Foods", "Atlantic Foods"),
    ("Northern Water", "Southern Water"),
    // Purpose.
    ("Pemberton GmbH", "Pemberton e.V."),
];

fn similarity(a: &str, b: &str) -> f64 {
    compare(&NameKey::new(a), &NameKey::new(b)).similarity
}

#[test]
fn one_organisation_is_at_least_probable() {
    let missed: Vec<_> = ONE
        .iter()
        .map(|(a, b)| (a, b, similarity(a, b)))
        .filter(|(_, _, similarity)| *similarity < PROBABLE)
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn two_organisations_are_not_probable() {
    let wrong: Vec<_> = TWO
        .iter()
        .map(|(a, b)| (a, b, similarity(a, b)))
        .filter(|(_, _, similarity)| *similarity >= PROBABLE)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn comparison_is_symmetric() {
    for (a, b) in ONE.iter().chain(TWO) {
        let (there, back) = (similarity(a, b), similarity(b, a));
        assert!((there - back).abs() < 0.05, "{a} {b} {there} {back}");
        assert_eq!(there >= PROBABLE, back >= PROBABLE, "{a} {b}");
        assert!((0.0..=1.0).contains(&there), "{a} {b} {there}");
    }
}

#[test]
fn one_organisation_shares_a_key() {
    use super::keys::keys;
    use super::profile::{Profile, RawProfile};
    let of = |name: &str| {
        keys(&Profile::new(&RawProfile {
            name: name.to_owned(),
            ..RawProfile::default()
        }))
    };
    let missed: Vec<_> = ONE
        .iter()
        .filter(|(a, b)| {
            let other = of(b);
            !of(a).iter().any(|key| other.contains(key))
        })
        .collect();
    assert!(missed.len() <= ONE.len() / 50, "{missed:#?}");
}

#[test]
fn groups_stay_possible() {
    for (a, b) in [
        ("Gazprom", "Gazprom Neft"),
        ("Pemberton France", "Pemberton"),
        ("Pemberton Fund II", "Pemberton Fund III"),
        ("Kestrel Systems", "Kestrel"),
    ] {
        let similarity = similarity(a, b);
        assert!((POSSIBLE..PROBABLE).contains(&similarity), "{a} {b} {similarity}");
    }
}
