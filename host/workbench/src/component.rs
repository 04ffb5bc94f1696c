//! From a core module to a component for a rules folder, without sections that are not needed to run.

use std::ops::Range;

use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

/// All imports of a rule are interfaces of this package.
const PACKAGE: &str = "lifesigns:rule/";

/// Why a core module is not a rule.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ComponentError {
    #[error(
        "it exports no rule: put `lifesigns_rule::export!(YourRule);` into its lib.rs, where `YourRule` implements \
         `lifesigns_rule::Rule`"
    )]
    NoWorld,
    #[error(
        "it asks for what a rule cannot have: {}. A rule has no clock, randomness, file or network; look for a \
         dependency that wants one (`cargo tree -e normal`), often a default feature such as `getrandom/js` or \
         `chrono/wasmbind`",
        .0.join(", ")
    )]
    ForeignImports(Vec<String>),
    #[error("it does not fit the contract in wit/: {0}")]
    Contract(String),
    #[error("it is not a sound Wasm module: {0}")]
    Malformed(String),
}

/// Turns a core module with its component-type section into a stripped component.
pub(crate) fn componentize(module: &[u8]) -> Result<Vec<u8>, ComponentError> {
    let mut exports = Vec::new();
    let mut foreign = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(|error| ComponentError::Malformed(error.to_string()))? {
            Payload::ExportSection(section) => {
                for export in section {
                    exports.push(export.map_err(|error| ComponentError::Malformed(error.to_string()))?.name);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.map_err(|error| ComponentError::Malformed(error.to_string()))?;
                    if !import.module.starts_with(PACKAGE) {
                        foreign.push(format!("`{}::{}`", import.module, import.name));
                    }
                }
            }
            _ => {}
        }
    }
    if !foreign.is_empty() {
        return Err(ComponentError::ForeignImports(foreign));
    }
    // The component's type is linked as soon as anything of the SDK is used; these two come from `export!` alone.
    if !["describe", "evaluate"].iter().all(|name| exports.contains(name)) {
        return Err(ComponentError::NoWorld);
    }
    let component = ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| ComponentError::Contract(format!("{error:#}")))?;
    let stripped = strip(&component).ok_or_else(|| ComponentError::Malformed("a section is cut short".into()))?;
    foreign_interfaces(&stripped)?;
    Ok(stripped)
}

/// Refuses imports of other packages, which a world of the author's own could have.
fn foreign_interfaces(component: &[u8]) -> Result<(), ComponentError> {
    let imports: Vec<String> = crate::inspect::inspect(component).imports;
    let foreign: Vec<String> =
        imports.iter().filter(|name| !name.starts_with(PACKAGE)).map(|name| format!("`{name}`")).collect();
    if foreign.is_empty() { Ok(()) } else { Err(ComponentError::ForeignImports(foreign)) }
}

/// Returns the bytes without the custom sections that are not needed at run time: names, producers,
/// target features, debug information. `None` when a section is cut short.
fn strip(wasm: &[u8]) -> Option<Vec<u8>> {
    const CUSTOM: u8 = 0;
    const COMPONENT_LAYER: &[u8] = &[1, 0];
    const CORE_MODULE: u8 = 1;
    const COMPONENT: u8 = 4;

    let nests = wasm.get(6..8)? == COMPONENT_LAYER;
    let mut out = wasm.get(..8)?.to_vec();
    let mut at = 8;
    while at < wasm.len() {
        let id = wasm[at];
        let body = body(wasm, at + 1)?;
        at = body.end;
        let body = wasm.get(body)?;
        match id {
            CUSTOM if is_dead_weight(section_name(body)?) => {}
            CORE_MODULE | COMPONENT if nests => push_section(&mut out, id, &strip(body)?),
            _ => push_section(&mut out, id, body),
        }
    }
    Some(out)
}

fn is_dead_weight(name: &str) -> bool {
    matches!(name, "name" | "component-name" | "producers" | "target_features" | "sourceMappingURL")
        || name.starts_with(".debug")
        || name.starts_with("reloc.")
        || name == "linking"
}

/// Returns the range of a section's content, whose length is at `at`.
fn body(wasm: &[u8], at: usize) -> Option<Range<usize>> {
    let (len, start) = leb(wasm, at)?;
    let end = start.checked_add(len)?;
    (end <= wasm.len()).then_some(start..end)
}

fn section_name(body: &[u8]) -> Option<&str> {
    let (len, start) = leb(body, 0)?;
    std::str::from_utf8(body.get(start..start.checked_add(len)?)?).ok()
}

/// Reads a u32 in LEB128, and returns it and its end.
fn leb(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    for nth in 0..5 {
        let byte = *bytes.get(at + nth)?;
        value |= usize::from(byte & 0x7f) << (7 * nth);
        if byte & 0x80 == 0 {
            return Some((value, at + nth + 1));
        }
    }
    None
}

fn push_section(out: &mut Vec<u8>, id: u8, body: &[u8]) {
    out.push(id);
    let mut len = body.len();
    while len >= 0x80 {
        out.push(len as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
    out.extend_from_slice(body);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const MODULE: &[u8] = b"\0asm\x01\0\0\0";

    fn custom(name: &str, content: &[u8]) -> Vec<u8> {
        let mut body = vec![name.len() as u8];
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(content);
        let mut section = Vec::new();
        push_section(&mut section, 0, &body);
        section
    }

    #[test]
    fn strip_drops_names_at_every_depth_and_keeps_the_rest() {
        let module = [MODULE, &custom("name", b"x"), &custom("keep", &[7; 300]), &custom(".debug_info", b"")].concat();
        let lean = [MODULE, &custom("keep", &[7; 300])].concat();
        assert_eq!(strip(&module).unwrap(), lean);

        let component = |inner: &[u8], tail: &[u8]| {
            let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
            push_section(&mut bytes, 1, inner);
            bytes.extend_from_slice(tail);
            bytes
        };
        assert_eq!(strip(&component(&module, &custom("producers", b""))).unwrap(), component(&lean, b""));
    }

    #[test]
    fn strip_refuses_what_is_cut_short() {
        let module = [MODULE, &custom("keep", &[7; 300])].concat();
        for len in 9..module.len() {
            assert!(strip(&module[..len]).is_none(), "{len}");
        }
    }

    #[test]
    fn a_module_that_is_no_rule_is_told_what_is_wrong() {
        assert!(matches!(componentize(MODULE), Err(ComponentError::NoWorld)));
        assert!(matches!(componentize(b"\0asm"), Err(ComponentError::Malformed(_))));
        // (import "env" "now" (func))
        let mut module = MODULE.to_vec();
        push_section(&mut module, 1, &[1, 0x60, 0, 0]);
        push_section(&mut module, 2, b"\x01\x03env\x03now\0\0");
        match componentize(&module) {
            Err(ComponentError::ForeignImports(imports)) => assert_eq!(imports, ["`env::now`"]),
            other => panic!("{other:?}"),
        }
    }
}
