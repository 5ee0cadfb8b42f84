use super::{DecodeError, EncodeError, Reader, Writer};
use crate::uuid::Uuid;
use std::borrow::Cow;

/// The shape a value takes: the message's version, and whether that version is flexible
/// (KIP-482: compact lengths and tagged fields).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Version of the message.
    pub version: i16,
    /// Whether lengths are compact and structs end in tagged fields.
    pub flexible: bool,
}

impl Form {
    /// The same version with lengths as in inflexible versions.
    pub(crate) fn rigid(self) -> Form {
        Form { flexible: false, ..self }
    }
}

/// Anything that stands in a message.
pub trait Field<'a>: Sized {
    /// No value takes fewer bytes, in any version. Never zero, so a claimed count is bounded.
    const MIN_SIZE: usize;
    /// Every value takes exactly [`Field::MIN_SIZE`] bytes, and any bytes are a value.
    const FIXED: bool = false;

    /// Takes a value off the reader, without allocating.
    fn read(r: &mut Reader<'a>, form: Form) -> Result<Self, DecodeError>;
    /// Appends the value.
    fn write(&self, w: &mut Writer, form: Form) -> Result<(), EncodeError>;
}

/// A value that has a null; the null of `T` is `None` of `Option<T>`.
pub trait Nullable<'a>: Field<'a> {
    /// Takes a value or null.
    fn read_nullable(r: &mut Reader<'a>, form: Form) -> Result<Option<Self>, DecodeError>;
    /// Appends a value or null.
    fn write_nullable(value: Option<&Self>, w: &mut Writer, form: Form) -> Result<(), EncodeError>;
}

/// What outlives the frame it was read from.
pub trait Detach {
    /// The same type, borrowing nothing.
    type Owned;
    /// Copies what is borrowed.
    fn detach(self) -> Self::Owned;
}

macro_rules! detach_itself {
    ($($ty:ty),+ $(,)?) => {$(
        impl Detach for $ty {
            type Owned = $ty;
            fn detach(self) -> $ty {
                self
            }
        }
    )+};
}
pub(crate) use detach_itself;

macro_rules! primitive {
    ($($ty:ty, $name:ident, $size:literal;)+) => {$(
        impl<'a> Field<'a> for $ty {
            const MIN_SIZE: usize = $size;
            const FIXED: bool = true;

            #[inline]
            fn read(r: &mut Reader<'a>, _: Form) -> Result<$ty, DecodeError> {
                r.$name()
            }

            #[inline]
            fn write(&self, w: &mut Writer, _: Form) -> Result<(), EncodeError> {
                w.$name(*self);
                Ok(())
            }
        }
        detach_itself!($ty);
    )+};
}

primitive! {
    i8, i8, 1;
    i16, i16, 2;
    u16, u16, 2;
    i32, i32, 4;
    u32, u32, 4;
    i64, i64, 8;
    f64, f64, 8;
    Uuid, uuid, 16;
}

impl<'a> Field<'a> for bool {
    const MIN_SIZE: usize = 1;
    const FIXED: bool = true;

    #[inline]
    fn read(r: &mut Reader<'a>, _: Form) -> Result<bool, DecodeError> {
        Ok(r.u8()? != 0)
    }

    #[inline]
    fn write(&self, w: &mut Writer, _: Form) -> Result<(), EncodeError> {
        w.u8(u8::from(*self));
        Ok(())
    }
}
detach_itself!(bool);

impl<'a> Field<'a> for Cow<'a, str> {
    const MIN_SIZE: usize = 1;

    #[inline]
    fn read(r: &mut Reader<'a>, form: Form) -> Result<Self, DecodeError> {
        Self::read_nullable(r, form)?.ok_or(DecodeError::Null)
    }

    #[inline]
    fn write(&self, w: &mut Writer, form: Form) -> Result<(), EncodeError> {
        Self::write_nullable(Some(self), w, form)
    }
}

impl<'a> Nullable<'a> for Cow<'a, str> {
    fn read_nullable(r: &mut Reader<'a>, form: Form) -> Result<Option<Self>, DecodeError> {
        let Some(length) = r.string_length(form)? else { return Ok(None) };
        let text = std::str::from_utf8(r.take(length)?).map_err(|_| DecodeError::Utf8)?;
        Ok(Some(Cow::Borrowed(text)))
    }

    fn write_nullable(value: Option<&Self>, w: &mut Writer, form: Form) -> Result<(), EncodeError> {
        w.string_length(value.map(|text| text.len()), form)?;
        w.bytes(value.map_or(b"", |text| text.as_bytes()));
        Ok(())
    }
}

impl Detach for Cow<'_, str> {
    type Owned = Cow<'static, str>;
    fn detach(self) -> Cow<'static, str> {
        Cow::Owned(self.into_owned())
    }
}

impl<'a> Field<'a> for Cow<'a, [u8]> {
    const MIN_SIZE: usize = 1;

    #[inline]
    fn read(r: &mut Reader<'a>, form: Form) -> Result<Self, DecodeError> {
        Self::read_nullable(r, form)?.ok_or(DecodeError::Null)
    }

    #[inline]
    fn write(&self, w: &mut Writer, form: Form) -> Result<(), EncodeError> {
        Self::write_nullable(Some(self), w, form)
    }
}

impl<'a> Nullable<'a> for Cow<'a, [u8]> {
    fn read_nullable(r: &mut Reader<'a>, form: Form) -> Result<Option<Self>, DecodeError> {
        let Some(length) = r.long_length(form)? else { return Ok(None) };
        Ok(Some(Cow::Borrowed(r.take(length)?)))
    }

    fn write_nullable(value: Option<&Self>, w: &mut Writer, form: Form) -> Result<(), EncodeError> {
        w.long_length(value.map(|bytes| bytes.len()), form)?;
        w.bytes(value.map_or(b"", |bytes| bytes));
        Ok(())
    }
}

impl Detach for Cow<'_, [u8]> {
    type Owned = Cow<'static, [u8]>;
    fn detach(self) -> Cow<'static, [u8]> {
        Cow::Owned(self.into_owned())
    }
}

impl<'a, T: Nullable<'a>> Field<'a> for Option<T> {
    const MIN_SIZE: usize = 1;

    #[inline]
    fn read(r: &mut Reader<'a>, form: Form) -> Result<Self, DecodeError> {
        T::read_nullable(r, form)
    }

    #[inline]
    fn write(&self, w: &mut Writer, form: Form) -> Result<(), EncodeError> {
        T::write_nullable(self.as_ref(), w, form)
    }
}

impl<T: Detach> Detach for Option<T> {
    type Owned = Option<T::Owned>;
    fn detach(self) -> Self::Owned {
        self.map(T::detach)
    }
}

/// Null structs: a signed byte, negative for null, comes before the struct.
macro_rules! nullable_struct {
    ($ty:ty) => {
        impl<'a> Nullable<'a> for $ty {
            fn read_nullable(r: &mut Reader<'a>, form: Form) -> Result<Option<Self>, DecodeError> {
                if r.i8()? < 0 { Ok(None) } else { Ok(Some(Self::read(r, form)?)) }
            }

            fn write_nullable(value: Option<&Self>, w: &mut Writer, form: Form) -> Result<(), EncodeError> {
                w.i8(if value.is_some() { 1 } else { -1 });
                value.map_or(Ok(()), |value| value.write(w, form))
            }
        }
    };
}
pub(crate) use nullable_struct;
