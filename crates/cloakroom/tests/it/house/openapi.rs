//! The OpenAPI document, from which the TypeScript client is generated.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::app::app;
use crate::support::operations::unsafe_operations;

fn document() -> Value {
    serde_json::from_str(&cloakroom::openapi()).unwrap()
}

#[test]
fn the_document_in_the_repository_is_current() {
    let written = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
    let written = std::fs::read_to_string(written).unwrap();
    assert!(written == cloakroom::openapi(), "openapi.json is not what the code says: run `make generate`");
}

#[tokio::test]
async fn the_document_is_served_as_it_is_in_the_repository() {
    let app = app().await;
    let reply = app.browser().get("/api/openapi.json").await;
    assert_eq!(
        (reply.status.as_u16(), &reply.headers["content-type"]),
        (200, &"application/json".parse().unwrap())
    );
    assert_eq!(reply.json(), document());
    assert_eq!(document()["openapi"], "3.1.0");
}

#[test]
fn every_promised_call_is_in_the_document() {
    let document = document();
    let mut calls = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with("/api/") && path.ends_with('/'), "{path} is a full path with its slash");
        for (method, call) in item.as_object().unwrap() {
            calls.insert(format!("{method} {path}"));
            assert!(call["summary"].is_string() && call["operationId"].is_string(), "{method} {path}");
            let responses = &call["responses"];
            let succeeds = ["200", "202", "302"].iter().any(|status| responses[status].is_object());
            assert!(succeeds, "{method} {path}");
            let problem =
                &call["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/Problem", "{method} {path}");
        }
    }
    for call in [
        "get /api/login-set-cookie/",
        "post /api/login/",
        "post /api/logout/",
        "post /api/logout/all/",
        "get /api/users/profile/",
        "get /api/config/",
        "get /api/session/",
        "post /api/signup/",
        "post /api/signup/resend/",
        "post /api/email/verify/check/",
        "post /api/email/verify/",
        "post /api/password/reset/",
        "post /api/password/reset/check/",
        "post /api/password/reset/confirm/",
        "post /api/password/change/",
        "post /api/reauthenticate/",
        "post /api/email/change/",
        "post /api/email/change/confirm/",
        "post /api/email/change/undo/",
        "get /api/social/",
        "post /api/social/{provider}/start/",
        "post /api/social/{provider}/",
        "post /api/social/link/",
        "post /api/social/link/code/",
        "post /api/social/email/",
        "delete /api/social/identities/{identity_id}/",
    ] {
        assert!(calls.contains(call), "{call}");
    }
}

#[test]
fn every_call_has_a_name_of_its_own() {
    let document = document();
    let calls =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let names: Vec<_> = calls.map(|call| call["operationId"].as_str().unwrap()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
}

#[test]
fn every_unsafe_call_says_that_it_needs_the_token() {
    let document = document();
    assert_eq!(document["components"]["securitySchemes"]["csrf_token"]["name"], "X-CSRFToken");
    let mut calls = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, call) in item.as_object().unwrap().iter().filter(|(method, _)| *method != "get") {
            assert!(call["security"][0]["csrf_token"].is_array(), "{method} {path}");
            calls += 1;
        }
    }
    assert_eq!(calls, unsafe_operations().len());
}

/// Every code in the source is a value that the client knows.
#[test]
fn every_code_of_a_problem_stands_in_the_document() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let known = schemas["KnownProblemCode"]["enum"].as_array().unwrap();
    let codes: BTreeSet<&str> = known.iter().map(|code| code.as_str().unwrap()).collect();
    let source = include_str!("../../../src/error.rs");
    let told: BTreeSet<&str> = source
        .lines()
        .filter_map(|line| line.split_once("=> ("))
        .filter_map(|(_, description)| description.split('"').nth(1))
        .collect();
    assert!(told.len() > 10, "{told:?}");
    let missing: Vec<_> = told.difference(&codes).filter(|code| **code != "already_exists").collect();
    assert!(missing.is_empty(), "not in `CODES` of http/problem.rs: {missing:?}");
}

