//! Completion by key presses in real shells. A function in place of lsock writes down the words that
//! the shell passes to it, so that quoting is checked as well; the scripts run the real lsock.

mod answers;
mod shells;
