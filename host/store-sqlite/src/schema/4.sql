-- The host's clock when what waits began to wait; 0 where it is not known.
ALTER TABLE pending ADD COLUMN heard_ns INTEGER NOT NULL DEFAULT 0;
