//! What the compiler and the linker are told.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |key: &str| env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    let is_static = target("FEATURE").split(',').any(|feature| feature == "crt-static");
    let is_gnu = target("OS") == "linux" && target("ENV") == "gnu";
    // `lsock_startup::main`
    println!("cargo::rustc-check-cfg=cfg(without_runtime)");
    if is_gnu {
        println!("cargo::rustc-cfg=without_runtime");
    }
    if is_gnu && is_static {
        // For example `getpwnam(3)` with `passwd: files systemd`, if there is no such user.
        println!(
            "cargo::warning=a static C library of GNU can crash in a lookup that /etc/nsswitch.conf leaves \
             to another service; *-linux-musl is static as well"
        );
    }
    if is_gnu && !is_static {
        // What panics unwind with, from the compiler's archive instead of libgcc_s.so: to
        // load a shared library takes longer than a short connection.
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
