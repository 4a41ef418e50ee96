-- What a place does to a message besides answering it: it likes it, or shares it with those who follow the place.
-- Written by package inbox.

CREATE TABLE reaction (
  place_id   TEXT NOT NULL,
  message_id TEXT NOT NULL,
  kind       TEXT NOT NULL,                    -- network.Reaction: like, boost
  wanted     BOOLEAN NOT NULL,                 -- by the place
  done       BOOLEAN NOT NULL DEFAULT FALSE,   -- on the network
  fence      BIGINT NOT NULL DEFAULT 0,        -- raised with each wish: what an earlier one brought changes nothing
  tries      BIGINT NOT NULL DEFAULT 0,
  due_at     BIGINT NOT NULL,                  -- when to ask the network, 0 = it was asked
  PRIMARY KEY (place_id, message_id, kind),
  FOREIGN KEY (place_id, message_id) REFERENCES message (place_id, id) ON DELETE CASCADE
);
-- message.liked is written and read by nobody.
CREATE INDEX reaction_due ON reaction (due_at) WHERE due_at > 0;
