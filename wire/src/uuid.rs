//! Ids as Kafka writes them.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A 128-bit id. Its text is Kafka's: 22 characters of url-safe base64 without padding.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

/// A text that is not 22 characters of url-safe base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an id has 22 characters of url-safe base64")]
pub struct ParseUuidError;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const TEXT_LENGTH: usize = 22;

impl Uuid {
    /// No id; as a directory, one that is not assigned yet.
    pub const ZERO: Uuid = Uuid([0; 16]);
    /// As a topic, the metadata log; as a directory, one that is lost.
    pub const ONE: Uuid = Uuid(1u128.to_be_bytes());

    /// Whether this is [`Uuid::ZERO`].
    pub fn is_zero(self) -> bool {
        self == Uuid::ZERO
    }

    /// The sixteen bytes, as on the wire.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<u128> for Uuid {
    fn from(bits: u128) -> Uuid {
        Uuid(bits.to_be_bytes())
    }
}

impl From<Uuid> for u128 {
    fn from(id: Uuid) -> u128 {
        u128::from_be_bytes(id.0)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 132 bits in 22 digits: the id, then four zero bits.
        let bits = u128::from(*self);
        let mut text = [0u8; TEXT_LENGTH];
        for (place, digit) in text.iter_mut().enumerate() {
            let value = match TEXT_LENGTH - 1 - place {
                0 => (bits << 4) & 0x3f,
                from_right => (bits >> (from_right * 6 - 4)) & 0x3f,
            };
            *digit = ALPHABET[value as usize];
        }
        f.pad(std::str::from_utf8(&text).expect("the alphabet is ASCII"))
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Uuid {
    type Err = ParseUuidError;

    fn from_str(text: &str) -> Result<Uuid, ParseUuidError> {
        if text.len() != TEXT_LENGTH {
            return Err(ParseUuidError);
        }
        let mut bits = 0u128;
        for (place, byte) in text.bytes().enumerate() {
            let digit = ALPHABET.iter().position(|&known| known == byte).ok_or(ParseUuidError)? as u128;
            // The last digit's low four bits are beyond the id; Kafka ignores them too.
            bits = if place == TEXT_LENGTH - 1 { (bits << 2) | (digit >> 4) } else { (bits << 6) | digit };
        }
        Ok(Uuid::from(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_one_kafka_writes() {
        // Printed by org.apache.kafka.common.Uuid.
        let id = Uuid::from(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210_u128);
        assert_eq!(id.to_string(), "ASNFZ4mrze_-3LqYdlQyEA");
        assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(Uuid::ONE.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(Uuid::from(u128::MAX).to_string(), "_____________________w");
    }

    #[test]
    fn text_reads_back() {
        for bits in [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210] {
            assert_eq!(Uuid::from(bits).to_string().parse(), Ok(Uuid::from(bits)));
        }
        for wrong in ["", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAA+/"] {
            assert_eq!(wrong.parse::<Uuid>(), Err(ParseUuidError), "{wrong}");
        }
    }
}
