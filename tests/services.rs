//! Services: started by their socket, ended when nobody needs them.

mod exit_idle;
mod owner;
