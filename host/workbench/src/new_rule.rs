//! A new rule: a folder that builds, tests and runs at once, with the SDK beside it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::sdk_files::{SDK, WIT};

/// What a new rule begins as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateKind {
    /// A line is a symptom.
    Keyword,
    /// Too many within a window.
    Stateful,
    /// A line on an object with a property.
    Facts,
}

/// Where a new rule has the SDK from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SdkSource {
    /// From this program, which writes it beside the rule.
    Embedded,
    /// From a folder.
    Path(String),
    /// From a git repository.
    Git(String),
    /// From the registry, in this version.
    Registry(String),
}

/// Why a rule was not made.
#[derive(Debug, thiserror::Error)]
pub enum NewRuleError {
    /// Its name cannot be one.
    #[error(
        "`{name}` cannot be a rule's name: use lower-case letters, digits and single hyphens, and begin with a letter"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// There is something of that name.
    #[error("{} is there already", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("{}: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        cause: io::Error,
    },
}

/// A rule to be made.
#[derive(Clone, Debug)]
pub struct NewRule<'a> {
    /// Its name, and its folder's.
    pub name: &'a str,
    /// What it begins as.
    pub template: TemplateKind,
    /// Where it has the SDK from.
    pub sdk: SdkSource,
}

/// The files of a template: source, two cases, settings.
struct TemplateFiles {
    source: &'static str,
    first: &'static str,
    refused: &'static str,
    settings: &'static str,
}

macro_rules! template {
    ($name:literal) => {
        TemplateFiles {
            source: include_str!(concat!("../templates/", $name, "/lib.rs")),
            first: include_str!(concat!("../templates/", $name, "/first.case")),
            refused: include_str!(concat!("../templates/", $name, "/refused.case")),
            settings: include_str!(concat!("../templates/", $name, "/settings.toml")),
        }
    };
}

impl TemplateKind {
    const fn files(self) -> TemplateFiles {
        match self {
            Self::Keyword => template!("keyword"),
            Self::Stateful => template!("stateful"),
            Self::Facts => template!("facts"),
        }
    }
}

impl NewRule<'_> {
    /// Makes the rule in `folder`. Returns its files, each with what it is for.
    ///
    /// # Errors
    /// The name cannot be a rule's, the folder exists, or a file cannot be written.
    pub fn make(&self, folder: &Path) -> Result<Vec<(PathBuf, String)>, NewRuleError> {
        let name = self.name;
        let plain = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let begins_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        if !begins_well || name.len() > 64 || !name.split('-').all(plain) {
            return Err(NewRuleError::Name { name: name.to_owned() });
        }
        let home = folder.join(name);
        if home.exists() {
            return Err(NewRuleError::Exists { path: home });
        }
        let TemplateFiles { source, first, refused, settings } = self.template.files();
        let source = source.replace("NewRule", &camel(name)).replace("new-rule", name);
        let readme = include_str!("../templates/README.md").replace("NEW-RULE", name);
        let editor = include_str!("../templates/editorconfig");
        let manifest = format!("module = \"{name}.wasm\"\n\n[settings]\n{settings}");
        let files = [
            ("Cargo.toml", self.cargo_toml(), self.sdk_text()),
            ("src/lib.rs", source, "the rule, with a unit test: replace what it looks for".to_owned()),
            ("cases/first.case", first.to_owned(), "lines, the passing of time, and what must come out".to_owned()),
            ("cases/refused.case", refused.to_owned(), "settings that must be refused".to_owned()),
            (&format!("{name}.toml"), manifest, "the manifest, with its settings".to_owned()),
            ("README.md", readme, "the commands".to_owned()),
            (".gitignore", "/target/\n".to_owned(), "what git leaves out".to_owned()),
            (".editorconfig", editor.to_owned(), "for editors".to_owned()),
        ];
        let mut made = Vec::new();
        for (path, text, what) in files {
            write(&home.join(path), &text)?;
            made.push((home.join(path), what));
        }
        if self.sdk == SdkSource::Embedded {
            let sdk = home.join("sdk");
            write(&sdk.join("Cargo.toml"), &sdk_manifest())?;
            for (path, text) in SDK.iter().chain(WIT) {
                write(&sdk.join(path), text)?;
            }
            made.push((sdk, "the SDK and the contract (wit/), as this program has them".to_owned()));
        }
        Ok(made)
    }

    fn sdk_text(&self) -> String {
        match &self.sdk {
            SdkSource::Embedded => "lifesigns-rule from sdk/: no network needed".to_owned(),
            SdkSource::Path(path) => format!("lifesigns-rule from {path}"),
            SdkSource::Git(url) => format!("lifesigns-rule from {url}"),
            SdkSource::Registry(version) => format!("lifesigns-rule {version}"),
        }
    }

    fn cargo_toml(&self) -> String {
        // Debug quotes as TOML does.
        let sdk = match &self.sdk {
            SdkSource::Embedded => "{ path = \"sdk\" }".to_owned(),
            SdkSource::Path(path) => format!("{{ path = {path:?} }}"),
            SdkSource::Git(url) => format!("{{ git = {url:?} }}"),
            SdkSource::Registry(version) => format!("{version:?}"),
        };
        format!(
            "[package]\nname = \"{}\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n\
             # `cdylib` makes the module, `rlib` the unit tests.\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n\
             [dependencies]\nlifesigns-rule = {sdk}\n\n\
             # A workspace of its own, wherever this folder lies.\n[workspace]\n",
            self.name
        )
    }
}

