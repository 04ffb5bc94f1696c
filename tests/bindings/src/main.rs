//! Writes the SDK's bindings from `wit/`: `cargo run --manifest-path tests/bindings/Cargo.toml`. With `--check` it
//! fails if they are others.

use std::{env, fs, path::Path, process::ExitCode};

use sha2::{Digest as _, Sha256};
use wit_bindgen_core::{Files, WorldGenerator as _, wit_parser::Resolve};
use wit_bindgen_rust::Opts;

const FILES: [&str; 3] = ["guest.wit", "host.wit", "types.wit"];

type Failure = Box<dyn std::error::Error>;

fn generated(root: &Path) -> Result<String, Failure> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(root.join("wit"))?;
    let world = resolve.select_world(&[package], Some("declared-rule"))?;
    let options = Opts {
        format: true,
        runtime_path: Some("crate::rt".into()),
        pub_export_macro: true,
        default_bindings_module: Some("lifesigns_rule::bindings".into()),
        additional_derive_attributes: vec!["PartialEq".into(), "Clone".into()],
        ..Opts::default()
    };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files)?;
    let (_, contents) = files.iter().next().ok_or("nothing was generated")?;
    let code = String::from_utf8(contents.to_vec())?;
    // A guest need not declare settings.
    let required = "    fn settings() -> _rt::Vec<Setting>;";
    let optional = "    fn settings() -> _rt::Vec<Setting> {\n        _rt::Vec::new()\n    }";
    let code = code.replace(required, optional);
    // Nor have state of other versions.
    let required = "    fn migrate(version: u32, objects: _rt::Vec<_rt::Vec<_rt::String>>) -> ();";
    let optional = "    fn migrate(_version: u32, _objects: _rt::Vec<_rt::Vec<_rt::String>>) {}";
    let code = code.replace(required, optional);
    // Each is called once in an instance: what they return is not worth the code that frees it.
    let code = without_post_return(&without_post_return(&code, "describe")?, "settings")?;
    let mut contract = Sha256::new();
    for file in FILES {
        contract.update(fs::read(root.join("wit").join(file))?);
    }
    let (contract, digest) = (hex::encode(contract.finalize()), hex::encode(Sha256::digest(&code)));
    Ok(format!(
        "//! The contract in Rust: generated from `wit/` by `tests/bindings`, and not to be edited.\n\
         // wit/: sha256:{contract}\n// what follows: sha256:{digest}\n{code}"
    ))
}

/// Takes a function that frees an answer out of the macro that exports it.
fn without_post_return(code: &str, name: &str) -> Result<String, Failure> {
    let exported = code.find(&format!("\"cabi_post_{name}\"")).ok_or("the export is not there")?;
    let start = code[..exported].rfind("#[unsafe").ok_or("the export has no attribute")?;
    let end = code[exported..].find("(arg0) } }").ok_or("the export has no body")? + exported;
    Ok(format!("{}{}", &code[..start], &code[end + "(arg0) } }".len()..]))
}

fn main() -> Result<ExitCode, Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join("rules/sdk/src/bindings.rs");
    let generated = generated(&root)?;
    if env::args().nth(1).as_deref() == Some("--check") {
        let is_same = fs::read_to_string(&path)? == generated;
        return Ok(if is_same { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    fs::write(path, generated)?;
    Ok(ExitCode::SUCCESS)
}
