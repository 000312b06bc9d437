//! A complaint about one value of the configuration.

/// A sentence about the value of a key, as `section.key`.
pub(crate) struct Complaint {
    pub(crate) key: String,
    pub(crate) told: String,
}

impl Complaint {
    pub(crate) fn new(key: impl Into<String>, told: impl Into<String>) -> Self {
        Self { key: key.into(), told: told.into() }
    }
}
