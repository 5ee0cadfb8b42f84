//! What a message's versions mean for its structs: which of them reach a struct, the smallest size
//! of its values, whether it borrows.

use crate::schema::{Field, Message, Struct, Type, Versions};
use std::collections::HashMap;

/// One struct to generate: the message itself or one inside it.
pub(crate) struct Shape<'m> {
    pub(crate) name: &'m str,
    pub(crate) fields: &'m [Field],
    /// Versions of the message that can carry it.
    pub(crate) versions: Versions,
    pub(crate) layout: &'m Layout<'m>,
}

/// A message, with answers about its structs.
pub(crate) struct Layout<'m> {
    pub(crate) message: &'m Message,
    versions: HashMap<&'m str, Versions>,
}

impl<'m> Layout<'m> {
    pub(crate) fn new(message: &'m Message) -> Layout<'m> {
        let mut layout = Layout { message, versions: HashMap::new() };
        layout.reach(&message.fields, message.versions);
        layout
    }

    /// Notes the versions in which each struct below `fields` can occur.
    fn reach(&mut self, fields: &'m [Field], within: Versions) {
        for field in fields {
            let Some(name) = field.ty.struct_name() else { continue };
            let versions = field.versions.intersect(within);
            let known = self.versions.get(name).copied();
            let hull = known.map_or(versions, |known| Versions {
                min: known.min.min(versions.min),
                max: known.max.max(versions.max),
            });
            if known != Some(hull) {
                self.versions.insert(name, hull);
                let fields = &self.find(name).fields;
                self.reach(fields, hull);
            }
        }
    }

    fn find(&self, name: &str) -> &'m Struct {
        let found = self.message.structs.iter().find(|known| known.name == name);
        found.unwrap_or_else(|| panic!("{}: no struct {name}", self.message.name))
    }

    /// The message's own struct, then those inside it.
    pub(crate) fn shapes<'l: 'm>(&'l self) -> Vec<Shape<'m>> {
        let message = self.message;
        let whole =
            Shape { name: &message.name, fields: &message.fields, versions: message.versions, layout: self };
        let inner = message.structs.iter().map(|inner| Shape {
            name: &inner.name,
            fields: &inner.fields,
            versions: *self.versions.get(inner.name.as_str()).unwrap_or(&message.versions),
            layout: self,
        });
        std::iter::once(whole).chain(inner).collect()
    }

    /// Whether a value of this type borrows from the frame.
    pub(crate) fn borrows(&self, ty: &Type) -> bool {
        match ty {
            Type::String | Type::Bytes | Type::Records | Type::Array(_) => true,
            Type::Struct(name) => self.borrows_any(&self.find(name).fields),
            _ => false,
        }
    }

    pub(crate) fn borrows_any(&self, fields: &[Field]) -> bool {
        fields.iter().any(|field| self.borrows(&field.ty))
    }

    /// Whether some plain field makes `name` nullable.
    pub(crate) fn is_nullable_struct(&self, name: &str) -> bool {
        let structs = self.message.structs.iter().flat_map(|inner| &inner.fields);
        let mut fields = self.message.fields.iter().chain(structs);
        fields.any(|field| {
            field.ty == Type::Struct(name.to_owned()) && !field.nullable.is_empty() && field.tag.is_none()
        })
    }

    /// The fewest bytes that a struct of these fields takes in any of `versions`.
    pub(crate) fn min_size(&self, fields: &[Field], versions: Versions) -> usize {
        let sizes = (versions.min..=versions.max).map(|version| self.min_size_in(fields, version));
        sizes.min().unwrap_or(1)
    }

    fn min_size_in(&self, fields: &[Field], version: i16) -> usize {
        let flexible = self.message.flexible.contains(version);
        let carried = fields.iter().filter(|field| field.tag.is_none() && field.versions.contains(version));
        let sizes = carried.map(|field| match &field.ty {
            Type::Bool | Type::Int8 => 1,
            Type::Int16 | Type::Uint16 => 2,
            Type::Int32 | Type::Uint32 => 4,
            Type::Int64 | Type::Float64 => 8,
            Type::Uuid => 16,
            Type::String if flexible && field.flexible.is_none() => 1,
            Type::String => 2,
            Type::Bytes | Type::Records | Type::Array(_) => {
                if flexible {
                    1
                } else {
                    4
                }
            }
            Type::Struct(_) if field.nullable.contains(version) => 1,
            Type::Struct(name) => self.min_size_in(&self.find(name).fields, version),
        });
        sizes.sum::<usize>() + usize::from(flexible)
    }
}

impl Shape<'_> {
    /// Whether the struct has a lifetime.
    pub(crate) fn borrows(&self) -> bool {
        self.layout.borrows_any(self.fields)
    }

    /// The fields that travel among the tagged ones, by tag.
    pub(crate) fn tagged(&self) -> Vec<&Field> {
        let mut tagged: Vec<&Field> = self.fields.iter().filter(|field| field.tag.is_some()).collect();
        tagged.sort_by_key(|field| field.tag);
        tagged
    }

    /// A condition on `form.version` for being in `versions`: `true` and `false` if it is certain.
    pub(crate) fn in_versions(&self, versions: Versions) -> String {
        let carried = versions.intersect(self.versions);
        if carried.is_empty() {
            return "false".into();
        }
        match (carried.min > self.versions.min, carried.max < self.versions.max) {
            (false, false) => "true".into(),
            (true, false) => format!("form.version >= {}", carried.min),
            (false, true) => format!("form.version <= {}", carried.max),
            (true, true) => format!("({}..={}).contains(&form.version)", carried.min, carried.max),
        }
    }

    /// A condition for the version's being flexible.
    pub(crate) fn is_flexible(&self) -> &'static str {
        let flexible = self.layout.message.flexible.intersect(self.versions);
        match flexible {
            flexible if flexible.is_empty() => "false",
            flexible if flexible == self.versions => "true",
            _ => "form.flexible",
        }
    }

    /// Whether null is allowed in every, in no, or by a condition in some version that carries the
    /// field. Records are nullable in Rust even where they are not on the wire.
    pub(crate) fn is_nullable(&self, field: &Field) -> String {
        let carried = field.versions.intersect(self.versions);
        let nullable = field.nullable.intersect(carried);
        match nullable {
            nullable if nullable.is_empty() => "false".into(),
            nullable if nullable == carried => "true".into(),
            nullable => self.in_versions(nullable),
        }
    }
}

/// Whether the field is a struct that may be null, among the tagged ones: its null has a form of its own.
pub(crate) fn is_tagged_nullable_struct(field: &Field) -> bool {
    matches!(field.ty, Type::Struct(_)) && !field.nullable.is_empty() && field.tag.is_some()
}
