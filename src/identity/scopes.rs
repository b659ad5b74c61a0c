//! Which scopes a machine may be given: those of operations that its side of the channel may call at all.

use crate::{
    auth::{Side, permissions},
    error::{Error, Fault, Result},
    identity::users::sorted,
};

/// The scopes as they are stored: each once, in order.
///
/// # Errors
/// 409 `contradiction` for scopes that do not exist, or that the side can never use.
pub fn check(asked: &[String], side: Side) -> Result<Vec<String>> {
    let known = permissions::scopes_of(side);
    let faults: Vec<Fault> = asked
        .iter()
        .enumerate()
        .filter(|(_, scope)| !known.contains(&scope.as_str()))
        .map(|(index, scope)| {
            let detail = if permissions::scopes().contains(&scope.as_str()) {
                format!("`{scope}` is for clients of the vendor only.")
            } else {
                format!("There is no scope `{scope}`; there are: {}.", known.join(", "))
            };
            Fault {
                pointer: format!("#/scopes/{index}"),
                code: "unknown_value".into(),
                detail,
            }
        })
        .collect();
    if faults.is_empty() {
        Ok(sorted(asked.to_vec()))
    } else {
        Err(Error::contradiction(faults))
    }
}
