use super::security_descriptor::SecurityDescriptor;
use crate::{Access, ListenerOptions, name::sealed::Sealed};
use std::{io, sync::Arc};

/// Options of listeners that only Windows has.
pub trait ListenerOptionsExt: Sized + Sealed {
    /// Sets the security descriptor of the pipe. It takes precedence over
    /// [`access`](ListenerOptions::access).
    ///
    /// It has to let this process create instances of the pipe: otherwise listening fails with
    /// `PermissionDenied`, see
    /// [`check_server_access`](SecurityDescriptor::check_server_access).
    #[must_use]
    fn security_descriptor(self, sd: SecurityDescriptor) -> Self;
}

impl ListenerOptionsExt for ListenerOptions<'_> {
    fn security_descriptor(mut self, sd: SecurityDescriptor) -> Self {
        self.system.security = Some(Arc::new(sd));
        self
    }
}

/// The options of [`ListenerOptionsExt`].
#[derive(Clone, Debug, Default)]
pub(crate) struct ListenerSettings {
    security: Option<Arc<SecurityDescriptor>>,
}

impl ListenerSettings {
    /// Returns the descriptor that was set, or the one for the access.
    ///
    /// # Errors
    /// Those of [`check_server_access`](SecurityDescriptor::check_server_access).
    pub(super) fn security(&self, access: Option<Access>) -> io::Result<Arc<SecurityDescriptor>> {
        match &self.security {
            Some(security) => {
                security.check_server_access()?;
                Ok(Arc::clone(security))
            }
            None => {
                SecurityDescriptor::of_access(access.unwrap_or(Access::CurrentUser)).map(Arc::new)
            }
        }
    }
}
