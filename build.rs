//! What the linker is told.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |key: &str| env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    let is_static = target("FEATURE").split(',').any(|feature| feature == "crt-static");
    if target("OS") == "linux" && target("ENV") == "gnu" && !is_static {
        // What panics unwind with, from the compiler's archive instead of libgcc_s.so: to
        // load a shared library takes longer than a short connection.
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
