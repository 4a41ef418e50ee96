package view

import "context"

func (c Counter) open() bool { return c.Thread != nil || c.Merge != nil }

// shell completes the frame with what this screen always has.
func (c Counter) shell(ctx context.Context) Shell {
	s, l := c.Shell, L(ctx)
	s.Current, s.Fixed, s.OpenPane = "counter", true, c.open()
	if s.Title == "" {
		s.Title = l.T("nav.counter")
	}
	s.Keys = []KeyHint{
		{[]string{"J", "K"}, l.T("keys.walk")}, {[]string{"R"}, l.T("keys.reply")},
		{[]string{"A"}, l.T("keys.assign")}, {[]string{"V"}, l.T("keys.snooze")}, {[]string{"E"}, l.T("keys.settle")},
	}
	return s
}
