//! Record batches that are encoded once and sent many times.

use std::time::{SystemTime, UNIX_EPOCH};

use wire::batch::BatchBuilder;

/// A batch of equal records, and how many they are.
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) records: u32,
}

impl Batch {
    /// `records` records with values of `value_bytes` bytes, uncompressed, stamped with the present.
    pub(crate) fn of(records: u32, value_bytes: usize) -> Self {
        let value: Vec<u8> =
            (0..value_bytes).map(|n| b'a' + u8::try_from(n % 26).expect("below 26")).collect();
        let mut builder = BatchBuilder::new(0);
        for _ in 0..records {
            builder.push(now_ms(), None, Some(&value), &[]);
        }
        Self { bytes: builder.build(), records }
    }

    /// As many records of `value_bytes` as fit in `batch_bytes`.
    pub(crate) fn filling(batch_bytes: usize, value_bytes: usize) -> Self {
        let one = Self::of(1, value_bytes).bytes.len();
        let two = Self::of(2, value_bytes).bytes.len();
        let records =
            u32::try_from(1 + (batch_bytes - one) / (two - one)).expect("a batch of a bench is small");
        // Offsets and lengths take more bytes in later records.
        let fits = (1..=records).rev().map(|records| Self::of(records, value_bytes));
        fits.into_iter().find(|batch| batch.bytes.len() <= batch_bytes).expect("one record fits")
    }
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    i64::try_from(now.as_millis()).expect("milliseconds fit for millions of years")
}

#[cfg(test)]
mod tests {
    use super::Batch;

    #[test]
    fn a_filling_batch_is_as_long_as_allowed() {
        let batch = Batch::filling(64 * 1024, 1000);
        assert!(batch.bytes.len() <= 64 * 1024);
        assert!(batch.bytes.len() + 1020 > 64 * 1024);
        assert_eq!(batch.records, 64);
    }
}
