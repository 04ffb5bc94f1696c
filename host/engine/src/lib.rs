//! lifesigns-engine
