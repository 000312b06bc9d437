//! The operations of the OpenAPI document.

use http::Method;
use serde_json::Value;

/// Lists every operation of the document that may change something, with path parameters filled in.
pub(crate) fn unsafe_operations() -> Vec<(Method, String)> {
    let document: Value = serde_json::from_str(&cloakroom::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path: String = path.split(['{', '}']).collect();
        for method in item.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            if matches!(method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE) {
                operations.push((method, path.clone()));
            }
        }
    }
    assert!(operations.len() >= 3, "{operations:?}");
    operations
}
