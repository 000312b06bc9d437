//! Sessions on several nodes and beside the command line (S15).

use cloakroom::testing::PASSWORD;
use serde_json::json;

use super::app_with_ada;
use crate::support::calls::PROFILE;
use crate::support::concurrency::{REVOCATION_DEADLINE, within};
use crate::support::people::{ADA, same_browser_at};

#[tokio::test]
async fn s15_a_session_of_one_node_works_on_the_other_and_ends_on_both_within_a_second() {
    let app = app_with_ada().await;
    let node = app.another_node().await;
    let ends: [(&str, &[&str]); 4] = [
        ("logout", &["/api/logout/"]),
        ("logout everywhere", &["/api/logout/all/"]),
        ("deactivation", &[]),
        ("another password", &[]),
    ];
    for (what, calls) in ends {
        let here = app.signed_in(ADA).await;
        let there = same_browser_at(&node, &here);
        assert_eq!(there.get(PROFILE).await.status, 200, "{what}: in the other node's cache now");
        for path in calls {
            assert_eq!(here.post(path, &json!({})).await.status, 200);
        }
        match what {
            "deactivation" => {
                app.cloakroom.administration().set_active(ADA, false).await.unwrap();
                app.cloakroom.administration().set_active(ADA, true).await.unwrap();
            }
            "another password" => {
                app.cloakroom.administration().set_password(ADA, PASSWORD).await.unwrap();
            }
            _ => {}
        }
        within(REVOCATION_DEADLINE, async || there.get(PROFILE).await.status == 401).await;
    }
}

/// As the command line does: a process of its own without jobs, which ends right after.
#[tokio::test]
async fn s15_the_command_line_ends_sessions_of_a_server_that_runs() {
    let app = app_with_ada().await;
    let ada = app.signed_in(ADA).await;
    assert_eq!(ada.get(PROFILE).await.status, 200);
    let config = app.cloakroom.config().clone();
    let command = cloakroom::Cloakroom::for_administration(config).await.unwrap();
    command.administration().set_active(ADA, false).await.unwrap();
    command.close().await;
    within(REVOCATION_DEADLINE, async || ada.get(PROFILE).await.status == 401).await;
}
