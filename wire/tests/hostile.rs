//! Bytes that nobody honest sends: cut, claimed, mutated. A decoder may refuse them and must not
//! panic, nor take memory in proportion to what they claim.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use kraftlog_wire::DecodeError;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use support::random::Random;
use support::schema::Message;
use support::table::{self, Row};
use support::values::Sample;

/// The system's allocator, counting what each thread takes.
struct Counting;

thread_local! {
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.set(TAKEN.get() + layout.size());
        // SAFETY: the caller keeps the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `System.alloc` with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Reads a whole message; whatever it is, that takes no memory at all.
///
/// The house rule is at most twice the frame: a reader that allocates nothing keeps it for any
/// frame, and zero is the easier number to hold on to.
fn check(row: &Row, bytes: &[u8], version: i16) -> Result<(), DecodeError> {
    let before = TAKEN.get();
    let read = (row.check)(bytes, version);
    assert_eq!(TAKEN.get(), before, "{} v{version} allocates while it reads {bytes:02x?}", row.name);
    read
}

/// As `check`; what was accepted can also be written, and then reads as the same message.
fn survive(row: &Row, bytes: &[u8], version: i16) {
    if check(row, bytes, version).is_ok() {
        let written = (row.recode)(bytes, version).expect("it was read before");
        let again = (row.recode)(&written, version).expect("what was written can be read");
        assert_eq!(again, written, "{} v{version} of {bytes:02x?}", row.name);
    }
}

/// Calls `attack` with samples of every message in every version.
fn for_every_version(samples: u64, mut attack: impl FnMut(&'static Row, &[u8], i16, &mut Random)) {
    let messages: Vec<Message> = support::messages();
    for message in &messages {
        for version in message.versions.min..=message.versions.max {
            for seed in 0..samples {
                let mut random = Random::new(seed << 32 | u64::from(version.cast_unsigned()));
                let sample = Sample::random(message, version, &mut random);
                attack(table::row(&message.name), &sample.bytes(), version, &mut random);
            }
        }
    }
}

#[test]
fn a_message_cut_anywhere_is_refused() {
    for_every_version(3, |row, bytes, version, _| {
        assert_eq!(check(row, bytes, version), Ok(()));
        for length in 0..bytes.len() {
            let cut = check(row, &bytes[..length], version);
            assert!(cut.is_err(), "{} v{version} takes {length} of {bytes:02x?}", row.name);
        }
    });
}

#[test]
fn bytes_after_a_message_are_reported() {
    for_every_version(1, |row, bytes, version, _| {
        let longer = [bytes, &[0]].concat();
        assert_eq!(check(row, &longer, version), Err(DecodeError::Trailing(1)), "{} v{version}", row.name);
    });
}

#[test]
fn huge_claims_at_any_place_take_no_memory() {
    // The largest lengths of either form, and the largest tags.
    const CLAIMS: &[&[u8]] =
        &[&[0x7f, 0xff, 0xff, 0xff], &[0xff, 0xff, 0xff, 0xff, 0x0f], &[0x7f, 0xff], &[0xff; 5], &[0x80; 4]];
    for_every_version(2, |row, bytes, version, _| {
        for place in 0..bytes.len() {
            for claim in CLAIMS {
                let rest = bytes.get(place + claim.len()..).unwrap_or(&[]);
                survive(row, &[&bytes[..place], claim, rest].concat(), version);
                survive(row, &[&bytes[..place], claim, &bytes[place..]].concat(), version);
            }
        }
    });
}

#[test]
fn mutated_messages_are_refused_or_read() {
    for_every_version(8, |row, bytes, version, random| {
        let mut mutated = bytes.to_vec();
        for _ in 0..24 {
            mutate(&mut mutated, random);
            survive(row, &mutated, version);
            if mutated.len() > 2 * bytes.len() + 8 || random.once_in(4) {
                mutated = bytes.to_vec();
            }
        }
    });
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    let place = random.below(bytes.len() + 1);
    match random.below(5) {
        0 if place < bytes.len() => bytes[place] ^= 1 << random.below(8),
        1 if place < bytes.len() => bytes[place] = random.next() as u8,
        2 => bytes.insert(place, random.next() as u8),
        3 if place < bytes.len() => drop(bytes.remove(place)),
        _ => bytes.truncate(place),
    }
}

#[test]
fn noise_is_refused_or_read() {
    for_every_version(4, |row, _, version, random| {
        for _ in 0..16 {
            let length = random.below(64);
            let noise: Vec<u8> = (0..length).map(|_| random.next() as u8 & 0x8f).collect();
            survive(row, &noise, version);
        }
    });
}

#[test]
fn versions_outside_the_range_are_refused() {
    for row in table::TABLE {
        for version in [i16::MIN, row.versions.min - 1, row.versions.max + 1, i16::MAX] {
            let refused = check(row, &[0; 64], version);
            assert_eq!(refused, Err(DecodeError::UnsupportedVersion { message: row.name, version }));
        }
    }
}

#[test]
fn defaults_can_be_written_and_read_in_every_version() {
    for row in table::TABLE {
        for version in row.versions.min..=row.versions.max {
            let Some(bytes) = (row.default)(version) else { continue };
            assert_eq!((row.recode)(&bytes, version), Ok(bytes), "{} v{version}", row.name);
        }
    }
}
