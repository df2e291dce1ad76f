//! What most asynchronous programs need: the traits without their names, and the two
//! enums under names that do not clash.

pub use crate::{
    NameType as _, ToFsName as _, ToNsName as _,
    tokio::{Listener as LocalSocketListener, Stream as LocalSocketStream},
    traits::{
        StreamCommon as _,
        tokio::{Listener as _, Stream as _},
    },
};
