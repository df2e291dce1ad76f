//! Names the families of systems for `cfg`.

use cfg_aliases::cfg_aliases;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    cfg_aliases! {
        linux_like: { any(target_os = "linux", target_os = "android") },
        apple: { target_vendor = "apple" },
        bsd_like: { any(target_os = "freebsd", target_os = "netbsd", target_os = "openbsd") },
    }
}
