-- Two versions of a rule may run side by side; each has its own state. lane: 0 live, 1 shadow.

CREATE TABLE state_by_lane (
    object TEXT NOT NULL,
    rule TEXT NOT NULL,
    lane INTEGER NOT NULL,
    key TEXT NOT NULL,
    entry BLOB NOT NULL,
    PRIMARY KEY (object, rule, lane, key)
) WITHOUT ROWID;
INSERT INTO state_by_lane SELECT object, rule, 0, key, entry FROM state;
DROP TABLE state;
ALTER TABLE state_by_lane RENAME TO state;

CREATE TABLE reminder_by_lane (
    object TEXT NOT NULL,
    rule TEXT NOT NULL,
    lane INTEGER NOT NULL,
    name TEXT NOT NULL,
    due_ns INTEGER NOT NULL,
    source TEXT NOT NULL,
    line INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (object, rule, lane, name)
) WITHOUT ROWID;
INSERT INTO reminder_by_lane SELECT object, rule, 0, name, due_ns, source, line, text FROM reminder;
DROP TABLE reminder;
ALTER TABLE reminder_by_lane RENAME TO reminder;
