//! Doing things at once.

use std::sync::Arc;

use tokio::sync::Barrier;

/// Starts all of them at one moment, each in a task of its own, and gives what came of each, in their order.
pub async fn at_once<F>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let futures = futures.into_iter().collect::<Vec<_>>();
    let barrier = Arc::new(Barrier::new(futures.len()));
    let start = |future: F| {
        let barrier = Arc::clone(&barrier);
        tokio::spawn(async move {
            barrier.wait().await;
            future.await
        })
    };
    let tasks = futures.into_iter().map(start).collect::<Vec<_>>();
    let mut outputs = Vec::new();
    for task in tasks {
        outputs.push(task.await.unwrap());
    }
    outputs
}
