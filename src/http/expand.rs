//! `expand=`: related records within an answer, so that a page of deals needs no further call for each partner.
//!
//! A resource that can be expanded says which paths it knows, what shape their records have together, and how they are
//! loaded: each path is one call of the owning module's loader for all records of the answer, so a page costs as many
//! statements as a single record. A loader starts from the rows that the caller may see, and is asked only if the caller
//! may read such records at all. Whatever a record names and the caller may not see is null, and its path stands in
//! `redacted`.

use std::{borrow::Cow, collections::BTreeMap, fmt::Display};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::{Serialize, de::DeserializeOwned};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        ArrayBuilder, ObjectBuilder, OneOfBuilder, Ref, RefOr, Required, Type,
        path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle},
        schema::Schema,
    },
};

use super::{Resource, extract};
use crate::{
    auth::permissions,
    db::Tx,
    error::{Error, Result, codes},
    kernel::{ids::PartnerId, page::Page, schemas},
};

/// A resource whose related records can be embedded.
pub trait Expand: Resource + Sized {
    /// The paths there are: a set of words such as `partner` and `partner.parent`.
    type Path: Copy + PartialEq + Display + DeserializeOwned + ToSchema + Send + Sync + 'static;

    /// The records at those paths.
    type Related: Serialize + ToSchema + Send + 'static;

    /// The records that each of `records` names at the paths wanted: as many statements for many records as for one.
    ///
    /// # Errors
    /// What the database reports.
    fn related(tx: &mut Tx<'_>, records: &[Self], wanted: &Expanding<Self>) -> Result<Vec<Self::Related>>;
}

/// The paths that the caller wants expanded: `expand=partner,products`.
#[derive(Debug, Clone)]
pub struct Expanding<T: Expand>(Vec<T::Path>);

/// A record as it is read: with what the caller wanted embedded.
#[derive(Debug, Clone, Serialize)]
#[serde(bound(serialize = ""))]
pub struct Expandable<T: Expand> {
    /// The record.
    #[serde(flatten)]
    pub record: T,
    /// What is embedded; nothing if nothing was asked for.
    pub expanded: Option<T::Related>,
}

/// The records at one path, for all records of an answer.
pub struct Embedded<T: Expand, I, R> {
    path: T::Path,
    wanted: bool,
    found: BTreeMap<I, R>,
}

impl<T: Expand> Expanding<T> {
    /// Those paths.
    pub fn paths(paths: &[T::Path]) -> Self {
        Self(paths.to_vec())
    }

