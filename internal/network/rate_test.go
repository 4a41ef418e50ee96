package network_test

import (
	"net/http"
	"testing"
	"time"

	"comptoir/internal/network"
)

func TestWhatIsLeftIsReadAsEachNetworkTellsIt(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	anHourAhead := now.Add(time.Hour).Format(http.TimeFormat)
	for name, c := range map[string]struct {
		head map[string]string
		want network.RateLimit
	}{
		"a time":            {map[string]string{"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "212", "X-RateLimit-Reset": "2026-11-25T12:05:00.000000Z"}, network.RateLimit{Limit: 300, Left: 212, Reset: now.Add(5 * time.Minute)}},
		"seconds":           {map[string]string{"RateLimit-Limit": "3000", "RateLimit-Remaining": "2999", "RateLimit-Reset": "1795608120"}, network.RateLimit{Limit: 3000, Left: 2999, Reset: now.Add(2 * time.Minute)}},
		"by their clock":    {map[string]string{"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "2026-11-25T13:05:00Z", "Date": anHourAhead}, network.RateLimit{Limit: 300, Left: 1, Reset: now.Add(5 * time.Minute)}},
		"less than nothing": {map[string]string{"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "-7", "X-RateLimit-Reset": "2026-11-25T12:05:00Z"}, network.RateLimit{Limit: 300, Left: 0, Reset: now.Add(5 * time.Minute)}},
		"ten years":         {map[string]string{"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "2036-11-25T12:05:00Z"}, network.RateLimit{Limit: 300, Left: 3, Reset: now.Add(network.MaxWait)}},
		"nothing":           {nil, network.RateLimit{}},
		"rubbish":           {map[string]string{"X-RateLimit-Limit": "many", "X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "soon"}, network.RateLimit{}},
	} {
		h := http.Header{}
		for k, v := range c.head {
			h.Set(k, v)
		}
		got, told := network.ReadRateLimit(h, now)
		if got.Limit != c.want.Limit || got.Left != c.want.Left || !got.Reset.Equal(c.want.Reset) || told != (c.want.Limit > 0) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	half := network.RateLimit{Limit: 300, Left: 150, Reset: now.Add(time.Minute)}
	if half.Share(now) != .5 || half.Share(now.Add(time.Hour)) != 1 || (network.RateLimit{}).Share(now) != 1 {
		t.Error("shares")
	}
}
