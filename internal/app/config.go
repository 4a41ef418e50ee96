package app

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"

	"comptoir/internal/backup"
	"comptoir/internal/fault"
)

// Config is everything that an operator can set, and the reference for it. Nothing is required. Each
// field is a flag (--public-url), a variable (COMPTOIR_PUBLIC_URL), a variable naming a file that holds
// the value (COMPTOIR_PUBLIC_URL_FILE) or a line of the TOML file given by --config (public_url = "…"),
// in that order.
type Config struct {
	Data     string `help:"Data folder: database, key, files." default:"comptoir-data" env:"COMPTOIR_DATA" placeholder:"DIR"`
	Database string `help:"PostgreSQL address; without it, SQLite in the data folder." env:"COMPTOIR_DATABASE" placeholder:"postgres://…" secret:""`

	Listen         string   `help:"Address to listen on." default:":8080" env:"COMPTOIR_LISTEN" placeholder:"ADDR"`
	PublicURL      string   `help:"Address by which guests and members reach this installation." env:"COMPTOIR_PUBLIC_URL" placeholder:"URL" name:"public-url"`
	TrustedProxies []string `help:"Networks of reverse proxies whose X-Forwarded-* headers count. Without it: this machine." env:"COMPTOIR_TRUSTED_PROXIES" placeholder:"CIDR,…" name:"trusted-proxies"`
	PlainSignIn    bool     `help:"Let members sign in over plain http from other machines. Their passwords can then be read on the way." env:"COMPTOIR_PLAIN_SIGN_IN" name:"plain-sign-in"`
	OperatorToken  string   `help:"Opens /metrics to other machines, as a bearer token." env:"COMPTOIR_OPERATOR_TOKEN" name:"operator-token" placeholder:"SECRET" secret:""`

	AllowPrivate []string `help:"host:port of servers in the place's own network that may be reached, such as its mail server." env:"COMPTOIR_ALLOW_PRIVATE" placeholder:"HOST:PORT,…" name:"allow-private"`
	Proxy        string   `help:"Proxy for outgoing connections. It must filter private addresses itself." env:"COMPTOIR_PROXY" placeholder:"URL" secret:""`
	NAT64        bool     `help:"This machine has IPv6 only and reaches IPv4 by NAT64." env:"COMPTOIR_NAT64" name:"nat64"`

	Backups          string   `help:"Folder of the backups; without it, backups in the data folder." env:"COMPTOIR_BACKUPS" placeholder:"DIR"`
	BackupKeep       int      `help:"How many nightly backups are kept; 0 makes none." default:"7" env:"COMPTOIR_BACKUP_KEEP" name:"backup-keep"`
	BackupRecipients []string `help:"age public keys: only the holders of their other halves can open the nightly backups." env:"COMPTOIR_BACKUP_RECIPIENTS" name:"backup-recipients" placeholder:"age1…,…"`

	AcceptLoss bool `help:"Start although the end of the database's log is lost. What was on its way waits for a person." env:"COMPTOIR_ACCEPT_LOSS" name:"accept-loss"`

	NoMigrate bool   `help:"Refuse to start on an older schema instead of bringing it up to date." env:"COMPTOIR_NO_MIGRATE" name:"no-migrate"`
	LogFormat string `help:"text or json; without it text on a terminal, json elsewhere." enum:"text,json,auto" default:"auto" env:"COMPTOIR_LOG_FORMAT" name:"log-format"`
	LogLevel  string `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info" env:"COMPTOIR_LOG_LEVEL" name:"log-level"`
}

// databaseURL is what db.Open takes.
func (c Config) databaseURL() string {
	if c.Database != "" {
		return c.Database
	}
	return filepath.Join(c.Data, "comptoir.db")
}

// backups is the folder where backups lie.
func (c Config) backups() string {
	if c.Backups != "" {
		return c.Backups
	}
	return filepath.Join(c.Data, "backups")
}

// Check refuses what cannot be, with a sentence for each.
func (c Config) Check() error {
	if _, err := c.proxies(); err != nil {
		return err
	}
	if c.Proxy != "" {
		if u, err := url.Parse(c.Proxy); err != nil || u.Host == "" {
			return fault.New(fault.Invalid, "config", "config.proxy")
		}
	}
	if err := backup.CheckRecipients(c.BackupRecipients); err != nil {
		return err
	}
	if c.BackupKeep < 0 || c.BackupKeep > 365 {
		return fault.New(fault.Invalid, "config", "config.backup_keep")
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fault.Wrap(err, fault.Invalid, "config", "config.listen", "listen", c.Listen)
	}
	return nil
}

// proxies are the trusted ones. Without any named, a proxy on this machine is.
func (c Config) proxies() ([]netip.Prefix, error) {
	if len(c.TrustedProxies) == 0 {
		return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, nil
	}
	var all []netip.Prefix
	for _, s := range c.TrustedProxies {
		p, err := netip.ParsePrefix(strings.TrimSpace(s))
		if a, aerr := netip.ParseAddr(strings.TrimSpace(s)); err != nil && aerr == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "config", "config.trusted_proxies", "value", s)
		}
		all = append(all, p)
	}
	return all, nil
}

// addresses are where this installation can be opened, for the operator: on this machine, and on its
// network when the listener is reachable there.
func addresses(l net.Listener) []string {
	tcp, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return nil
	}
	if !tcp.IP.IsUnspecified() {
		return []string{"http://" + tcp.String()}
	}
	all := []string{fmt.Sprintf("http://localhost:%d", tcp.Port)}
	ifaces, err := net.InterfaceAddrs()
	if err != nil {
		return all
	}
	for _, a := range ifaces {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && !ip.IP.IsLoopback() && !ip.IP.IsLinkLocalUnicast() {
			all = append(all, fmt.Sprintf("http://%s", net.JoinHostPort(ip.IP.String(), fmt.Sprint(tcp.Port))))
		}
	}
	return all
}
