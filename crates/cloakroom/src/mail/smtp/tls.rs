//! TLS to a mail server, and readable reasons for a failed handshake.

use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, RootCertStore};

use super::dialogue::Duplex;

/// The TLS settings for one server.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
    host: String,
}

impl Tls {
    /// Trusts the roots that browsers trust, and those of `SSL_CERT_FILE` besides, as other programs do: for a private CA.
    pub(super) fn new(host: &str) -> Result<Self, String> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
        if let Some(path) = std::env::var_os("SSL_CERT_FILE") {
            let about = |error: &dyn std::fmt::Display| format!("SSL_CERT_FILE {}: {error}", path.display());
            let pem = std::fs::read(&path).map_err(|error| about(&error))?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let certificate = certificate.map_err(|error| about(&error))?;
                roots.add(certificate).map_err(|error| about(&error))?;
            }
        }
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| format!("names a host that no certificate can name: {host}"))?;
        // The cryptography provider is passed along: a library must not install one for the whole process.
        let cryptography = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(cryptography)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name, host: host.to_owned() })
    }

    /// Performs the handshake. Returns a readable reason when it fails.
    pub(super) async fn shake(&self, stream: Box<dyn Duplex>) -> Result<Box<dyn Duplex>, String> {
        match self.connector.connect(self.name.clone(), stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => {
                let cause = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
                Err(cause.map_or_else(|| format!("TLS failed: {error}"), |cause| self.told(cause)))
            }
        }
    }

    fn told(&self, error: &rustls::Error) -> String {
        let host = &self.host;
        let rustls::Error::InvalidCertificate(certificate) = error else {
            return format!("TLS failed: {error}");
        };
        let cause = match certificate {
            CertificateError::UnknownIssuer => {
                "it is self-signed, or of a CA that is not trusted here. Put the CA's certificate (or the server's own) into a PEM file, and name that file in the environment variable SSL_CERT_FILE".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "it is for other names. mail.url must have a name that stands in it".to_owned()
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "it has expired, or the clock of this machine is wrong".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "it is not valid yet, or the clock of this machine is wrong".to_owned()
            }
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
                "it is that of a CA, which no server may show as its own. Issue one with basicConstraints=CA:FALSE".to_owned()
            }
            other => other.to_string(),
        };
        format!("the certificate of {host} cannot be accepted: {cause} ({error})")
    }
}
