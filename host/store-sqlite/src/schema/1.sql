-- What is known now.

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;

CREATE TABLE place (
    source TEXT NOT NULL PRIMARY KEY,
    cursor BLOB,
    lines INTEGER NOT NULL,
    time_ns INTEGER
) WITHOUT ROWID;

CREATE TABLE clock (
    object TEXT NOT NULL PRIMARY KEY,
    time_ns INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE state (
    object TEXT NOT NULL,
    rule TEXT NOT NULL,
    key TEXT NOT NULL,
    entry BLOB NOT NULL,
    PRIMARY KEY (object, rule, key)
) WITHOUT ROWID;

CREATE TABLE reminder (
    object TEXT NOT NULL,
    rule TEXT NOT NULL,
    name TEXT NOT NULL,
    due_ns INTEGER NOT NULL,
    source TEXT NOT NULL,
    line INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (object, rule, name)
) WITHOUT ROWID;

-- metric: 0 for a property, 1 for a metric. seen: [[time_ns, value or null], …], oldest first.
CREATE TABLE fact (
    object TEXT NOT NULL,
    metric INTEGER NOT NULL,
    name TEXT NOT NULL,
    gone_ns INTEGER,
    seen TEXT NOT NULL,
    PRIMARY KEY (object, metric, name)
) WITHOUT ROWID;

-- odd: metrics that JSON has no number for.
CREATE TABLE object (
    id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    odd TEXT
);

CREATE TABLE symptom (
    object TEXT NOT NULL,
    name TEXT NOT NULL,
    active INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (object, name)
);

CREATE TABLE pending (
    object TEXT NOT NULL,
    definition TEXT NOT NULL,
    opening INTEGER NOT NULL,
    since_ns INTEGER NOT NULL,
    due_ns INTEGER NOT NULL,
    PRIMARY KEY (object, definition)
) WITHOUT ROWID;

CREATE TABLE silence (
    id TEXT NOT NULL PRIMARY KEY,
    until_ns INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;

-- status: 0 open, 1 cancelled. criticality: 0 information to 3 critical. written_ns, here and below:
-- the host's clock when the row was written, for retention; event times may be anything.
CREATE TABLE alert (
    id TEXT NOT NULL UNIQUE,
    object TEXT NOT NULL,
    definition TEXT NOT NULL,
    status INTEGER NOT NULL,
    criticality INTEGER NOT NULL,
    opened_ns INTEGER NOT NULL,
    cancelled_ns INTEGER,
    written_ns INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX alert_open ON alert (status) WHERE status = 0;
CREATE INDEX alert_last ON alert (object, definition, cancelled_ns) WHERE status = 1;
CREATE INDEX alert_over ON alert (cancelled_ns) WHERE status = 1;
CREATE INDEX alert_old ON alert (written_ns) WHERE status = 1;

-- who: 0 an object, 1 a group.
CREATE TABLE badge_now (
    who INTEGER NOT NULL,
    name TEXT NOT NULL,
    time_ns INTEGER NOT NULL,
    score INTEGER NOT NULL,
    worst INTEGER NOT NULL,
    share INTEGER NOT NULL,
    violations INTEGER NOT NULL,
    allowed INTEGER NOT NULL,
    PRIMARY KEY (who, name)
) WITHOUT ROWID;

-- What is to be told.

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    receiver TEXT NOT NULL,
    key TEXT NOT NULL,
    dead INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before_ns INTEGER NOT NULL DEFAULT 0,
    written_ns INTEGER NOT NULL,
    error TEXT,
    body TEXT NOT NULL,
    UNIQUE (receiver, key)
);
CREATE INDEX outbox_of ON outbox (receiver, dead, id, written_ns);
CREATE INDEX outbox_dead ON outbox (id) WHERE dead = 1;

CREATE TABLE receiver (
    name TEXT NOT NULL PRIMARY KEY,
    delivered INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    delivered_ns INTEGER,
    failed_ns INTEGER,
    error TEXT
) WITHOUT ROWID;

-- What was.

CREATE TABLE badge (
    id INTEGER PRIMARY KEY,
    who INTEGER NOT NULL,
    name TEXT NOT NULL,
    time_ns INTEGER NOT NULL,
    score INTEGER NOT NULL,
    worst INTEGER NOT NULL,
    share INTEGER NOT NULL,
    violations INTEGER NOT NULL,
    allowed INTEGER NOT NULL,
    written_ns INTEGER NOT NULL
);
CREATE INDEX badge_of ON badge (who, name, time_ns);

-- hash: SHA-256 over the hash of the row before and this row's columns; see audit.rs.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    written_ns INTEGER NOT NULL,
    time_ns INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    hash BLOB NOT NULL
);
CREATE INDEX audit_of ON audit (subject);

-- The last row that was written (name 'head') and the last that retention removed ('anchor').
CREATE TABLE audit_mark (
    name TEXT NOT NULL PRIMARY KEY,
    id INTEGER NOT NULL,
    hash BLOB NOT NULL
) WITHOUT ROWID;
INSERT INTO audit_mark VALUES ('head', 0, zeroblob(32)), ('anchor', 0, zeroblob(32));

CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'audit entries are never changed');
END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
WHEN OLD.id > (SELECT id FROM audit_mark WHERE name = 'anchor') BEGIN
    SELECT RAISE(ABORT, 'audit entries are only removed behind an anchor');
END;
CREATE TRIGGER audit_goes_on BEFORE INSERT ON audit
WHEN NEW.id <= (SELECT coalesce(max(id), 0) FROM audit) BEGIN
    SELECT RAISE(ABORT, 'audit entries are only added at the end');
END;
CREATE TRIGGER audit_mark_goes_on BEFORE UPDATE ON audit_mark WHEN NEW.id < OLD.id BEGIN
    SELECT RAISE(ABORT, 'audit marks only go forward');
END;
CREATE TRIGGER audit_mark_is_kept BEFORE DELETE ON audit_mark BEGIN
    SELECT RAISE(ABORT, 'audit marks are never removed');
END;
