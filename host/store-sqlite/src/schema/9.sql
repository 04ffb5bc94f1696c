-- What a rule was given when it raised a symptom last, or when it failed (symptom is empty then), so that it can be
-- run again. lane: 0 live, 1 shadow. settings: a row of rule_settings.

CREATE TABLE rule_call (
    id INTEGER PRIMARY KEY,
    object TEXT NOT NULL,
    rule TEXT NOT NULL,
    lane INTEGER NOT NULL,
    symptom TEXT NOT NULL,
    settings TEXT NOT NULL,
    written_ns INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX rule_call_of ON rule_call (object, rule, symptom);
CREATE INDEX rule_call_failure ON rule_call (rule, id) WHERE symptom = '';
CREATE INDEX rule_call_old ON rule_call (written_ns);

-- digest: sha256:… of body, which is a JSON object.
CREATE TABLE rule_settings (
    digest TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
) WITHOUT ROWID;
