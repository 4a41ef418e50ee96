-- PostgreSQL's index of the search has its words behind the names of place and drawer too: see db.Search. What is stored goes there at once:
-- who brings the message that fills the list of what waits for it would wait a second for all the others.
-- only postgres
DROP INDEX search_words;
UPDATE search SET words = dealt.words
  FROM (SELECT s.n, CAST(string_agg(format('''%sx%sz%s'':%s', p.n, s.n / 65536, w.lexeme, array_to_string(w.positions, ',')), ' ') AS tsvector) AS words
    FROM search s JOIN message m ON m.n = s.n JOIN place p ON p.id = m.place_id, unnest(s.words) AS w
    WHERE w.lexeme <> format('place%sz', p.n) GROUP BY s.n) AS dealt
  WHERE dealt.n = search.n;
CREATE INDEX search_words ON search USING gin (words) WITH (fastupdate = off);
-- end
