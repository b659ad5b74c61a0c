//! The rules of the house, held against the source text (ARCHITECTURE.md, "One way through").

mod lengths;
mod places;
mod promises;
mod tables;

use std::path::{Path, PathBuf};

use self::{
    lengths::{LINES, LONG},
    tables::{NAMES_TABLES, READERS, named_tables, tables},
};

/// Where these rules stand, which name what nothing else may.
const RULES: &str = "tests/it/tidy/";

struct Source {
    /// From the top of the repository: `src/deals/rules.rs`.
    path: String,
    /// As it stands.
    text: String,
    /// Without comments and without the tests at its end.
    code: String,
}

impl Source {
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }

    /// From `src/`.
    fn inner(&self) -> &str {
        self.path.strip_prefix("src/").unwrap_or(&self.path)
    }

    /// How many lines of code it has, without comments, blank lines and the tests at its end.
    fn lines(&self) -> usize {
        self.code.lines().filter(|line| !line.trim().is_empty()).count()
    }

    /// Whether it says rules of the house.
    fn is_rules(&self) -> bool {
        self.path.starts_with(RULES)
    }

    /// The module at the top of the crate: `deals`.
    fn module(&self) -> &str {
        self.inner().split('/').next().unwrap().trim_end_matches(".rs")
    }
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            // What npm installs and builds beside an example is not ours.
            if ["node_modules", "dist"].iter().any(|foreign| path.ends_with(foreign)) {
                continue;
            }
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn sources(folder: &str) -> Vec<Source> {
    let rust = files(folder)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "rs"));
    rust.map(|path| {
        let text = std::fs::read_to_string(&path).unwrap();
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = path.strip_prefix(top).unwrap().to_string_lossy().into_owned();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let code = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        Source { path, text, code }
    })
    .collect()
}

fn holds(rule: &str, offenders: impl IntoIterator<Item = String>) {
    let offenders: Vec<String> = offenders.into_iter().collect();
    assert!(
        offenders.is_empty(),
        "If you are here because you wrote or moved code: {rule}\n  {}",
        offenders.join("\n  ")
    );
}

/// The words of some code: identifiers, in order.
fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

fn without_strings(code: &str) -> String {
    code.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

#[test]
fn every_declared_exception_is_needed() {
    let tables = tables();
    let all = sources("src");
    let mut idle = Vec::new();
    for (path, _) in NAMES_TABLES.iter().chain(READERS) {
        if let Some(source) = all.iter().find(|source| source.inner() == *path)
            && named_tables(&source.code, &tables).is_empty()
            && *path != "schema.rs"
        {
            idle.push(format!("{path} names no table any more"));
        }
    }
    for source in all
        .iter()
        .filter(|source| LONG.iter().any(|(path, _)| *path == source.path))
    {
        let lines = source.lines();
        // A file near the limit goes to and fro.
        if lines <= LINES - LINES / 4 {
            idle.push(format!("{} has {lines} lines", source.path));
        }
    }
    holds("an exception goes when its reason goes.", idle);
}
