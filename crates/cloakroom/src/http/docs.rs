//! `GET /api/openapi.json`, and `GET /api/docs/`: the same document for people.
//!
//! The page is written on the server from the document. It has no script, no inline style and no foreign host, so that it works
//! under the strictest Content-Security-Policy.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::Router;
use axum::http::header;
use axum::response::Html;
use axum::routing::get;
use bytes::Bytes;
use html_escape::encode_quoted_attribute as escape;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use crate::http::json::json_response;
use crate::http::nest::Nest;

const STYLE: &str = concat!(include_str!("tokens.css"), include_str!("plain.css"), include_str!("docs.css"));
pub(super) const TYPEFACE: &[u8] = include_bytes!("inter.woff2");

pub(super) fn router(document: &OpenApi) -> Router {
    let json = serde_json::to_value(document).unwrap_or_default();
    let page = page(&json);
    let docs = get(async move |nest: Nest| Html(nest.link(&page)));
    let style = get(async || ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE));
    let typeface = get(async || ([(header::CONTENT_TYPE, "font/woff2")], TYPEFACE));
    Router::new()
        .route("/api/openapi.json", get(async move |nest: Nest| json_response(nest.describe(&json))))
        .route("/api/docs", docs.clone())
        .route("/api/docs/", docs)
        .route("/api/docs/style.css", style)
        .route("/api/docs/inter.woff2", typeface)
}

impl Nest {
    /// Returns the page with its links adapted to the router's path.
    fn link(&self, page: &str) -> String {
        page.replace("href=\"/api/", &format!("href=\"{}/api/", escape(&self.0)))
    }

    /// Returns the document; its paths are relative to the router's path (OpenAPI 3.1, section 4.8.5).
    fn describe(&self, document: &Value) -> Bytes {
        if self.0.is_empty() {
            return document.to_string().into();
        }
        let mut document = document.clone();
        document["servers"] = serde_json::json!([{ "url": self.0 }]);
        document.to_string().into()
    }
}

/// Writes the calls, each with its parameters and replies, and the shapes that they name.
fn page(document: &Value) -> String {
    let title = text(&document["info"]["title"]);
    let mut html = format!(
        "<!doctype html><html lang=\"en\" dir=\"ltr\"><head><meta charset=\"utf-8\"><title>{title} API</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><link rel=\"stylesheet\" href=\"/api/docs/style.css\"></head>\
         <body><a class=\"skip\" href=\"#calls\">Skip to the calls</a>"
    );
    contents(&mut html, document);
    let _ = write!(
        html,
        "<main><h1>{title} API</h1><p class=\"lead\">{}</p>\
         <p>The same as a document: <a href=\"/api/openapi.json\">openapi.json</a></p><h2 id=\"calls\">Calls</h2>",
        prose(&document["info"]["description"])
    );
    for (method, path, call) in calls(document) {
        write_call(&mut html, &method, path, call);
    }
    html.push_str("<h2 id=\"shapes\">Shapes</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        write_shape(&mut html, name, schema);
    }
    html.push_str("</main></body></html>");
    html
}

/// Returns every call: its method, its path, and its description in the document.
fn calls(document: &Value) -> impl Iterator<Item = (String, &str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let calls = item.as_object().into_iter().flatten();
        calls.map(|(method, call)| (method.to_uppercase(), path.as_str(), call))
    })
}

/// Writes the list of the calls, by subject.
fn contents(html: &mut String, document: &Value) {
    let mut groups = BTreeMap::<&str, String>::new();
    for (method, path, call) in calls(document) {
        let group = groups.entry(call["tags"][0].as_str().unwrap_or_default()).or_default();
        let (id, path) = (text(&call["operationId"]), escape(path.trim_start_matches("/api")));
        let _ = write!(group, "<li><a href=\"#{id}\"><span>{method}</span> {path}</a></li>");
    }
    // Folded on a phone, where it would fill the first screen; always open beside the calls, where there is room (docs.css).
    html.push_str("<nav aria-label=\"Calls\" tabindex=\"0\"><details><summary>Contents</summary><div class=\"contents\">");
    for (name, list) in groups {
        let _ = write!(html, "<h2>{}</h2><ul>{list}</ul>", escape(name));
    }
    html.push_str("<h2><a href=\"#shapes\">shapes</a></h2></div></details></nav>");
}

