-- What members prove besides their password. Written by package place.

-- The app on a member's phone that shows codes.
CREATE TABLE authenticator (
  member_id  TEXT PRIMARY KEY REFERENCES member (id) ON DELETE CASCADE,
  secret     BYTEA NOT NULL,                   -- sealed
  step       BIGINT NOT NULL,                  -- of the last code that opened: none opens twice
  created_at BIGINT NOT NULL
);

CREATE TABLE recovery_code (
  member_id  TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
  hash       TEXT NOT NULL,                    -- keyed
  used_at    BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (member_id, hash)
);

CREATE TABLE passkey (
  id         TEXT PRIMARY KEY,
  member_id  TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
  credential TEXT NOT NULL UNIQUE,             -- what the authenticator calls it, base64url
  public_key BYTEA NOT NULL,                   -- COSE
  host       TEXT NOT NULL,                    -- browsers offer it there and nowhere else
  name       TEXT NOT NULL,
  transports TEXT NOT NULL,                    -- space separated: how a browser reaches it
  synced     BOOLEAN NOT NULL,                 -- may be copied to its owner's other devices
  counter    BIGINT NOT NULL,                  -- of its signatures, where the authenticator counts them
  asked_at   BIGINT NOT NULL DEFAULT 0,        -- when the last question it answered was made: no answer serves twice
  created_at BIGINT NOT NULL,
  used_at    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX passkey_member ON passkey (member_id);
