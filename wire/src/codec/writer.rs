use super::EncodeError;
use super::field::{Field, Form, Nullable};
use crate::uuid::Uuid;

/// Bytes from elsewhere (a region of a file) that belong between two bytes of a written message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Splice {
    /// Offset in the writer's buffer before which the bytes belong.
    pub position: usize,
    /// How many bytes belong there.
    pub length: u32,
}

/// Writes values to the end of a growing buffer.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    buffer: Vec<u8>,
    splices: Vec<Splice>,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// A writer that appends to `buffer` and reuses its capacity.
    pub fn over(buffer: Vec<u8>) -> Writer {
        Writer { buffer, splices: Vec::new() }
    }

    /// What has been written, without spliced bytes.
    pub fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// Where bytes from elsewhere belong, in the order of their positions.
    pub fn splices(&self) -> &[Splice] {
        &self.splices
    }

    /// Bytes written so far plus those to be spliced in: the length of the message on the wire.
    pub fn total_length(&self) -> usize {
        self.buffer.len() + self.splices.iter().map(|splice| splice.length as usize).sum::<usize>()
    }

    /// What has been written.
    ///
    /// # Panics
    /// If bytes are to be spliced in: the buffer alone is then not the message.
    pub fn into_bytes(self) -> Vec<u8> {
        assert!(self.splices.is_empty(), "a message with splices is not its buffer");
        self.buffer
    }

    /// The buffer and the splices.
    pub fn into_parts(self) -> (Vec<u8>, Vec<Splice>) {
        (self.buffer, self.splices)
    }

    /// Overwrites four bytes at `position` (a length that was not known before).
    ///
    /// # Panics
    /// If the four bytes have not been written yet.
    pub fn patch_i32(&mut self, position: usize, value: i32) {
        self.buffer[position..position + 4].copy_from_slice(&value.to_be_bytes());
    }

    /// Appends bytes as they are.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Appends a byte.
    #[inline]
    pub fn u8(&mut self, value: u8) {
        self.buffer.push(value);
    }

    /// Appends a signed byte.
    #[inline]
    pub fn i8(&mut self, value: i8) {
        self.bytes(&value.to_be_bytes());
    }

    /// Appends a big-endian 16-bit integer.
    #[inline]
    pub fn i16(&mut self, value: i16) {
        self.bytes(&value.to_be_bytes());
    }

    /// Appends a big-endian unsigned 16-bit integer.
    #[inline]
    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    /// Appends a big-endian 32-bit integer.
    #[inline]
    pub fn i32(&mut self, value: i32) {
        self.bytes(&value.to_be_bytes());
    }

    /// Appends a big-endian unsigned 32-bit integer.
    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    /// Appends a big-endian 64-bit integer.
    #[inline]
    pub fn i64(&mut self, value: i64) {
        self.bytes(&value.to_be_bytes());
    }

    /// Appends a big-endian IEEE 754 double.
    #[inline]
    pub fn f64(&mut self, value: f64) {
        self.bytes(&value.to_be_bytes());
    }

    /// Appends the sixteen bytes of an id.
    #[inline]
    pub fn uuid(&mut self, value: Uuid) {
        self.bytes(&value.0);
    }

    /// Appends an unsigned variable-length integer, seven bits a byte, low first.
    #[inline]
    pub fn uvarint(&mut self, value: u32) {
        self.long_uvarint(u64::from(value));
    }

    /// Appends a zigzag variable-length integer.
    #[inline]
    pub fn varint(&mut self, value: i32) {
        self.uvarint(((value << 1) ^ (value >> 31)).cast_unsigned());
    }

    /// Appends a zigzag variable-length integer of 64 bits.
    #[inline]
    pub fn varlong(&mut self, value: i64) {
        self.long_uvarint(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    fn long_uvarint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.buffer.push((value as u8 & 0x7f) | 0x80);
            value >>= 7;
        }
        self.buffer.push(value as u8);
    }

    /// Appends the length before a string; `None` is null.
    pub(crate) fn string_length(&mut self, length: Option<usize>, form: Form) -> Result<(), EncodeError> {
        // A compact string could be longer on the wire; Kafka refuses those too.
        let length =
            length.map_or(Ok(-1), |long| i16::try_from(long).map_err(|_| EncodeError::TooLong(long)))?;
        if form.flexible {
            self.uvarint(u32::from(length.wrapping_add(1).cast_unsigned()));
        } else {
            self.i16(length);
        }
        Ok(())
    }

    /// Appends the length before bytes, records or an array; `None` is null.
    pub(crate) fn long_length(&mut self, length: Option<usize>, form: Form) -> Result<(), EncodeError> {
        let length =
            length.map_or(Ok(-1), |long| i32::try_from(long).map_err(|_| EncodeError::TooLong(long)))?;
        if form.flexible {
            self.uvarint(length.wrapping_add(1).cast_unsigned());
        } else {
            self.i32(length);
        }
        Ok(())
    }

    /// Notes that `length` bytes from elsewhere belong here.
    pub(crate) fn splice(&mut self, length: u32) {
        self.splices.push(Splice { position: self.buffer.len(), length });
    }

    /// Appends a value.
    #[inline]
    pub(crate) fn put<'a, T: Field<'a>>(&mut self, value: &T, form: Form) -> Result<(), EncodeError> {
        value.write(self, form)
    }

    /// Appends a value that has no null in this version.
    pub(crate) fn put_present<'a, T: Nullable<'a>>(
        &mut self,
        value: &Option<T>,
        form: Form,
        field: &'static str,
    ) -> Result<(), EncodeError> {
        match value {
            Some(value) => value.write(self, form),
            None => Err(EncodeError::Null { field, version: form.version }),
        }
    }

    /// Begins a section of tagged fields; [`Writer::tagged_field`] counts them.
    #[inline]
    pub(crate) fn tagged_fields(&mut self) -> usize {
        self.buffer.push(0);
        self.buffer.len() - 1
    }

    /// Appends a tagged field to the section that begins at `section`; `value` writes its value.
    ///
    /// The size goes before the value once the value is there. No schema has 128 tags in one
    /// struct, nor records in a tagged field: the build checks both.
    pub(crate) fn tagged_field(
        &mut self,
        section: usize,
        tag: u32,
        value: impl FnOnce(&mut Writer) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.buffer[section] += 1;
        self.uvarint(tag);
        let start = self.buffer.len();
        value(self)?;
        let end = self.buffer.len();
        let size = u32::try_from(end - start).map_err(|_| EncodeError::TooLong(end - start))?;
        self.uvarint(size);
        let width = self.buffer.len() - end;
        self.buffer[start..].rotate_right(width);
        Ok(())
    }

    /// Appends a struct in a tagged field, or its null: there a 1 or a 0 comes first, where a plain
    /// field has a signed byte.
    pub(crate) fn put_tagged_struct<'a, T: Field<'a>>(
        &mut self,
        value: &Option<T>,
        form: Form,
    ) -> Result<(), EncodeError> {
        self.u8(u8::from(value.is_some()));
        value.as_ref().map_or(Ok(()), |value| value.write(self, form))
    }
}
