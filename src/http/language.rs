//! Which language a caller reads: `Accept-Language` (RFC 9110, 12.5.4) against the languages that the program speaks.

use std::future::Ready;

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload};
use utoipa::{
    IntoParams,
    openapi::{
        ObjectBuilder, Required, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

use crate::{error::Error, kernel::Language};

impl Language {
    /// The language that the header asks for first of those that there are; English if it asks for none of them.
    pub fn accepted(header: &str) -> Self {
        let mut best = (0.0_f32, Self::English);
        for range in header.split(',') {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let quality = parameters
                .split(';')
                .find_map(|one| one.trim().strip_prefix("q="))
                .map_or(1.0, |text| text.trim().parse::<f32>().unwrap_or(0.0));
            if let Some(language) = Self::of_locale(tag.trim())
                && quality > best.0
            {
                best = (quality, language);
            }
        }
        best.1
    }
}

impl FromRequest for Language {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let lines = request.headers().get_all("accept-language");
        let texts: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
        let language = Self::accepted(&texts.join(","));
        // The reply says which language it is in.
        request.extensions_mut().insert(language);
        std::future::ready(Ok(language))
    }
}

/// The header, in `params(…)` of a handler that takes a [`Language`].
#[derive(Debug, Clone, Copy)]
pub struct AcceptLanguage;

impl IntoParams for AcceptLanguage {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            ParameterBuilder::new()
                .name("Accept-Language")
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(
                    "The languages that you read, best first. There are English (`en`) and German (`de`); English if neither is asked for.",
                ))
                .schema(Some(
                    ObjectBuilder::new()
                        .schema_type(Type::String)
                        .max_length(Some(255))
                        .pattern(Some("^[A-Za-z0-9*,;=. -]*$"))
                        .examples(["de-CH, de;q=0.9, en;q=0.5"]),
                ))
                .build(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_those_that_there_are_is_taken() {
        for (header, language) in [
            ("", Language::English),
            ("de", Language::German),
            ("de-CH, en;q=0.5", Language::German),
            ("fr, de;q=0.7, en;q=0.8", Language::English),
            ("fr;q=1, *;q=0.1", Language::English),
            ("en;q=0, de;q=0.1", Language::German),
            ("DE-de ; q=0.9 , rubbish;q=x", Language::German),
        ] {
            assert_eq!(Language::accepted(header), language, "{header}");
        }
    }
}
