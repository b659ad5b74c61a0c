//! The schema of a form: the contract's own, with what is laid over it. Pure.

use serde_json::{Map, Value, json};

use super::{
    bodies::{self, Bodies, Body},
    choices::{BY_CODE, BY_ID, Choices, LONG_LIST},
    labels,
    model::{FormAction, FormResource, FormSchema, JsonSchema},
    needs,
    records::{self, Overlay, Overlays},
    widgets,
};
use crate::kernel::Language;

type Object = Map<String, Value>;

/// What a form is made of.
pub struct Form<'a> {
    /// The type of record.
    pub resource: FormResource,
    /// The language of titles and labels.
    pub language: Language,
    /// The contract's schemas.
    pub bodies: &'a Bodies,
    /// What is laid over them.
    pub overlay: &'a Overlay,
    /// Whether it changes a record, rather than making one.
    pub is_change: bool,
    /// Whether the caller may call an operation: only then is it named as the place of choices.
    pub may_call: &'a dyn Fn(&str) -> bool,
}

/// What a caller may write of a type of record, and how to ask for it, yet without the reasons that the policy offers; nothing
/// if its module is off, so that there is no such type of record.
pub fn form(
    resource: FormResource,
    language: Language,
    bodies: &Bodies,
    overlays: &Overlays,
    action: Option<FormAction>,
    may_call: &dyn Fn(&str) -> bool,
) -> Option<FormSchema> {
    let written = resource.written();
    let (creating, updating) = bodies.body(written.create).zip(bodies.body(written.update))?;
    let submitting = action == Some(FormAction::Submit);
    let shown = |body: &Body, overlay: &Overlay, is_change: bool| {
        let form = Form {
            resource,
            language,
            bodies,
            overlay,
            is_change,
            may_call,
        };
        JsonSchema(schema(&form, &body.schema, submitting))
    };
    let mut required_for_submit = records::for_submission(resource);
    let always = overlays.new.needed.iter().filter(|needed| needed.only.is_none());
    required_for_submit.extend(always.map(|needed| needed.at.clone()));
    let by = |operation: &str| {
        bodies
            .body(operation)
            .filter(|_| may_call(operation))
            .map(|body| body.operation.clone())
    };
    Some(FormSchema {
        resource,
        language,
        create: may_call(written.create).then(|| shown(creating, &overlays.new, false)),
        update: overlays.change.as_ref().map(|overlay| shown(updating, overlay, true)),
        required_for_submit,
        create_by: by(written.create),
        update_by: by(written.update),
        submit_by: written.submit.and_then(by),
        reasons: Vec::new(),
        stages: Vec::new(),
    })
}

/// The schema of a body as a form shows it. `submitting` requires what a submission needs.
pub fn schema(form: &Form<'_>, source: &Value, submitting: bool) -> Value {
    let mut maker = Maker {
        form,
        definitions: Object::new(),
    };
    let mut root = maker.expand(source, "");
    let needed = records::for_submission(form.resource);
    let names = |pointers: &[String]| -> Vec<String> {
        pointers
            .iter()
            .map(|pointer| pointer.trim_start_matches('/').to_owned())
            .collect()
    };
    // A change sends what it changes: nothing is required of it.
    let mut required: Vec<String> = if form.is_change {
        Vec::new()
    } else {
        // What must stand among the custom fields cannot stand there unless they are sent at all.
        let custom = texts(
            root.get("properties")
                .and_then(|properties| properties.get("custom")?.get("required")),
        );
        texts(root.get("required"))
            .chain(names(&form.overlay.required))
            .chain(custom.take(1).map(|_| "custom".to_owned()))
            .collect()
    };
    if submitting && !form.is_change {
        required.extend(names(&needed));
        needs::demand(&mut root, &needed, records::alternatives(form.resource));
        let conditions = needs::conditions(&form.overlay.needed);
        if !conditions.is_empty() {
            root.insert("allOf".to_owned(), json!(conditions));
        }
    }
    let properties = root.get("properties").and_then(Value::as_object);
    required.retain(|name| properties.is_some_and(|properties| properties.contains_key(name)));
    required.sort();
    required.dedup();
    root.insert("required".to_owned(), json!(required));
    root.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    root.insert("title".to_owned(), json!(labels::record(form.resource, form.language)));
    root.insert("x-groups".to_owned(), groups(form));
    if let Some(reason) = &form.overlay.whole {
        lock(&mut root, reason);
        for property in values_mut(root.get_mut("properties")) {
            lock(property, reason);
        }
    }
    if !maker.definitions.is_empty() {
        root.insert("$defs".to_owned(), Value::Object(maker.definitions));
    }
    Value::Object(root)
}

fn texts(list: Option<&Value>) -> impl Iterator<Item = String> {
    list.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|text| text.as_str().map(str::to_owned))
}

