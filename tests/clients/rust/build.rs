//! Makes the client from the document that `OPENPRM_DOCUMENT` names.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let document = env::var("OPENPRM_DOCUMENT")?;
    println!("cargo:rerun-if-env-changed=OPENPRM_DOCUMENT");
    println!("cargo:rerun-if-changed={document}");
    let mut document: serde_json::Value = serde_json::from_slice(&fs::read(document)?)?;
    only_words(&mut document);
    let document: openapiv3::OpenAPI = serde_json::from_value(document)?;
    let client = progenitor::Generator::default().generate_tokens(&document)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("client.rs"), client.to_string())?;
    Ok(())
}

/// Makes texts of enumerations whose words have no letter or digit, such as `.` and `,`: progenitor can give their variants no names.
fn only_words(value: &mut serde_json::Value) {
    if let Some(object) = value.as_object_mut() {
        let nameless = |word: &serde_json::Value| word.as_str().is_some_and(|word| !word.contains(char::is_alphanumeric));
        if object.get("enum").and_then(|words| words.as_array()).is_some_and(|words| words.iter().any(nameless)) {
            object.remove("enum");
            object.remove("default");
        }
        object.values_mut().for_each(only_words);
    } else if let Some(list) = value.as_array_mut() {
        list.iter_mut().for_each(only_words);
    }
}
