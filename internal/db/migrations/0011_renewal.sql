-- Who exchanges an account's credential that ran out: one process at a time. Written by package place.

ALTER TABLE account ADD COLUMN renewing TEXT NOT NULL DEFAULT '';  -- a name for the one exchange, '' = nobody
