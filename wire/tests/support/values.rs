//! Messages as trees of values, and an encoder for them that walks the schema: the second opinion
//! on what the generated code writes.

use super::random::Random;
use super::schema::{Field, Message, Type};

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Uuid([u8; 16]),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    /// One value per field of the struct, in the order of the schema.
    Struct(Vec<Value>),
}

/// A message's values, with what is needed to write them.
pub(crate) struct Sample<'m> {
    message: &'m Message,
    version: i16,
    values: Vec<Value>,
}

impl<'m> Sample<'m> {
    /// A message of random values; fields that `version` lacks have their defaults.
    pub(crate) fn random(message: &'m Message, version: i16, random: &mut Random) -> Sample<'m> {
        let values = Generator { message, version, random }.fields(&message.fields, 0);
        Sample { message, version, values }
    }

    /// Its bytes, as Kafka writes them.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.written(None)
    }

    /// Its bytes with tagged fields that nobody knows, here and there.
    pub(crate) fn bytes_from_the_future(&self, random: &mut Random) -> Vec<u8> {
        self.written(Some(random))
    }

    fn written(&self, unknown_tags: Option<&mut Random>) -> Vec<u8> {
        let flexible = self.message.flexible.contains(self.version);
        let mut encoder =
            Encoder { message: self.message, version: self.version, flexible, unknown_tags, out: Vec::new() };
        encoder.fields(&self.message.fields, &self.values);
        encoder.out
    }
}

fn fields_of<'m>(message: &'m Message, name: &str) -> &'m [Field] {
    &message.structs.iter().find(|known| known.name == name).expect("a struct of the message").fields
}

fn default_of(message: &Message, field: &Field) -> Value {
    match (field.default.as_deref(), &field.ty) {
        (Some("null"), _) | (None, Type::Records) => Value::Null,
        (Some(value), Type::Bool) => Value::Bool(value == "true"),
        (Some(value), _) => Value::Int(value.parse().expect("only numbers are left")),
        (None, Type::Bool) => Value::Bool(false),
        (None, Type::Float64) => Value::Float(0.0),
        (None, Type::Uuid) => Value::Uuid([0; 16]),
        (None, Type::String) => Value::Text(String::new()),
        (None, Type::Bytes) => Value::Bytes(Vec::new()),
        (None, Type::Array(_)) => Value::List(Vec::new()),
        (None, Type::Struct(name)) => {
            let fields = fields_of(message, name);
            Value::Struct(fields.iter().map(|field| default_of(message, field)).collect())
        }
        (None, _) => Value::Int(0),
    }
}

struct Generator<'m, 'r> {
    message: &'m Message,
    version: i16,
    random: &'r mut Random,
}

impl Generator<'_, '_> {
    fn fields(&mut self, fields: &[Field], depth: usize) -> Vec<Value> {
        fields.iter().map(|field| self.field(field, depth)).collect()
    }

    fn field(&mut self, field: &Field, depth: usize) -> Value {
        let absent = !field.versions.contains(self.version);
        if absent || (field.tag.is_some() && self.random.once_in(3)) {
            return default_of(self.message, field);
        }
        if field.nullable.contains(self.version) && self.random.once_in(4) {
            return Value::Null;
        }
        self.value(&field.ty, depth)
    }

    fn value(&mut self, ty: &Type, depth: usize) -> Value {
        match ty {
            Type::Bool => Value::Bool(self.random.once_in(2)),
            Type::Int8 => Value::Int(i64::from(self.integer() as i8)),
            Type::Int16 => Value::Int(i64::from(self.integer() as i16)),
            Type::Uint16 => Value::Int(i64::from(self.integer() as u16)),
            Type::Int32 => Value::Int(i64::from(self.integer() as i32)),
            Type::Uint32 => Value::Int(i64::from(self.integer() as u32)),
            Type::Int64 => Value::Int(self.integer()),
            Type::Float64 => Value::Float(self.random.below(1000) as f64 / 8.0),
            Type::Uuid => Value::Uuid(std::array::from_fn(|_| self.random.next() as u8)),
            Type::String => Value::Text(self.text()),
            Type::Bytes | Type::Records => {
                let length = self.length();
                Value::Bytes((0..length).map(|_| self.random.next() as u8).collect())
            }
            Type::Array(element) => {
                let most = if depth > 1 { 2 } else { 4 };
                let count = self.random.below(most);
                Value::List((0..count).map(|_| self.value(element, depth + 1)).collect())
            }
            Type::Struct(name) => Value::Struct(self.fields(fields_of(self.message, name), depth + 1)),
        }
    }

    fn integer(&mut self) -> i64 {
        let edges = [0, -1, 1, 127, -128, i64::from(i16::MAX), i64::from(i32::MIN), i64::MAX, i64::MIN];
        if self.random.once_in(3) { edges[self.random.below(edges.len())] } else { self.random.next() as i64 }
    }

