-- People, what they say, and what is answered.

-- Written by package people.

CREATE TABLE person (
  place_id      TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  id            TEXT NOT NULL,
  name          TEXT NOT NULL,                 -- as they call themselves; follows the network unless named
  named         BOOLEAN NOT NULL DEFAULT FALSE, -- the place gave the name: networks no longer change it
  about         TEXT NOT NULL DEFAULT '',      -- what the team knows, one thing a line
  merged_into   TEXT NOT NULL DEFAULT '',      -- the person that this one turned out to be
  first_seen_at BIGINT NOT NULL,
  last_seen_at  BIGINT NOT NULL,
  PRIMARY KEY (place_id, id)
);

-- One name of a person on one network.
CREATE TABLE identity (
  place_id      TEXT NOT NULL,
  person_id     TEXT NOT NULL,
  kind          TEXT NOT NULL,                 -- network.Kind
  remote_id     TEXT NOT NULL,
  handle        TEXT NOT NULL,
  name          TEXT NOT NULL,
  url           TEXT NOT NULL,
  avatar        TEXT NOT NULL,
  PRIMARY KEY (place_id, kind, remote_id),
  FOREIGN KEY (place_id, person_id) REFERENCES person (place_id, id) ON DELETE CASCADE
);
CREATE INDEX identity_person ON identity (place_id, person_id);

-- Written by package inbox.

CREATE TABLE conversation (
  place_id      TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  id            TEXT NOT NULL,
  account_id    TEXT NOT NULL,
  kind          TEXT NOT NULL,                 -- of the account
  person_id     TEXT,                          -- whom we talk with; NULL = we began, nobody answered yet
  subject       TEXT NOT NULL,
  subject_key   TEXT NOT NULL,                 -- text.Subject
  state         TEXT NOT NULL,                 -- open, snoozed, settled
  automatic     BOOLEAN NOT NULL,              -- only machines spoke
  unread        BOOLEAN NOT NULL,
  assignee_id   TEXT NOT NULL DEFAULT '',      -- member
  snoozed_until BIGINT NOT NULL DEFAULT 0,     -- 0 while snoozed = until the next message
  waiting_since BIGINT NOT NULL,               -- the oldest message without an answer, 0 = answered
  answered_in   BIGINT NOT NULL DEFAULT 0,     -- how long the last answer took, microseconds
  last_at       BIGINT NOT NULL,               -- the latest message
  excerpt       TEXT NOT NULL,
  ours          BOOLEAN NOT NULL,              -- the excerpt is our own words
  lang          TEXT NOT NULL,
  merged_into   TEXT NOT NULL DEFAULT '',      -- shown as part of that conversation; its messages stay its own
  created_at    BIGINT NOT NULL,
  PRIMARY KEY (place_id, id),
  FOREIGN KEY (place_id, account_id) REFERENCES account (place_id, id) ON DELETE CASCADE,
  FOREIGN KEY (place_id, person_id) REFERENCES person (place_id, id)
);
CREATE INDEX conversation_list ON conversation (place_id, state, automatic, last_at, id);
CREATE INDEX conversation_person ON conversation (place_id, person_id, last_at);
CREATE INDEX conversation_merged ON conversation (place_id, merged_into) WHERE merged_into <> '';

-- The names by which a network's threads are known: their own, and those of messages that we never saw.
CREATE TABLE thread_key (
  place_id        TEXT NOT NULL,
  account_id      TEXT NOT NULL,
  key             TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  PRIMARY KEY (account_id, key),
  FOREIGN KEY (place_id, conversation_id) REFERENCES conversation (place_id, id) ON DELETE CASCADE
);

CREATE TABLE message (
  n               {identity},                  -- grows; names the message in the search index
  place_id        TEXT NOT NULL,
  id              TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  account_id      TEXT NOT NULL,
  person_id       TEXT,                        -- who wrote it, NULL = the place
  member_id       TEXT NOT NULL DEFAULT '',    -- which of us wrote it, '' = unknown or not ours
  remote_id       TEXT,                        -- NULL = not (yet) on the network
  direction       TEXT NOT NULL,               -- in, out
  automatic       BOOLEAN NOT NULL,
  subject         TEXT NOT NULL,
  text            TEXT NOT NULL,               -- plain
  quoted          TEXT NOT NULL,               -- plain, folded away from text
  lang            TEXT NOT NULL,
  url             TEXT NOT NULL,
  visibility      TEXT NOT NULL,
  remote          JSONB NOT NULL,              -- what the driver needs to answer: see remote
  liked           BOOLEAN NOT NULL DEFAULT FALSE,
  sent_at         BIGINT NOT NULL,             -- as the network says
  received_at     BIGINT NOT NULL,
  sort_at         BIGINT NOT NULL,             -- the earlier of the two
  UNIQUE (place_id, id),
  UNIQUE (account_id, remote_id),
  FOREIGN KEY (place_id, conversation_id) REFERENCES conversation (place_id, id) ON DELETE CASCADE
);
CREATE INDEX message_conversation ON message (place_id, conversation_id, sort_at, n);
CREATE INDEX message_person ON message (place_id, person_id, sort_at);

