//! How the command line reaches a running host: a Unix socket beside its store.
