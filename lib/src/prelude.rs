//! What most programs need: the traits without their names, and the two enums
//! under names that do not clash.

pub use crate::{
    Listener as LocalSocketListener, NameType as _, Stream as LocalSocketStream, ToFsName as _,
    ToNsName as _,
    traits::{Listener as _, ListenerExt as _, Stream as _, StreamCommon as _},
};
