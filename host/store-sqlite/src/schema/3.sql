-- When a receiver's bundle may have its next message, on the host's clock; bundle: JSON.
CREATE TABLE pause (
    receiver TEXT NOT NULL,
    bundle TEXT NOT NULL,
    until_ns INTEGER NOT NULL,
    PRIMARY KEY (receiver, bundle)
) WITHOUT ROWID;
