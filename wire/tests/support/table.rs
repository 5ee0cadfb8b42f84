//! Every generated message as a row of functions.

use kraftlog_wire::{self as wire, DecodeError, Message, Reader, VersionRange, Writer};

/// What the tests do with a message's type.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) versions: VersionRange,
    /// Reads a whole message and forgets it.
    pub(crate) check: fn(&[u8], i16) -> Result<(), DecodeError>,
    /// Reads a whole message and writes it again in the same version.
    pub(crate) recode: fn(&[u8], i16) -> Result<Vec<u8>, DecodeError>,
    /// As `recode`, by way of an owned copy.
    pub(crate) recode_owned: fn(&[u8], i16) -> Result<Vec<u8>, DecodeError>,
    /// Writes the default message, if the version can carry it.
    pub(crate) default: fn(i16) -> Option<Vec<u8>>,
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

macro_rules! message_list {
    ($($name:ident: $first:ident $(::$rest:ident)+,)+) => {
        /// One row per message.
        pub(crate) const TABLE: &[Row] = &[$(Row {
            name: stringify!($name),
            versions: <wire::$first$(::$rest)+ as Message>::VERSIONS,
            check: |bytes, version| read::<wire::$first$(::$rest)+>(bytes, version).map(drop),
            recode: |bytes, version| {
                let message: wire::$first$(::$rest)+ = read(bytes, version)?;
                Ok(written(&message, version))
            },
            recode_owned: |bytes, version| {
                let message: wire::$first$(::$rest)+ = read(bytes, version)?;
                Ok(written(&wire::codec::Detach::detach(message), version))
            },
            default: |version| {
                let mut w = Writer::new();
                let message = <wire::$first$(::$rest)+>::default();
                message.encode(&mut w, version).is_ok().then(|| w.into_bytes())
            },
        },)+];
    };
}

wire::every_message!(message_list);

/// The row of a message.
pub(crate) fn row(name: &str) -> &'static Row {
    TABLE.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no message {name}"))
}
