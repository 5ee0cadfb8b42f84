//! Control records: what a broker or a controller writes into a log for itself.

/// Kind of a control record, the second half of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlType {
    /// A transaction ended and its records do not count (KIP-98).
    Abort,
    /// A transaction ended and its records count.
    Commit,
    /// A leader of the metadata log begins its epoch (KIP-595).
    LeaderChange,
    /// First record of a snapshot (KIP-630).
    SnapshotHeader,
    /// Last record of a snapshot.
    SnapshotFooter,
    /// Feature level `kraft.version` (KIP-853).
    KraftVersion,
    /// The voters of the metadata quorum.
    KraftVoters,
}

/// Version in the key of every control record.
const KEY_VERSION: i16 = 0;

impl ControlType {
    /// The number in the key.
    pub fn code(self) -> i16 {
        match self {
            ControlType::Abort => 0,
            ControlType::Commit => 1,
            ControlType::LeaderChange => 2,
            ControlType::SnapshotHeader => 3,
            ControlType::SnapshotFooter => 4,
            ControlType::KraftVersion => 5,
            ControlType::KraftVoters => 6,
        }
    }

    /// The kind with this number; a reader passes over kinds it doesn't know.
    pub fn from_code(code: i16) -> Option<ControlType> {
        Some(match code {
            0 => ControlType::Abort,
            1 => ControlType::Commit,
            2 => ControlType::LeaderChange,
            3 => ControlType::SnapshotHeader,
            4 => ControlType::SnapshotFooter,
            5 => ControlType::KraftVersion,
            6 => ControlType::KraftVoters,
            _ => return None,
        })
    }

    /// The key of a control record: version 0 and the kind, both 16 bits big-endian.
    pub fn key(self) -> [u8; 4] {
        let [a, b] = KEY_VERSION.to_be_bytes();
        let [c, d] = self.code().to_be_bytes();
        [a, b, c, d]
    }

    /// The kind that a control record's key names. Later versions may append to the key.
    pub fn from_key(key: &[u8]) -> Option<ControlType> {
        let [a, b, c, d] = *key.first_chunk::<4>()?;
        if i16::from_be_bytes([a, b]) < KEY_VERSION {
            return None;
        }
        ControlType::from_code(i16::from_be_bytes([c, d]))
    }
}

/// Value of the marker that ends a transaction (`EndTxnMarker`, version 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndTransactionMarker {
    /// Epoch of the transaction coordinator that wrote it.
    pub coordinator_epoch: i32,
}

impl EndTransactionMarker {
    /// Version and epoch, big-endian.
    pub fn encode(self) -> [u8; 6] {
        let [a, b, c, d] = self.coordinator_epoch.to_be_bytes();
        [0, 0, a, b, c, d]
    }

    /// Reads a marker's value, of this or a later version; `None` if it is cut or of a negative one.
    pub fn decode(value: &[u8]) -> Option<EndTransactionMarker> {
        let [v, w, a, b, c, d] = *value.first_chunk::<6>()?;
        (i16::from_be_bytes([v, w]) >= 0)
            .then(|| EndTransactionMarker { coordinator_epoch: i32::from_be_bytes([a, b, c, d]) })
    }
}
