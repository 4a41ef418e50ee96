-- A kept answer in the house's other language, and the kind words that guests say. Written by packages inbox and floor.

ALTER TABLE saved_reply ADD COLUMN other TEXT NOT NULL DEFAULT ''; -- the same in the other language, '' = there is none

-- A kind word rings nowhere: it is a message at the counter, and the room reads it among what was done tonight.
CREATE TABLE kind_word (
  place_id TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  id       TEXT NOT NULL,                        -- names its message too
  guest_id TEXT NOT NULL,
  table_id TEXT NOT NULL,
  whom     TEXT NOT NULL,                        -- kitchen, bar, '' = everybody
  text     TEXT NOT NULL,                        -- plain; gone after the days that the place chose
  language TEXT NOT NULL,
  at       BIGINT NOT NULL,
  PRIMARY KEY (place_id, id),
  FOREIGN KEY (place_id, table_id) REFERENCES floor_table (place_id, id) ON DELETE CASCADE
);
CREATE INDEX kind_word_at ON kind_word (place_id, at);
