//! What a file looks like, and a mapping to begin with: columns are taken for the fields that they are named after. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{
    mapping_model::{
        ImportCell, ImportColumn, ImportEncoding, ImportFields, ImportFormats, ImportMapping, ImportSuggestion,
        ImportTables,
    },
    model::ImportFormat,
};
use crate::imports::{ImportKind, formats::Encoding};

/// How many different texts of a column are shown.
const SAMPLES: usize = 5;
/// How many characters of each.
const LONGEST: usize = 100;
/// How many members of JSON lines are looked at.
const MEMBERS: usize = 500;

/// What columns of other systems are called, and the field that they are.
const KNOWN: &[(&str, &[&str])] = &[
    (
        "name",
        &["accountname", "company", "companyname", "customer", "fullname"],
    ),
    (
        "legal_name",
        &[
            "accountname",
            "company",
            "companyname",
            "name",
            "partner",
            "partnername",
        ],
    ),
    (
        "title",
        &["dealname", "name", "opportunity", "opportunityname", "subject"],
    ),
    ("website", &["domain", "homepage", "url", "web"]),
    ("email", &["emailaddress", "mail"]),
    ("phone", &["phonenumber", "telephone"]),
    ("industry", &["sector"]),
    ("employees", &["employeecount", "numberofemployees"]),
    ("annual_revenue", &["annualrevenue", "revenue", "turnover"]),
    ("founded_year", &["yearfounded", "yearstarted", "yearestablished"]),
    ("registration_number", &["companynumber", "registrationno"]),
    ("address.street", &["billingstreet", "street", "address"]),
    ("address.city", &["billingcity", "city", "town"]),
    ("address.region", &["billingstate", "region", "state"]),
    (
        "address.postal_code",
        &["billingpostalcode", "postalcode", "postcode", "zip", "zipcode"],
    ),
    (
        "address.country",
        &["billingcountry", "billingcountrycode", "country", "countrycode"],
    ),
    ("hq_address.street", &["billingstreet", "street", "address"]),
    ("hq_address.city", &["billingcity", "city", "town"]),
    ("hq_address.region", &["billingstate", "region", "state"]),
    (
        "hq_address.postal_code",
        &["billingpostalcode", "postalcode", "postcode", "zip", "zipcode"],
    ),
    (
        "hq_address.country",
        &["billingcountry", "billingcountrycode", "country", "countrycode"],
    ),
    ("account", &["account", "accountid", "accountname", "customer"]),
    ("account_id", &["account", "accountid", "accountname", "customer"]),
    ("parent_id", &["parent", "parentaccount", "parentid", "subsidiaryof"]),
    ("partner", &["partner", "partneraccount", "partnerid", "reseller"]),
    ("partner_id", &["partner", "partneraccount", "partnerid", "reseller"]),
    ("employment.partner_id", &["account", "accountid", "company", "partner"]),
    ("product", &["product", "productid", "productname"]),
    ("product_id", &["product", "productid", "productname"]),
    ("territory", &["territory", "region"]),
    ("territory_id", &["territory"]),
    ("owner_id", &["owner", "owneremail"]),
    ("amount", &["dealvalue", "value"]),
    (
        "expected_close_on",
        &["closedate", "expectedclose", "expectedclosedate"],
    ),
    ("opened_at", &["created", "createdate", "createddate", "engagedate"]),
    ("currency", &["currencycode", "currencyisocode"]),
    ("description", &["comment", "notes"]),
];

/// What columns that a record is known by are called.
const KEYS: [&str; 5] = ["id", "externalid", "recordid", "key", "code"];

/// A name without what systems write differently.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn from(column: &str) -> ImportCell {
    ImportCell {
        column: Some(column.to_owned()),
        ..ImportCell::default()
    }
}

/// The column that a field is read from, if one is named after it.
fn column_of<'c>(field: &str, columns: &'c [String]) -> Option<&'c String> {
    let known = KNOWN.iter().find(|(name, _)| *name == field);
    let wanted = [plain(field)];
    let others = known.map_or(&[][..], |(_, names)| *names);
    let mut names = wanted.iter().map(String::as_str).chain(others.iter().copied());
    names.find_map(|name| columns.iter().find(|column| plain(column) == name))
}

/// The columns with what stands in them.
fn described(columns: &[String], rows: &[Vec<String>]) -> Vec<ImportColumn> {
    let samples = |index: usize| {
        let mut seen = BTreeSet::new();
        rows.iter()
            .filter_map(|row| row.get(index))
            .filter(|text| !text.is_empty() && seen.insert((*text).clone()))
            .take(SAMPLES)
            .map(|text| {
                let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
                line.take(LONGEST).collect()
            })
            .collect()
    };
    columns
        .iter()
        .enumerate()
        .map(|(index, name)| ImportColumn {
            name: name.clone(),
            samples: samples(index),
        })
        .collect()
}

