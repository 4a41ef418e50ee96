-- Somebody who is on a network's own page, to say there that an account may be connected: ten minutes at most.
-- Written by package place.

CREATE TABLE login (
  hash       TEXT PRIMARY KEY,                 -- SHA-256 of the 256 random bits that come back with them
  place_id   TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  session    TEXT NOT NULL,                    -- the handle of the one that may bring them back
  account_id TEXT NOT NULL DEFAULT '',         -- the account that is connected again, '' = another one
  kind       TEXT NOT NULL,                    -- network.Kind
  sealed     BYTEA NOT NULL,                   -- what the driver needs to finish
  expires_at BIGINT NOT NULL
);
