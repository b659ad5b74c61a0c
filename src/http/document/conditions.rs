//! What a body must have because of what else it has: JSON Schema's `if`, `then` and `else`, which annotations cannot say
//! of a type. The field that depends carries them in `x-condition`; here they move to the type, where validators look.

use serde_json::Value;

use super::tree;

/// Moves every condition into its schema.
pub(super) fn state(doc: &mut Value) {
    tree::each_schema(doc, &mut |_, _, schema| {
        let Some(Value::Object(fields)) = schema.get_mut("properties") else {
            return;
        };
        let conditions: Vec<Value> = fields
            .values_mut()
            .filter_map(|field| {
                let field = field.as_object_mut()?;
                // What an annotation says of a list lands on its items.
                field
                    .remove("x-condition")
                    .or_else(|| field.get_mut("items")?.as_object_mut()?.remove("x-condition"))
            })
            .collect();
        match conditions.as_slice() {
            [] => {}
            [Value::Object(only)] => schema.extend(only.clone()),
            _ => {
                schema.insert("allOf".to_owned(), Value::Array(conditions));
            }
        }
    });
}
