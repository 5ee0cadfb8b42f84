//! The schema files: what they can say, and their parser.
//!
//! A file is a list of blocks, one message each; a line is a block's head, a field, or a closing
//! brace; `#` starts a comment. `docs/protocol-coverage.md` shows the format by example.
//! The parser keeps to facts: whether they are Apache's is for `tests/jars.rs` to say, which
//! compiles this file too.

/// An inclusive range of versions; empty when `min > max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) min: i16,
    pub(crate) max: i16,
}

impl Versions {
    pub(crate) const NONE: Versions = Versions { min: 0, max: -1 };

    /// Reads `3`, `3-5`, `3+` or `none`.
    pub(crate) fn parse(text: &str) -> Result<Versions, String> {
        let number = |part: &str| part.parse::<i16>().map_err(|_| format!("not a version range: `{text}`"));
        if text == "none" {
            return Ok(Versions::NONE);
        }
        if let Some(min) = text.strip_suffix('+') {
            return Ok(Versions { min: number(min)?, max: i16::MAX });
        }
        let (min, max) = text.split_once('-').unwrap_or((text, text));
        Ok(Versions { min: number(min)?, max: number(max)? })
    }

    pub(crate) fn is_empty(self) -> bool {
        self.min > self.max
    }

    pub(crate) fn contains(self, version: i16) -> bool {
        self.min <= version && version <= self.max
    }

    pub(crate) fn intersect(self, other: Versions) -> Versions {
        Versions { min: self.min.max(other.min), max: self.max.min(other.max) }
    }
}

impl std::fmt::Display for Versions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            v if v.is_empty() => write!(f, "none"),
            Versions { min, max: i16::MAX } => write!(f, "{min}+"),
            Versions { min, max } if min == max => write!(f, "{min}"),
            Versions { min, max } => write!(f, "{min}-{max}"),
        }
    }
}

/// A field's type, without its nullability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Int8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Int64,
    Float64,
    Uuid,
    String,
    Bytes,
    Records,
    Struct(String),
    Array(Box<Type>),
}

impl Type {
    pub(crate) fn parse(text: &str) -> Type {
        if let Some(element) = text.strip_prefix("[]") {
            return Type::Array(Box::new(Type::parse(element)));
        }
        match text {
            "bool" => Type::Bool,
            "int8" => Type::Int8,
            "int16" => Type::Int16,
            "uint16" => Type::Uint16,
            "int32" => Type::Int32,
            "uint32" => Type::Uint32,
            "int64" => Type::Int64,
            "float64" => Type::Float64,
            "uuid" => Type::Uuid,
            "string" => Type::String,
            "bytes" => Type::Bytes,
            "records" => Type::Records,
            name => Type::Struct(name.to_owned()),
        }
    }

    /// The struct this type is, or is an array of.
    pub(crate) fn struct_name(&self) -> Option<&str> {
        match self {
            Type::Struct(name) => Some(name),
            Type::Array(element) => element.struct_name(),
            _ => None,
        }
    }
}

/// One field of a message or struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// Versions that carry the field.
    pub(crate) versions: Versions,
    /// Versions in which it may be null.
    pub(crate) nullable: Versions,
    /// Its tag, if it travels among the tagged fields.
    pub(crate) tag: Option<u32>,
    /// As written: a number, `true`, `null` or a quoted string; `None` means zero or empty.
    pub(crate) default: Option<String>,
    /// A value that a version cannot carry is dropped rather than refused.
    pub(crate) ignorable: bool,
    /// Overrides the message's flexible versions (one header field does).
    pub(crate) flexible: Option<Versions>,
}

/// A struct inside a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
}

/// What a message is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Request,
    Response,
    Header,
    Data,
    Record,
    Key,
    Value,
}

/// One message: its facts and its structs, innermost last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// The api key, or the record type of a record, key or value.
    pub(crate) key: Option<i16>,
    pub(crate) versions: Versions,
    pub(crate) flexible: Versions,
    /// The newest version is still moving (`latestVersionUnstable`).
    pub(crate) unstable: bool,
    pub(crate) fields: Vec<Field>,
    pub(crate) structs: Vec<Struct>,
}

/// A remote procedure; `removed` ones keep their key and have no messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Api {
    pub(crate) name: String,
    pub(crate) key: i16,
    pub(crate) listeners: Vec<String>,
    pub(crate) removed: bool,
}

/// Everything one schema file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) api: Option<Api>,
    pub(crate) messages: Vec<Message>,
}

/// Parses a schema file; the error names the line.
pub(crate) fn parse(text: &str) -> Result<File, String> {
    let lines = text.lines().enumerate().map(|(index, line)| Line {
        number: index + 1,
        words: line.split('#').next().unwrap_or("").split_whitespace().collect(),
    });
    let mut parser = Parser { lines: lines.filter(|line| !line.words.is_empty()).collect(), at: 0 };
    parser.file().map_err(|problem| match parser.lines.get(parser.at.saturating_sub(1)) {
        Some(line) => format!("line {}: {problem}", line.number),
        None => problem,
    })
}

struct Line<'t> {
    number: usize,
    words: Vec<&'t str>,
}

struct Parser<'t> {
    lines: Vec<Line<'t>>,
    at: usize,
}

