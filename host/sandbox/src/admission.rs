//! Which bytes may become a module, and what to say about the others.

use lifesigns_model::limits::ERROR_BYTES;
use lifesigns_text::quoted;
use wasmparser::{Encoding, Parser, Payload};
use wit_component::ComponentEncoder;

/// The package that rules are built against, without its version.
const PACKAGE: &str = "lifesigns:rule/";
/// The version that this host speaks.
const VERSION: &str = "0.1.0";
/// What is shown of an import's name.
const NAME_BYTES: usize = 256;

/// Why bytes are not a rule module, and how to fix it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdmitError {
    /// The file is empty or does not begin like Wasm. What it begins with is not said: it may be a
    /// secret file that was linked here.
    #[error("this is not a WebAssembly file: {looks}; build the rule with `lifesigns rule build`")]
    NotWasm {
        /// What kind of file it looks like.
        looks: &'static str,
    },
    /// The file is damaged or uses what the host does not take.
    #[error(
        "the file is not valid WebAssembly: {0}; if it is still being copied it will be tried again, otherwise build it again with `lifesigns rule build`"
    )]
    Invalid(String),
    /// A core module with nothing that says which world it implements.
    #[error(
        "this is a core module without a component-type section; build the rule with `lifesigns rule build`, which makes it a component"
    )]
    PlainModule,
    /// It imports something that is not in the contract.
    #[error("it imports `{import}`, which no rule is given{hint}")]
    Import {
        /// The import's name.
        import: String,
        /// What probably happened.
        hint: &'static str,
    },
    /// It was built against another version of the contract.
    #[error(
        "it is built against `{import}`; this host speaks version {VERSION}: build the rule with the SDK of this release"
    )]
    Version {
        /// The import's or export's name.
        import: String,
    },
    /// It does not export what a rule must.
    #[error(
        "it is not a lifesigns rule: {0}; a rule exports `describe` and `evaluate` of the world `lifesigns:rule/rule@{VERSION}`: build it again, with `lifesigns rule build` and the SDK of this release"
    )]
    World(String),
    /// It consists of more than any rule needs, and compiling it could cost the host.
    #[error("it has {count} {what}, and at most {most} are allowed")]
    TooComplex {
        /// What there is too much of.
        what: &'static str,
        /// How much, as far as it was counted.
        count: u64,
        /// The bound.
        most: u64,
    },
    /// Compiling it did not stay within its limits, or broke the compiler.
    #[error("compiling it {0}; it is not tried again until its bytes, the limits in [compile] or this release change")]
    TooCostly(String),
    /// It could not be compiled now; that is not the module's fault.
    #[error("it cannot be compiled now: {0}; it is tried again when something in the rules folder changes")]
    Unavailable(String),
    /// All rules of the host together would have more memory than they may have.
    #[error(
        "its code takes {wanted_bytes} bytes, and the rules of this host together may have {ceiling_bytes}, of which {used_bytes} are used; raise `rules-memory`, or run fewer rules"
    )]
    Ceiling {
        /// What the code takes.
        wanted_bytes: usize,
        /// What all rules have.
        used_bytes: usize,
        /// What all rules may have.
        ceiling_bytes: usize,
    },
}

impl AdmitError {
    /// A text that may contain what the module says.
    pub(crate) fn invalid(text: &str) -> Self {
        Self::Invalid(quoted(text, ERROR_BYTES))
    }

    /// As [`AdmitError::World`], of a text that may contain what the module says.
    pub(crate) fn world(text: &str) -> Self {
        Self::World(quoted(text, ERROR_BYTES))
    }

    /// Whether the same bytes may be admitted another time: the host was at its bounds, or is ending.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Ceiling { .. })
    }
}

/// Makes a component of `bytes`: as they are, or from a core module that carries its
/// component-type section.
pub(crate) fn component(bytes: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>, AdmitError> {
    begins(bytes)?;
    let mut typed = false;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| AdmitError::invalid(&error.to_string()))? {
            Payload::Version { encoding: Encoding::Component, .. } => return Ok(bytes.into()),
            Payload::CustomSection(section) => typed |= section.name().starts_with("component-type"),
            _ => {}
        }
    }
    if !typed {
        return Err(AdmitError::PlainModule);
    }
    let encoded = ComponentEncoder::default()
        .module(bytes)
        .and_then(|encoder| encoder.validate(true).encode())
        .map_err(|error| AdmitError::invalid(&format!("{error:#}")))?;
    Ok(encoded.into())
}

