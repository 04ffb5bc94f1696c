//! What the house rules look at: the files of the tree, the code in them without its texts and
//! comments, and who depends on whom. The rules themselves are the tests of this crate.

mod api;
mod code;
mod crates;
mod modules;
mod tree;

pub use api::{PublicApi, difference, public_api};
pub use code::{Function, blank, functions};
pub use crates::{Crate, crates};
pub use modules::{Module, circles, modules};
pub use tree::{BINDINGS, committed, read, root, sources};
