use super::security_descriptor::SecurityDescriptor;
use crate::{Access, ListenerOptions, name::sealed::Sealed};
use std::{io, sync::Arc};

/// What only listeners on Windows can be told.
pub trait ListenerOptionsExt: Sized + Sealed {
    /// Who may do what with the pipe. It has precedence over
    /// [`access`](ListenerOptions::access).
    #[must_use]
    fn security_descriptor(self, sd: SecurityDescriptor) -> Self;
}

impl ListenerOptionsExt for ListenerOptions<'_> {
    fn security_descriptor(mut self, sd: SecurityDescriptor) -> Self {
        self.system.security = Some(Arc::new(sd));
        self
    }
}

/// What [`ListenerOptionsExt`] sets.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListenerSettings {
    security: Option<Arc<SecurityDescriptor>>,
}

impl ListenerSettings {
    /// The descriptor that was given, or that the access stands for.
    pub(super) fn security(&self, access: Option<Access>) -> io::Result<Arc<SecurityDescriptor>> {
        match &self.security {
            Some(security) => Ok(Arc::clone(security)),
            None => {
                SecurityDescriptor::of_access(access.unwrap_or(Access::CurrentUser)).map(Arc::new)
            }
        }
    }
}