-- The HTML that came, as it came: shown by nothing, kept for export.
CREATE TABLE message_html (
  place_id   TEXT NOT NULL,
  message_id TEXT NOT NULL,
  html       TEXT NOT NULL,
  PRIMARY KEY (place_id, message_id),
  FOREIGN KEY (place_id, message_id) REFERENCES message (place_id, id) ON DELETE CASCADE
);

CREATE TABLE attachment (
  place_id   TEXT NOT NULL,
  id         TEXT NOT NULL,
  message_id TEXT NOT NULL,
  position   BIGINT NOT NULL,
  name       TEXT NOT NULL,                    -- the sender's, cleaned
  type       TEXT NOT NULL,                    -- decided by looking at the content
  size       BIGINT NOT NULL,
  hash       TEXT NOT NULL,                    -- of the file in the place's folder; '' = too big, not kept
  picture    BOOLEAN NOT NULL,                 -- can be shown, re-encoded
  inline     BOOLEAN NOT NULL,
  alt        TEXT NOT NULL,
  PRIMARY KEY (place_id, id),
  FOREIGN KEY (place_id, message_id) REFERENCES message (place_id, id) ON DELETE CASCADE
);
CREATE INDEX attachment_message ON attachment (place_id, message_id);

-- An answer on its way: one row for each message of ours. The row decides, never the job.
CREATE TABLE reply (
  place_id   TEXT NOT NULL,
  message_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  answers_id TEXT NOT NULL,                    -- the message answered
  state      TEXT NOT NULL,                    -- waiting, sending, sent, failed, held, uncertain, cancelled
  settle     BOOLEAN NOT NULL,                 -- settle the conversation once it is sent
  key        TEXT NOT NULL,                    -- network.Draft.Key, frozen before the first byte; '' = not yet
  due_at     BIGINT NOT NULL,                  -- when it leaves, or is looked for next
  late_at    BIGINT NOT NULL,                  -- after this it is not sent without asking
  tried_at   BIGINT NOT NULL DEFAULT 0,        -- the last attempt began
  left_at    BIGINT NOT NULL DEFAULT 0,        -- since when the network may have it; 0 = this attempt has not come so far
  attempts   BIGINT NOT NULL DEFAULT 0,
  looks      BIGINT NOT NULL DEFAULT 0,        -- searches for it while uncertain
  fence      BIGINT NOT NULL DEFAULT 0,        -- raised at each claim
  fault_code TEXT NOT NULL DEFAULT '',
  fault_key  TEXT NOT NULL DEFAULT '',
  note       TEXT NOT NULL DEFAULT '',         -- the driver's remark, for the operator
  PRIMARY KEY (place_id, message_id),
  FOREIGN KEY (place_id, message_id) REFERENCES message (place_id, id) ON DELETE CASCADE
);
CREATE INDEX reply_unfinished ON reply (place_id, account_id) WHERE state IN ('waiting', 'sending', 'held', 'uncertain');

CREATE TABLE note (
  place_id        TEXT NOT NULL,
  id              TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  member_id       TEXT NOT NULL,
  text            TEXT NOT NULL,
  created_at      BIGINT NOT NULL,
  PRIMARY KEY (place_id, id),
  FOREIGN KEY (place_id, conversation_id) REFERENCES conversation (place_id, id) ON DELETE CASCADE
);
CREATE INDEX note_conversation ON note (place_id, conversation_id);

CREATE TABLE label (
  place_id TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  id       TEXT NOT NULL,
  name     TEXT NOT NULL,
  folded   TEXT NOT NULL,
  tone     TEXT NOT NULL,
  PRIMARY KEY (place_id, id),
  UNIQUE (place_id, folded)
);

CREATE TABLE conversation_label (
  place_id        TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  label_id        TEXT NOT NULL,
  PRIMARY KEY (place_id, conversation_id, label_id),
  FOREIGN KEY (place_id, conversation_id) REFERENCES conversation (place_id, id) ON DELETE CASCADE,
  FOREIGN KEY (place_id, label_id) REFERENCES label (place_id, id) ON DELETE CASCADE
);
CREATE INDEX conversation_label_label ON conversation_label (place_id, label_id);

CREATE TABLE saved_reply (
  place_id TEXT NOT NULL REFERENCES place (id) ON DELETE CASCADE,
  id       TEXT NOT NULL,
  title    TEXT NOT NULL,
  text     TEXT NOT NULL,                      -- with variables: {prénom} …
  position BIGINT NOT NULL,
  PRIMARY KEY (place_id, id)
);

-- What a member has typed and not sent.
CREATE TABLE draft (
  place_id        TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  member_id       TEXT NOT NULL,
  text            TEXT NOT NULL,
  updated_at      BIGINT NOT NULL,
  PRIMARY KEY (place_id, conversation_id, member_id),
  FOREIGN KEY (place_id, conversation_id) REFERENCES conversation (place_id, id) ON DELETE CASCADE
);

-- Who has a conversation open. Rows older than 15 s mean nothing and are swept.
CREATE TABLE presence (
  place_id        TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  member_id       TEXT NOT NULL,
  seen_at         BIGINT NOT NULL,
  writing_at      BIGINT NOT NULL,
  PRIMARY KEY (place_id, conversation_id, member_id),
  FOREIGN KEY (place_id, conversation_id) REFERENCES conversation (place_id, id) ON DELETE CASCADE
);
