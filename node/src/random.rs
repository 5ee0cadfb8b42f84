//! Randomness from the system; no other crate of the workspace has any.

use wire::Uuid;

/// Ids below this number mean something to Kafka.
const UUIDS_RESERVED: u128 = 100;

/// A random UUID (version 4) as Kafka makes them: none that is reserved, and none whose text starts with a
/// dash, which a tool could take for an option.
pub(crate) fn uuid() -> Uuid {
    loop {
        let mut bytes = [0; 16];
        fill(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let number = u128::from_be_bytes(bytes);
        let uuid = Uuid::from(number);
        if number >= UUIDS_RESERVED && !uuid.to_string().starts_with('-') {
            return uuid;
        }
    }
}

/// Fills `bytes` from the system's generator, which does not fail on a machine that has booted.
pub(crate) fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system's random generator answers");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_22_characters_without_a_leading_dash() {
        for _ in 0..1000 {
            let text = uuid().to_string();
            assert_eq!(text.len(), 22);
            assert!(!text.starts_with('-'));
        }
    }
}
