// Package realtest starts Dovecot and OpenSMTPD for tests: other people's mail servers, on loopback, with mailboxes of
// their own. A test binary has one pair of them, and a machine one OpenSMTPD at a time.
package realtest

import (
	"bytes"
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

//go:embed testdata
var configs embed.FS

// Servers is Dovecot and OpenSMTPD: mail for example.test comes in by SMTP, goes to Dovecot by LMTP and is read by
// IMAP. It is safe for concurrent use.
type Servers struct {
	Dir, User               string
	IMAP, IMAPS, LMTP, SMTP int      // ports on 127.0.0.1
	Accounts                []string // the local parts that exist; the password is PasswordOf
	Wire                    network.Wire
	logs                    []func() string
}

const accounts = 120

// PasswordOf is the password of an account.
func PasswordOf(account string) string { return "real-secret-" + account }

// run is the one pair of servers of this test binary; Stop ends it.
var run struct {
	once    sync.Once
	servers *Servers
	err     error
	stop    []func()
	next    atomic.Int32
}

// Stop ends the servers, if a test had them started. TestMain calls it last.
func Stop() {
	for _, f := range slices.Backward(run.stop) {
		f()
	}
}

// Account takes one that no other test uses.
func (r *Servers) Account() string { return r.Accounts[run.next.Add(1)] }

// Need starts the servers. Where they are not installed the test is skipped, unless COMPTOIR_REAL asks for them.
func Need(t *testing.T) *Servers {
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
	run.once.Do(func() { run.servers, run.err = start() })
	if run.err != nil {
		t.Fatal(run.err)
	}
	return run.servers
}

func start() (*Servers, error) {
	if err := alone(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/tmp", "comptoir-mail-")
	if err != nil {
		return nil, err
	}
	r := &Servers{Dir: dir, User: "mail"}
	for i := range accounts {
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
	r.Wire = emailtest.LoopbackWire(roots)
	if err := errors.Join(os.MkdirAll(dir+"/run", 0o755), os.MkdirAll(dir+"/mail", 0o755), os.Chmod(dir, 0o755), r.writePasswords(), own(dir+"/mail", r.User)); err != nil {
		return nil, err
	}
	for _, name := range []string{"dovecot.conf", "smtpd.conf"} {
		var b bytes.Buffer
		if err := template.Must(template.ParseFS(configs, "testdata/"+name)).Execute(&b, r); err != nil {
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
		run.stop = append(run.stop, p.Stop)
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
func (r *Servers) log() string {
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
	run.stop = append(run.stop, func() { f.Close() })
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

func (r *Servers) writeCertificate() (*x509.CertPool, error) {
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
func (r *Servers) writePasswords() error {
	var in strings.Builder
	for _, a := range r.Accounts {
		fmt.Fprintf(&in, "%s@example.test:{PLAIN}%s::::::\n", a, PasswordOf(a))
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

// Endpoint is how a client reaches an account.
func (r *Servers) Endpoint(account string, sec email.Security) email.Endpoint {
	address := account + "@example.test"
	in := r.IMAP
	if sec == email.TLS {
		in = r.IMAPS
	}
	return email.Endpoint{
		Address: address, Name: "Le Zinc",
		IMAP: email.Server{Host: "127.0.0.1", Port: in, Security: sec, User: address},
		// Debian 12's OpenSMTPD cannot be a TLS server (its OpenSSL 3 refuses the way it keeps its key apart),
		// and it signs nobody in without TLS: it takes mail because it comes from this machine.
		SMTP: email.Server{Host: "127.0.0.1", Port: r.SMTP, Security: email.Plain},
	}
}

// Settle waits until OpenSMTPD has delivered everything that it accepted.
func (r *Servers) Settle() error {
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

// Lying lists the mails of an account's INBOX, read from its folder.
func (r *Servers) Lying(account string) (mails [][]byte, err error) {
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
