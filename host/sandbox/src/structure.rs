//! What a module may consist of. Everything is counted on its bytes, in one pass, before anything is
//! compiled: the bounds are far above what rules have, and below what makes a compiler suffer.

use wasmparser::{ComponentTypeRef, ElementItems, FunctionBody, Operator, Parser, Payload, TypeRef};

use crate::admission::{self, AdmitError};

/// Components in components. What `lifesigns rule build` makes has none that is instantiated twice.
const DEPTH: u64 = 3;
/// Core modules and components in one component, itself not counted.
const PARTS: u64 = 32;
/// Instances, of modules and of components, in all parts together: an instance of a component that
/// has instances is all of these again, so a few nested ones are millions.
const INSTANCES: u64 = 64;
const TYPES: u64 = 10_000;
const IMPORTS: u64 = 1_000;
const EXPORTS: u64 = 1_000;
const FUNCTIONS: u64 = 50_000;
const TABLES: u64 = 64;
const GLOBALS: u64 = 10_000;
const ELEMENTS: u64 = 50_000;
const SEGMENTS: u64 = 20_000;
const ALIASES: u64 = 10_000;
const CANONICALS: u64 = 1_000;
const LOCALS: u64 = 5_000;
const BODY_BYTES: u64 = 1 << 20;
/// Places where ways through a function meet, times its locals: a compiler may have to carry each
/// local to each such place. Of all functions together.
const CROSSINGS: u64 = 200_000_000;
/// The same of one function.
const FUNCTION_CROSSINGS: u64 = 12_000_000;

