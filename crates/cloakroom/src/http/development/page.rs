//! `/dev`: one page with the inbox, the sample users and the stand-ins for providers.

use axum::Router;
use axum::routing::get;
use cloakroom_fake_provider::FakeProvider;

use super::file;
use crate::context::Context;
use crate::flow::admin::samples::PASSWORD;
use crate::http::docs::TYPEFACE;
use crate::http::rejection::Rejection;

const PAGE: &str = include_str!("page.html");
const STYLE: &str =
    concat!(include_str!("../tokens.css"), include_str!("../plain.css"), include_str!("style.css"));
const LINK_STYLE: &str = include_str!("link.css");

/// Serves the page and its styles.
pub(super) fn router(context: &Context, stand_ins: &[FakeProvider]) -> Router {
    let stand_ins = match stand_ins {
        [] => "<p>None: the configuration sets every provider up for real.</p>".to_owned(),
        some => {
            let names: Vec<String> =
                some.iter().map(|one| format!("<li><code>{}</code></li>", one.kind().id())).collect();
            format!(
                "<p>\u{201c}Continue with\u{201d} on <a href=\"/login\">the sign-in page</a> leads to these. Each asks who you want to be, \
                 and may refuse, be slow or fail.</p><ul>{}</ul>",
                names.concat()
            )
        }
    };
    let config = context.config();
    let mut page = PAGE
        .replace("<!-- password -->", PASSWORD)
        .replace("<!-- providers -->", &stand_ins)
        .replace("<!-- port -->", &config.listen.0.port().to_string());
    if !config.mail.is_kept() {
        page = page.replace("No mail leaves this machine.", "Mails go where <code>mail.url</code> says.");
    }
    let page = get(async move || file("text/html; charset=utf-8", page));
    Router::new()
        .route("/dev", page.clone())
        .route("/dev/", page)
        .route("/dev/style.css", get(async || file("text/css; charset=utf-8", STYLE)))
        .route("/dev/inter.woff2", get(async || file("font/woff2", TYPEFACE)))
        .route("/dev/link.css", get(async || file("text/css; charset=utf-8", LINK_STYLE)))
        .method_not_allowed_fallback(async || Rejection::MethodNotAllowed)
}
