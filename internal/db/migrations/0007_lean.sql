-- What is written for each message is written in as few places as possible: each index that is in another order than
-- time costs a page of the disk for each message.

-- A person's messages are found through the person's conversations.
DROP INDEX message_person;
-- The journal of a conversation is read without what it received.
DROP INDEX journal_subject;
CREATE INDEX journal_subject ON journal (place_id, subject_id, seq) WHERE kind <> 'conversation.received';
-- only sqlite
INSERT INTO search (search, rank) VALUES ('automerge', 8);
-- end
