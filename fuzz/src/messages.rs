//! Any message, in any version.
//!
//! Input: a line of text, `FetchRequest 12`, then the body. Names stay what they are when messages are
//! added, so that seeds keep their meaning.

use wire::codec::Detach;
use wire::{DecodeError, Message, Reader, VersionRange, Writer};

use crate::memory::peak_of;

/// What the targets do with a message's type.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Apache Kafka's name.
    pub name: &'static str,
    /// Versions there are.
    pub versions: VersionRange,
    check: fn(&[u8], i16) -> Result<(), DecodeError>,
    recode: fn(&[u8], i16) -> Result<Vec<u8>, DecodeError>,
    recode_owned: fn(&[u8], i16) -> Result<Vec<u8>, DecodeError>,
    default: fn(i16) -> Option<Vec<u8>>,
}

fn read<'a, T: Message<'a>>(bytes: &'a [u8], version: i16) -> Result<T, DecodeError> {
    let mut r = Reader::new(bytes);
    let message = T::decode(&mut r, version)?;
    r.finish()?;
    Ok(message)
}

fn written<'a, T: Message<'a>>(message: &T, version: i16) -> Vec<u8> {
    let mut w = Writer::new();
    message.encode(&mut w, version).expect("what was read in a version can be written in it");
    w.into_bytes()
}

macro_rules! rows {
    ($($name:ident: $first:ident $(::$rest:ident)+,)+) => {
        /// Every message.
        pub const ROWS: &[Row] = &[$(Row {
            name: stringify!($name),
            versions: <wire::$first$(::$rest)+ as Message>::VERSIONS,
            check: |bytes, version| read::<wire::$first$(::$rest)+>(bytes, version).map(drop),
            recode: |bytes, version| {
                let message: wire::$first$(::$rest)+ = read(bytes, version)?;
                Ok(written(&message, version))
            },
            recode_owned: |bytes, version| {
                let message: wire::$first$(::$rest)+ = read(bytes, version)?;
                Ok(written(&Detach::detach(message), version))
            },
            default: |version| {
                let mut w = Writer::new();
                let message = <wire::$first$(::$rest)+>::default();
                message.encode(&mut w, version).is_ok().then(|| w.into_bytes())
            },
        },)+];
    };
}

wire::every_message!(rows);

/// Judges one input.
pub fn run(data: &[u8]) {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return };
    let Some((name, version)) = std::str::from_utf8(&data[..end]).ok().and_then(|line| line.split_once(' '))
    else {
        return;
    };
    if let (Some(row), Ok(version)) = (row(name), version.parse()) {
        judge(row, version, &data[end + 1..]);
    }
}

/// The message of this name.
#[must_use]
pub fn row(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

/// Reading takes at most twice the bytes in memory; what was read can be written, and that reads as the
/// same message, borrowed or owned.
pub(crate) fn judge(row: &Row, version: i16, body: &[u8]) {
    let (read, peak) = peak_of(|| (row.check)(body, version));
    assert!(peak <= 2 * body.len(), "{} v{version}: {peak} bytes for a frame of {}", row.name, body.len());
    if read.is_err() {
        return;
    }
    let written = (row.recode)(body, version).expect("it was read before");
    let again = (row.recode)(&written, version).expect("what was written can be read");
    assert_eq!(again, written, "{} v{version}", row.name);
    let owned = (row.recode_owned)(body, version).expect("it was read before");
    assert_eq!(owned, written, "{} v{version}, by way of an owned copy", row.name);
}

/// An input per message and version: the default message. They stand for seeds that would be a thousand files.
pub fn defaults() -> impl Iterator<Item = Vec<u8>> {
    ROWS.iter().flat_map(|row| {
        (row.versions.min..=row.versions.max).filter_map(move |version| {
            let body = (row.default)(version)?;
            Some([format!("{} {version}\n", row.name).as_bytes(), &body].concat())
        })
    })
}
