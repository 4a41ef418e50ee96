package main

import "testing"

func BenchmarkReceive(b *testing.B) {
	w := &work{dir: b.TempDir()}
	texts, err := w.posts(b.Context(), 20_000)
	if err != nil {
		b.Fatal(err)
	}
	h, err := newHouse(b.Context(), w, "")
	if err != nil {
		b.Fatal(err)
	}
	defer h.close()
	n := 0
	for b.Loop() {
		if err := h.inbox.Receive(b.Context(), h.house, pageOf(texts[n%(len(texts)-100):][:100], n, now)); err != nil {
			b.Fatal(err)
		}
		n += 100
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
}
