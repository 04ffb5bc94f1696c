//! lifesigns-intake
