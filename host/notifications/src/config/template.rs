//! The template of the body of a webhook's request.

use std::fmt;

#[cfg(feature = "http")]
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

/// The longest template, in bytes.
const TEMPLATE_BYTES: usize = 64 * 1024;
/// The most instructions of the template engine that one rendering may take.
#[cfg(feature = "http")]
const RENDER_FUEL: u64 = 2_000_000;
/// The name of the one template.
#[cfg(feature = "http")]
const NAME: &str = "body";

/// A minijinja (Jinja 2) template that renders JSON: each value is written as JSON, so that no text of a
/// log can end its string. Unknown names are errors.
#[derive(Clone, PartialEq, Eq)]
pub struct BodyTemplate(String);

impl BodyTemplate {
    /// Makes a template of a text that is one.
    ///
    /// # Errors
    /// The text is too long or not a template; the message names the line.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        if text.len() > TEMPLATE_BYTES {
            return Err(format!("a template is at most {TEMPLATE_BYTES} bytes long"));
        }
        #[cfg(feature = "http")]
        Self::environment(&text).map(drop)?;
        Ok(Self(text))
    }

    /// Returns the text of the template.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "http")]
impl BodyTemplate {
    /// Returns the engine with this template in it.
    fn environment(text: &str) -> Result<Environment<'_>, String> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Json);
        environment.set_fuel(Some(RENDER_FUEL));
        environment.add_template(NAME, text).map_err(|why| why.to_string())?;
        Ok(environment)
    }

    /// Renders the body.
    ///
    /// # Errors
    /// A name is not known, or the rendering takes too many instructions; the message names the line.
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