/// The members of the first JSON lines, those of objects in them with dots between, in the order in which they come; none of CSV,
/// whose first line names the columns.
pub fn members(format: ImportFormat, head: &[u8]) -> Vec<String> {
    fn collect(record: &Map<String, Value>, before: &str, names: &mut Vec<String>) {
        for (name, value) in record {
            let name = format!("{before}{name}");
            match value {
                Value::Object(inner) => collect(inner, &format!("{name}."), names),
                _ if names.contains(&name) || names.len() >= MEMBERS => {}
                _ => names.push(name),
            }
        }
    }
    let mut names = Vec::new();
    if format == ImportFormat::Ndjson {
        for line in head.split(|byte| *byte == b'\n').take(SAMPLES * 10) {
            // The last one may not be whole.
            if let Ok(Value::Object(record)) = serde_json::from_slice(line) {
                collect(&record, "", &mut names);
            }
        }
    }
    names
}

/// What a file with those columns and first rows looks like, and what they could be of such records.
pub fn suggested(
    (format, encoding): (ImportFormat, Encoding),
    kind: ImportKind,
    columns: &[String],
    rows: &[Vec<String>],
) -> ImportSuggestion {
    let mut fields = BTreeMap::new();
    let mut missing = Vec::new();
    for field in kind.fields().iter().filter(|field| !field.name.ends_with('*')) {
        match column_of(field.name, columns) {
            Some(column) => drop(fields.insert(field.name.to_owned(), from(column))),
            None if field.required => missing.push(field.name.to_owned()),
            None => {}
        }
    }
    let named = KEYS
        .iter()
        .find_map(|key| columns.iter().find(|column| plain(column) == *key));
    let key = named
        .or(columns.first())
        .map_or_else(ImportCell::default, |column| from(column));
    let used: BTreeSet<&String> = fields
        .values()
        .chain([&key])
        .filter_map(|cell: &ImportCell| cell.column.as_ref())
        .collect();
    let unmapped = columns
        .iter()
        .filter(|column| !used.contains(column))
        .cloned()
        .collect();
    ImportSuggestion {
        format,
        columns: described(columns, rows),
        unmapped,
        missing,
        mapping: ImportMapping {
            key,
            fields: ImportFields(fields),
            when: Vec::new(),
            tables: ImportTables::default(),
            formats: ImportFormats {
                encoding: match encoding {
                    Encoding::Utf8 => None,
                    Encoding::Latin1 => Some(ImportEncoding::Latin1),
                    Encoding::Windows1252 => Some(ImportEncoding::Windows1252),
                },
                ..ImportFormats::default()
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn columns_that_speak_for_themselves_are_mapped() {
        let columns = owned(&["Id", "Account Name", "BillingCity", "Industry", "LastModifiedDate"]);
        let rows = [
            owned(&["1", "Acme", "Berlin", "", "x"]),
            owned(&["2", "Beta", "Berlin", "", "y"]),
        ];
        let made = suggested(
            (ImportFormat::Csv, Encoding::Utf8),
            ImportKind::CustomerAccounts,
            &columns,
            &rows,
        );
        let column = |field: &str| made.mapping.fields.0[field].column.clone().unwrap();
        assert_eq!(
            (column("name"), column("address.city"), column("industry")),
            (
                "Account Name".to_owned(),
                "BillingCity".to_owned(),
                "Industry".to_owned()
            )
        );
        assert_eq!(made.mapping.key.column.as_deref(), Some("Id"));
        assert_eq!(
            (made.unmapped, made.missing),
            (owned(&["LastModifiedDate"]), owned(&[]))
        );
        assert_eq!(made.columns[2].samples, ["Berlin"]);
    }

    #[test]
    fn the_members_of_json_lines_are_its_columns() {
        let head = b"{\"Id\": 1, \"Address\": {\"City\": \"Bonn\"}}\n{\"Id\": 2, \"Name\": \"x\"}\n{\"Id\": 3, \"Ow";
        assert_eq!(members(ImportFormat::Ndjson, head), ["Address.City", "Id", "Name"]);
        assert_eq!(members(ImportFormat::Csv, head), owned(&[]));
    }

    #[test]
    fn what_every_row_must_have_and_the_file_lacks_is_named() {
        let made = suggested(
            (ImportFormat::Csv, Encoding::Windows1252),
            ImportKind::Territories,
            &owned(&["Name"]),
            &[],
        );
        assert_eq!(made.missing, ["code", "kind"]);
        assert_eq!(made.mapping.key.column.as_deref(), Some("Name"));
        assert_eq!(made.mapping.formats.encoding, Some(ImportEncoding::Windows1252));
    }
}
