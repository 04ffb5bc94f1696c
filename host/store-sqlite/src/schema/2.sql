-- By whose event time what waits becomes due: an object's, as a source tells it; empty, the host's clock.

ALTER TABLE pending ADD COLUMN clock_source TEXT NOT NULL DEFAULT '';
ALTER TABLE pending ADD COLUMN clock_object TEXT NOT NULL DEFAULT '';
