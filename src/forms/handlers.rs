//! One function per operation: take, call, answer.

use actix_web::get;

use super::{
    Bodies,
    model::{FormPath, FormQuery, FormSchema},
    records, rules,
};
use crate::{
    auth::{Caller, permissions},
    db::Db,
    error::Error,
    http::{AcceptLanguage, Path, Plain, Query, Reply},
    kernel::Language,
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
        let (resource, caller) = (path.0.resource, tx.caller());
        let may_call = |operation: &str| permissions::may_call(caller, operation);
        let policy = records::policy(tx, resource)?;
        let may_change = may_call(resource.written().update);
        let overlays = records::overlays(tx, resource, query.0.id.as_deref(), policy.as_ref(), may_change)?;
        let form = rules::form(resource, language, &bodies, &overlays, query.0.action, &may_call);
        let form = form.ok_or_else(Error::not_found)?;
        Ok(Plain(match policy {
            Some(policy) => FormSchema {
                reasons: records::reasons(&policy.reasons, !caller.is_vendor(), language, &may_call),
                stages: records::stages(&policy.pipeline, language),
                ..form
            },
            None => form,
        }))
    })
    .await
}
