package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"comptoir/internal/app"
)

// config prints the settings that serve would run with, as a settings file, and where each comes from.
type config struct {
	app.Config
}

func (c *config) Run(_ context.Context, k *kong.Context, t terminal) error {
	file := string(k.Model.Target.Interface().(cli).Config)
	for _, flag := range k.Selected().Flags {
		from := source(k, flag, file)
		line := underscored(flag.Name) + " = " + literal(flag)
		if from == "" {
			line, from = "# "+line, "not set"
			if flag.HasDefault {
				from = "default"
			}
		}
		fmt.Fprintf(t.out, "%-50s # %s\n", line, from)
	}
	return c.Check()
}

// source says where the value of a setting comes from, "" for its default. The order is that of app.Config.
func source(k *kong.Context, flag *kong.Flag, file string) string {
	for _, p := range k.Path {
		if p.Flag == flag && !p.Resolved {
			return "--" + flag.Name
		}
	}
	if from := outside(flag); from.name != "" {
		return from.name
	}
	if file != "" && inFile(file, flag) {
		return file
	}
	return ""
}

// inFile tells whether the settings file has a line for a setting. It was read already, and is right.
func inFile(path string, flag *kong.Flag) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	r, err := readTOML(f)
	if err != nil {
		return false
	}
	_, ok := r.(tomlSettings)[underscored(flag.Name)]
	return ok
}

// literal is a setting's value as a settings file holds it; of a secret it tells only that there is one.
func literal(flag *kong.Flag) string {
	switch v := flag.Target; v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Slice:
		var all []string
		for i := range v.Len() {
			all = append(all, strconv.Quote(v.Index(i).String()))
		}
		return "[" + strings.Join(all, ", ") + "]"
	default:
		s := fmt.Sprint(v.Interface())
		if s != "" && flag.Tag.Has("secret") {
			s = hidden(s)
		}
		return strconv.Quote(s)
	}
}

// hidden leaves of an address all but its password, and nothing of any other secret.
func hidden(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return "[secret]"
	}
	shown := u.Scheme + "://"
	if u.User != nil {
		shown += url.User(u.User.Username()).String()
		if _, has := u.User.Password(); has {
			shown += ":[secret]"
		}
		shown += "@"
	}
	shown += u.Host + u.EscapedPath()
	if u.RawQuery != "" { // a password may stand there too
		shown += "?[secret]"
	}
	return shown
}