/// Whether it begins like Wasm.
pub(crate) fn begins(bytes: &[u8]) -> Result<(), AdmitError> {
    if bytes.starts_with(b"\0asm") { Ok(()) } else { Err(AdmitError::NotWasm { looks: looks(bytes) }) }
}

/// What kind of file it looks like. No byte of it is shown.
fn looks(bytes: &[u8]) -> &'static str {
    const KINDS: [(&[u8], &str); 5] = [
        (b"\x7fELF", "it looks like a program"),
        (b"\x1f\x8b", "it looks like a gzip archive; unpack it"),
        (b"PK\x03\x04", "it looks like a zip archive; unpack it"),
        (b"#!", "it looks like a script"),
        (b"<", "it looks like a web page, perhaps of a download that failed"),
    ];
    let known = KINDS.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, looks)| *looks);
    match known {
        Some(looks) => looks,
        None if bytes.is_empty() => "it is empty",
        None if bytes.iter().take(512).all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) => {
            "it looks like text"
        }
        None => "it does not begin like one",
    }
}

/// An interface that a manifest can grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interface {
    /// `lifesigns:rule/state`.
    State,
    /// `lifesigns:rule/log`.
    Log,
}

/// The grantable interface that the import `name` asks for, if it asks for one.
pub(crate) fn import(name: &str) -> Result<Option<Interface>, AdmitError> {
    let Some(rest) = name.strip_prefix(PACKAGE) else {
        let hint = if name.starts_with("wasi:") || name.starts_with("wasi_") {
            ": rules get no WASI; build for wasm32-unknown-unknown (`lifesigns rule build` does) instead of wasm32-wasip1 or wasm32-wasip2"
        } else {
            ": rules get `lifesigns:rule/state` and `lifesigns:rule/log` and nothing else"
        };
        return Err(AdmitError::Import { import: quoted(name, NAME_BYTES), hint });
    };
    match rest.split_once('@') {
        Some((_, version)) if version != VERSION => Err(AdmitError::Version { import: quoted(name, NAME_BYTES) }),
        Some(("types", _)) => Ok(None),
        Some(("state", _)) => Ok(Some(Interface::State)),
        Some(("log", _)) => Ok(Some(Interface::Log)),
        _ => {
            let hint = ": this host does not know that interface";
            Err(AdmitError::Import { import: quoted(name, NAME_BYTES), hint })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_judged_by_package_and_version() {
        assert_eq!(import("lifesigns:rule/state@0.1.0"), Ok(Some(Interface::State)));
        assert_eq!(import("lifesigns:rule/types@0.1.0"), Ok(None));
        assert!(matches!(import("lifesigns:rule/state@0.2.0"), Err(AdmitError::Version { .. })));
        assert!(matches!(import("lifesigns:rule/clock@0.1.0"), Err(AdmitError::Import { .. })));
        let wasi = import("wasi:cli/environment@0.2.6").expect_err("WASI");
        assert!(wasi.to_string().contains("wasm32-unknown-unknown"), "{wasi}");
    }

    #[test]
    fn what_is_not_wasm_is_named() {
        let said = |bytes: &[u8]| component(bytes).expect_err("no module").to_string();
        assert!(said(b"").contains("it is empty"));
        assert!(said(b"#!/bin/sh").contains("a script"));
        for secret in [&b"root:*:20000:0:99999:7:::\n"[..], b"\x00\x01secret"] {
            let said = said(secret);
            assert!(!said.contains("root") && !said.contains("secret"), "{said}");
        }
        assert_eq!(component(b"\0asm\x01\0\0\0"), Err(AdmitError::PlainModule));
        assert!(matches!(component(b"\0asm\x01\0\0\0\x01\xff"), Err(AdmitError::Invalid(_))));
    }
}
