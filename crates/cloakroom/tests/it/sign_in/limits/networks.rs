//! An attacker may hold many networks, so attempts are counted at several prefix lengths (finding S7).

use super::{app_with_rates, is_limited, let_through, login_through_proxy, rates};
use crate::support::app::{App, app_with};
use crate::support::people::ADA;

/// Counts the attempts that are let through from the networks that `address` returns, at most 30.
async fn from_networks(app: &App, address: impl Fn(usize) -> String) -> usize {
    let tries = async |number: usize| {
        login_through_proxy(app, &[&address(number)], &format!("user{number}@example.test")).await
    };
    let_through(tries).await
}

#[tokio::test]
async fn finding_s7_many_networks_of_one_holder_are_counted_together() {
    let app = app_with_rates(0, 1).await;
    assert_eq!(
        from_networks(&app, |number| format!("2001:db8:1:{:x}::1", number << 8)).await,
        16,
        "of a /48"
    );
    assert_eq!(from_networks(&app, |number| format!("2001:db8:2:{number:x}::1")).await, 4, "of a /56");
    assert_eq!(from_networks(&app, |number| format!("198.51.100.{number}")).await, 16, "of a /24");
    assert_eq!(from_networks(&app, |number| format!("198.51.{number}.1")).await, 30, "of many /24");
    for free in ["2001:db8:3::1", "198.52.1.1"] {
        assert!(!is_limited(&login_through_proxy(&app, &[free], ADA).await), "{free}");
    }
}

#[tokio::test]
async fn finding_s7_an_account_is_counted_at_each_width_too() {
    let app = app_with_rates(1, 0).await;
    let at_ada =
        async |number: usize| login_through_proxy(&app, &[&format!("2001:db8:2:{number:x}::1")], ADA).await;
    assert_eq!(let_through(at_ada).await, 4, "from one /56");
    let elsewhere = async |number: usize| {
        login_through_proxy(&app, &[&format!("2001:db8:{number:x}:ff00::1")], ADA).await
    };
    assert_eq!(let_through(elsewhere).await, 6, "ten from everywhere");
}

/// One wide network uses up at most half of an account's ceiling. The owner still signs in from elsewhere.
#[tokio::test]
async fn finding_s7_a_wide_network_cannot_use_up_the_ceiling_of_an_account() {
    let wide: [fn(usize) -> String; 2] =
        [|number| format!("198.51.100.{number}"), |number| format!("2001:db8:2:{:x}::1", number << 8)];
    for of_one_holder in wide {
        let app = app_with_rates(1, 0).await;
        let at_ada = async |number: usize| login_through_proxy(&app, &[&of_one_holder(number)], ADA).await;
        assert_eq!(let_through(at_ada).await, 5, "half of ten");
        assert!(!is_limited(&login_through_proxy(&app, &["203.0.113.9"], ADA).await));
    }
}

#[tokio::test]
async fn finding_s7_the_widths_are_configured() {
    let app = app_with(|config| {
        rates(0, 1)(config);
        config.limits.ipv6_widths = vec!["/48 x2".parse().unwrap(), "/64".parse().unwrap()];
        config.limits.ipv4_widths = vec!["/16 x3".parse().unwrap()];
    })
    .await;
    assert_eq!(from_networks(&app, |number| format!("2001:db8:1:{number:x}::1")).await, 2);
    assert_eq!(from_networks(&app, |number| format!("198.51.{number}.1")).await, 3);
}

/// Each new network of a refused attacker is a new key, which must not become a row.
#[tokio::test]
async fn finding_s7_b13_networks_of_a_refused_holder_leave_no_rows() {
    let app = app_with_rates(5, 1).await;
    assert_eq!(from_networks(&app, |number| format!("2001:db8:2:{number:x}::1")).await, 4);
    let rows = app.database.rows("limits").await;
    for number in 100..130 {
        let refused = login_through_proxy(&app, &[&format!("2001:db8:2:{number:x}::1")], ADA).await;
        assert!(is_limited(&refused));
    }
    assert_eq!(app.database.rows("limits").await, rows);
}
