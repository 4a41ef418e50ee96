-- What an account's network lets it ask, and until when what it gave us serves. Written by package place.

ALTER TABLE account ADD COLUMN rate_limit BIGINT NOT NULL DEFAULT 0;  -- requests in one period, 0 = never told
ALTER TABLE account ADD COLUMN rate_left  BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN rate_reset BIGINT NOT NULL DEFAULT 0;  -- when the period ends
ALTER TABLE account ADD COLUMN expires_at BIGINT NOT NULL DEFAULT 0;  -- when a person must connect it again; 0 = never, or not known
