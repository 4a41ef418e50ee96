package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"comptoir/internal/backup"
	"comptoir/internal/door"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// metrics are what this process counts, for the operator. No label names a place, an account or a person: networks,
// routes, outcomes and statuses are closed lists. What the database knows is asked when somebody looks, and is the same
// from every process on it.
type metrics struct {
	registry *prometheus.Registry

	received *prometheus.CounterVec
	attempts *prometheus.CounterVec
	took     *prometheus.HistogramVec
	late     *prometheus.HistogramVec
	requests *prometheus.CounterVec
	answers  *prometheus.HistogramVec
	refused  *prometheus.CounterVec
	security *prometheus.CounterVec
}

func newMetrics(a *App) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	}
	waits := []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		received: counter("comptoir_messages_received_total", "Messages that people sent and that are stored.", "network"),
		attempts: counter("comptoir_deliveries_total", "Attempts to send an answer: sent, found when it was looked for, or the code of what went wrong.", "network", "outcome"),
		took:     histogram("comptoir_delivery_duration_seconds", "How long an attempt to send an answer took.", waits[:8], "network"),
		late:     histogram("comptoir_delivery_lateness_seconds", "How long after it was due an attempt to send an answer began.", waits, "network"),
		requests: counter("comptoir_http_requests_total", "Requests answered, by the pattern of their route and the class of their status.", "route", "status"),
		answers:  histogram("comptoir_http_request_duration_seconds", "How long answers took, event streams left out, by who a route is for.", prometheus.DefBuckets, "kind"),
	}
	m.refused = counter("comptoir_outgoing_refused_total", "Targets that nobody may be connected to, by on whose word they were named.", "kind")
	m.security = counter("comptoir_security_events_total", "Sign-ins, refusals and changes of who may do what, by their names in the log.", "event")
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "comptoir_build_info", Help: "What runs: always 1.", ConstLabels: prometheus.Labels{"version": Version(), "goversion": runtime.Version()},
	})
	build.Set(1)
	streams := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "comptoir_streams", Help: "Event streams that are open in this process."}, func() float64 {
		return float64(a.guard.Streams())
	})
	m.registry.MustRegister(m.received, m.attempts, m.took, m.late, m.requests, m.answers, m.refused, m.security, build, streams, &stored{a},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// watch counts what the counter receives and sends.
func (m *metrics) watch() inbox.Watch {
	return inbox.Watch{
		Received: func(kind network.Kind, n int) { m.received.WithLabelValues(string(kind)).Add(float64(n)) },
		Attempted: func(at inbox.Attempt) {
			kind := string(at.Network)
			m.attempts.WithLabelValues(kind, at.Outcome).Inc()
			m.took.WithLabelValues(kind).Observe(at.Took.Seconds())
			m.late.WithLabelValues(kind).Observe(at.Late.Seconds())
		},
	}
}

// answered counts one request.
func (m *metrics) answered(r door.Route, status int, took time.Duration) {
	class := "gone" // the visitor did not wait
	if status > 0 {
		class = fmt.Sprintf("%dxx", status/100)
	}
	m.requests.WithLabelValues(r.Method+" "+r.Pattern, class).Inc()
	if !r.Stream {
		m.answers.WithLabelValues(string(r.Kind)).Observe(took.Seconds())
	}
}

func (m *metrics) happened(event string) { m.security.WithLabelValues(event).Inc() }

// route registers the page that a monitor reads.
func (m *metrics) route(t *door.Table, log *slog.Logger) {
	page := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	})
	t.Add(door.Route{Method: "GET", Pattern: "/metrics", Kind: door.Operator}, func(w http.ResponseWriter, r *http.Request, _ *door.Visit) error {
		page.ServeHTTP(w, r)
		return nil
	})
}

// stored is what the database knows, asked when somebody looks.
type stored struct{ app *App }

var (
	queueAge = prometheus.NewDesc("comptoir_queue_oldest_age_seconds", "How long ago the oldest job that waits was due.", nil, nil)
	lastRead = prometheus.NewDesc("comptoir_collector_last_success_timestamp_seconds", "When the account that was read longest ago was last read without a fault; 0 = one never was.", []string{"network"}, nil)
	backedUp = prometheus.NewDesc("comptoir_backup_last_success_timestamp_seconds", "When the last backup was made; 0 = never.", nil, nil)
	drilled  = prometheus.NewDesc("comptoir_backup_drill_last_success_timestamp_seconds", "When a backup was last tried and was whole; 0 = never.", nil, nil)
	accounts = prometheus.NewDesc("comptoir_accounts", "Accounts that are connected, by how they do.", []string{"network", "state"}, nil)
)

func (*stored) Describe(ch chan<- *prometheus.Desc) {
	ch <- queueAge
	ch <- lastRead
	ch <- accounts
	ch <- backedUp
	ch <- drilled
}

func (s *stored) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if late, err := s.app.queue.OldestDue(ctx); err != nil {
		ch <- prometheus.NewInvalidMetric(queueAge, err)
	} else {
		ch <- prometheus.MustNewConstMetric(queueAge, prometheus.GaugeValue, late.Seconds())
	}
	if st, err := backup.StateOf(ctx, s.app.DB); err != nil {
		ch <- prometheus.NewInvalidMetric(backedUp, err)
	} else {
		ch <- prometheus.MustNewConstMetric(backedUp, prometheus.GaugeValue, unix(st.Backup.At))
		ch <- prometheus.MustNewConstMetric(drilled, prometheus.GaugeValue, unix(st.Drill.At))
	}
	all, err := place.Doing(ctx, s.app.DB)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(accounts, err)
		return
	}
	oldest := map[network.Kind]time.Time{} // of those that are read: one that waits for a person is not
	for _, a := range all {
		ch <- prometheus.MustNewConstMetric(accounts, prometheus.GaugeValue, float64(a.Count), string(a.Kind), string(a.State))
		if a.State != place.AccountOK && a.State != place.AccountTrouble {
			continue
		}
		if at, seen := oldest[a.Kind]; !seen || a.ReadAt.Before(at) {
			oldest[a.Kind] = a.ReadAt
		}
	}
	for kind, at := range oldest {
		ch <- prometheus.MustNewConstMetric(lastRead, prometheus.GaugeValue, unix(at), string(kind))
	}
}

// unix is a moment as monitors take it, 0 for never.
func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
