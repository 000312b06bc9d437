//! `/dev`: one page with the inbox, the sample users and the fake providers.

use axum::Router;
use axum::routing::get;
use cloakroom::Cloakroom;
use cloakroom_edge::problem;
use cloakroom_fake_provider::{FakeProvider, Kind};

use super::SAMPLE_PASSWORD;
use super::names::suggestion;
use crate::mailbox::{TYPEFACE, file};

const PAGE: &str = include_str!("page.html");
const STYLE: &str =
    concat!(include_str!("../../../cloakroom/src/http/tokens.css"), include_str!("style.css"));
const LINK_STYLE: &str = include_str!("link.css");

/// Serves the page and its styles.
pub(super) fn router(port: u16, cloakroom: &Cloakroom, providers: &[(Kind, FakeProvider)]) -> Router {
    let stand_ins = match providers {
        [] => "<p>None: the environment sets every provider up for real.</p>".to_owned(),
        some => {
            let names: Vec<String> =
                some.iter().map(|(kind, _)| format!("<li><code>{}</code></li>", kind.id())).collect();
            format!(
                "<p>\u{201c}Continue with\u{201d} on <a href=\"/login\">the sign-in page</a> leads to these. Each asks who you want to be, \
                 and may refuse, be slow or fail.</p><ul>{}</ul>",
                names.concat()
            )
        }
    };
    let mut page = PAGE
        .replace("<!-- password -->", SAMPLE_PASSWORD)
        .replace("<!-- providers -->", &stand_ins)
        .replace("<!-- named -->", &format!("http://{}.localhost:{}", suggestion(), port));
    let url = &cloakroom.config().mail.url;
    if url.expose() != "mailbox:" {
        page = page.replace("No mail leaves this machine.", "Mails go where <code>mail.url</code> says.");
    }
    let page = get(async move || file("text/html; charset=utf-8", page));
    Router::new()
        .route("/dev", page.clone())
        .route("/dev/", page)
        .route("/dev/style.css", get(async || file("text/css; charset=utf-8", STYLE)))
        .route("/dev/inter.woff2", get(async || file("font/woff2", TYPEFACE)))
        .route("/dev/link.css", get(async || file("text/css; charset=utf-8", LINK_STYLE)))
        .method_not_allowed_fallback(async || problem::method_not_allowed("GET, HEAD"))
}
