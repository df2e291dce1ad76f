//! What is read of files: those that lsock has recorded, those of other programs, and broken ones.

mod captures;
mod recordings;

use super::*;
use std::fs;
