use super::{DecodeError, Detach, EncodeError, Field, Form, Nullable, Reader, Writer};
use std::borrow::Cow;

/// The record batches inside a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records<'a> {
    /// The batches themselves.
    Bytes(Cow<'a, [u8]>),
    /// So many bytes that are somewhere else, a region of a file say. Writing them writes their
    /// length and notes a [`Splice`](super::Splice); reading never gives this.
    External(u32),
}

impl Records<'_> {
    /// Length in bytes.
    pub fn len(&self) -> usize {
        match self {
            Records::Bytes(bytes) => bytes.len(),
            Records::External(length) => *length as usize,
        }
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, unless they are somewhere else.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Records::Bytes(bytes) => Some(bytes),
            Records::External(_) => None,
        }
    }
}

impl<'a> From<&'a [u8]> for Records<'a> {
    fn from(bytes: &'a [u8]) -> Records<'a> {
        Records::Bytes(Cow::Borrowed(bytes))
    }
}

impl From<Vec<u8>> for Records<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Records::Bytes(Cow::Owned(bytes))
    }
}

impl<'a> Field<'a> for Records<'a> {
    const MIN_SIZE: usize = 1;

    fn read(r: &mut Reader<'a>, form: Form) -> Result<Self, DecodeError> {
        Ok(Records::Bytes(Field::read(r, form)?))
    }

    fn write(&self, w: &mut Writer, form: Form) -> Result<(), EncodeError> {
        Self::write_nullable(Some(self), w, form)
    }
}

impl<'a> Nullable<'a> for Records<'a> {
    fn read_nullable(r: &mut Reader<'a>, form: Form) -> Result<Option<Self>, DecodeError> {
        Ok(Nullable::read_nullable(r, form)?.map(Records::Bytes))
    }

    fn write_nullable(value: Option<&Self>, w: &mut Writer, form: Form) -> Result<(), EncodeError> {
        w.long_length(value.map(Records::len), form)?;
        match value {
            Some(Records::Bytes(bytes)) => w.bytes(bytes),
            Some(Records::External(length)) => w.splice(*length),
            None => {}
        }
        Ok(())
    }
}

impl Detach for Records<'_> {
    type Owned = Records<'static>;
    fn detach(self) -> Self::Owned {
        match self {
            Records::Bytes(bytes) => Records::Bytes(bytes.detach()),
            Records::External(length) => Records::External(length),
        }
    }
}
