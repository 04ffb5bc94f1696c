//! `lifesigns.toml`: as typed, then checked, with all mistakes at once.
