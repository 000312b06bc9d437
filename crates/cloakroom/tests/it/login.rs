//! `GET /api/login-set-cookie/` and `POST /api/login/`

use cloakroom::administration::Rank;
use cloakroom::testing::PASSWORD;

use crate::database::app;

#[tokio::test]
async fn a_person_signs_in_as_the_article_tells_it() {
    let app = app().await;
    app.add("ada@example.test", Rank::Superuser).await;
    let browser = app.browser();
    let page = browser.open_login_page().await;
    assert_eq!((page.status.as_u16(), page.json()["detail"].as_str()), (200, Some("CSRF cookie set")));
    let reply = browser.login("ada@example.test", PASSWORD).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.json()["detail"], "Success");
    assert_eq!(reply.json()["next"], "done");
    assert_eq!(reply.json()["user"]["email"], "ada@example.test");
    let profile = browser.get("/api/users/profile/").await;
    assert_eq!(profile.status, 200);
    assert_eq!(profile.json()["is_superuser"], true);
    let out = browser.post("/api/logout/", &serde_json::json!({})).await;
    assert_eq!((out.status.as_u16(), out.json()["detail"].as_str()), (200, Some("Logout Successful")));
    assert_eq!(browser.get("/api/users/profile/").await.code(), "not_authenticated");
}
