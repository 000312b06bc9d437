//! The OpenAPI document. Paths and bodies come from the handlers; the parts that all calls share are added here.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, Info, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::http::examples;
use crate::http::problem::{KnownProblemCode, Problem};

/// Returns the document without its paths.
pub(super) fn head() -> OpenApi {
    let mut info = Info::new("Cloakroom", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "Sign-in for web apps. Sign-in state lives in an opaque, HttpOnly session cookie. Every method but GET, HEAD and \
         OPTIONS needs the `csrftoken` cookie's value in the `X-CSRFToken` header. Errors are problems (RFC 9457) with a \
         stable `code`."
            .to_owned(),
    );
    OpenApi::new(info, utoipa::openapi::Paths::new())
}

/// Adds the failures to each call, and the CSRF token to each unsafe one.
pub(super) fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_with(Components::new);
    let mut referenced = Vec::new();
    Problem::schemas(&mut referenced);
    components.schemas.extend(referenced);
    components.schemas.insert("Problem".to_owned(), Problem::schema());
    components.schemas.insert("KnownProblemCode".to_owned(), KnownProblemCode::schema());
    let header = ApiKey::Header(ApiKeyValue::with_description(
        "X-CSRFToken",
        "The csrftoken cookie's value, read anew for each request. A form below the layer may send it as its field \
         csrfmiddlewaretoken instead.",
    ));
    components.add_security_scheme("csrf_token", SecurityScheme::ApiKey(header));
    for item in document.paths.paths.values_mut() {
        for read in [&mut item.get, &mut item.head].into_iter().flatten() {
            let asks_nobody = read.operation_id.as_deref().is_some_and(|id| OPEN_TO_ALL.contains(&id));
            add_problems(read, if asks_nobody { &OF_ALL[1..] } else { &OF_ALL });
        }
        for write in [&mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
        {
            add_problems(write, &OF_ALL);
            add_problems(write, &OF_WRITES);
            examples::add(write, components);
            write.security = Some(vec![SecurityRequirement::new("csrf_token", Vec::<String>::new())]);
        }
    }
    document
}

/// A status, and the code of the problem that every call can answer with it.
type Common = (&'static str, &'static str);

/// The failures of every call: an unknown `Authorization: Token`, and unavailable storage.
const OF_ALL: [Common; 2] = [("401", "not_authenticated"), ("503", "unavailable")];
/// Calls that give everybody the same reply, so that the caller's identity does not matter.
const OPEN_TO_ALL: [&str; 2] = ["config", "login_set_cookie"];
/// The failures that the guard and the body's reader add.
const OF_WRITES: [Common; 6] = [
    ("400", "invalid_json"),
    ("403", "csrf_failed"),
    ("408", "request_timeout"),
    ("413", "payload_too_large"),
    ("415", "unsupported_media_type"),
    ("422", "validation_failed"),
];

/// Expands the codes of a handler to whole responses. A handler names its own codes, as the description of their status.
fn add_problems(operation: &mut Operation, common: &[Common]) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let problem = |codes: &str| {
        RefOr::T(
            ResponseBuilder::new()
                .description(codes)
                .content("application/problem+json", content.clone())
                .build(),
        )
    };
    let responses = &mut operation.responses.responses;
    for (status, code) in common {
        let codes = match responses.get(*status) {
            Some(RefOr::T(own)) => format!("{}, {code}", own.description),
            _ => (*code).to_owned(),
        };
        responses.insert((*status).to_owned(), problem(&codes));
    }
    for (status, response) in responses.iter_mut() {
        let RefOr::T(told) = response else { continue };
        if status.starts_with('2') && told.description.is_empty() {
            "Done".clone_into(&mut told.description);
        } else if !status.starts_with(['2', '3']) && told.content.is_empty() {
            *response = problem(&told.description.clone());
        }
    }
    responses.insert("default".to_owned(), problem("What went wrong"));
}
