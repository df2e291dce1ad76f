//! Imports for most programs: the traits, whose names are not imported, and the two enums under
//! names that do not clash with those of other crates.

pub use crate::{
    Listener as LocalSocketListener, NameType as _, Stream as LocalSocketStream, ToFsName as _,
    ToNsName as _,
    traits::{Listener as _, ListenerExt as _, Stream as _, StreamCommon as _},
};