fn write_call(html: &mut String, method: &str, path: &str, call: &Value) {
    let _ = write!(
        html,
        "<section id=\"{}\"><h3><code>{method} {}</code></h3><p><strong>{}.</strong> {}</p><dl>",
        text(&call["operationId"]),
        escape(path),
        text(&call["summary"]),
        prose(&call["description"])
    );
    for parameter in call["parameters"].as_array().into_iter().flatten() {
        let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
        let (schema, about) = (shape(&parameter["schema"]), prose(&parameter["description"]));
        let _ = write!(html, "<dt><code>{name}</code> in the {place}</dt><dd>{schema} {about}</dd>");
    }
    let body = &call["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        let _ = write!(html, "<dt>Takes</dt><dd>{}</dd>", shape(body));
    }
    let example = &call["requestBody"]["content"]["application/json"]["example"];
    if !example.is_null() {
        let _ = write!(
            html,
            "<dt>Example</dt><dd><pre tabindex=\"0\">{}</pre></dd>",
            escape(&format!("{example:#}"))
        );
    }
    let mut problems = Vec::new();
    for (status, response) in call["responses"].as_object().into_iter().flatten() {
        for (kind, content) in response["content"].as_object().into_iter().flatten() {
            if kind == "application/problem+json" {
                let codes = text(&response["description"]);
                problems.push(match status.as_str() {
                    "default" => "any other".to_owned(),
                    _ => format!("{status} ({codes})"),
                });
            } else {
                let _ = write!(html, "<dt>{status}</dt><dd>{}</dd>", shape(&content["schema"]));
            }
        }
    }
    if !problems.is_empty() {
        let _ = write!(
            html,
            "<dt>Otherwise</dt><dd><a href=\"#Problem\"><code>Problem</code></a> with {}</dd>",
            problems.join(", ")
        );
    }
    html.push_str("</dl></section>");
}

fn write_shape(html: &mut String, name: &str, schema: &Value) {
    let _ = write!(
        html,
        "<section id=\"{0}\"><h3><code>{0}</code></h3><p>{1}</p>",
        escape(name),
        prose(&schema["description"])
    );
    let fields = schema["properties"].as_object();
    if fields.is_some_and(|fields| !fields.is_empty()) {
        html.push_str("<dl>");
    }
    for (field, of) in fields.into_iter().flatten() {
        let (field, shape, about) = (escape(field), shape(of), prose(&of["description"]));
        let _ = write!(html, "<dt><code>{field}</code></dt><dd>{shape}<br>{about}</dd>");
    }
    if fields.is_some_and(|fields| !fields.is_empty()) {
        html.push_str("</dl>");
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> =
            values.iter().map(|value| format!("<code>{}</code>", text(value))).collect();
        let _ = write!(html, "<p>{}</p>", values.join(", "));
    }
    html.push_str("</section>");
}

/// Writes a type in a few words, a named one with a link.
fn shape(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return format!("<a href=\"#{0}\"><code>{0}</code></a>", escape(name));
    }
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        return choices.iter().map(shape).collect::<Vec<_>>().join(" or ");
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" => format!("list of {}", shape(&schema["items"])),
        Value::String(kind) => escape(kind).into_owned(),
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        _ => String::new(),
    }
}

/// Writes a sentence of the document, with text between backticks as code.
fn prose(value: &Value) -> String {
    let mut html = String::new();
    for (place, part) in text(value).split('`').enumerate() {
        let is_code = place % 2 == 1;
        let _ = if is_code { write!(html, "<code>{part}</code>") } else { write!(html, "{part}") };
    }
    html
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default()).into_owned()
}
