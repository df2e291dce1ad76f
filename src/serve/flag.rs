use tokio::sync::watch;

/// Something that happens once, and that tasks can wait for.
#[derive(Debug)]
pub(crate) struct Flag(watch::Sender<bool>);

impl Flag {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(crate) fn raise(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn is_raised(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is raised.
    pub(crate) async fn wait(&self) {
        // The sender is here.
        let _ = self.0.subscribe().wait_for(|is_raised| *is_raised).await;
    }
}
