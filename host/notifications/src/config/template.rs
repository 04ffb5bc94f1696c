//! A webhook's body as the operator wants it.

use std::fmt;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};

/// The longest template.
const TEMPLATE_BYTES: usize = 64 * 1024;
/// What one rendering may do, in instructions of the template engine.
const RENDER_FUEL: u64 = 2_000_000;
/// The name of the one template.
const NAME: &str = "body";

/// A minijinja (Jinja 2) template that makes JSON: what it prints is written as a JSON value, so that
/// no text of a log can leave its string. Names that are not there are errors.
#[derive(Clone, PartialEq, Eq)]
pub struct BodyTemplate(String);

impl BodyTemplate {
    /// Checks the text.
    ///
    /// # Errors
    /// What is wrong, with the line.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        if text.len() > TEMPLATE_BYTES {
            return Err(format!("a template is at most {TEMPLATE_BYTES} bytes long"));
        }
        Self::environment(&text).map(drop)?;
        Ok(Self(text))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The engine with this template in it, as [`render`](Self::render) uses it.
    fn environment(text: &str) -> Result<Environment<'_>, String> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Json);
        environment.set_fuel(Some(RENDER_FUEL));
        environment.add_template(NAME, text).map_err(|why| why.to_string())?;
        Ok(environment)
    }

    /// Makes the body.
    ///
    /// # Errors
    /// What is wrong, with the line: a name that is not there, too much work.
    pub fn render<T: serde::Serialize>(&self, context: &T) -> Result<String, String> {
        let environment = Self::environment(&self.0)?;
        let template = environment.get_template(NAME).map_err(|why| why.to_string())?;
        template.render(minijinja::value::Serde(context)).map_err(|why| why.to_string())
    }
}

impl fmt::Debug for BodyTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({} bytes)", self.0.len())
    }
}
