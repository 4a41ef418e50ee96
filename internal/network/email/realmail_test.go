package email_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"embed"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/mail"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"text/template"
	"time"

	"comptoir/internal/leash"
	"comptoir/internal/network"
	"comptoir/internal/network/email"
	"comptoir/internal/network/email/emailtest"
)

//go:embed testdata/real
var realConfigs embed.FS

// realMail is Dovecot and OpenSMTPD on loopback: mail for example.test comes in by SMTP, goes to Dovecot by
// LMTP and is read by IMAP; a mailbox sends over TLS after signing in.
type realMail struct {
	Dir, User               string
	IMAP, IMAPS, LMTP, SMTP int
	Accounts                []string // the local parts that exist; the password is passwordOf
	wire                    network.Wire
	logs                    []func() string
}

const realAccounts = 60

func passwordOf(account string) string { return "real-secret-" + account }

// real is the one pair of servers of this run; TestMain ends it.
var real struct {
	once sync.Once
	*realMail
	err  error
	stop []func()
	next atomic.Int32
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, f := range slices.Backward(real.stop) {
		f()
	}
	os.Exit(code)
}

// account takes one that no other test uses.
func (r *realMail) account() string { return r.Accounts[real.next.Add(1)] }

// needReal skips the test where the servers are not installed, unless COMPTOIR_REAL asks for them.
func needReal(t *testing.T) *realMail {
	t.Helper()
	if testing.Short() {
		t.Skip("the real servers take ten seconds")
	}
	for _, program := range []string{"dovecot", "smtpd", "smtpctl"} {
		if _, err := exec.LookPath(program); err != nil {
			missing(t, "%s is not installed (apt-get install dovecot-imapd dovecot-lmtpd opensmtpd)", program)
		}
	}
	if os.Getuid() != 0 {
		missing(t, "Dovecot and OpenSMTPD have to be started as root")
	}
	real.once.Do(func() { real.realMail, real.err = startReal() })
	if real.err != nil {
		t.Fatal(real.err)
	}
	return real.realMail
}

func startReal() (*realMail, error) {
	if err := alone(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/tmp", "comptoir-mail-")
	if err != nil {
		return nil, err
	}
	r := &realMail{Dir: dir, User: "mail"}
	for i := range realAccounts {
		r.Accounts = append(r.Accounts, fmt.Sprintf("a%d", i))
	}
	for _, p := range []*int{&r.IMAP, &r.IMAPS, &r.LMTP, &r.SMTP} {
		if *p, err = freePort(); err != nil {
			return nil, err
		}
	}
	roots, err := r.writeCertificate()
	if err != nil {
		return nil, err
	}
	r.wire = emailtest.LoopbackWire(roots)
	if err := errors.Join(os.MkdirAll(dir+"/run", 0o755), os.MkdirAll(dir+"/mail", 0o755), os.Chmod(dir, 0o755), r.writePasswords(), own(dir+"/mail", r.User)); err != nil {
		return nil, err
	}
	for _, name := range []string{"dovecot.conf", "smtpd.conf"} {
		var b bytes.Buffer
		if err := template.Must(template.ParseFS(realConfigs, "testdata/real/"+name)).Execute(&b, r); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600); err != nil {
			return nil, err
		}
	}
	for _, args := range [][]string{{"dovecot", "-F", "-c", dir + "/dovecot.conf"}, {"smtpd", "-d", "-f", dir + "/smtpd.conf"}} {
		p, err := leash.Start(leash.Command{Args: args, Remove: map[string]string{"dovecot": dir}[args[0]]})
		if err != nil {
			return nil, err
		}
		real.stop = append(real.stop, p.Stop)
		r.logs = append(r.logs, p.Log)
	}
	for _, port := range []int{r.IMAP, r.IMAPS, r.LMTP, r.SMTP} {
		if !answers(port) {
			return nil, fmt.Errorf("nobody answers on port %d\n%s", port, r.log())
		}
	}
	return r, nil
}

// log is what the servers have said.
func (r *realMail) log() string {
	b, _ := os.ReadFile(filepath.Join(r.Dir, "dovecot.log"))
	for _, f := range r.logs {
		b = append(b, f()...)
	}
	return string(b)
}

func own(path, name string) error {
	if out, err := exec.Command("chown", name, path).CombinedOutput(); err != nil {
		return fmt.Errorf("chown: %w: %s", err, out)
	}
	return nil
}

