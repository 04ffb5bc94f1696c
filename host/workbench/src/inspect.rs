//! Inspects a module's bytes, without running or compiling it.

use sha2::{Digest as _, Sha256};
use wasmparser::{ComponentExternalKind, Encoding, ExternalKind, Parser, Payload, Validator, WasmFeatures};

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleKind {
    /// A component, as a rules folder should hold.
    Component,
    /// A core module that carries its component-type section; the loader accepts it.
    RuleModule,
    /// A core module without one; not a rule.
    Module,
    /// The beginning of a Wasm file, for instance a partial copy.
    Truncated,
    /// It begins like Wasm and is not valid.
    Malformed,
    /// Something else.
    NotWasm,
}

impl std::fmt::Display for ModuleKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Component => "component",
            Self::RuleModule => "core module with a component-type section",
            Self::Module => "core module",
            Self::Truncated => "truncated WebAssembly",
            Self::Malformed => "malformed WebAssembly",
            Self::NotWasm => "not WebAssembly",
        })
    }
}

/// The result of an inspection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The kind of the file.
    pub kind: ModuleKind,
    /// Imported interfaces and functions; `module::name` for a core module.
    pub imports: Vec<String>,
    /// Exported interfaces and functions.
    pub exports: Vec<String>,
    /// Names of custom sections, at any depth.
    pub custom_sections: Vec<String>,
    /// Size in bytes.
    pub bytes: usize,
    /// `sha256:…`.
    pub digest: String,
    /// The error, if it is truncated or malformed.
    pub error: Option<String>,
}

/// Returns the digest of `bytes`: `sha256:<hex>`.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// Inspects a module's bytes.
pub fn inspect(bytes: &[u8]) -> Inspection {
    let mut found = Inspection {
        kind: ModuleKind::NotWasm,
        imports: Vec::new(),
        exports: Vec::new(),
        custom_sections: Vec::new(),
        bytes: bytes.len(),
        digest: digest(bytes),
        error: None,
    };
    if !bytes.starts_with(b"\0asm") {
        return found;
    }
    match read(bytes, &mut found) {
        Ok(kind) => found.kind = kind,
        Err(error) => {
            let cut = error.message().contains("unexpected end") || error.offset() >= bytes.len();
            found.kind = if cut { ModuleKind::Truncated } else { ModuleKind::Malformed };
            found.error = Some(error.to_string());
        }
    }
    found
}

fn read(bytes: &[u8], found: &mut Inspection) -> Result<ModuleKind, wasmparser::BinaryReaderError> {
    // Only the outermost level's imports and exports are the file's own.
    let mut depth = 0;
    let mut kind = ModuleKind::Module;
    let mut world = false;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding, .. } => {
                depth += 1;
                if depth == 1 && *encoding == Encoding::Component {
                    kind = ModuleKind::Component;
                }
            }
            Payload::End(_) => depth -= 1,
            Payload::CustomSection(section) => {
                world |= depth == 1 && section.name().starts_with("component-type");
                found.custom_sections.push(section.name().to_owned());
            }
            _ if depth == 1 => outermost(payload, found)?,
            _ => {}
        }
    }
    Validator::new_with_features(WasmFeatures::default()).validate_all(bytes)?;
    Ok(if kind == ModuleKind::Module && world { ModuleKind::RuleModule } else { kind })
}

fn outermost(payload: Payload<'_>, found: &mut Inspection) -> Result<(), wasmparser::BinaryReaderError> {
    match payload {
        Payload::ImportSection(section) => {
            for import in section.into_imports() {
                let import = import?;
                found.imports.push(format!("{}::{}", import.module, import.name));
            }
        }
        Payload::ExportSection(section) => {
            for export in section {
                let export = export?;
                if export.kind == ExternalKind::Func {
                    found.exports.push(export.name.to_owned());
                }
            }
        }
        Payload::ComponentImportSection(section) => {
            for import in section {
                let import = import?;
                // A world that uses types imports them by name; they are not something to call.
                if !matches!(import.ty, wasmparser::ComponentTypeRef::Type(_)) {
                    found.imports.push(import.name.name.to_owned());
                }
            }
        }
        Payload::ComponentExportSection(section) => {
            for export in section {
                let export = export?;
                if matches!(export.kind, ComponentExternalKind::Func | ComponentExternalKind::Instance) {
                    found.exports.push(export.name.name.to_owned());
                }
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_not_wasm() {
        for bytes in [&b""[..], b"\0as", b"\x7fELF", b"(module)"] {
            assert_eq!(inspect(bytes).kind, ModuleKind::NotWasm);
        }
        let empty = inspect(b"\0asm\x01\0\0\0");
        assert_eq!(empty.kind, ModuleKind::Module);
        assert_eq!(empty.digest, "sha256:93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476");
    }

    #[test]
    fn a_cut_module_is_truncated_and_a_broken_one_malformed() {
        assert_eq!(inspect(b"\0asm\x01\0").kind, ModuleKind::Truncated);
        assert_eq!(inspect(b"\0asm\x01\0\0\0\x01\x04\x01\x60").kind, ModuleKind::Truncated);
        assert_eq!(inspect(b"\0asm\x01\0\0\0\x01\x04\x01\x13\0\0").kind, ModuleKind::Malformed);
    }
}
