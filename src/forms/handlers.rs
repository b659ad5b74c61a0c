//! One function per operation: take, call, answer.

use actix_web::get;

use super::{
    Bodies,
    model::{FormAction, FormPath, FormQuery, FormSchema, JsonSchema},
    records,
    rules::{self, Form},
};
use crate::{
    auth::{Caller, permissions},
    db::{Db, Tx},
    error::{Error, Result},
    http::{AcceptLanguage, Language, Path, Plain, Query, Reply},
};

/// Read the schema of a form
///
/// What you may write of a type of record, as JSON Schema: what is required, what is locked in the record's present state and
/// why, the choices with their labels in your language, custom fields as typed fields. Fields that are not yours to write are
/// left out. A form that renders this holds no field list and no label table of its own.
#[utoipa::path(params(FormPath, FormQuery, AcceptLanguage))]
#[get("/v1/schema/{resource}")]
pub async fn get_form_schema(
    db: Db,
    caller: Caller,
    language: Language,
    bodies: Bodies,
    path: Path<FormPath>,
    query: Query<FormQuery>,
) -> Reply<Plain<FormSchema>> {
    db.snapshot(&caller, move |tx| {
        form(tx, language, &bodies, path.0, &query.0).map(Plain)
    })
    .await
}

fn form(tx: &mut Tx<'_>, language: Language, bodies: &Bodies, path: FormPath, query: &FormQuery) -> Result<FormSchema> {
    let resource = path.resource;
    let written = resource.written();
    // The module is off: there is no such type of record here.
    let (Some(creating), Some(updating)) = (bodies.body(written.create), bodies.body(written.update)) else {
        return Err(Error::not_found());
    };
    let caller = tx.caller().clone();
    let may = |operation: &str| permissions::may_call(&caller, operation);
    let submitting = query.action == Some(FormAction::Submit);
    let schema = |body: &super::bodies::Body, overlay: &records::Overlay, is_change: bool| {
        let form = Form {
            resource,
            language,
            bodies,
            overlay,
            is_change,
            may_call: &may,
        };
        JsonSchema(rules::schema(&form, &body.schema, submitting))
    };
    let overlay = records::of_new(tx, resource)?;
    let mut required_for_submit = records::for_submission(resource);
    let always = overlay.needed.iter().filter(|needed| needed.only.is_none());
    required_for_submit.extend(always.map(|needed| needed.at.clone()));
    let create = may(written.create).then(|| schema(creating, &overlay, false));
    let update = if may(written.update) {
        records::of_change(tx, resource, query.id.as_deref())?.map(|overlay| schema(updating, &overlay, true))
    } else {
        None
    };
    let by = |operation: &str| {
        bodies
            .body(operation)
            .filter(|_| may(operation))
            .map(|body| body.operation.clone())
    };
    Ok(FormSchema {
        resource,
        language,
        create,
        update,
        required_for_submit,
        create_by: by(written.create),
        update_by: by(written.update),
        submit_by: written.submit.and_then(by),
    })
}
