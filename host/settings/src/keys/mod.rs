//! All keys of `lifesigns.toml`.

mod compliance;
mod host;
mod telling;

pub(crate) use host::ROOT;

use crate::shape::Shape;

static TEXTS: Shape = Shape::List(&Shape::Text, 0);
static NAMES: Shape = Shape::List(&Shape::Name, 0);

const CRITICALITIES: &[&str] = &["information", "warning", "immediate", "critical"];
