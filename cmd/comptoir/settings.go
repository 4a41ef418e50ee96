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
	if !ok || outside(flag).name != "" { // kong takes the last that answers: the surroundings win over the file
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

// forgetEmpty takes variables of ours that are set to nothing as not set: so do compose files mean it.
func forgetEmpty() {
	for _, pair := range os.Environ() {
		if name, value, _ := strings.Cut(pair, "="); value == "" && strings.HasPrefix(name, "COMPTOIR_") {
			os.Unsetenv(name)
		}
	}
}

// surroundings is where the environment says a setting: in a variable, or in a file that holds the value.
type surroundings struct {
	name string // what says it, "" = nothing
	path string // the file, "" = the variable itself
}

// outside finds what the environment says of a setting: COMPTOIR_X, else COMPTOIR_X_FILE, else the file that systemd
// hands over ($CREDENTIALS_DIRECTORY/x).
func outside(flag *kong.Flag) surroundings {
	if len(flag.Envs) == 0 {
		return surroundings{}
	}
	env := flag.Envs[0]
	if os.Getenv(env) != "" {
		return surroundings{name: env}
	}
	if path := os.Getenv(env + "_FILE"); path != "" {
		return surroundings{env + "_FILE", path}
	}
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		if path := filepath.Join(dir, underscored(flag.Name)); exists(path) {
			return surroundings{"CREDENTIALS_DIRECTORY", path}
		}
	}
	return surroundings{}
}

// fileVariables reads the files that hold settings. Giving both a value and its file is a mistake that stops the
// program.
func fileVariables() kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		from := outside(flag)
		if from.path == "" {
			if from.name != "" && os.Getenv(from.name+"_FILE") != "" {
				return nil, fmt.Errorf("both %s and %s_FILE are set: keep one", from.name, from.name)
			}
			return nil, nil
		}
		b, err := os.ReadFile(from.path)
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
