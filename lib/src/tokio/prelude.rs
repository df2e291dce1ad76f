//! Imports for most asynchronous programs: the traits, whose names are not imported, and the
//! two enums under names that do not clash with those of other crates.

pub use crate::{
    NameType as _, ToFsName as _, ToNsName as _,
    tokio::{Listener as LocalSocketListener, Stream as LocalSocketStream},
    traits::{
        StreamCommon as _,
        tokio::{Listener as _, Stream as _},
    },
};
