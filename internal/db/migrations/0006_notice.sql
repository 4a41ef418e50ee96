-- What a member is told of when it happens to their account: by mail at the address that they had until then, where a
-- mailbox of a place of theirs can send it, and at their next sign-in. Kept for 30 days.
-- Written by package place.

CREATE TABLE notice (
  id        TEXT PRIMARY KEY,
  member_id TEXT NOT NULL REFERENCES member (id) ON DELETE CASCADE,
  address   TEXT NOT NULL,                     -- where it is mailed to
  kind      TEXT NOT NULL,                     -- of the security event
  at        BIGINT NOT NULL,
  tries     BIGINT NOT NULL DEFAULT 0,         -- to mail it
  next_at   BIGINT NOT NULL,                   -- when to try, 0 = mailed, or given up
  seen_at   BIGINT NOT NULL DEFAULT 0          -- when a sign-in told of it
);
CREATE INDEX notice_member ON notice (member_id, at);
CREATE INDEX notice_next ON notice (next_at) WHERE next_at > 0;
