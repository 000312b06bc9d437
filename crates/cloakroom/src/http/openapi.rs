//! The OpenAPI document: paths and bodies come from the handlers, what all calls share is added here.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, Info, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::http::problem::Problem;

/// What stands before the paths.
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

/// Adds to each call how it can fail, and to each unsafe one the CSRF token.
pub(super) fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_with(Components::new);
    let mut referenced = Vec::new();
    Problem::schemas(&mut referenced);
    components.schemas.extend(referenced);
    components.schemas.insert("Problem".to_owned(), Problem::schema());
    let header = ApiKey::Header(ApiKeyValue::with_description(
        "X-CSRFToken",
        "The csrftoken cookie's value, read anew for each request.",
    ));
    components.add_security_scheme("csrf_token", SecurityScheme::ApiKey(header));
    for item in document.paths.paths.values_mut() {
        for read in [&mut item.get, &mut item.head].into_iter().flatten() {
            add_problems(read, &["401", "503"]);
        }
        for write in [&mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
        {
            add_problems(write, &["400", "401", "403", "413", "415", "422", "429", "503"]);
            write.security = Some(vec![SecurityRequirement::new("csrf_token", Vec::<String>::new())]);
        }
    }
    document
}

fn add_problems(operation: &mut Operation, statuses: &[&str]) {
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            "Done".clone_into(&mut response.description);
        }
    }
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let problem = ResponseBuilder::new()
        .description("What went wrong")
        .content("application/problem+json", content)
        .build();
    for status in statuses.iter().chain(&["default"]) {
        operation.responses.responses.insert((*status).to_owned(), RefOr::T(problem.clone()));
    }
}
