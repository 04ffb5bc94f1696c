//! `lifesigns.toml`: as typed, then checked, with all mistakes at once. [`Settings::load`] reads the
//! file, `conf.d` and the environment; [`Mistakes`] say where and what to do; [`schema`] tells
//! editors.

mod check;
mod env;
mod keys;
mod load;
mod merge;
mod mistake;
mod node;
mod read;
mod schema;
mod settings;
mod shape;
mod shown;
mod source;
mod suggest;
mod units;
mod zone;

pub use mistake::{Mistake, Mistakes};
pub use schema::schema;
pub use settings::{Compile, Door, Engine, From, Output, Retention, Settings, Source};
