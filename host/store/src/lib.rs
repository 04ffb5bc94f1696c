//! What must outlast a restart: one SQLite file.
