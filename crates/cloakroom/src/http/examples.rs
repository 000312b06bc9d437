//! An example body for each call that takes one, built from one value for each field.

use serde_json::{Map, Value, json};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Components, RefOr, Schema};

/// Returns an example value for a field, by its name. A test requires an example for every new field.
fn value(field: &str) -> Option<Value> {
    Some(match field {
        "email" => json!("ann@example.com"),
        "password" | "new_password" => json!("tulip-window-river"),
        "current_password" => json!("correct-horse-battery"),
        "token" => json!("kS0Yk4eyJc0Qm2d0u3bTzvU8m1x5w7oGqkZb9nT4aRc"),
        "code" => json!("493817"),
        "state" => json!("Vb3mJ6wq9Zr1Xc8tUe5oKy2sLd7hGn4aPf0iBvEjNxM"),
        "intent" => json!("login"),
        "return_to" => json!("/account"),
        "keep_identities" => json!([]),
        _ => return None,
    })
}

/// Fields that an example leaves out: those of an alternative way to make the call, or of a refusal.
const LEFT_OUT: [(&str, &[&str]); 3] = [
    ("MailboxProof", &["code", "email", "password"]),
    ("ProviderAnswer", &["error", "iss"]),
    ("AccountProof", &["code"]),
];

/// Adds an example to the call's body, if it takes one.
pub(super) fn add(operation: &mut Operation, components: &Components) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    let Some(RefOr::T(content)) = body.content.get_mut("application/json") else { return };
    let name = content.schema.as_ref().and_then(name);
    let Some(name) = name else { return };
    let Some(RefOr::T(Schema::Object(object))) = components.schemas.get(&name) else { return };
    let left_out = LEFT_OUT.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, fields)| fields);
    let fields = object.properties.keys().filter(|field| !left_out.contains(&field.as_str()));
    let example: Map<String, Value> =
        fields.filter_map(|field| Some((field.clone(), value(field)?))).collect();
    content.example = Some(Value::Object(example));
}

/// Returns the named shape of a body, which may be `null` besides.
fn name(schema: &RefOr<Schema>) -> Option<String> {
    match schema {
        RefOr::Ref(reference) => reference.ref_location.rsplit('/').next().map(str::to_owned),
        RefOr::T(Schema::OneOf(choices)) => choices.items.iter().find_map(name),
        RefOr::T(_) => None,
    }
}