fn values_mut(object: Option<&mut Value>) -> impl Iterator<Item = &mut Object> {
    object
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(|object| object.values_mut())
        .filter_map(Value::as_object_mut)
}

fn lock(schema: &mut Object, reason: &str) {
    schema.insert("readOnly".to_owned(), json!(true));
    schema.insert("x-locked".to_owned(), json!(reason));
}

/// The headings, in order: name and label of each.
fn groups(form: &Form<'_>) -> Value {
    let mut groups: Vec<Value> = labels::groups(form.resource)
        .map(|(name, texts)| json!({"name": name, "label": form.language.of(texts)}))
        .collect();
    for section in form.overlay.custom.iter().filter_map(|field| field.section.as_ref()) {
        let group = json!({"name": section, "label": section});
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    Value::Array(groups)
}

/// Lets a schema admit null too.
fn admit_null(schema: &mut Object) {
    if let Some(reference) = schema.remove("$ref") {
        schema.insert("anyOf".to_owned(), json!([{"$ref": reference}, {"type": "null"}]));
        return;
    }
    let kinds = match schema.remove("type") {
        Some(Value::Array(kinds)) => kinds,
        Some(kind) => vec![kind],
        None => Vec::new(),
    };
    if !kinds.is_empty() {
        let kinds: Vec<Value> = kinds.into_iter().chain([json!("null")]).collect();
        schema.insert("type".to_owned(), json!(kinds));
    }
    if let Some(Value::Array(choices)) = schema.get_mut("oneOf") {
        choices.push(json!({"const": null, "title": "–"}));
    }
}

/// The one alternative of a schema besides null.
fn nullable(schema: &Object) -> Option<&Value> {
    let parts = ["oneOf", "anyOf"].iter().find_map(|key| schema.get(*key)?.as_array())?;
    let is_null = |part: &&Value| part.get("type") == Some(&json!("null"));
    match parts
        .iter()
        .filter(|part| !is_null(part))
        .collect::<Vec<_>>()
        .as_slice()
    {
        [only] if parts.len() == 2 => Some(*only),
        _ => None,
    }
}

struct Maker<'a, 'f> {
    form: &'f Form<'a>,
    definitions: Object,
}

impl Maker<'_, '_> {
    /// The schema with what it refers to in its place, and with what is laid over it. `at` is the field's pointer, with `*`
    /// for the items of a list.
    fn expand(&mut self, schema: &Value, at: &str) -> Object {
        let Some(schema) = schema.as_object() else {
            return Object::new();
        };
        if let Some(name) = bodies::reference(schema) {
            return self.referred(name, schema, at);
        }
        if let Some(inner) = nullable(schema) {
            let mut made = self.expand(inner, at);
            beside(&mut made, schema);
            admit_null(&mut made);
            return made;
        }
        let mut made = schema.clone();
        if let Some(Value::Array(words)) = made.remove("enum") {
            made.insert("oneOf".to_owned(), self.choices("", &words));
        }
        if let Some(Value::Object(properties)) = made.remove("properties") {
            let mut kept = Object::new();
            for (name, property) in &properties {
                let here = format!("{at}/{name}");
                if let Some(property) = self.property(property, &here) {
                    kept.insert(name.clone(), Value::Object(property));
                }
            }
            made.insert("properties".to_owned(), Value::Object(kept));
        }
        for key in ["items", "additionalProperties"] {
            if let Some(inner) = made.get(key).filter(|inner| inner.is_object()).cloned() {
                let mut inner = self.expand(&inner, &format!("{at}/*"));
                if key == "items" && !inner.contains_key("x-widget") {
                    let widget = widgets::of(&inner, "");
                    inner.insert("x-widget".to_owned(), json!(widget));
                }
                made.insert(key.to_owned(), Value::Object(inner));
            }
        }
        if let Some(Value::Array(parts)) = made.get("allOf").cloned() {
            let parts: Vec<Value> = parts.iter().map(|part| Value::Object(self.expand(part, at))).collect();
            made.insert("allOf".to_owned(), Value::Array(parts));
        }
        made
    }

    /// What a schema refers to, in its place; long lists of words stand in `$defs`.
    fn referred(&mut self, name: &str, schema: &Object, at: &str) -> Object {
        let Some(target) = self.form.bodies.component(name) else {
            return schema.clone();
        };
        let words = target.get("enum").and_then(Value::as_array);
        let mut made = match words {
            Some(words) if words.len() > LONG_LIST => {
                self.definitions.insert(name.to_owned(), target.clone());
                let mut made = Object::new();
                made.insert("$ref".to_owned(), json!(format!("#/$defs/{name}")));
                made
            }
            Some(words) => {
                let mut made = target.as_object().cloned().unwrap_or_default();
                made.remove("enum");
                made.insert("oneOf".to_owned(), self.choices(name, words));
                made
            }
            None => self.expand(target, at),
        };
        if let Some(widget) = widgets::of_type(name) {
            made.insert("x-widget".to_owned(), json!(widget));
        }
        if let Some((_, choices)) = BY_ID.iter().find(|(kind, _)| *kind == name) {
            self.chosen(&mut made, choices);
        }
        beside(&mut made, schema);
        made
    }

    /// One field; nothing if it is not the caller's to write.
    fn property(&mut self, schema: &Value, at: &str) -> Option<Object> {
        let form = self.form;
        if form.overlay.hidden.iter().any(|hidden| hidden == at) {
            return None;
        }
        let mut made = if at == "/custom" {
            self.custom()?
        } else {
            self.expand(schema, at)
        };
        let name = at.rsplit('/').next().unwrap_or_default();
        made.insert(
            "title".to_owned(),
            json!(labels::field(form.resource, at, form.language)),
        );
        let place = labels::place(form.resource, at);
        made.insert("x-order".to_owned(), json!(place.order));
        if let Some(group) = place.group {
            made.insert("x-group".to_owned(), json!(group));
        }
        if let Some((.., choices)) = BY_CODE
            .iter()
            .find(|(resource, pointer, _)| *resource == form.resource && *pointer == at)
        {
            self.chosen(&mut made, choices);
        }
        if !made.contains_key("x-widget") {
            let widget = widgets::of(&made, name);
            made.insert("x-widget".to_owned(), json!(widget));
        }
        let asked: Vec<&needs::Needed> = form.overlay.needed.iter().filter(|needed| needed.at == at).collect();
        let always = asked.iter().any(|needed| needed.only.is_none());
        if always || records::for_submission(form.resource).iter().any(|needed| needed == at) {
            made.insert("x-required-for".to_owned(), json!(["submit"]));
        } else if !asked.is_empty() {
            let kinds: Vec<&str> = asked.iter().filter_map(|needed| needed.only.as_deref()).collect();
            let when = json!({"for": "submit", "field": "/deal_type", "in": kinds});
            made.insert("x-required-when".to_owned(), when);
        }
        if let Some((_, reason)) = form.overlay.locked.iter().find(|(pointer, _)| pointer == at) {
            lock(&mut made, reason);
        }
        Some(made)
    }

    /// Where a value is chosen from, if the caller may look there.
    fn chosen(&self, schema: &mut Object, from: &Choices) {
        if (self.form.may_call)(from.operation) {
            schema.insert("x-choices".to_owned(), json!(from));
            schema.insert("x-widget".to_owned(), json!("record"));
        }
    }

    /// The words of a closed set, each with its label.
    fn choices(&self, kind: &str, words: &[Value]) -> Value {
        words
            .iter()
            .map(|word| {
                let text = word.as_str().unwrap_or_default();
                json!({"const": word, "title": labels::word(kind, text, self.form.language)})
            })
            .collect()
    }

    /// The custom fields as typed fields; nothing where the caller sees none.
    fn custom(&self) -> Option<Object> {
        let overlay = self.form.overlay;
        if overlay.custom.is_empty() {
            return None;
        }
        let (mut properties, mut required) = (Object::new(), Vec::new());
        for (index, field) in overlay.custom.iter().enumerate() {
            let mut schema = field.schema().as_object().cloned().unwrap_or_default();
            let writable = field.may_write(overlay.is_vendor);
            schema.insert("x-order".to_owned(), json!((index + 1) * 10));
            schema.insert(
                "x-group".to_owned(),
                json!(field.section.as_deref().unwrap_or("custom")),
            );
            if !schema.contains_key("x-widget") {
                let widget = widgets::of(&schema, "");
                schema.insert("x-widget".to_owned(), json!(widget));
            }
            let filter = json!({"parameter": "custom", "prefix": format!("{}:", field.name)});
            schema.insert("x-filter".to_owned(), filter);
            if !writable {
                lock(&mut schema, "It is written by the vendor alone.");
            } else if field.required {
                // A change sends what it changes; it cannot take this away.
                if !self.form.is_change {
                    required.push(field.name.clone());
                }
            } else if self.form.is_change {
                // A value that need not be there can be taken away again.
                admit_null(&mut schema);
            }
            properties.insert(field.name.clone(), Value::Object(schema));
        }
        required.sort();
        let mut made = Object::new();
        made.insert("type".to_owned(), json!("object"));
        made.insert("additionalProperties".to_owned(), json!(false));
        made.insert("properties".to_owned(), Value::Object(properties));
        made.insert("required".to_owned(), json!(required));
        Some(made)
    }
}

/// What stands beside a reference, or beside its alternative null, goes before what it refers to.
fn beside(made: &mut Object, schema: &Object) {
    for key in ["description", "examples", "default"] {
        if let Some(value) = schema.get(key) {
            made.insert(key.to_owned(), value.clone());
        }
    }
}