/// A client generated from this document can read a problem of a newer server.
#[test]
fn finding_v10_the_document_allows_problem_codes_of_later_versions() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let schema = json!({"$ref": "#/components/schemas/Problem", "components": {"schemas": schemas}});
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problem =
        |code: &str| json!({"type": "about:blank", "title": "", "status": 400, "code": code, "detail": ""});
    assert!(validator.is_valid(&problem("invented_tomorrow")));
    let mut number = problem("");
    number["code"] = json!(7);
    assert!(!validator.is_valid(&number), "it is a text");
    let code = &schemas["ProblemCode"];
    assert_eq!(code["type"], "string");
    assert_eq!(code["x-extensible-enum"], schemas["KnownProblemCode"]["enum"]);
    assert!(
        !schemas["Problem"].to_string().contains("KnownProblemCode"),
        "no reply is held against the list"
    );
}

/// Every reference in the document leads to a schema that exists.
#[test]
fn every_reference_leads_to_a_schema() {
    let document = document();
    let mut open = vec![&document];
    let mut references = 0;
    while let Some(value) = open.pop() {
        if let Some(reference) = value["$ref"].as_str() {
            references += 1;
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
        match value {
            Value::Object(fields) => open.extend(fields.values()),
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    assert!(references > 10);
}

#[tokio::test]
async fn the_page_for_people_needs_no_script_and_no_foreign_host() {
    let app = app().await;
    let page = app.browser().get("/api/docs/").await;
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    for (path, item) in document()["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let heading = format!("<code>{} {path}</code>", method.to_uppercase());
            assert!(page.text.contains(&heading), "{heading}");
        }
    }
    for word in ["<script", "<style", " style=", " onload", "http://", "https://", "src="] {
        assert!(!page.text.contains(word), "{word}");
    }
    let style = app.browser().get("/api/docs/style.css").await;
    assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
    assert!(page.text.contains("href=\"/api/docs/style.css\""));
    let files: Vec<_> = style.text.split("url(").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert_eq!(files, ["'./inter.woff2'"]);
    assert_eq!(app.browser().get("/api/docs/inter.woff2").await.headers["content-type"], "font/woff2");
}

/// Each request body has an example that matches its schema.
#[test]
fn finding_u11_every_call_that_takes_a_body_shows_one() {
    let document = document();
    let mut examples = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, call) in item.as_object().unwrap() {
            let content = &call["requestBody"]["content"]["application/json"];
            if content.is_null() {
                continue;
            }
            let example = content["example"].as_object().unwrap_or_else(|| panic!("{method} {path}"));
            let named = content["schema"]["$ref"].as_str().or(content["schema"]["oneOf"][0]["$ref"].as_str());
            let shape = document.pointer(named.unwrap().strip_prefix('#').unwrap()).unwrap();
            for field in shape["required"].as_array().into_iter().flatten() {
                assert!(example.contains_key(field.as_str().unwrap()), "{method} {path}: {field}");
            }
            let schema = serde_json::json!({"$ref": named, "components": document["components"]});
            let validator = jsonschema::validator_for(&schema).unwrap();
            let value = Value::Object(example.clone());
            assert!(!example.is_empty() && validator.is_valid(&value), "{method} {path}: {example:?}");
            examples += 1;
        }
    }
    assert!(examples > 10, "{examples}");
}

#[test]
fn finding_u11_public_calls_list_no_401() {
    let document = document();
    for path in ["/api/config/", "/api/login-set-cookie/"] {
        assert!(document["paths"][path]["get"]["responses"]["401"].is_null(), "{path}");
    }
    assert!(document["paths"]["/api/users/profile/"]["get"]["responses"]["401"].is_object());
}

#[tokio::test]
async fn finding_s20_the_documents_can_be_switched_off() {
    let app = crate::support::app::app_with(|config| config.api.docs = false).await;
    for path in ["/api/docs/", "/api/docs", "/api/docs/style.css", "/api/openapi.json"] {
        assert_eq!(app.browser().get(path).await.status, 404, "{path}");
    }
    assert_eq!(app.browser().get("/api/config/").await.status, 200);
}

#[tokio::test]
async fn finding_u11_the_contents_of_the_page_fold() {
    let app = app().await;
    let page = app.browser().get("/api/docs/").await;
    assert!(page.text.contains("<details><summary>Contents</summary>"));
    assert!(page.text.contains("<dt>Example</dt>"));
}
