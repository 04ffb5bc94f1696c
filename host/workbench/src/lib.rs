//! lifesigns-workbench
