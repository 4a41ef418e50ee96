package mastodontest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// streaming is where the server says that it can be followed.
func (s *Server) streaming() string {
	if s.mood == GoToSocial {
		return "wss://" + s.Host() // although nothing here is encrypted
	}
	return "ws://" + s.Host()
}

// tell keeps a notification, and wakes who listens. The caller holds the lock.
func (s *Server) tell(n *notice) {
	n.id = s.newID()
	s.notices = append(s.notices, n)
	close(s.told)
	s.told = make(chan struct{})
}

// stream tells of notifications as they come, and of nothing that came before.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	g, done := s.tokens[token], len(s.notices)
	refused := s.mood == GoToSocial || g == nil || s.trouble.Revoked || !g.may("read:notifications")
	s.mu.Unlock()
	if refused { // GoToSocial streams over WebSocket only
		s.write(w, http.StatusNotFound, map[string]string{"error": "Not Found"})
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, ":)\n")
	w.(http.Flusher).Flush()
	for {
		s.mu.Lock()
		told, next := s.told, s.notices[done:]
		done = len(s.notices)
		var events []string
		for _, n := range next {
			if n.to == g.account {
				b, _ := json.Marshal(s.notification(n, g.account))
				events = append(events, "event: notification\ndata: "+string(b)+"\n\n")
			}
		}
		s.mu.Unlock()
		for _, e := range events {
			fmt.Fprint(w, e)
		}
		w.(http.Flusher).Flush()
		select {
		case <-told:
		case <-r.Context().Done():
			return
		case <-s.closing:
			return
		}
	}
}