    /// Whether the path is wanted, or one that leads on from it.
    pub fn wants(&self, path: T::Path) -> bool {
        let text = path.to_string();
        self.0.iter().any(|wanted| {
            let wanted = wanted.to_string();
            wanted
                .strip_prefix(&text)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// Loads what stands at a path, if it is wanted, all at once. `reading` is the operation that reads such a record:
    /// nothing is loaded for a caller who may not call it.
    ///
    /// # Errors
    /// What the database reports.
    pub fn load<I: Ord + Copy, R>(
        &self,
        tx: &mut Tx<'_>,
        path: T::Path,
        reading: &str,
        ids: impl IntoIterator<Item = I>,
        by_ids: impl FnOnce(&mut Tx<'_>, &[I]) -> Result<BTreeMap<I, R>>,
    ) -> Result<Embedded<T, I, R>> {
        let wanted = self.wants(path);
        let mut found = BTreeMap::new();
        if wanted && permissions::may_call(tx.caller(), reading) {
            let mut ids: Vec<I> = ids.into_iter().collect();
            ids.sort_unstable();
            ids.dedup();
            if !ids.is_empty() {
                found = by_ids(tx, &ids)?;
            }
        }
        Ok(Embedded { path, wanted, found })
    }

    /// The records with what is wanted embedded.
    ///
    /// # Errors
    /// What the database reports.
    pub fn all(&self, tx: &mut Tx<'_>, records: Vec<T>) -> Result<Vec<Expandable<T>>> {
        if self.0.is_empty() {
            return Ok(records.into_iter().map(Expandable::plain).collect());
        }
        let related = T::related(tx, &records, self)?;
        Ok(records
            .into_iter()
            .zip(related)
            .map(|(record, related)| Expandable {
                record,
                expanded: Some(related),
            })
            .collect())
    }

    /// The page with what is wanted embedded in its rows.
    ///
    /// # Errors
    /// What the database reports.
    pub fn page(&self, tx: &mut Tx<'_>, page: Page<T>) -> Result<Page<Expandable<T>>> {
        page.with(|rows| self.all(tx, rows))
    }

    /// The record with what is wanted embedded.
    ///
    /// # Errors
    /// What the database reports.
    pub fn one(&self, tx: &mut Tx<'_>, record: T) -> Result<Expandable<T>> {
        self.all(tx, vec![record])?
            .pop()
            .ok_or_else(|| Error::internal("a record was lost while it was expanded"))
    }
}

impl<T: Expand, I: Ord + Copy, R: Clone> Embedded<T, I, R> {
    /// The record with that id. Null if none is named, or the path is not wanted; null and told in `redacted` if there is
    /// one that the caller may not see.
    pub fn one(&self, id: Option<I>, redacted: &mut Vec<T::Path>) -> Option<R> {
        let id = id.filter(|_| self.wanted)?;
        let found = self.found.get(&id).cloned();
        if found.is_none() && !redacted.contains(&self.path) {
            redacted.push(self.path);
        }
        found
    }

    /// The records with those ids, each once, in their order. What the caller may not see of them is left out and told in
    /// `redacted`.
    pub fn many(&self, ids: impl IntoIterator<Item = I>, redacted: &mut Vec<T::Path>) -> Option<Vec<R>> {
        if !self.wanted {
            return None;
        }
        let mut seen = Vec::new();
        let mut records = Vec::new();
        for id in ids {
            if !seen.contains(&id) {
                seen.push(id);
                records.extend(self.one(Some(id), redacted));
            }
        }
        Some(records)
    }

    /// Every record that was loaded: where the next path begins.
    pub fn records(&self) -> impl Iterator<Item = &R> {
        self.found.values()
    }
}

impl<T: Expand> Expandable<T> {
    fn plain(record: T) -> Self {
        Self { record, expanded: None }
    }
}

impl<T: Expand> Resource for Expandable<T> {
    const TYPE: &'static str = T::TYPE;

    fn id(&self) -> String {
        self.record.id()
    }

    fn revision(&self) -> i64 {
        self.record.revision()
    }

    fn path(&self) -> String {
        self.record.path()
    }

    fn audience(&self) -> Vec<PartnerId> {
        self.record.audience()
    }
}

impl<T: Expand> PartialSchema for Expandable<T> {
    /// The record's own schema with one field more: flat, so that it reads as the record does to every generator.
    /// What is embedded has the record's own schema, so no schema contains itself.
    fn schema() -> RefOr<Schema> {
        let expanded = OneOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(Type::Null))
            .item(Ref::from_schema_name(T::Related::name()))
            .description(Some("What `expand` asked for; null if it asked for nothing."));
        match T::schema() {
            RefOr::T(Schema::Object(record)) => {
                let about = record.description.clone().unwrap_or_default();
                ObjectBuilder::from(record)
                    .description(Some(format!(
                        "{}\n\nAs it is read: with the related records that `expand` asked for.",
                        about.trim_end()
                    )))
                    .property("expanded", expanded)
                    .required("expanded")
                    .into()
            }
            other => other,
        }
    }
}

impl<T: Expand> ToSchema for Expandable<T> {
    fn name() -> Cow<'static, str> {
        format!("Expandable{}", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
        schemas.push((T::Related::name().into_owned(), T::Related::schema()));
        T::Related::schemas(schemas);
    }
}

impl<T: Expand> FromRequest for Expanding<T> {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract::checked(request, |checked| {
            let Some(paths) = checked.query.get("expand") else {
                return Ok(Self(Vec::new()));
            };
            serde_json::from_value(paths.clone()).map(Self).map_err(|error| {
                Error::new(&codes::INVALID_QUERY).fault(
                    "query:expand",
                    "unknown_value",
                    format!("A path does not exist: {error}."),
                )
            })
        })
    }
}

impl<T: Expand> IntoParams for Expanding<T> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            ParameterBuilder::new()
                .name("expand")
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .style(Some(ParameterStyle::Form))
                .explode(Some(false))
                .description(Some(
                    "Which related records the answer shall hold, in `expanded`, separated by commas. A path leads over those \
                     before it: `partner.parent` embeds `partner` too. What you may not see is null, and named in \
                     `expanded.redacted`.",
                ))
                .schema(Some(
                    ArrayBuilder::new()
                        .items(schemas::met::<T::Path>())
                        .max_items(Some(20)),
                ))
                .build(),
        ]
    }
}
