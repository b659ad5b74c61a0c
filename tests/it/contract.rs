//! The contract: what is committed is what the code publishes.

use std::path::Path;

use openprm::{app, http::document};

/// Writes the file anew if it differs, and tells.
fn committed(name: &str, text: &str, stale: &mut Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi").join(name);
    if std::fs::read_to_string(&path).unwrap_or_default() != text {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        stale.push(name.to_owned());
    }
}

#[test]
fn the_committed_contract_is_the_code_s() {
    let contract = app::document().unwrap_or_else(|error| panic!("{error}"));
    let pretty = |value: &serde_json::Value| format!("{}\n", serde_json::to_string_pretty(value).unwrap());
    let mut stale = Vec::new();
    committed("openapi.json", &pretty(&contract), &mut stale);
    committed(
        "openapi-3.0.json",
        &pretty(&document::openapi_3_0(&contract)),
        &mut stale,
    );
    committed(
        "openapi-no-webhooks.json",
        &pretty(&document::without_webhooks(&contract)),
        &mut stale,
    );
    committed("operations.txt", &document::operations_txt(&contract), &mut stale);
    committed("permissions.txt", &document::permissions_txt(&contract), &mut stale);
    committed("errors.txt", &document::errors_txt(&contract), &mut stale);
    assert!(
        stale.is_empty(),
        "If you are here because you changed the API: openapi/{{{}}} were written anew. Read the difference as an integrator would, and commit it.",
        stale.join(", ")
    );
}
