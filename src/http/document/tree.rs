//! Ways through a document: its operations, its schemas, its references.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// The methods that a path item may hold.
pub(super) const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// One operation of a document.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a> {
    pub path: &'a str,
    pub method: &'a str,
    pub body: &'a Object,
}

impl<'a> Operation<'a> {
    /// The operation's id, or nothing where it has none.
    pub fn id(&self) -> &'a str {
        text(self.body, "operationId")
    }

    /// The operation's parameters, references followed.
    pub fn parameters(&self, doc: &'a Value) -> Vec<&'a Object> {
        list(self.body, "parameters")
            .iter()
            .filter_map(|one| follow(doc, one).as_object())
            .collect()
    }

    /// The operation's responses by status, references followed.
    pub fn responses(&self, doc: &'a Value) -> Vec<(&'a str, &'a Object)> {
        let Some(Value::Object(all)) = self.body.get("responses") else {
            return Vec::new();
        };
        all.iter()
            .filter_map(|(status, one)| Some((status.as_str(), follow(doc, one).as_object()?)))
            .collect()
    }

    /// The schema of the JSON that the operation answers with when it succeeds, references followed.
    pub fn reply(&self, doc: &'a Value) -> Option<&'a Object> {
        let (_, response) = self
            .responses(doc)
            .into_iter()
            .find(|(status, _)| status.starts_with('2'))?;
        let schema = response.get("content")?.as_object()?.values().next()?.get("schema")?;
        follow(doc, schema).as_object()
    }
}

/// The string at `key`, or an empty one.
pub(super) fn text<'a>(object: &'a Object, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The array at `key`, or an empty one.
pub(super) fn list<'a>(object: &'a Object, key: &str) -> &'a [Value] {
    object
        .get(key)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// Works on the object at `key`, which is made where it is missing.
pub(super) fn within<T>(parent: &mut Object, key: &str, work: impl FnOnce(&mut Object) -> T) -> Option<T> {
    let slot = parent.entry(key).or_insert_with(|| Value::Object(Object::new()));
    slot.as_object_mut().map(work)
}

/// Works on one kind of component, such as `schemas`.
pub(super) fn with_components(doc: &mut Value, kind: &str, work: impl FnOnce(&mut Object)) {
    if let Value::Object(root) = doc {
        within(root, "components", |components| within(components, kind, work));
    }
}

/// All operations, by path and method.
pub(super) fn operations(doc: &Value) -> Vec<Operation<'_>> {
    let Some(paths) = doc.get("paths").and_then(Value::as_object) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (path, item) in paths {
        for method in METHODS {
            if let Some(body) = item.get(method).and_then(Value::as_object) {
                found.push(Operation { path, method, body });
            }
        }
    }
    found.sort_by_key(|one| (one.path, one.method));
    found
}

/// Works on the part of the document at `pointer`, which the document is without meanwhile, so that `work` can read the
/// rest.
pub(super) fn detached(doc: &mut Value, pointer: &str, work: impl FnOnce(&mut Object, &mut Value)) {
    let Some(mut part) = doc.pointer_mut(pointer).map(Value::take) else {
        return;
    };
    if let Some(object) = part.as_object_mut() {
        work(object, doc);
    }
    if let Some(slot) = doc.pointer_mut(pointer) {
        *slot = part;
    }
}

/// Works on every operation; `work` gets the path, the method, the operation and the document without its paths.
pub(super) fn each_operation(doc: &mut Value, mut work: impl FnMut(&str, &str, &mut Object, &mut Value)) {
    detached(doc, "/paths", |paths, doc| {
        for (path, item) in paths.iter_mut() {
            for method in METHODS {
                if let Some(body) = item.get_mut(method).and_then(Value::as_object_mut) {
                    work(path, method, body, doc);
                }
            }
        }
    });
}

/// The thing that `value` refers to, or itself. A dangling or circular reference stays where it is.
pub(super) fn follow<'a>(doc: &'a Value, value: &'a Value) -> &'a Value {
    let mut here = value;
    for _ in 0..16 {
        match here
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|name| target(doc, name))
        {
            Some(next) => here = next,
            None => break,
        }
    }
    here
}

/// What a reference such as `#/components/schemas/Deal` stands for.
pub(super) fn target<'a>(doc: &'a Value, reference: &str) -> Option<&'a Value> {
    doc.pointer(reference.strip_prefix('#')?)
}

/// The last part of a reference: the component's name.
pub(super) fn tail(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or_default()
}

/// Where a schema stands: what is known about it from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// A component of its own.
    Named,
    /// A part of an `allOf`.
    Part,
    /// Anywhere else.
    Inline,
}

/// Works on every schema of the document, inner ones first. `work` gets the name under which the schema is known (of
/// the property, parameter or component) and its place.
pub(super) fn each_schema(doc: &mut Value, work: &mut dyn FnMut(&str, Place, &mut Object)) {
    if let Some(Value::Object(schemas)) = doc.pointer_mut("/components/schemas") {
        for (name, schema) in schemas.iter_mut() {
            inside_schema(name, Place::Named, schema, work);
        }
    }
    for key in ["paths", "webhooks", "components"] {
        if let Some(part) = doc.get_mut(key) {
            find_schemas("", part, work);
        }
    }
}

