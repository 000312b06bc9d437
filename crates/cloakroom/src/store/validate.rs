//! Judges `[database]`.

use super::{postgres, sqlite};
use crate::config::{Complaint, Database, ESCAPES, authority, tail};

/// Complains about a URL that cannot be connected to.
pub(crate) fn validate(database: &Database) -> Vec<Complaint> {
    let complaint = check(database.url.expose()).err();
    complaint.map(|told| Complaint::new("database.url", told)).into_iter().collect()
}

/// Warns of a database on another machine that TLS does not protect.
pub(crate) fn warnings(database: &Database) -> Vec<Complaint> {
    let told = "does not insist on TLS to another machine: add ?sslmode=verify-full, or sslmode=require where the server's \
                certificate cannot be checked";
    let is_open = postgres::is_remote_without_tls(database.url.expose());
    is_open.then(|| Complaint::new("database.url", told)).into_iter().collect()
}

/// Judges a database's URL as the one who connects reads it.
///
/// # Errors
/// A sentence that repeats nothing of the URL but the name of a parameter.
fn check(url: &str) -> Result<(), String> {
    if url.starts_with("sqlite:") {
        return sqlite::check_url(url);
    }
    let Some((_, rest)) = ["postgres", "postgresql"]
        .iter()
        .find_map(|scheme| url.split_once("://").filter(|(found, _)| found == scheme))
    else {
        return Err("must begin with sqlite: or postgres://".to_owned());
    };
    let (authority, tail) = (authority(rest), tail(url).unwrap_or_default());
    let (path, parameters) = tail.split_once('?').unwrap_or((tail, ""));
    // A user with an @ may stand among the parameters.
    let is_foreign = |one: &str| one.contains('@') && !(authority.contains('@') && one.starts_with("user="));
    let is_split = tail.contains('#') || path.contains('@') || parameters.split('&').any(is_foreign);
    if is_split {
        return Err(format!("must be postgres://user:password@host/database; {ESCAPES}"));
    }
    match postgres::options(url) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("must be postgres://user:password@host/database: {error}; {ESCAPES}")),
    }
}
