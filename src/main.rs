//! The command line.

fn main() {
    let document = openprm::app::document();
    match document {
        Ok(document) => println!("{}", serde_json::to_string_pretty(&document).unwrap_or_default()),
        Err(error) => eprintln!("{error}"),
    }
}
