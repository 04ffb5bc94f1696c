//! Which bytes may become a module, and what to say about the others.

use wasmparser::{Encoding, Parser, Payload};
use wit_component::ComponentEncoder;

/// The package that rules are built against, without its version.
const PACKAGE: &str = "lifesigns:rule/";
/// The version that this host speaks.
const VERSION: &str = "0.1.0";

/// Why bytes are not a rule module, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdmitError {
    /// The file is empty or does not begin like Wasm.
    #[error("this is not a WebAssembly file: it begins with {begins}; build the rule with `lifesigns rule build`")]
    NotWasm {
        /// The first bytes, printable.
        begins: String,
    },
    /// The file is damaged or uses what the host does not take.
    #[error(
        "the file is not valid WebAssembly: {0}; if it is still being copied it will be tried again, otherwise build it anew with `lifesigns rule build`"
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
        "it is not a lifesigns rule: {0}; a rule exports `describe` and `evaluate` of the world `lifesigns:rule/rule@{VERSION}`"
    )]
    World(String),
}

/// Makes a component of `bytes`: as they are, or from a core module that carries its
/// component-type section.
pub(crate) fn component(bytes: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>, AdmitError> {
    if !bytes.starts_with(b"\0asm") {
        let begins = if bytes.is_empty() {
            "nothing".to_owned()
        } else {
            format!("{:?}", bytes[..bytes.len().min(8)].escape_ascii().to_string())
        };
        return Err(AdmitError::NotWasm { begins });
    }
    let mut typed = false;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| AdmitError::Invalid(error.to_string()))? {
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
        .map_err(|error| AdmitError::Invalid(format!("{error:#}")))?;
    Ok(encoded.into())
}

/// An interface that a manifest can grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interface {
    /// `lifesigns:rule/state`.
    State,
    /// `lifesigns:rule/log`.
    Log,
}

impl Interface {
    /// The word for it in a manifest's `grants`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Log => "log",
        }
    }
}

/// The grantable interface that the import `name` asks for, if it asks for one.
pub(crate) fn import(name: &str) -> Result<Option<Interface>, AdmitError> {
    let Some(rest) = name.strip_prefix(PACKAGE) else {
        let hint = if name.starts_with("wasi:") || name.starts_with("wasi_") {
            ": rules get no WASI; build for wasm32-unknown-unknown (`lifesigns rule build` does) instead of wasm32-wasip1 or wasm32-wasip2"
        } else {
            ": rules get `lifesigns:rule/state` and `lifesigns:rule/log` and nothing else"
        };
        return Err(AdmitError::Import { import: name.to_owned(), hint });
    };
    match rest.split_once('@') {
        Some((_, version)) if version != VERSION => Err(AdmitError::Version { import: name.to_owned() }),
        Some(("types", _)) => Ok(None),
        Some(("state", _)) => Ok(Some(Interface::State)),
        Some(("log", _)) => Ok(Some(Interface::Log)),
        _ => Err(AdmitError::Import { import: name.to_owned(), hint: ": this host does not know that interface" }),
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
        assert!(component(b"").expect_err("empty").to_string().contains("nothing"));
        assert!(component(b"#!/bin/sh").expect_err("a script").to_string().contains("#!/bin/s"));
        assert_eq!(component(b"\0asm\x01\0\0\0"), Err(AdmitError::PlainModule));
        assert!(matches!(component(b"\0asm\x01\0\0\0\x01\xff"), Err(AdmitError::Invalid(_))));
    }
}
