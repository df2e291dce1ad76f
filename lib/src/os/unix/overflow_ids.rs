//! Overflow numbers of users and groups.
//!
//! In a user namespace of Linux (`user_namespaces(7)`), users and groups that the namespace does
//! not map have the overflow number, 65534 by default. A peer with this number can be any user that
//! is not mapped.

use std::sync::OnceLock;

/// Returns whether a peer with this effective user may be any user.
pub(super) fn is_any_user(uid: libc::uid_t) -> bool {
    static OVERFLOW: OnceLock<u32> = OnceLock::new();
    uid == *OVERFLOW.get_or_init(|| number("/proc/sys/kernel/overflowuid"))
        && !is_complete("/proc/self/uid_map")
}

/// Returns whether a peer in this group may be in any group.
pub(super) fn is_any_group(gid: libc::gid_t) -> bool {
    static OVERFLOW: OnceLock<u32> = OnceLock::new();
    gid == *OVERFLOW.get_or_init(|| number("/proc/sys/kernel/overflowgid"))
        && !is_complete("/proc/self/gid_map")
}

/// Returns the overflow number, or the kernel's default (`DEFAULT_OVERFLOWUID`) if it cannot be
/// read.
fn number(path: &str) -> u32 {
    read(path).and_then(|text| text.trim().parse().ok()).unwrap_or(65534)
}

/// Returns whether the process's user namespace maps all numbers. The map is read each time,
/// because a namespace can get its map later, and a process can enter another namespace. Without
/// `/proc` the result is `false`.
fn is_complete(path: &str) -> bool {
    read(path).is_some_and(|map| maps_all(&map))
}

/// Returns whether a map covers all numbers: its third column adds up to all numbers but the last
/// one, which is no user's. The initial namespace has such a map.
fn maps_all(map: &str) -> bool {
    let counts = map.lines().map(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok());
    counts.sum::<Option<u64>>() == Some(u64::from(u32::MAX))
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::maps_all;

    #[test]
    fn a_map_of_all_numbers() {
        assert!(maps_all("         0          0 4294967295\n"));
        assert!(maps_all("0 100000 65536\n65536 0 4294901759\n"));
    }

    #[test]
    fn a_map_of_fewer_numbers_or_none() {
        for map in [
            "",
            "\n",
            "         0       1000          1\n",
            "0 1000 1\n1 100000 65536\n",
            "0 0 4294967294\n",
            "0 0\n",
            "0 0 all\n",
        ] {
            assert!(!maps_all(map), "{map:?}");
        }
    }
}
