//! Tasks that start at the same moment, and conditions that come true a little later.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// The time within which another node must refuse a session that has ended. Cloakroom promises one second; a
/// machine that runs other tests as well gets three. A node that has missed the revocation trusts its cache
/// for five.
pub(crate) const REVOCATION_DEADLINE: Duration = Duration::from_secs(3);

/// Starts `count` tasks at the same moment and collects their results.
pub(crate) async fn at_once<T, F>(count: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let (barrier, task) = (Arc::clone(&barrier), task(number));
        tasks.spawn(async move {
            barrier.wait().await;
            task.await
        });
    }
    tasks.join_all().await
}

/// Waits until `is_so` returns true, and fails after `deadline`. Polls every few milliseconds.
pub(crate) async fn within<F: Future<Output = bool>>(deadline: Duration, is_so: impl Fn() -> F) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(deadline, asking).await.is_ok(), "it was not so within {deadline:?}");
}
