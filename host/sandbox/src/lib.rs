//! lifesigns-sandbox
