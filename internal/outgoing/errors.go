package outgoing

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"comptoir/internal/fault"
)

// The sentences. What a person learns is whether the target was reached, and of which class the failure
// is; never an address, a banner or a reason that tells apart two refused targets.
const (
	keyRefused     = "outgoing.refused"     // not a target on the public internet, or no such name
	keyUnreached   = "outgoing.unreached"   // nobody answered, or the connection broke
	keySlow        = "outgoing.slow"        // a budget of time ran out
	keyCertificate = "outgoing.certificate" // TLS failed
	keyTooLarge    = "outgoing.too_large"   // headers or body beyond the budget
	keyUnreadable  = "outgoing.unreadable"  // not HTTP, or an encoding that was not asked for
	keyRedirect    = "outgoing.redirect"    // redirects without end, or from https to http
)

// refusal is why a target is refused, for the operator.
type refusal string

func (r refusal) Error() string { return "refused: " + string(r) }

var (
	errSlow     = errors.New("out of time")
	errTooLarge = errors.New("more than the budget")
)

// unreadable and redirection are answers that break our rules.
type unreadable string

func (u unreadable) Error() string { return string(u) }

type redirection string

func (r redirection) Error() string { return "redirect: " + string(r) }

// What was known when a target was refused decides the code. A text that can be judged by itself is
// invalid. What a look-up brought may be another thing tomorrow, and must not tell a name that exists in
// a private DNS from one that does not: both are unavailable, with the same sentence.
type knowledge bool

const (
	known    knowledge = true
	lookedUp knowledge = false
)

func refused(err error, k knowledge) *fault.Error {
	code := fault.Unavailable
	if k == known {
		code = fault.Invalid
	}
	return &fault.Error{Code: code, Op: "outgoing", Key: keyRefused, Err: err}
}

// explain gives an error its meaning. sent tells that the request may have reached the other side, and
// that it changes something there.
func explain(err error, sent bool) *fault.Error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	if absent(err) {
		return refused(err, lookedUp)
	}
	f := &fault.Error{Code: fault.Unavailable, Op: "outgoing", Key: keyUnreached, Err: err}
	switch {
	case is[unreadable](err):
		f.Code, f.Key = fault.Rejected, keyUnreadable
	case is[redirection](err):
		f.Code, f.Key = fault.Rejected, keyRedirect
	case errors.Is(err, errTooLarge), strings.Contains(err.Error(), "server response headers exceeded"):
		f.Code, f.Key = fault.Rejected, keyTooLarge
	case certificate(err):
		f.Key = keyCertificate
	case slow(err):
		f.Key = keySlow
	}
	if sent {
		f.Code = fault.Ambiguous
	}
	return f
}

// absent tells a refused address and a name that does not exist, which look alike from outside.
func absent(err error) bool {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dns.IsNotFound
	}
	return is[refusal](err)
}

func certificate(err error) bool {
	return is[*tls.CertificateVerificationError](err) || is[tls.RecordHeaderError](err) || is[tls.AlertError](err) ||
		is[x509.UnknownAuthorityError](err) || is[x509.HostnameError](err) || is[x509.CertificateInvalidError](err) ||
		strings.Contains(err.Error(), "tls: ")
}

func slow(err error) bool {
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() {
		return true
	}
	return errors.Is(err, errSlow) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// level makes every refusal take the same time, counted from began, so that a stopwatch tells no more than
// the sentence, and tells the operator of it. Other errors pass at once. It returns err.
func (d *Door) level(ctx context.Context, kind Kind, began time.Time, err *fault.Error) error {
	if err.Key != keyRefused {
		return err
	}
	if d.cfg.Refused != nil && is[refusal](err) { // and not a name that does not exist
		d.cfg.Refused(kind, err.Err)
	}
	rest := time.NewTimer(d.limits.refusal - time.Since(began))
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-ctx.Done():
	}
	return err
}

// bodyError is explain for what interrupts a body; the end of the body passes.
func bodyError(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return explain(err, false)
}
