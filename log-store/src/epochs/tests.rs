use super::*;

fn epochs(entries: &[(i32, i64)]) -> Epochs {
    let mut epochs = Epochs::default();
    entries.iter().for_each(|(epoch, start)| epochs.assign(*epoch, *start));
    epochs
}

fn pairs(epochs: &Epochs) -> Vec<(i32, i64)> {
    epochs.entries().iter().map(|entry| (entry.epoch, entry.start_offset)).collect()
}

/// docs/disk-format.md, "leader-epoch-checkpoint".
#[test]
fn golden_bytes() {
    let bytes = epochs(&[(0, 0), (3, 17)]).encode();
    assert_eq!(str::from_utf8(&bytes), Ok("0\n2\n0 0\n3 17\n"));
    assert_eq!(file::decode(&bytes).as_deref(), Some(epochs(&[(0, 0), (3, 17)]).entries()));
}

#[test]
fn damaged_files_are_told_from_empty_ones() {
    for text in ["", "1\n0\n", "0\n2\n0 0\n", "0\n1\n0\n", "0\n1\n0 x\n", "0\n1\n-1 0\n", "0\n1\n0 0 0\n"] {
        assert_eq!(file::decode(text.as_bytes()), None, "{text:?}");
    }
    assert_eq!(file::decode(b"0\n0\n"), Some(vec![]));
}

#[test]
fn a_new_epoch_removes_what_it_contradicts() {
    assert_eq!(pairs(&epochs(&[(1, 0), (2, 10), (3, 20), (2, 15)])), [(1, 0), (2, 15)]);
    assert_eq!(pairs(&epochs(&[(1, 0), (2, 10), (4, 10)])), [(1, 0), (4, 10)]);
    assert_eq!(pairs(&epochs(&[(1, 0), (1, 5)])), [(1, 0)]);
    assert_eq!(pairs(&epochs(&[(1, 5), (1, 2)])), [(1, 2)]);
}

#[test]
fn truncation_at_both_ends() {
    let full = epochs(&[(1, 0), (2, 10), (5, 20)]);
    let from_end = |end| {
        let mut copy = full.clone();
        copy.truncate_from_end(end);
        pairs(&copy)
    };
    assert_eq!(from_end(21), [(1, 0), (2, 10), (5, 20)]);
    assert_eq!(from_end(20), [(1, 0), (2, 10)]);
    assert_eq!(from_end(0), []);
    let from_start = |start| {
        let mut copy = full.clone();
        copy.truncate_from_start(start);
        pairs(&copy)
    };
    assert_eq!(from_start(0), [(1, 0), (2, 10), (5, 20)]);
    assert_eq!(from_start(9), [(1, 9), (2, 10), (5, 20)]);
    assert_eq!(from_start(10), [(2, 10), (5, 20)]);
    assert_eq!(from_start(100), [(5, 100)]);
}

#[test]
fn where_an_epoch_ends() {
    let epochs = epochs(&[(2, 10), (5, 20), (7, 30)]);
    assert_eq!(epochs.end_offset_for(7, 42), Some((7, 42)));
    assert_eq!(epochs.end_offset_for(8, 42), None);
    assert_eq!(epochs.end_offset_for(6, 42), Some((5, 30)));
    assert_eq!(epochs.end_offset_for(5, 42), Some((5, 30)));
    assert_eq!(epochs.end_offset_for(3, 42), Some((2, 20)));
    assert_eq!(epochs.end_offset_for(0, 42), Some((0, 10)));
    assert_eq!(epochs.end_offset_for(-1, 42), None);
    assert_eq!(Epochs::default().end_offset_for(0, 0), None);
    assert_eq!(
        [9, 10, 19, 20, 99].map(|o| epochs.epoch_for_offset(o)),
        [None, Some(2), Some(2), Some(5), Some(7)]
    );
}
