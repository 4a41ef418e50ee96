-- The installation, its places, their members, accounts on networks, and the journal.
-- Written by package place.

CREATE TABLE instance (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE place (
  id         TEXT PRIMARY KEY,
  n          BIGINT NOT NULL UNIQUE,           -- short number, used in table codes and the search index
  slug       TEXT NOT NULL UNIQUE,             -- in addresses: /p/le-zinc/…
  name       TEXT NOT NULL,
  language   TEXT NOT NULL,                    -- BCP 47: fr-CA, en-CA …
  timezone   TEXT NOT NULL,                    -- IANA
  settings   JSONB NOT NULL,                   -- place.Settings
  seq        BIGINT NOT NULL DEFAULT 0,        -- the last journal number given out
  created_at BIGINT NOT NULL
);

CREATE TABLE member (
  id         TEXT PRIMARY KEY,
  email      TEXT NOT NULL UNIQUE,             -- folded for comparison
  name       TEXT NOT NULL,
  password   TEXT NOT NULL,                    -- argon2id, PHC format; '' = cannot sign in by password
  language   TEXT NOT NULL DEFAULT '',         -- '' = the place's
  theme      TEXT NOT NULL DEFAULT '',         -- 'matin', 'soir', '' = the system's
  settings   JSONB NOT NULL,                   -- place.MemberSettings
  created_at BIGINT NOT NULL
);

CREATE TABLE membership (
  place_id   TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  member_id  TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
  role       TEXT NOT NULL,                    -- owner, manager, floor
  created_at BIGINT NOT NULL,
  PRIMARY KEY (place_id, member_id)
);
CREATE INDEX membership_member ON membership (member_id);

CREATE TABLE session (
  id               TEXT PRIMARY KEY,           -- SHA-256 of the cookie, hexadecimal
  handle           TEXT NOT NULL UNIQUE,       -- what the list of sessions calls it
  member_id        TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
  device           TEXT NOT NULL,              -- "Firefox, Android"
  created_at       BIGINT NOT NULL,
  used_at          BIGINT NOT NULL,
  authenticated_at BIGINT NOT NULL,            -- when the password was last asked
  expires_at       BIGINT NOT NULL
);
CREATE INDEX session_member ON session (member_id);

-- One-time links: set-up, invitation, password reset, demo sign-in.
CREATE TABLE link (
  hash       TEXT PRIMARY KEY,                 -- SHA-256 of the 256 random bits
  kind       TEXT NOT NULL,
  place_id   TEXT REFERENCES place (id) ON DELETE CASCADE,
  member_id  TEXT REFERENCES member (id) ON DELETE CASCADE,
  role       TEXT NOT NULL DEFAULT '',
  email      TEXT NOT NULL DEFAULT '',
  created_by TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at    BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE token (
  id         TEXT PRIMARY KEY,
  place_id   TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  hash       TEXT NOT NULL UNIQUE,
  scopes     TEXT NOT NULL,                    -- space separated, from a closed list
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at    BIGINT NOT NULL DEFAULT 0,
  revoked_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX token_place ON token (place_id);

-- Failed sign-ins, kept for the limits and pruned after a day. subject is a keyed hash.
CREATE TABLE signin_failure (
  subject TEXT NOT NULL,
  at      BIGINT NOT NULL
);
CREATE INDEX signin_failure_subject ON signin_failure (subject, at);

CREATE TABLE account (
  id          TEXT NOT NULL PRIMARY KEY,
  place_id    TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  kind        TEXT NOT NULL,                   -- network.Kind
  name        TEXT NOT NULL,
  handle      TEXT NOT NULL,                   -- as people know it: an address, @name@server
  endpoint    TEXT NOT NULL,                   -- the driver's own, nothing secret
  credential  BYTEA,                           -- sealed; NULL = none needed
  state       TEXT NOT NULL,                   -- ok, trouble (mends itself), needs_person, off
  fault_code  TEXT NOT NULL DEFAULT '',
  fault_key   TEXT NOT NULL DEFAULT '',
  cursor      TEXT NOT NULL DEFAULT '',
  received_at BIGINT NOT NULL DEFAULT 0,       -- last successful reading
  sent_at     BIGINT NOT NULL DEFAULT 0,       -- last successful sending
  skipped     BIGINT NOT NULL DEFAULT 0,       -- malformed items left out, ever
  holder      TEXT NOT NULL DEFAULT '',        -- the process that collects it
  held_until  BIGINT NOT NULL DEFAULT 0,
  created_at  BIGINT NOT NULL,
  removed_at  BIGINT NOT NULL DEFAULT 0,
  UNIQUE (place_id, id)
);
CREATE INDEX account_place ON account (place_id);

CREATE TABLE journal (
  place_id   TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  seq        BIGINT NOT NULL,                  -- 1, 2, 3 … within the place, without holes
  at         BIGINT NOT NULL,
  actor      TEXT NOT NULL,                    -- member, guest, token, network, system
  actor_id   TEXT NOT NULL,
  kind       TEXT NOT NULL,                    -- conversation.received, call.taken …
  subject_id TEXT NOT NULL,                    -- the conversation, call, member … it is about
  data       JSONB NOT NULL,                   -- ids and small facts, never what people wrote
  PRIMARY KEY (place_id, seq)
);
CREATE INDEX journal_subject ON journal (place_id, subject_id, seq);

-- Words of messages, for search: see db.Search. They come folded and apart, so SQLite's simplest tokenizer does; the
-- first databases have unicode61 here, which takes the same words from them.
-- only sqlite
CREATE VIRTUAL TABLE search USING fts5 (words, content='', contentless_delete=1, tokenize='ascii');
-- end
-- only postgres
CREATE TABLE search (n BIGINT PRIMARY KEY, words TSVECTOR NOT NULL);
CREATE INDEX search_words ON search USING gin (words);
-- end