/// Finds the schemas of parameters, headers and media types.
fn find_schemas(name: &str, node: &mut Value, work: &mut dyn FnMut(&str, Place, &mut Object)) {
    match node {
        Value::Object(object) => {
            let own = text(object, "name").to_owned();
            let name = if own.is_empty() { name } else { &own };
            for (key, inner) in object.iter_mut() {
                match key.as_str() {
                    "schema" => inside_schema(name, Place::Inline, inner, work),
                    "schemas" | "example" | "examples" => {}
                    _ if key.starts_with("x-") => {}
                    _ => find_schemas(if name.is_empty() { key } else { name }, inner, work),
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| find_schemas(name, one, work)),
        _ => {}
    }
}

fn inside_schema(name: &str, place: Place, schema: &mut Value, work: &mut dyn FnMut(&str, Place, &mut Object)) {
    let Value::Object(object) = schema else { return };
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        for (property, inner) in properties.iter_mut() {
            inside_schema(property, Place::Inline, inner, work);
        }
    }
    for key in ["items", "additionalProperties", "propertyNames", "not"] {
        if let Some(inner) = object.get_mut(key) {
            inside_schema(name, Place::Inline, inner, work);
        }
    }
    for key in ["allOf", "oneOf", "anyOf", "prefixItems"] {
        let place = if key == "allOf" { Place::Part } else { Place::Inline };
        if let Some(Value::Array(all)) = object.get_mut(key) {
            for inner in all {
                inside_schema(name, place, inner, work);
            }
        }
    }
    work(name, place, object);
}

/// The types that a schema allows: none where it names none.
pub(super) fn types(schema: &Object) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Collects every reference below `node`.
pub(super) fn references(node: &Value, found: &mut BTreeSet<String>) {
    match node {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                found.insert(reference.clone());
            }
            object.values().for_each(|inner| references(inner, found));
        }
        Value::Array(all) => all.iter().for_each(|one| references(one, found)),
        _ => {}
    }
}

/// Every reference that `start` needs, directly or through what it refers to.
pub(super) fn reachable(doc: &Value, start: &[&Value]) -> BTreeSet<String> {
    let mut open = BTreeSet::new();
    for one in start {
        references(one, &mut open);
    }
    let mut done = BTreeSet::new();
    while let Some(next) = open.pop_first() {
        if let Some(value) = target(doc, &next) {
            let mut inner = BTreeSet::new();
            references(value, &mut inner);
            open.extend(inner.into_iter().filter(|one| !done.contains(one)));
        }
        done.insert(next);
    }
    done
}

/// Removes the components that nothing refers to. Security schemes stay: they are referred to by name.
pub(super) fn prune(doc: &mut Value) {
    let roots: Vec<&Value> = ["paths", "webhooks"].iter().filter_map(|key| doc.get(*key)).collect();
    let used = reachable(doc, &roots);
    let Some(Value::Object(components)) = doc.get_mut("components") else {
        return;
    };
    for (kind, named) in components.iter_mut() {
        if let (false, Value::Object(named)) = (kind == "securitySchemes", named) {
            named.retain(|name, _| used.contains(&format!("#/components/{kind}/{name}")));
        }
    }
    components.retain(|_, named| named.as_object().is_none_or(|named| !named.is_empty()));
}

/// The same value with the keys of every object in order, whatever order the map type keeps.
pub(super) fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut pairs: Vec<(String, Value)> = object.into_iter().map(|(key, inner)| (key, sorted(inner))).collect();
            pairs.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(pairs.into_iter().collect())
        }
        Value::Array(all) => Value::Array(all.into_iter().map(sorted).collect()),
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn prune_keeps_what_is_reached_through_other_components() {
        let mut doc = json!({
            "paths": {"/v1/a": {"get": {"responses": {"200": {"$ref": "#/components/responses/R"}}}}},
            "components": {
                "responses": {"R": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}, "S": {}},
                "schemas": {"A": {"items": {"$ref": "#/components/schemas/B"}}, "B": {}, "C": {"$ref": "#/components/schemas/C"}},
                "headers": {"H": {}},
                "securitySchemes": {"apiToken": {}},
            },
        });
        prune(&mut doc);
        let kept: Vec<String> = doc["components"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(kind, named)| {
                named
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(move |name| format!("{kind}/{name}"))
            })
            .collect();
        assert_eq!(
            kept,
            ["responses/R", "schemas/A", "schemas/B", "securitySchemes/apiToken"]
        );
    }

    #[test]
    fn schemas_are_visited_with_their_names_inner_first() {
        let mut doc = json!({
            "paths": {"/v1/a": {"get": {"parameters": [{"name": "limit", "schema": {"type": "integer"}}]}}},
            "components": {"schemas": {"A": {"properties": {"tags": {"items": {"type": "string"}}}, "allOf": [{"type": "object"}]}}},
        });
        let mut seen = Vec::new();
        each_schema(&mut doc, &mut |name, place, _| seen.push((name.to_owned(), place)));
        let expected = [
            ("tags", Place::Inline),
            ("tags", Place::Inline),
            ("A", Place::Part),
            ("A", Place::Named),
            ("limit", Place::Inline),
        ];
        assert_eq!(seen, expected.map(|(name, place)| (name.to_owned(), place)));
    }
}
