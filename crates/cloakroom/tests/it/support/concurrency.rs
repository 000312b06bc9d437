//! Things that happen at once, and things that happen a little later.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// By when another node has heard that a session ended. The contract grants a second; a machine with other tests to run gets
/// three, and a node that has not heard it believes the session for five.
pub(crate) const REVOCATION_DEADLINE: Duration = Duration::from_secs(3);

/// Lets `count` tasks go at the same moment, and gathers what each gave.
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

/// Waits until `is_so`, which must be within `deadline`; asks every few milliseconds.
pub(crate) async fn within<F: Future<Output = bool>>(deadline: Duration, is_so: impl Fn() -> F) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(deadline, asking).await.is_ok(), "it was not so within {deadline:?}");
}
