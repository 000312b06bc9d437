//! `GET /api/openapi.json`, and `GET /api/docs/`: the same for people.
//!
//! The page is written on the server from the document: no script, no style of its own, no foreign host, so that the
//! strictest Content-Security-Policy suits it.

use std::fmt::Write as _;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use bytes::Bytes;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use crate::http::json::json_response;

pub(super) fn router(document: &OpenApi) -> Router {
    let json = serde_json::to_value(document).unwrap_or_default();
    let page: Bytes = page(&json).into();
    let text: Bytes = json.to_string().into();
    let docs = get(async move || Html(page));
    Router::new()
        .route("/api/openapi.json", get(async move || json_response(text)))
        .route("/api/docs", docs.clone())
        .route("/api/docs/", docs)
}

/// The calls, each with what it takes and gives, and the shapes that they name.
fn page(document: &Value) -> String {
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>API reference</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\"></head><body><main>",
    );
    let title = text(&document["info"]["title"]);
    let _ = write!(html, "<h1>{title} API</h1><p>{}</p>", text(&document["info"]["description"]));
    html.push_str(
        "<p>The same as a document: <a href=\"/api/openapi.json\">openapi.json</a></p><h2>Calls</h2>",
    );
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, call) in item.as_object().into_iter().flatten() {
            let method = method.to_uppercase();
            let _ = write!(html, "<h3><code>{method} {}</code></h3>", escape(path));
            let _ = write!(html, "<p>{}. {}</p><dl>", text(&call["summary"]), text(&call["description"]));
            let body = &call["requestBody"]["content"]["application/json"]["schema"];
            if !body.is_null() {
                let _ = write!(html, "<dt>Takes</dt><dd>{}</dd>", shape(body));
            }
            for (status, response) in call["responses"].as_object().into_iter().flatten() {
                let status = if status == "default" { "Otherwise" } else { status };
                for content in response["content"].as_object().into_iter().flat_map(|types| types.values()) {
                    let _ = write!(html, "<dt>{status}</dt><dd>{}</dd>", shape(&content["schema"]));
                }
            }
            html.push_str("</dl>");
        }
    }
    html.push_str("<h2>Shapes</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let _ = write!(html, "<h3 id=\"{0}\"><code>{0}</code></h3>", escape(name));
        let _ = write!(html, "<p>{}</p><dl>", text(&schema["description"]));
        for (field, of) in schema["properties"].as_object().into_iter().flatten() {
            let _ = write!(html, "<dt><code>{}</code>: {}</dt>", escape(field), shape(of));
            let _ = write!(html, "<dd>{}</dd>", text(&of["description"]));
        }
        html.push_str("</dl>");
        if let Some(values) = schema["enum"].as_array() {
            let values: Vec<String> =
                values.iter().map(|value| format!("<code>{}</code>", text(value))).collect();
            let _ = write!(html, "<p>{}</p>", values.join(", "));
        }
    }
    html.push_str("</main></body></html>");
    html
}

/// A type in a few words, a named one with a link.
fn shape(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return format!("<a href=\"#{0}\"><code>{0}</code></a>", escape(name));
    }
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        return choices.iter().map(shape).collect::<Vec<_>>().join(" or ");
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" => format!("list of {}", shape(&schema["items"])),
        Value::String(kind) => escape(kind),
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        _ => String::new(),
    }
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
