-- Who looks after a zone. Written by package floor.

ALTER TABLE zone ADD COLUMN member_id TEXT NOT NULL DEFAULT '';  -- '' = nobody; whoever has left the place counts as nobody
