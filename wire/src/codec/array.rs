use super::{DecodeError, Detach, EncodeError, Field, Form, Nullable, Reader, Writer};
use std::{fmt, slice, vec};

/// A list inside a message: either a view over the frame, checked when it was read and decoded
/// again by each iteration, or owned elements to be written.
///
/// Reading one allocates nothing, however many elements it claims.
#[derive(Clone)]
pub struct Array<'a, T> {
    list: List<'a, T>,
}

#[derive(Clone)]
enum List<'a, T> {
    /// Invariant: `bytes` are exactly `count` elements that `T::read` accepts in `form`.
    View {
        bytes: &'a [u8],
        count: u32,
        form: Form,
    },
    Owned(Vec<T>),
}

impl<'a, T> Array<'a, T> {
    /// An empty list.
    pub const fn new() -> Array<'a, T> {
        Array { list: List::Owned(Vec::new()) }
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        match &self.list {
            List::View { count, .. } => *count as usize,
            List::Owned(elements) => elements.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a, T: Field<'a>> Array<'a, T> {
    /// The elements as a vector; no element is copied that is owned already.
    pub fn into_vec(self) -> Vec<T> {
        self.into_iter().collect()
    }
}

impl<'a, T: Field<'a> + Clone> Array<'a, T> {
    /// The elements by value, decoded one at a time (or cloned, if they are owned).
    pub fn iter(&self) -> Iter<'_, 'a, T> {
        match &self.list {
            List::View { bytes, count, form } => {
                Iter::View(View { reader: Reader::new(bytes), left: *count, form: *form })
            }
            List::Owned(elements) => Iter::Owned(elements.iter()),
        }
    }

    /// The elements as a vector.
    pub fn to_vec(&self) -> Vec<T> {
        self.iter().collect()
    }
}

/// Elements of a checked view that are still to come.
#[derive(Clone, Debug)]
pub struct View<'a> {
    reader: Reader<'a>,
    left: u32,
    form: Form,
}

impl<'a> View<'a> {
    #[inline]
    fn next<T: Field<'a>>(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        Some(T::read(&mut self.reader, self.form).expect("the view was checked when it was read"))
    }
}

/// Iterator over the elements of an [`Array`], by value.
#[derive(Clone)]
pub enum Iter<'s, 'a, T> {
    /// Over a frame.
    #[doc(hidden)]
    View(View<'a>),
    /// Over owned elements.
    #[doc(hidden)]
    Owned(slice::Iter<'s, T>),
}

impl<'a, T: Field<'a> + Clone> Iterator for Iter<'_, 'a, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        match self {
            Iter::View(view) => view.next(),
            Iter::Owned(elements) => elements.next().cloned(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match self {
            Iter::View(view) => view.left as usize,
            Iter::Owned(elements) => elements.len(),
        };
        (left, Some(left))
    }
}

impl<'a, T: Field<'a> + Clone> ExactSizeIterator for Iter<'_, 'a, T> {}

/// Iterator over the elements of an [`Array`] that it consumes.
pub enum IntoIter<'a, T> {
    /// Over a frame.
    #[doc(hidden)]
    View(View<'a>),
    /// Over owned elements.
    #[doc(hidden)]
    Owned(vec::IntoIter<T>),
}

impl<'a, T: Field<'a>> Iterator for IntoIter<'a, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        match self {
            IntoIter::View(view) => view.next(),
            IntoIter::Owned(elements) => elements.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match self {
            IntoIter::View(view) => view.left as usize,
            IntoIter::Owned(elements) => elements.len(),
        };
        (left, Some(left))
    }
}

impl<'a, T: Field<'a>> ExactSizeIterator for IntoIter<'a, T> {}

impl<'a, T: Field<'a>> IntoIterator for Array<'a, T> {
    type Item = T;
    type IntoIter = IntoIter<'a, T>;

    fn into_iter(self) -> IntoIter<'a, T> {
        match self.list {
            List::View { bytes, count, form } => {
                IntoIter::View(View { reader: Reader::new(bytes), left: count, form })
            }
            List::Owned(elements) => IntoIter::Owned(elements.into_iter()),
        }
    }
}

impl<'s, 'a, T: Field<'a> + Clone> IntoIterator for &'s Array<'a, T> {
    type Item = T;
    type IntoIter = Iter<'s, 'a, T>;

    fn into_iter(self) -> Iter<'s, 'a, T> {
        self.iter()
    }
}

impl<T> Default for Array<'_, T> {
    fn default() -> Self {
        Array::new()
    }
}

impl<T> From<Vec<T>> for Array<'_, T> {
    fn from(elements: Vec<T>) -> Self {
        Array { list: List::Owned(elements) }
    }
}

impl<T> FromIterator<T> for Array<'_, T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Vec::from_iter(elements).into()
    }
}

impl<'a, T: Field<'a> + Clone + fmt::Debug> fmt::Debug for Array<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: Field<'a> + Clone + PartialEq> PartialEq for Array<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<'a, T: Field<'a>> Field<'a> for Array<'a, T> {
    const MIN_SIZE: usize = 1;

    fn read(r: &mut Reader<'a>, form: Form) -> Result<Self, DecodeError> {
        Self::read_nullable(r, form)?.ok_or(DecodeError::Null)
    }

    fn write(&self, w: &mut Writer, form: Form) -> Result<(), EncodeError> {
        Self::write_nullable(Some(self), w, form)
    }
}

impl<'a, T: Field<'a>> Nullable<'a> for Array<'a, T> {
    fn read_nullable(r: &mut Reader<'a>, form: Form) -> Result<Option<Self>, DecodeError> {
        let Some(count) = r.long_length(form)? else { return Ok(None) };
        let rest = r.rest();
        if count.saturating_mul(T::MIN_SIZE) > rest.len() {
            return Err(DecodeError::ClaimedCount { count, left: rest.len() });
        }
        if T::FIXED {
            r.take(count * T::MIN_SIZE)?;
        } else {
            for _ in 0..count {
                T::read(r, form)?;
            }
        }
        let bytes = &rest[..rest.len() - r.remaining()];
        let count =
            u32::try_from(count).map_err(|_| DecodeError::ClaimedCount { count, left: rest.len() })?;
        Ok(Some(Array { list: List::View { bytes, count, form } }))
    }

    fn write_nullable(value: Option<&Self>, w: &mut Writer, form: Form) -> Result<(), EncodeError> {
        w.long_length(value.map(Array::len), form)?;
        match value.map(|value| &value.list) {
            Some(List::Owned(elements)) => elements.iter().try_for_each(|element| element.write(w, form)),
            Some(List::View { bytes, count, form: read }) => {
                let mut view = View { reader: Reader::new(bytes), left: *count, form: *read };
                std::iter::from_fn(|| view.next::<T>()).try_for_each(|element| element.write(w, form))
            }
            None => Ok(()),
        }
    }
}

impl<'a, T: Field<'a> + Detach> Detach for Array<'a, T> {
    type Owned = Array<'static, T::Owned>;
    fn detach(self) -> Self::Owned {
        self.into_iter().map(T::detach).collect()
    }
}
