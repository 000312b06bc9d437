//! Advice for the operator when the certificate of a database server is refused.

use crate::error::Error;

/// Adds to the error what the operator can do, when a certificate is the cause. The driver passes TLS errors on as text only.
pub(super) fn in_words(error: sqlx::Error) -> Error {
    let text = error.to_string();
    let advice = if text.contains("UnknownIssuer") {
        "it is self-signed, or of a CA that is not trusted here. Put the CA's certificate into a PEM file and add sslrootcert=FILE to database.url"
    } else if text.contains("CaUsedAsEndEntity") {
        "it is that of a CA, which no server may show as its own. Issue one with basicConstraints=CA:FALSE"
    } else if text.contains("NotValidForName") || text.contains("not valid for name") {
        "it is for other names than the host in database.url"
    } else if text.contains("certificate expired") || text.contains("Expired") {
        "it has expired, or the clock of this machine is wrong"
    } else {
        return Error::Unavailable(error.into());
    };
    Error::Unavailable(
        format!("the certificate of the database server cannot be accepted: {advice} ({text})").into(),
    )
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn finding_q6_a_refused_certificate_says_what_to_do() {
        for (text, advice) in [
            ("invalid peer certificate: UnknownIssuer", "sslrootcert=FILE"),
            ("invalid peer certificate: certificate not valid for name \"db\"; …", "other names"),
            ("invalid peer certificate: certificate expired: …", "clock"),
            ("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", "CA:FALSE"),
        ] {
            let told = in_words(sqlx::Error::Io(std::io::Error::other(text))).with_causes();
            assert!(told.contains(advice) && told.contains(text), "{told}");
        }
        let told = in_words(sqlx::Error::Io(std::io::Error::other("connection refused"))).with_causes();
        assert!(!told.contains("certificate"), "{told}");
    }
}
