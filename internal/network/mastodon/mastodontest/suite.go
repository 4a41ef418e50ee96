package mastodontest

// Takes tells whether the words of a post are not too many.
func (s *Server) Takes(text string) bool { return s.count(text) <= s.limits().characters }

// Applaud has so many people like, share and answer a post.
func (s *Server) Applaud(id string, likes, boosts, replies int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.post(id)
	p.favourites, p.reblogs, p.replying = int(likes), int(boosts), int(replies)
}
