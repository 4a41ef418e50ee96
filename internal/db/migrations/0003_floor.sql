-- The room: zones, tables and their codes, guests, their calls. Written by package floor.

CREATE TABLE zone (
  place_id   TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  id         TEXT NOT NULL,
  name       TEXT NOT NULL,
  position   BIGINT NOT NULL,
  PRIMARY KEY (place_id, id)
);

CREATE TABLE floor_table (
  place_id   TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  id         TEXT NOT NULL,
  n          BIGINT NOT NULL,                  -- in its code; never used again, even when the table is gone
  name       TEXT NOT NULL,                    -- on its plate: "7", "Bar"
  zone_id    TEXT,
  x          BIGINT NOT NULL,                  -- on the plan, 0 to 24 of its width
  y          BIGINT NOT NULL,                  -- and of its height
  seats      BIGINT NOT NULL DEFAULT 0,        -- 0 = not told
  version    BIGINT NOT NULL DEFAULT 1,        -- of its code: raising it makes printed cards worthless
  coded_at   BIGINT NOT NULL,                  -- when the code in force was made
  old_until  BIGINT NOT NULL DEFAULT 0,        -- until when the code before it still leads here
  printed_at BIGINT NOT NULL DEFAULT 0,        -- when its card was last printed
  printed_on TEXT NOT NULL DEFAULT '',         -- with which address
  asked_at   BIGINT NOT NULL DEFAULT 0,        -- the last thing said from it; also the lock of what is counted by table
  created_at BIGINT NOT NULL,
  removed_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (place_id, id),
  UNIQUE (place_id, n),
  FOREIGN KEY (place_id, zone_id) REFERENCES zone (place_id, id)
);

-- A guest is a random cookie for one evening, and nobody else.
CREATE TABLE guest (
  place_id        TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  id              TEXT NOT NULL,
  hash            TEXT NOT NULL,               -- keyed, of the cookie
  table_id        TEXT NOT NULL,               -- where they last spoke
  language        TEXT NOT NULL,
  conversation_id TEXT NOT NULL DEFAULT '',
  created_at      BIGINT NOT NULL,
  blocked_until   BIGINT NOT NULL DEFAULT 0,
  blocked_at      BIGINT NOT NULL DEFAULT 0,
  blocked_by      TEXT NOT NULL DEFAULT '',    -- the name of who did it
  PRIMARY KEY (place_id, id),
  UNIQUE (place_id, hash),
  FOREIGN KEY (place_id, table_id) REFERENCES floor_table (place_id, id) ON DELETE CASCADE
);
CREATE INDEX guest_blocked ON guest (place_id, blocked_until) WHERE blocked_until > 0;

CREATE TABLE call (
  place_id    TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  id          TEXT NOT NULL,
  table_id    TEXT,                            -- NULL = not known yet (passed on from a network)
  network     TEXT NOT NULL,                   -- where it came from: "house" = the table's own code
  kind        TEXT NOT NULL,
  state       TEXT NOT NULL,                   -- received, taken, done, cancelled
  received_at BIGINT NOT NULL,                 -- waiting since
  last_at     BIGINT NOT NULL,                 -- asked for the last time
  taken_by    TEXT NOT NULL DEFAULT '',        -- member or token
  taken_name  TEXT NOT NULL DEFAULT '',
  taken_at    BIGINT NOT NULL DEFAULT 0,
  closed_at   BIGINT NOT NULL DEFAULT 0,       -- done or cancelled
  answer      TEXT NOT NULL DEFAULT '',        -- to "all good?": good, again
  PRIMARY KEY (place_id, id),
  FOREIGN KEY (place_id, table_id) REFERENCES floor_table (place_id, id)
);
CREATE INDEX call_open ON call (place_id, received_at) WHERE state IN ('received', 'taken');
CREATE INDEX call_table ON call (place_id, table_id, kind, last_at);
CREATE INDEX call_closed ON call (place_id, closed_at);

-- Who asked, in which words. The same call of the same table by two guests is one call with two of these.
CREATE TABLE call_ask (
  place_id        TEXT NOT NULL,
  id              TEXT NOT NULL,
  call_id         TEXT NOT NULL,
  guest_id        TEXT NOT NULL DEFAULT '',    -- '' = passed on from a network
  conversation_id TEXT NOT NULL DEFAULT '',
  author          TEXT NOT NULL DEFAULT '',    -- the name of who wrote on a network
  text            TEXT NOT NULL,               -- plain; emptied after the days that the place chose
  language        TEXT NOT NULL,
  at              BIGINT NOT NULL,
  cancelled_at    BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (place_id, id),
  FOREIGN KEY (place_id, call_id) REFERENCES call (place_id, id) ON DELETE CASCADE
);
CREATE INDEX call_ask_call ON call_ask (place_id, call_id);
CREATE INDEX call_ask_guest ON call_ask (place_id, guest_id);
CREATE INDEX call_ask_conversation ON call_ask (place_id, conversation_id);

-- What was said lately, counted for the limits and deleted after 48 hours.
CREATE TABLE guest_said (
  place_id TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  guest_id TEXT NOT NULL,
  table_id TEXT NOT NULL,
  address  TEXT NOT NULL,                      -- a hash whose key changes every day
  at       BIGINT NOT NULL
);
CREATE INDEX guest_said_guest ON guest_said (place_id, guest_id, at);
CREATE INDEX guest_said_table ON guest_said (place_id, table_id, at);
CREATE INDEX guest_said_address ON guest_said (place_id, address, at);
CREATE INDEX guest_said_at ON guest_said (at);