/// The SDK's manifest outside of its workspace.
fn sdk_manifest() -> String {
    format!(
        "[package]\nname = \"lifesigns-rule\"\ndescription = \"Write lifesigns rules\"\nversion = \"{}\"\n\
         edition = \"2024\"\nlicense = \"Apache-2.0\"\npublish = false\n\n[lib]\n\
         # Its tests read files of the project that it comes from.\ntest = false\ndoctest = false\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// Returns the type's name for a rule's: `ManyLogins` of `many-logins`.
fn camel(name: &str) -> String {
    let capital = |part: &str| part[..1].to_ascii_uppercase() + &part[1..];
    name.split('-').map(capital).collect()
}

fn write(path: &Path, text: &str) -> Result<(), NewRuleError> {
    let failed = |cause| NewRuleError::Write { path: path.to_owned(), cause };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn rule(name: &str, sdk: SdkSource) -> NewRule<'_> {
        NewRule { name, template: TemplateKind::Stateful, sdk }
    }

    #[test]
    fn a_rule_has_its_name_everywhere() {
        let folder = tempfile::tempdir().unwrap();
        rule("many-logins", SdkSource::Embedded).make(folder.path()).unwrap();
        let read = |path: &str| fs::read_to_string(folder.path().join("many-logins").join(path)).unwrap();
        assert!(read("src/lib.rs").contains("export!(ManyLogins)"));
        assert!(read("src/lib.rs").contains("Description::new(\"many-logins\""));
        assert!(read("many-logins.toml").starts_with("module = \"many-logins.wasm\""));
        assert!(read("sdk/src/lib.rs").contains("Write lifesigns rules in Rust"));
        let twice = rule("many-logins", SdkSource::Embedded).make(folder.path()).unwrap_err();
        assert!(twice.to_string().ends_with("is there already"));
    }

    #[test]
    fn the_sdk_comes_from_where_it_shall() {
        let folder = tempfile::tempdir().unwrap();
        for (name, sdk, line) in [
            ("a", SdkSource::Path("../sdk".into()), "lifesigns-rule = { path = \"../sdk\" }"),
            (
                "b",
                SdkSource::Git("https://example.org/x".into()),
                "lifesigns-rule = { git = \"https://example.org/x\" }",
            ),
            ("c", SdkSource::Registry("0.1".into()), "lifesigns-rule = \"0.1\""),
        ] {
            rule(name, sdk).make(folder.path()).unwrap();
            let text = fs::read_to_string(folder.path().join(name).join("Cargo.toml")).unwrap();
            assert!(text.contains(line), "{text}");
            assert!(!folder.path().join(name).join("sdk").exists());
        }
        for bad in ["", "A", "a--b", "-a", "1a", "a_b", "a/b"] {
            assert!(rule(bad, SdkSource::Embedded).make(folder.path()).is_err(), "{bad}");
        }
    }
}
