-- What becomes of a message after it was received: its author changes it or takes it back, and the place decides who
-- can read what was written under its own publications. Written by package inbox.

ALTER TABLE message ADD COLUMN edited_at BIGINT NOT NULL DEFAULT 0; -- we heard that the text is another, 0 = as it came
ALTER TABLE message ADD COLUMN gone_at   BIGINT NOT NULL DEFAULT 0; -- we heard that it is gone from its network, 0 = it is there

CREATE TABLE standing (
  place_id   TEXT NOT NULL,
  message_id TEXT NOT NULL,
  wanted     TEXT NOT NULL,                    -- network.Standing, by the place
  done       TEXT NOT NULL,                    -- on the network
  fence      BIGINT NOT NULL DEFAULT 0,        -- raised with each wish: what an earlier one brought changes nothing
  tries      BIGINT NOT NULL DEFAULT 0,
  due_at     BIGINT NOT NULL DEFAULT 0,        -- when to ask the network, 0 = nothing is wanted of it
  PRIMARY KEY (place_id, message_id),
  FOREIGN KEY (place_id, message_id) REFERENCES message (place_id, id) ON DELETE CASCADE
);
CREATE INDEX standing_due ON standing (due_at) WHERE due_at > 0;
