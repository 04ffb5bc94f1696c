//! lifesigns