/// Counts what `bytes` consist of.
///
/// # Errors
/// When there is too much of something, a part cannot be read, or what it imports or exports is not
/// what a rule does.
pub(crate) fn check(bytes: &[u8]) -> Result<(), AdmitError> {
    admission::begins(bytes)?;
    let mut counts = Counts::default();
    let mut depth = 0_u64;
    let (mut is_component, mut is_typed, mut first) = (false, false, true);
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| invalid(&error))?;
        match &payload {
            Payload::Version { encoding, .. } if std::mem::take(&mut first) => {
                is_component = matches!(encoding, wasmparser::Encoding::Component);
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                depth += 1;
                at_most("components nested in each other", depth, DEPTH)?;
                counts.add(Count::Parts, 1)?;
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 => is_typed |= section.name().starts_with("component-type"),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section.clone() {
                    let import = import.map_err(|error| invalid(&error))?;
                    // The name of a type asks for nothing.
                    if !matches!(import.ty, ComponentTypeRef::Type(_)) {
                        admission::import(import.name.name)?;
                    }
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section.clone() {
                    exports.push(export.map_err(|error| invalid(&error))?.name.name);
                    at_most("exports", exports.len() as u64, EXPORTS)?;
                }
            }
            _ => {}
        }
        counts.payload(&payload)?;
    }
    if !is_component && !is_typed {
        return Err(AdmitError::PlainModule);
    }
    if is_component {
        for wanted in ["describe", "evaluate"] {
            if !exports.contains(&wanted) {
                return Err(AdmitError::World(format!("it has no export `{wanted}`")));
            }
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Count {
    Parts,
    Instances,
    Types,
    Imports,
    Exports,
    Functions,
    Tables,
    Globals,
    Elements,
    Segments,
    Aliases,
    Canonicals,
    Crossings,
}

const COUNTS: [(&str, u64); 13] = [
    ("modules and components within", PARTS),
    ("instances within", INSTANCES),
    ("types", TYPES),
    ("imports", IMPORTS),
    ("exports", EXPORTS),
    ("functions", FUNCTIONS),
    ("tables and memories", TABLES),
    ("globals", GLOBALS),
    ("elements of tables", ELEMENTS),
    ("segments", SEGMENTS),
    ("aliases", ALIASES),
    ("lifted and lowered functions", CANONICALS),
    ("crossings (branches times locals)", CROSSINGS),
];

/// How many there are of each thing, in all parts together.
#[derive(Default)]
struct Counts([u64; COUNTS.len()]);

impl Counts {
    fn add(&mut self, count: Count, more: u64) -> Result<(), AdmitError> {
        let sum = &mut self.0[count as usize];
        *sum = sum.saturating_add(more);
        let (what, most) = COUNTS[count as usize];
        at_most(what, *sum, most)
    }

    fn payload(&mut self, payload: &Payload<'_>) -> Result<(), AdmitError> {
        let (count, more) = match payload {
            Payload::TypeSection(section) => (Count::Types, section.count()),
            Payload::CoreTypeSection(section) => (Count::Types, section.count()),
            Payload::ComponentTypeSection(section) => (Count::Types, section.count()),
            Payload::ImportSection(section) => (Count::Imports, section.count()),
            Payload::ComponentImportSection(section) => (Count::Imports, section.count()),
            Payload::ExportSection(section) => (Count::Exports, section.count()),
            Payload::ComponentExportSection(section) => (Count::Exports, section.count()),
            Payload::FunctionSection(section) => (Count::Functions, section.count()),
            Payload::TableSection(section) => (Count::Tables, section.count()),
            Payload::MemorySection(section) => (Count::Tables, section.count()),
            Payload::GlobalSection(section) => (Count::Globals, section.count()),
            Payload::TagSection(section) => (Count::Globals, section.count()),
            Payload::DataSection(section) => (Count::Segments, section.count()),
            Payload::InstanceSection(section) => (Count::Instances, section.count()),
            Payload::ComponentInstanceSection(section) => (Count::Instances, section.count()),
            Payload::ComponentAliasSection(section) => (Count::Aliases, section.count()),
            Payload::ComponentCanonicalSection(section) => (Count::Canonicals, section.count()),
            Payload::ElementSection(section) => return self.elements(section.clone()),
            Payload::CodeSectionEntry(body) => return self.body(body),
            _ => return Ok(()),
        };
        self.add(count, u64::from(more))?;
        if let Payload::ImportSection(section) = payload {
            self.core_imports(section.clone())?;
        }
        Ok(())
    }

    /// One entry of a section can stand for many imports.
    fn core_imports(&mut self, section: wasmparser::ImportSectionReader<'_>) -> Result<(), AdmitError> {
        for import in section.into_imports() {
            let import = import.map_err(|error| invalid(&error))?;
            self.add(Count::Imports, 1)?;
            if matches!(import.ty, TypeRef::Func(_)) {
                self.add(Count::Functions, 1)?;
            }
        }
        Ok(())
    }

    fn elements(&mut self, section: wasmparser::ElementSectionReader<'_>) -> Result<(), AdmitError> {
        self.add(Count::Segments, u64::from(section.count()))?;
        for element in section {
            let items = match element.map_err(|error| invalid(&error))?.items {
                ElementItems::Functions(items) => items.count(),
                ElementItems::Expressions(_, items) => items.count(),
            };
            self.add(Count::Elements, u64::from(items))?;
        }
        Ok(())
    }

    fn body(&mut self, body: &FunctionBody<'_>) -> Result<(), AdmitError> {
        let range = body.range();
        at_most("bytes in one function", (range.end - range.start) as u64, BODY_BYTES)?;
        let mut locals = 0_u64;
        for group in body.get_locals_reader().map_err(|error| invalid(&error))? {
            locals = locals.saturating_add(u64::from(group.map_err(|error| invalid(&error))?.0));
            at_most("locals in one function", locals, LOCALS)?;
        }
        let crossings = crossings(body)?.saturating_mul(locals);
        at_most("crossings (branches times locals) in one function", crossings, FUNCTION_CROSSINGS)?;
        self.add(Count::Crossings, crossings)
    }
}

/// Places in a function where ways through it meet.
fn crossings(body: &FunctionBody<'_>) -> Result<u64, AdmitError> {
    let mut operators = body.get_operators_reader().map_err(|error| invalid(&error))?;
    let mut places = 0_u64;
    while !operators.eof() {
        match operators.read().map_err(|error| invalid(&error))? {
            Operator::Block { .. } | Operator::If { .. } => places += 1,
            // Every local of a loop is carried to its head and back.
            Operator::Loop { .. } => places += 4,
            Operator::BrTable { targets } => places += u64::from(targets.len()),
            _ => {}
        }
    }
    Ok(places)
}

fn at_most(what: &'static str, count: u64, most: u64) -> Result<(), AdmitError> {
    if count > most { Err(AdmitError::TooComplex { what, count, most }) } else { Ok(()) }
}

fn invalid(error: &wasmparser::BinaryReaderError) -> AdmitError {
    AdmitError::invalid(&error.to_string())
}