impl<'t> Parser<'t> {
    fn next(&mut self) -> Option<Vec<&'t str>> {
        let line = self.lines.get(self.at)?;
        self.at += 1;
        Some(line.words.clone())
    }

    fn file(&mut self) -> Result<File, String> {
        let mut file = File::default();
        while let Some(words) = self.next() {
            match words.as_slice() {
                ["api", name, key, rest @ ..] => file.api = Some(api(name, key, rest)?),
                ["removed"] => file.api.as_mut().ok_or("`removed` outside an api")?.removed = true,
                [kind @ ("request" | "response"), rest @ ..] => {
                    let api = file.api.as_ref().ok_or("a request or response needs an `api` line")?;
                    let (kind, suffix) = match *kind {
                        "request" => (Kind::Request, "Request"),
                        _ => (Kind::Response, "Response"),
                    };
                    let head = (kind, format!("{}{suffix}", api.name), Some(api.key));
                    file.messages.push(self.message(head, rest)?);
                }
                [kind, name, rest @ ..] => {
                    let (key, rest) = match rest {
                        ["versions", rest @ ..] => (None, rest),
                        [key, "versions", rest @ ..] => (Some(record_key(key)?), rest),
                        _ => return Err("expected `versions`".into()),
                    };
                    file.messages.push(self.message((kind_of(kind)?, (*name).to_owned(), key), rest)?);
                }
                _ => return Err(format!("unexpected `{}`", words.join(" "))),
            }
        }
        Ok(file)
    }

    fn message(&mut self, head: (Kind, String, Option<i16>), rest: &[&str]) -> Result<Message, String> {
        let [versions, rest @ ..] = rest else { return Err("expected versions".into()) };
        let mut message = Message {
            kind: head.0,
            name: head.1,
            key: head.2,
            versions: Versions::parse(versions)?,
            flexible: Versions::NONE,
            unstable: false,
            fields: Vec::new(),
            structs: Vec::new(),
        };
        let mut rest = rest;
        loop {
            rest = match rest {
                ["flexible", versions, rest @ ..] => {
                    message.flexible = Versions::parse(versions)?;
                    rest
                }
                ["unstable", rest @ ..] => {
                    message.unstable = true;
                    rest
                }
                ["{"] => {
                    message.fields = self.fields(&mut message.structs)?;
                    return Ok(message);
                }
                ["{}"] => return Ok(message),
                _ => return Err(format!("unexpected `{}`", rest.join(" "))),
            }
        }
    }

    /// Reads fields up to the closing brace; structs met on the way go to `structs`.
    fn fields(&mut self, structs: &mut Vec<Struct>) -> Result<Vec<Field>, String> {
        let mut fields = Vec::new();
        loop {
            let words = self.next().ok_or("a block is not closed")?;
            match words.as_slice() {
                ["}"] => return Ok(fields),
                ["struct", name, _versions, "{"] => self.nested(name, structs)?,
                [head @ .., "{"] => {
                    let field = field(head)?;
                    let name = field.ty.struct_name().ok_or("only a struct has a block")?.to_owned();
                    fields.push(field);
                    self.nested(&name, structs)?;
                }
                head => fields.push(field(head)?),
            }
        }
    }

    fn nested(&mut self, name: &str, structs: &mut Vec<Struct>) -> Result<(), String> {
        if structs.iter().any(|known| known.name == name) {
            return Err(format!("`{name}` is defined twice"));
        }
        let place = structs.len();
        structs.push(Struct { name: name.to_owned(), fields: Vec::new() });
        structs[place].fields = self.fields(structs)?;
        Ok(())
    }
}

fn api(name: &str, key: &str, rest: &[&str]) -> Result<Api, String> {
    let listeners = match rest {
        [] => Vec::new(),
        ["listeners", names @ ..] => names.iter().map(|name| (*name).to_owned()).collect(),
        _ => return Err(format!("unexpected `{}`", rest.join(" "))),
    };
    Ok(Api { name: name.to_owned(), key: record_key(key)?, listeners, removed: false })
}

fn kind_of(word: &str) -> Result<Kind, String> {
    match word {
        "header" => Ok(Kind::Header),
        "data" => Ok(Kind::Data),
        "record" => Ok(Kind::Record),
        "key" => Ok(Kind::Key),
        "value" => Ok(Kind::Value),
        _ => Err(format!("unknown kind `{word}`")),
    }
}

fn record_key(text: &str) -> Result<i16, String> {
    text.parse().map_err(|_| format!("not a key: `{text}`"))
}

/// Reads `Name: type[?[versions]] versions [tag n] [= default] [ignorable] [flexible versions]`.
fn field(words: &[&str]) -> Result<Field, String> {
    let [name, ty, versions, rest @ ..] = words else { return Err("expected `Name: type versions`".into()) };
    let name = name.strip_suffix(':').ok_or("a field's name ends with a colon")?;
    let versions = Versions::parse(versions)?;
    let (ty, nullable) = match ty.split_once('?') {
        None => (*ty, Versions::NONE),
        Some((ty, "")) => (ty, versions),
        Some((ty, nullable)) => (ty, Versions::parse(nullable)?),
    };
    let mut field = Field {
        name: name.to_owned(),
        ty: Type::parse(ty),
        versions,
        nullable,
        tag: None,
        default: None,
        ignorable: false,
        flexible: None,
    };
    let mut rest = rest;
    while !rest.is_empty() {
        rest = attribute(&mut field, rest)?;
    }
    Ok(field)
}

/// Takes one attribute off the front of `words`.
fn attribute<'w, 't>(field: &mut Field, words: &'w [&'t str]) -> Result<&'w [&'t str], String> {
    match words {
        ["tag", tag, rest @ ..] => {
            field.tag = Some(tag.parse().map_err(|_| format!("not a tag: `{tag}`"))?);
            Ok(rest)
        }
        ["=", value, rest @ ..] => {
            field.default = Some((*value).to_owned());
            Ok(rest)
        }
        ["ignorable", rest @ ..] => {
            field.ignorable = true;
            Ok(rest)
        }
        ["flexible", versions, rest @ ..] => {
            field.flexible = Some(Versions::parse(versions)?);
            Ok(rest)
        }
        _ => Err(format!("unexpected `{}`", words.join(" "))),
    }
}
