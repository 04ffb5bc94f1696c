//! lifesigns-engine

pub mod prefilter;
