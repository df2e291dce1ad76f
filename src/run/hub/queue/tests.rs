use super::*;
use proptest::prelude::*;

/// Takes at most `most` queued bytes; `None` if the client is cut off.
fn take(client: &Subscription, most: usize) -> Option<Vec<u8>> {
    let mut taken = vec![0; most];
    let count = client.take(&mut taken);
    taken.truncate(count);
    (!client.is_cut_off()).then_some(taken)
}

#[test]
fn memory_is_that_of_one_client() {
    const LIMIT: usize = 256 << 10;
    let queue = Arc::new(BroadcastQueue::new(LIMIT));
    let clients: Vec<_> = (0..20).map(|number| queue.subscribe(number)).collect();
    // The smallest pieces, so that bookkeeping for each piece would show.
    for _ in 0..LIMIT {
        assert!(queue.push(b"x"));
    }
    assert!(clients.iter().all(|client| client.unsent() == LIMIT as u64));
    assert!(queue.read().bytes.capacity() <= 2 * LIMIT);
    // One more byte is too much for all of them, and is not queued.
    assert!(!queue.push(b"y"));
    assert_eq!(queue.read().bytes.capacity(), 0);
    assert!(clients.iter().all(|client| take(client, 1).is_none()));
    assert!(clients.iter().all(|client| client.unsent() == LIMIT as u64));
    let other = queue.subscribe(100);
    assert!(queue.push(b"y"));
    assert_eq!(take(&other, 10).as_deref(), Some(&b"y"[..]));
}

#[test]
fn a_client_that_has_everything_can_always_take_a_piece() {
    let queue = Arc::new(BroadcastQueue::new(3));
    let client = queue.subscribe(1);
    assert!(queue.push(b"0123456789"));
    assert_eq!(take(&client, 10).as_deref(), Some(&b"0123456789"[..]));
    assert!(queue.push(b"ab") && queue.push(b"c"));
    assert!(!queue.push(b"d"), "it is full");
    assert_eq!(take(&client, 10), None);
}

proptest! {
    /// Each client gets everything from its subscription on, whatever the others take.
    #[test]
    fn nothing_is_lost_or_added(
        steps in proptest::collection::vec((0..4_usize, 0..40_usize), 0..200)
    ) {
        let queue = Arc::new(BroadcastQueue::new(usize::MAX));
        let mut clients: Vec<(Subscription, Vec<u8>, usize)> = Vec::new();
        let mut all = Vec::new();
        for (number, (step, size)) in steps.into_iter().enumerate() {
            match step {
                0 => clients.push((queue.subscribe(number as u64), Vec::new(), all.len())),
                1 => {
                    let bytes: Vec<u8> = (0..size).map(|n| (n + number) as u8).collect();
                    if queue.push(&bytes) {
                        all.extend(bytes);
                    }
                }
                2 if size == 0 && !clients.is_empty() => drop(clients.remove(0)),
                _ => {
                    let count = clients.len().max(1);
                    if let Some((client, got, _)) = clients.get_mut(size % count) {
                        got.extend(take(client, size).unwrap_or_default());
                    }
                }
            }
        }
        for (client, mut got, from) in clients {
            while client.unsent() > 0 {
                got.extend(take(&client, 7).unwrap_or_default());
            }
            prop_assert_eq!(&got[..], &all[from..]);
        }
    }
}
