-- Tokens of the API: of a secret only its SHA-256. roles: names, separated by spaces.
CREATE TABLE token (
    name TEXT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    hash BLOB NOT NULL,
    roles TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_ns INTEGER NOT NULL,
    expires_ns INTEGER
) WITHOUT ROWID;
