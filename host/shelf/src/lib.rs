//! lifesigns-shelf
