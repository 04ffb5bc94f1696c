//! Write lifesigns rules in Rust.
//!
//! A rule is a type that implements [`Rule`]; [`export!`] makes its crate a rule module. It evaluates
//! one [`Event`] at a time, returns [`Alerts`], and keeps state through [`Event::state`]. It has no
//! clock, no files and no network.
//!
//! ```
//! use lifesigns_rule::{Alerts, Criticality, Description, Event, Interest, Rule, Symptom};
//!
//! lifesigns_rule::settings! {
//!     struct Settings {
//!         /// The word to look for.
//!         word: String,
//!     }
//! }
//!
//! struct Shout(Settings);
//!
//! impl Rule for Shout {
//!     type Settings = Settings;
//!
//!     fn new(settings: Settings) -> Result<Self, String> {
//!         if settings.word.is_empty() {
//!             return Err("`word` is empty: give the word to look for".into());
//!         }
//!         Ok(Self(settings))
//!     }
//!
//!     fn describe(&self) -> Description {
//!         Description::new("shout", env!("CARGO_PKG_VERSION"))
//!             .symptom(Symptom::new("shouted", "A program shouted").criticality(Criticality::Warning))
//!             .interest(Interest::log().contains([&self.0.word]))
//!     }
//!
//!     fn evaluate(&self, event: &Event<'_>, alerts: &mut Alerts<'_>) {
//!         alerts.raise("shouted", format!("{} shouted", event.object()));
//!     }
//! }
//!
//! lifesigns_rule::export!(Shout);
//!
//! // Natively, in a test:
//! let mut bench = lifesigns_rule::testing::Bench::<Shout>::new(r#"{"word": "HEY"}"#).unwrap();
//! let alerts = bench.log("vm-1", "HEY you");
//! assert_eq!(alerts[0].summary, "vm-1 shouted");
//! ```

mod alerts;
mod columns;
mod decimal;
mod describe;
mod duration;
mod event;
mod glue;
mod host;
pub mod json;
#[cfg(target_family = "wasm")]
#[allow(unsafe_code)]
#[doc(hidden)]
pub mod memory;
pub mod native;
#[allow(missing_docs, unreachable_pub, unsafe_code)]
#[doc(hidden)]
pub mod rt;
mod rule;
pub mod settings;
mod state;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
pub mod text;
mod threshold;

/// The bindings that `wit-bindgen` generates from `wit/`, for the export macro; rules do not need them.
#[doc(hidden)]
#[allow(missing_docs, unreachable_pub, unsafe_code, clippy::all, clippy::pedantic, clippy::unwrap_used, rust_2018_idioms)]
#[rustfmt::skip]
pub mod bindings;

pub use alerts::{Alert, Alerts, Change, Raised};
pub use bindings::lifesigns::rule::{
    log::Level,
    types::{Condition, Criticality, Description, Impact, Interest, Kinds, Subject, Symptom, Test, Wants},
};
pub use event::{Event, Kind};
#[doc(hidden)]
pub use glue::{Instance, report_panics};
#[doc(hidden)]
pub use host::Imports;
pub use rule::Rule;
pub use state::State;
pub use threshold::{Edge, Threshold};
