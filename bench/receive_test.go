package main

import "testing"

func BenchmarkReceive(b *testing.B) {
	w := work{dir: b.TempDir()}
	texts, err := posts(b.Context(), w, received)
	if err != nil {
		b.Fatal(err)
	}
	c, err := newCounter(b.Context(), w)
	if err != nil {
		b.Fatal(err)
	}
	defer c.close()
	n := 0
	for b.Loop() {
		if err := c.inbox.Receive(b.Context(), c.account, page(texts[n%(received-100):][:100], n)); err != nil {
			b.Fatal(err)
		}
		n += 100
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
}