    /// Mostly short, now and then with a compact length of two bytes.
    fn length(&mut self) -> usize {
        if self.random.once_in(30) { 120 + self.random.below(60) } else { self.random.below(9) }
    }

    fn text(&mut self) -> String {
        let letters = ['a', 'B', '-', '.', '0', 'é', '漢', '🦀'];
        let length = self.length();
        (0..length).map(|_| letters[self.random.below(letters.len())]).collect()
    }
}

struct Encoder<'m, 'r> {
    message: &'m Message,
    version: i16,
    flexible: bool,
    unknown_tags: Option<&'r mut Random>,
    out: Vec<u8>,
}

impl Encoder<'_, '_> {
    fn fields(&mut self, fields: &[Field], values: &[Value]) {
        let carried = || fields.iter().zip(values).filter(|(field, _)| field.versions.contains(self.version));
        let (version, message) = (self.version, self.message);
        let plain: Vec<_> = carried().filter(|(field, _)| field.tag.is_none()).collect();
        let mut tagged: Vec<_> = carried()
            .filter(|(field, value)| field.tag.is_some() && **value != default_of(message, field))
            .collect();
        tagged.sort_by_key(|(field, _)| field.tag);
        for (field, value) in plain {
            let flexible = field.flexible.map_or(self.flexible, |flexible| flexible.contains(version));
            self.value(field, &field.ty, value, flexible);
        }
        if self.flexible {
            self.tagged_fields(&tagged);
        }
    }

    fn tagged_fields(&mut self, tagged: &[(&Field, &Value)]) {
        let unknown = self.unknown_tags.as_mut().map_or(0, |random| random.below(3));
        self.uvarint(tagged.len() + unknown);
        for (field, value) in tagged {
            let before = std::mem::take(&mut self.out);
            self.value(field, &field.ty, value, true);
            let bytes = std::mem::replace(&mut self.out, before);
            self.tagged_field(field.tag.expect("tagged") as usize, &bytes);
        }
        for tag in 0..unknown {
            self.tagged_field(1000 + tag, &vec![0xff; tag * 150]);
        }
    }

    fn tagged_field(&mut self, tag: usize, bytes: &[u8]) {
        self.uvarint(tag);
        self.uvarint(bytes.len());
        self.out.extend(bytes);
    }

    fn value(&mut self, field: &Field, ty: &Type, value: &Value, flexible: bool) {
        match (ty, value) {
            (Type::Bool, Value::Bool(value)) => self.out.push(u8::from(*value)),
            (Type::Int8, Value::Int(value)) => self.integer(*value, 1),
            (Type::Int16 | Type::Uint16, Value::Int(value)) => self.integer(*value, 2),
            (Type::Int32 | Type::Uint32, Value::Int(value)) => self.integer(*value, 4),
            (Type::Int64, Value::Int(value)) => self.integer(*value, 8),
            (Type::Float64, Value::Float(value)) => self.out.extend(value.to_bits().to_be_bytes()),
            (Type::Uuid, Value::Uuid(bytes)) => self.out.extend(bytes),
            (Type::String, Value::Text(text)) => {
                self.length(Some(text.len()), 2, flexible);
                self.out.extend(text.as_bytes());
            }
            (Type::String, Value::Null) => self.length(None, 2, flexible),
            (Type::Bytes | Type::Records, Value::Bytes(bytes)) => {
                self.length(Some(bytes.len()), 4, flexible);
                self.out.extend(bytes);
            }
            (Type::Array(element), Value::List(values)) => {
                self.length(Some(values.len()), 4, flexible);
                values.iter().for_each(|value| self.value(field, element, value, flexible));
            }
            (Type::Bytes | Type::Records | Type::Array(_), Value::Null) => self.length(None, 4, flexible),
            // A tagged struct has another null than a plain one.
            (Type::Struct(_), Value::Null) => self.out.push(if field.tag.is_some() { 0 } else { 0xff }),
            (Type::Struct(name), Value::Struct(values)) => {
                if field.ty == *ty && !field.nullable.is_empty() {
                    self.out.push(1);
                }
                self.fields(fields_of(self.message, name), values);
            }
            _ => panic!("{}: {value:?} for {ty:?}", field.name),
        }
    }

    fn integer(&mut self, value: i64, width: usize) {
        self.out.extend(&value.to_be_bytes()[8 - width..]);
    }

    fn length(&mut self, length: Option<usize>, width: usize, flexible: bool) {
        match (length, flexible) {
            (Some(length), true) => self.uvarint(length + 1),
            (None, true) => self.uvarint(0),
            (Some(length), false) => self.integer(length as i64, width),
            (None, false) => self.integer(-1, width),
        }
    }

    fn uvarint(&mut self, value: usize) {
        let mut rest = value;
        while rest > 127 {
            self.out.push((rest % 128) as u8 + 128);
            rest /= 128;
        }
        self.out.push(rest as u8);
    }
}
