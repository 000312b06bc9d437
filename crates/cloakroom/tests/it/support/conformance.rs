//! Checks every reply of this suite against the OpenAPI document: the call lists its status, its body has the
//! documented schema, and a problem has a documented code.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::{Method, header};
use cloakroom::testing::Reply;
use jsonschema::Validator;
use serde_json::{Value, json};

/// The parts of the OpenAPI document that the checks need.
struct Document {
    paths: Value,
    /// Validators by the name of their schema.
    validators: BTreeMap<String, Validator>,
    /// Problem codes. The schema itself leaves them open.
    codes: Vec<Value>,
}

/// Paths below `/api/` that are pages and serve no JSON of the API.
const PAGES: [&str; 2] = ["/api/openapi.json", "/api/docs"];
/// Problems that any path can answer, and that the document therefore lists as `default`: an unknown path or
/// method, a request that is too slow or meant for another host, and an internal error.
const ANYWHERE: [&str; 5] =
    ["not_found", "method_not_allowed", "request_timeout", "misdirected_request", "internal"];

static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
    let mut document: Value = serde_json::from_str(&cloakroom::openapi()).unwrap();
    let paths = document["paths"].take();
    let mut schemas = document["components"]["schemas"].take();
    // The document allows additional properties, because later versions may add some. This version must not
    // send any, so the tests forbid them.
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

/// Panics if the document does not describe this reply.
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
        // Routes of an embedding app answer as they like. Unknown paths are answered by us.
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

/// Finds the call with this method and path. The path may lack its trailing slash.
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

/// Checks the parts that all problems share, and returns the code.
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
