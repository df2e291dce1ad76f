//! The local sockets of the system (`lsock ls`).

mod join;
mod json;
mod pattern;
mod row;
mod select;
mod stale;
mod table;

pub(crate) use json::json;
pub(crate) use pattern::NamePattern;
pub(crate) use row::SocketRow;
pub(crate) use select::{ListQuery, SocketList, list};
pub(crate) use stale::{StaleFiles, find_stale};
pub(crate) use table::table;
