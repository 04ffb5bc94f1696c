-- The version of a rule's state under which an entry was written; 0 where the rule does not say.

ALTER TABLE state ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
