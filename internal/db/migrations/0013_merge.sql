-- only sqlite
-- The full-text index is put in order in larger heaps: half of what it wrote was written again.
INSERT INTO search (search, rank) VALUES ('automerge', 16);
-- end
