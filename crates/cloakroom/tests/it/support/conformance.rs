//! Every reply in this suite is held against the OpenAPI document: a status that the call names, with a body of the shape
//! and a problem of a code that it names, and nothing beside.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::{Method, header};
use cloakroom::testing::Reply;
use jsonschema::Validator;
use serde_json::{Value, json};

/// What the document says.
struct Document {
    paths: Value,
    /// By the name of the shape.
    validators: BTreeMap<String, Validator>,
    /// The codes of problems, which the shape leaves open.
    codes: Vec<Value>,
}

/// Served beside the calls, and no JSON of ours.
const PAGES: [&str; 2] = ["/api/openapi.json", "/api/docs"];
/// What any path can answer, and the document therefore tells as `default`: no such path, no such method, a request that
/// dawdles or is not meant for us, our own mistake.
const ANYWHERE: [&str; 5] =
    ["not_found", "method_not_allowed", "request_timeout", "misdirected_request", "internal"];

static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
    let mut document: Value = serde_json::from_str(&cloakroom::openapi()).unwrap();
    let paths = document["paths"].take();
    let mut schemas = document["components"]["schemas"].take();
    // A client may be told more some day, so the document allows it; that it is told nothing more today is tested.
    for schema in schemas.as_object_mut().unwrap().values_mut().filter(|schema| schema["type"] == "object") {
        schema["additionalProperties"] = json!(false);
    }
    let validators = schemas.as_object().unwrap().keys().map(|name| {
        let schema =
            json!({"$ref": format!("#/components/schemas/{name}"), "components": {"schemas": schemas}});
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        (name.clone(), validator)
    });
    let validators = validators.collect();
    let codes = schemas["KnownProblemCode"]["enum"].as_array().unwrap().clone();
    Document { paths, validators, codes }
});

/// Panics at a reply that the document does not tell.
pub(crate) fn check(method: &Method, path: &str, reply: &Reply) {
    let page = path.trim_end_matches('/');
    if !path.starts_with("/api/") || PAGES.contains(&page) {
        return;
    }
    let told = format!("{method} {path}: {} {}", reply.status, reply.text);
    assert_eq!(reply.headers[header::CACHE_CONTROL], "no-store", "{told}");
    if *method == Method::HEAD {
        assert_eq!(reply.text, "", "{told}");
        return;
    }
    let Some(call) = call(method, page) else {
        // An embedder's own route answers as it likes; where there is none, we answer.
        if reply.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json") {
            check_problem(reply, &told);
        }
        return;
    };
    let status = reply.status.as_u16();
    let response = &call["responses"][status.to_string()];
    let content = if response.is_null() { &call["responses"]["default"] } else { response };
    if status == 302 {
        assert!(response["headers"]["Location"].is_object(), "no such redirect in the document: {told}");
        assert!(reply.headers.contains_key(header::LOCATION) && reply.text.is_empty(), "{told}");
        return;
    }
    let content_type = reply.headers[header::CONTENT_TYPE].to_str().unwrap();
    let shape = content["content"][content_type]["schema"]["$ref"].as_str();
    let shape = shape.unwrap_or_else(|| panic!("no such content in the document: {told}"));
    check_shape(shape.rsplit('/').next().unwrap(), reply, &told);
    if status < 400 {
        assert!(!response.is_null(), "no such status in the document: {told}");
        return;
    }
    let code = check_problem(reply, &told);
    let names = response["description"].as_str().unwrap_or_default();
    let is_named =
        names.split(|sign: char| !sign.is_ascii_lowercase() && sign != '_').any(|name| name == code);
    assert!(is_named || ANYWHERE.contains(&code.as_str()), "`{names}` does not name the code: {told}");
}

/// The call of this method at this path, which may lack its last slash.
fn call(method: &Method, path: &str) -> Option<&'static Value> {
    let is_template = |template: &str| {
        let (mut names, mut segments) = (template.trim_end_matches('/').split('/'), path.split('/'));
        let fits = names
            .by_ref()
            .zip(segments.by_ref())
            .all(|(name, segment)| name == segment || name.starts_with('{'));
        fits && template.matches('/').count() == path.matches('/').count() + 1
    };
    let paths = DOCUMENT.paths.as_object().unwrap();
    let exact = paths.get(&format!("{path}/"));
    let item =
        exact.or_else(|| paths.iter().find(|(template, _)| is_template(template)).map(|(_, item)| item))?;
    item.get(method.as_str().to_ascii_lowercase())
}

fn check_shape(name: &str, reply: &Reply, told: &str) {
    let body: Value = serde_json::from_str(&reply.text).unwrap_or_else(|error| panic!("{error}: {told}"));
    if let Err(error) = DOCUMENT.validators[name].validate(&body) {
        panic!("not a {name}, {error}: {told}");
    }
}

/// A problem as every call tells it; its code.
fn check_problem(reply: &Reply, told: &str) -> String {
    check_shape("Problem", reply, told);
    let problem = reply.json();
    assert!(DOCUMENT.codes.contains(&problem["code"]), "not a code of this version: {told}");
    assert_eq!(problem["status"], reply.status.as_u16(), "{told}");
    assert_eq!(
        problem["errors"].is_array(),
        reply.status == 422,
        "fields are named where fields are wrong: {told}"
    );
    let is_limited = reply.status == 429;
    assert_eq!(problem["retry_at"].is_string(), is_limited, "{told}");
    assert!(!is_limited || reply.headers.contains_key(header::RETRY_AFTER), "{told}");
    assert!(reply.status != 405 || reply.headers.contains_key(header::ALLOW), "{told}");
    reply.code()
}
