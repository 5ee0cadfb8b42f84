use super::DecodeError;
use super::field::{Field, Form};
use crate::uuid::Uuid;

/// Reads values off the front of a frame. Nothing is copied and nothing is allocated: strings and
/// bytes are slices of the frame.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the first of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The bytes that are left.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Ends reading; [`DecodeError::Trailing`] if bytes are left.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(DecodeError::Trailing(left)),
        }
    }

    /// Takes the next `length` bytes.
    #[inline]
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            return Err(DecodeError::Truncated { wanted: length, left: self.rest.len() });
        };
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(DecodeError::Truncated { wanted: N, left: self.rest.len() });
        };
        self.rest = rest;
        Ok(*taken)
    }

    /// Takes one byte.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(self.chunk::<1>()?[0])
    }

    /// Takes a signed byte.
    #[inline]
    pub fn i8(&mut self) -> Result<i8, DecodeError> {
        Ok(i8::from_be_bytes(self.chunk()?))
    }

    /// Takes a big-endian 16-bit integer.
    #[inline]
    pub fn i16(&mut self) -> Result<i16, DecodeError> {
        Ok(i16::from_be_bytes(self.chunk()?))
    }

    /// Takes a big-endian unsigned 16-bit integer.
    #[inline]
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        Ok(u16::from_be_bytes(self.chunk()?))
    }

    /// Takes a big-endian 32-bit integer.
    #[inline]
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        Ok(i32::from_be_bytes(self.chunk()?))
    }

    /// Takes a big-endian unsigned 32-bit integer.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.chunk()?))
    }

    /// Takes a big-endian 64-bit integer.
    #[inline]
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        Ok(i64::from_be_bytes(self.chunk()?))
    }

    /// Takes a big-endian IEEE 754 double.
    #[inline]
    pub fn f64(&mut self) -> Result<f64, DecodeError> {
        Ok(f64::from_be_bytes(self.chunk()?))
    }

    /// Takes the sixteen bytes of an id.
    #[inline]
    pub fn uuid(&mut self) -> Result<Uuid, DecodeError> {
        Ok(Uuid(self.chunk()?))
    }

    /// Takes an unsigned variable-length integer of at most 32 bits, seven bits a byte, low first.
    #[inline]
    pub fn uvarint(&mut self) -> Result<u32, DecodeError> {
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u32::from(*byte))
            }
            _ => u32::try_from(self.long_uvarint(35)?).map_err(|_| DecodeError::Varint),
        }
    }

    /// Takes a zigzag variable-length integer of at most 32 bits.
    #[inline]
    pub fn varint(&mut self) -> Result<i32, DecodeError> {
        let raw = self.uvarint()?;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    /// Takes a zigzag variable-length integer of at most 64 bits.
    #[inline]
    pub fn varlong(&mut self) -> Result<i64, DecodeError> {
        let raw = self.long_uvarint(70)?;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    fn long_uvarint(&mut self, bits: u32) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        for shift in (0..bits).step_by(7) {
            let byte = self.u8()?;
            let part = u64::from(byte & 0x7f);
            // Only a tenth byte can hold bits beyond the 64th.
            if shift == 63 && part > 1 {
                return Err(DecodeError::Varint);
            }
            value |= part << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DecodeError::Varint)
    }

    /// Takes the length before a string: 16 bits, or a variable-length integer that counts from one.
    #[inline]
    pub(crate) fn string_length(&mut self, form: Form) -> Result<Option<usize>, DecodeError> {
        if form.flexible { self.compact_length() } else { Ok(usize::try_from(self.i16()?).ok()) }
    }

    /// Takes the length before bytes, records or an array: 32 bits, or as for a compact string.
    #[inline]
    pub(crate) fn long_length(&mut self, form: Form) -> Result<Option<usize>, DecodeError> {
        if form.flexible { self.compact_length() } else { Ok(usize::try_from(self.i32()?).ok()) }
    }

    #[inline]
    fn compact_length(&mut self) -> Result<Option<usize>, DecodeError> {
        Ok((self.uvarint()? as usize).checked_sub(1))
    }

    /// Takes a value; the type says which.
    #[inline]
    pub(crate) fn get<T: Field<'a>>(&mut self, form: Form) -> Result<T, DecodeError> {
        T::read(self, form)
    }

    /// Takes a struct in a tagged field, or its null (see `Writer::put_tagged_struct`).
    pub(crate) fn get_tagged_struct<T: Field<'a>>(&mut self, form: Form) -> Result<Option<T>, DecodeError> {
        if self.uvarint()? == 0 { Ok(None) } else { Ok(Some(T::read(self, form)?)) }
    }

    /// Takes a section of tagged fields. `known` reads the value of a tag it knows and answers
    /// `true`; a tag it does not know is skipped.
    pub(crate) fn tagged_fields(
        &mut self,
        mut known: impl FnMut(u32, &mut Reader<'a>) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        for _ in 0..self.uvarint()? {
            let tag = self.uvarint()?;
            let size = self.uvarint()? as usize;
            let mut value = Reader::new(self.take(size)?);
            if known(tag, &mut value)? && value.remaining() > 0 {
                return Err(DecodeError::TaggedField { tag, left: value.remaining() });
            }
        }
        Ok(())
    }

    /// Skips a section of tagged fields, none of which is known.
    pub(crate) fn skip_tagged_fields(&mut self) -> Result<(), DecodeError> {
        self.tagged_fields(|_, _| Ok(false))
    }
}
