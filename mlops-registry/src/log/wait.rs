//! Waiting without a runtime of our own.

use std::time::Duration;

/// The first wait of a reader or of a writer that must ask again; the next ones double.
pub(super) const FIRST: Duration = Duration::from_millis(10);

/// Waits by tokio's timer inside its runtime, and by blocking the thread elsewhere: where the store's own
/// reads and writes would block it as well.
pub(super) async fn wait(duration: Duration) {
    if tokio::runtime::Handle::try_current().is_ok() {
        tokio::time::sleep(duration).await;
    } else {
        std::thread::sleep(duration);
    }
}
