-- The lists of conversations and what they count are read in order from an index, in a place of any size; a
-- message writes again only what it changes.

DROP INDEX conversation_list;
CREATE INDEX conversation_list ON conversation (place_id, state, automatic, last_at, id, waiting_since, merged_into);
DROP INDEX conversation_person;
CREATE INDEX conversation_person ON conversation (place_id, person_id);
CREATE INDEX conversation_assignee ON conversation (place_id, assignee_id, last_at, id) WHERE assignee_id <> '';
