package demo

import (
	"testing"
	"time"

	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/network/wordpress"
	"comptoir/internal/network/wordpress/wordpresstest"
	"comptoir/internal/place"
)

// The whole program over the loopback: a comment that waits under the place's blog is read with its article, and shown to
// everybody by being answered.
func TestACommentUnderTheBlogIsAnsweredAndShown(t *testing.T) {
	t.Parallel()
	s, _ := begin(t)
	answers := make(chan wordpresstest.Comment, 1)
	s.blog.OnAnswer(func(c wordpresstest.Comment) { answers <- c })
	boss := s.owner.As(s.place.ID, place.Owner)
	row := s.heard(t, wordpress.Kind, "les vinyles")
	thread, err := s.app.Inbox.Thread(t.Context(), s.place.ID, row.ID, "")
	if err != nil || row.Subject != "La bande du jeudi" || thread.Messages[0].Standing != network.Held {
		t.Fatalf("%q, %+v, %v", row.Subject, thread.Messages, err)
	}
	if _, err := s.app.Inbox.Reply(t.Context(), boss, s.place.ID, inbox.Answer{ConversationID: row.ID, Text: "Apportez-les, on a deux platines."}); err != nil {
		t.Fatal(err)
	}
	select {
	case c := <-answers:
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			above, _ := s.blog.Find(c.Parent)
			if above.Status == "approved" {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("what was answered is %s", above.Status)
			}
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the answer did not leave")
	}
}