func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("COMPTOIR_REAL") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// alone waits until no other run uses OpenSMTPD, of which a machine can have one.
func alone() error {
	f, err := os.OpenFile("/tmp/comptoir-smtpd.lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	real.stop = append(real.stop, func() { f.Close() })
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func answers(port int) bool {
	for range 100 {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			c.Close()
			return true
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}

func (r *realMail) writeCertificate() (*x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.example.test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	pk, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: pk}} {
		if err := os.WriteFile(filepath.Join(r.Dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			return nil, err
		}
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return pool, nil
}

// writePasswords writes Dovecot's users.
func (r *realMail) writePasswords() error {
	var in strings.Builder
	for _, a := range r.Accounts {
		fmt.Fprintf(&in, "%s@example.test:{PLAIN}%s::::::\n", a, passwordOf(a))
	}
	users := filepath.Join(r.Dir, "users")
	if err := os.WriteFile(users, []byte(in.String()), 0o640); err != nil {
		return err
	}
	if out, err := exec.Command("chgrp", "dovecot", users).CombinedOutput(); err != nil {
		return fmt.Errorf("chgrp: %w: %s", err, out)
	}
	return nil
}

func (r *realMail) endpoint(account string, sec email.Security) email.Endpoint {
	address := account + "@example.test"
	in := r.IMAPS
	if sec == email.StartTLS {
		in = r.IMAP
	}
	return email.Endpoint{
		Address: address, Name: "Le Zinc",
		IMAP: email.Server{Host: "127.0.0.1", Port: in, Security: sec, User: address},
		// Debian 12's OpenSMTPD cannot be a TLS server (its OpenSSL 3 refuses the way it keeps its key apart),
		// and it signs nobody in without TLS: it takes mail because it comes from this machine.
		SMTP: email.Server{Host: "127.0.0.1", Port: r.SMTP, Security: email.Plain},
	}
}

func (r *realMail) open(t *testing.T, account, password string, sec email.Security) *email.Client {
	c, err := email.Driver{}.Open(r.endpoint(account, sec).String(), network.NewCredential(map[string]string{email.IMAPPassword: password}), r.wire)
	if err != nil {
		t.Fatal(err)
	}
	return c.(*email.Client)
}

// settle waits until OpenSMTPD has delivered everything that it accepted.
func (r *realMail) settle() error {
	for range 400 {
		out, err := exec.Command("smtpctl", "show", "queue").CombinedOutput()
		if err != nil {
			return fmt.Errorf("smtpctl show queue: %w: %s", err, out)
		}
		if len(bytes.TrimSpace(out)) == 0 {
			return nil
		}
		time.Sleep(25 * time.Millisecond)
	}
	return errors.New("the queue never empties")
}

// lying lists the mails of an account's INBOX, read from its folder.
func (r *realMail) lying(account string) (mails [][]byte, err error) {
	for _, sub := range []string{"new", "cur"} {
		files, _ := filepath.Glob(filepath.Join(r.Dir, "mail", account+"@example.test", sub, "*"))
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				return nil, err
			}
			mails = append(mails, bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")))
		}
	}
	return mails, nil
}

func TestRealServersCarryAMailAndItsAnswer(t *testing.T) {
	r := needReal(t)
	for _, sec := range []email.Security{email.TLS, email.StartTLS} {
		t.Run(string(sec), func(t *testing.T) {
			bar, guest := r.account(), r.account()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			c := r.open(t, bar, passwordOf(bar), sec)
			if _, err := c.Profile(ctx); err != nil {
				t.Fatal(err)
			}
			page, err := c.Fetch(ctx, "")
			if err != nil {
				t.Fatal(err)
			}
			woken := make(chan error, 1)
			go func() { woken <- c.Wait(ctx, page.Next) }()
			time.Sleep(300 * time.Millisecond)
			sent := time.Now()
			first := "From: <" + guest + "@example.test>\r\nTo: <" + bar + "@example.test>\r\nSubject: =?utf-8?q?R=C3=A9servation_samedi?=\r\nDate: " + sent.Format(time.RFC1123Z) + "\r\nMessage-ID: <first.20261123@example.test>\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nOn est huit. Une table près du DJ ?\r\n"
			if err := smtp.SendMail(fmt.Sprintf("127.0.0.1:%d", r.SMTP), nil, guest+"@example.test", []string{bar + "@example.test"}, []byte(first)); err != nil {
				t.Fatal(err)
			}
			if err := <-woken; err != nil {
				t.Fatalf("Wait = %v", err)
			}
			t.Logf("woken %v after the mail was sent", time.Since(sent))
			page, err = c.Fetch(ctx, page.Next)
			if err != nil || len(page.Messages) != 1 || page.Messages[0].Text != "On est huit. Une table près du DJ ?" {
				t.Fatalf("Fetch = %+v, %v", page, err)
			}
			m := page.Messages[0]
			d := network.Draft{Key: c.NewKey(), Text: "Avec plaisir, à samedi !", ReplyTo: &m}
			rec, err := c.Publish(ctx, d)
			if err != nil || rec.Note != "" {
				t.Fatalf("Publish = %+v, %v", rec, err)
			}
			if found, err := c.Find(ctx, d); err != nil || !strings.Contains(found.Note, "Sent") {
				t.Errorf("Find = %+v, %v", found, err)
			}
			if err := r.settle(); err != nil {
				t.Fatal(err)
			}
			mails, err := r.lying(guest)
			if err != nil || len(mails) != 1 {
				t.Fatalf("%d mails lie in the guest's mailbox, %v", len(mails), err)
			}
			got, err := mail.ReadMessage(bytes.NewReader(mails[0]))
			if err != nil {
				t.Fatal(err)
			}
			if h := got.Header; h.Get("In-Reply-To") != "<first.20261123@example.test>" || h.Get("References") != "<first.20261123@example.test>" || h.Get("Message-ID") != "<"+d.Key+">" {
				t.Errorf("the answer's header is %v", h)
			}
			back, err := r.open(t, guest, passwordOf(guest), sec).Fetch(ctx, "")
			if err != nil || len(back.Messages) != 1 || back.Messages[0].Thread != m.Thread {
				t.Errorf("the guest reads %+v, %v", back, err)
			}
		})
	}
}
