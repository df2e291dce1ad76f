//! Numbers of users and groups that stand for nobody in particular.
//!
//! In a user namespace of Linux (`user_namespaces(7)`) a user of another namespace who has no
//! number there is given as the overflow number, 65534 by default; so are all users if the
//! namespace maps none. A peer with the overflow number can be
//! any user without a number.

use std::sync::OnceLock;

/// Whether a peer with this effective user may be any user at all.
pub(super) fn is_any_user(uid: libc::uid_t) -> bool {
    static OVERFLOW: OnceLock<u32> = OnceLock::new();
    uid == *OVERFLOW.get_or_init(|| number("/proc/sys/kernel/overflowuid"))
        && !is_complete("/proc/self/uid_map")
}

/// Whether a peer that is in this group may be in any group at all.
pub(super) fn is_any_group(gid: libc::gid_t) -> bool {
    static OVERFLOW: OnceLock<u32> = OnceLock::new();
    gid == *OVERFLOW.get_or_init(|| number("/proc/sys/kernel/overflowgid"))
        && !is_complete("/proc/self/gid_map")
}

/// The overflow number; the kernel's default (`DEFAULT_OVERFLOWUID`) if it cannot be read.
fn number(path: &str) -> u32 {
    read(path).and_then(|text| text.trim().parse().ok()).unwrap_or(65534)
}

/// Whether the process's user namespace has a number for everybody. It is asked anew each
/// time: a namespace can get its map later, and a process another namespace. Without `/proc`
/// it is not known, and taken not to be so.
fn is_complete(path: &str) -> bool {
    read(path).is_some_and(|map| maps_all(&map))
}

/// Whether a map covers all numbers: its third column adds up to all but the last one, which
/// is no user's. The namespace that a system starts with has such a map.
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
    fn a_map_of_fewer_or_of_none() {
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
