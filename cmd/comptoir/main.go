// Command comptoir is the counter where everything people say to a place arrives, and from where it is
// answered, once. Each verb parses its flags and calls package app; it holds no logic.
//
// Exit codes: 0 done, 1 it failed, 2 it was used wrongly, 3 another process holds the data folder.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"comptoir/internal/app"
	"comptoir/internal/fault"
	"comptoir/internal/web/locale"
)

type cli struct {
	Config kong.ConfigFlag `help:"TOML file with settings." env:"COMPTOIR_CONFIG" placeholder:"FILE"`

	Serve    serve   `cmd:"" help:"Run the counter."`
	Demo     demo    `cmd:"" help:"Play an evening at « Le Zinc », a place that lives, with nothing real behind it."`
	Setup    setup   `cmd:"" help:"Make a place and its owner, or print a link to make the first one in a browser."`
	Member   member  `cmd:"" help:"Members: who there is, and a way back in."`
	Token    token   `cmd:"" help:"Tokens of the API."`
	Key      key     `cmd:"" help:"The key that seals passwords and tokens."`
	Table    table   `cmd:"" help:"Tables and their codes."`
	Migrate  migrate `cmd:"" help:"Bring the database up to date."`
	Settings config  `cmd:"" name:"config" help:"Print the settings that serve would run with, and where each comes from."`
	Backup   backup  `cmd:"" help:"Write a backup of everything to one file, while the server runs."`
	Restore  restore `cmd:"" help:"Fill an empty data folder from a backup."`
	Check    check   `cmd:"" help:"Look at configuration, database and accounts; exit 1 if anything is wrong."`
	Health   health  `cmd:"" help:"Ask a running server whether it is ready; for images without a shell."`
	Version  version `cmd:"" help:"Print the version."`
}

// terminal is where a verb reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], terminal{os.Stdin, os.Stdout, os.Stderr}))
}

// run is main with its surroundings given, for the scripts that test it.
func run(ctx context.Context, args []string, t terminal) int {
	forgetEmpty()
	var c cli
	code := -1
	parser, err := kong.New(&c,
		kong.Name("comptoir"),
		kong.Description("The counter where everything people say to your place arrives, and from where you answer, once."),
		kong.UsageOnError(),
		kong.Writers(t.out, t.err),
		kong.Exit(func(n int) { code = n }),
		kong.Configuration(readTOML),
		kong.Resolvers(fileVariables()),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		panic(err)
	}
	k, err := parser.Parse(args)
	if code >= 0 { // help was asked for, and given
		return code
	}
	if err != nil {
		fmt.Fprintf(t.err, "comptoir: %v\nTry: comptoir --help\n", err)
		return 2
	}
	k.BindTo(ctx, (*context.Context)(nil))
	if err := k.Run(t); err != nil {
		fmt.Fprintln(t.err, "comptoir: "+sentence(err))
		return exitCode(err)
	}
	return 0
}

// sentence is what the operator reads: the sentence of the fault in the terminal's language, and the
// chain behind it.
func sentence(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		l := locale.New(locale.Match(terminalLanguage()), nil)
		s := l.Fault(err)
		for _, f := range e.Fields {
			s += "\n  " + f.Name + ": " + l.Field(f)
		}
		return s + "\n(" + err.Error() + ")"
	}
	return err.Error()
}

func terminalLanguage() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); len(v) >= 2 && v[:2] == "fr" {
			return "fr"
		} else if v != "" {
			break
		}
	}
	return "en"
}

func exitCode(err error) int {
	switch e := fault.As(err); {
	case e.Key == "data.locked":
		return 3
	case e.Code == fault.Invalid:
		return 2
	}
	return 1
}

// logger writes to the standard error: text for people, JSON for machines.
func logger(c app.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: level, ReplaceAttr: inUTC}
	f, isFile := w.(*os.File)
	if c.LogFormat == "json" || c.LogFormat == "auto" && !(isFile && isTerminal(f)) {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// inUTC writes the time of a line so that logs of several machines sort.
func inUTC(groups []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey && len(groups) == 0 {
		a.Value = slog.TimeValue(a.Value.Time().UTC())
	}
	return a
}

func isTerminal(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}
