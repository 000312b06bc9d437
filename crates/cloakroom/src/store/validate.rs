//! Validates `[database]`.

#[cfg(feature = "postgres")]
use super::postgres;
#[cfg(feature = "sqlite")]
use super::sqlite;
use crate::config::{Complaint, Database};

/// Complains about a URL that cannot be connected to.
pub(crate) fn validate(database: &Database) -> Vec<Complaint> {
    let complaint = check(database.url.expose()).err();
    complaint.map(|told| Complaint::new("database.url", told)).into_iter().collect()
}

/// Validates a database's URL as the connection parses it.
///
/// # Errors
/// A sentence that repeats nothing of the URL but the name of a parameter.
fn check(url: &str) -> Result<(), String> {
    if url.starts_with("sqlite:") {
        #[cfg(feature = "sqlite")]
        return sqlite::check_url(url);
        #[cfg(not(feature = "sqlite"))]
        return Err("is SQLite, and this program was built without it (feature `sqlite`)".to_owned());
    }
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err("must begin with sqlite: or postgres://".to_owned());
    }
    #[cfg(feature = "postgres")]
    return postgres::check_url(url);
    #[cfg(not(feature = "postgres"))]
    return Err("is Postgres, and this program was built without it (feature `postgres`)".to_owned());
}
