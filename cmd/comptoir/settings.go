package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"
)

// readTOML is the settings file. A key that no verb knows stops the program: a typing error must not
// silently leave a default in place.
func readTOML(r io.Reader) (kong.Resolver, error) {
	values := map[string]any{}
	if _, err := toml.NewDecoder(r).Decode(&values); err != nil {
		return nil, fmt.Errorf("settings file: %w", err)
	}
	return tomlSettings(values), nil
}

type tomlSettings map[string]any

func (s tomlSettings) Validate(app *kong.Application) error {
	known := map[string]bool{}
	for _, leaf := range app.Leaves(false) {
		for _, flags := range leaf.AllFlags(false) {
			for _, f := range flags {
				known[underscored(f.Name)] = true
			}
		}
	}
	for key := range s {
		if !known[key] {
			return fmt.Errorf("settings file: %q is not a setting", key)
		}
	}
	return nil
}

func (s tomlSettings) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	v, ok := s[underscored(flag.Name)]
	if !ok {
		return nil, nil
	}
	if list, ok := v.([]any); ok {
		var words []string
		for _, w := range list {
			words = append(words, fmt.Sprint(w))
		}
		return strings.Join(words, ","), nil
	}
	return fmt.Sprint(v), nil
}

func underscored(name string) string { return strings.ReplaceAll(name, "-", "_") }

// fileVariables reads COMPTOIR_X_FILE, and the files that systemd hands over ($CREDENTIALS_DIRECTORY/x),
// for settings that are secrets. Giving both the value and its file is a mistake that stops the program.
func fileVariables() kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if len(flag.Envs) == 0 {
			return nil, nil
		}
		env := flag.Envs[0]
		path := os.Getenv(env + "_FILE")
		if dir := os.Getenv("CREDENTIALS_DIRECTORY"); path == "" && dir != "" {
			if p := filepath.Join(dir, underscored(flag.Name)); exists(p) {
				path = p
			}
		}
		if path == "" {
			return nil, nil
		}
		if os.Getenv(env) != "" {
			return nil, fmt.Errorf("both %s and %s_FILE are set: keep one", env, env)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
