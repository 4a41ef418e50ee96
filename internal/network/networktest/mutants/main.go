// Command mutants plants one small mistake after the other in the drivers, and sees the conformance suite find each
// (make mutants). It is the test of the suite: a check that finds nothing is not one.
//
// Each mutant is one edit of one file, laid over the tree while its tests are built (go test -overlay); nothing on disk
// changes. The mutant names the check that must find it. One that nothing finds has survived, and fails the run, as
// does one that no longer fits its file, or that another check finds than the one it names.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// mutant is a mistake.
type mutant struct {
	name     string // what somebody got wrong
	file     string // below internal/network
	old, new string // old stands once in it
	check    string // of the suite, that must find it
}

// subject is a driver with the mistakes to plant in it.
type subject struct {
	name    string
	pkg     string // of its suite, below internal/network
	tests   string // those that run the suite without real servers
	mutants []mutant
}

var subjects = []subject{notes, email, mastodon, bluesky, wordpress}

const (
	// patience is how long the suite may take on one mutant; one that hangs it is found by that.
	patience = 2 * time.Minute
	root     = "internal/network"
)

func main() {
	driver := flag.String("driver", "", "only of this driver")
	match := flag.String("run", "", "only those whose names match this expression")
	beside := flag.Int("p", 2, "how many at a time")
	flag.Parse()
	wanted, err := regexp.Compile(*match)
	if err == nil {
		err = run(*driver, wanted, *beside)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// run tries the chosen mutants and fails when one is not found by the check that it names.
func run(driver string, wanted *regexp.Regexp, beside int) error {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var running sync.WaitGroup
	var mu sync.Mutex
	tried, bad := 0, 0
	turns := make(chan struct{}, max(1, beside))
	for _, s := range subjects {
		for i, m := range s.mutants {
			if driver != "" && driver != s.name || !wanted.MatchString(m.name) {
				continue
			}
			running.Go(func() {
				turns <- struct{}{}
				defer func() { <-turns }()
				start := time.Now()
				by, err := try(s, m, filepath.Join(dir, fmt.Sprintf("%s%d", s.name, i)))
				mu.Lock()
				defer mu.Unlock()
				if tried++; err != nil {
					bad++
					fmt.Printf("FAIL   %s: %s: %v\n", s.name, m.name, err)
					return
				}
				fmt.Printf("found  %s: %s, by %q (%.1f s)\n", s.name, m.name, by, time.Since(start).Seconds())
			})
		}
	}
	running.Wait()
	if tried == 0 {
		return errors.New("no mutant has such a name")
	}
	fmt.Printf("%d mutants, %d not found as they should be\n", tried, bad)
	if bad > 0 {
		return errors.New("the suite has holes")
	}
	return nil
}

// try lays the mutant over its file and runs the check that must find it; if that does not, all the others.
func try(s subject, m mutant, dir string) (by string, err error) {
	overlay, err := m.overlay(dir)
	if err != nil {
		return "", err
	}
	out, failed, err := test(s, overlay, m.check)
	if err != nil {
		return "", err
	}
	switch {
	case strings.Contains(out, "[build failed]") || strings.Contains(out, "[setup failed]"):
		return "", fmt.Errorf("it does not compile:\n%s", out)
	case strings.Contains(out, "no tests to run"):
		return "", fmt.Errorf("no check is called %q", m.check)
	case failed && (slices.Contains(findings(out), m.check) || strings.Contains(out, "panic: ")):
		return m.check, nil
	}
	out, failed, err = test(s, overlay, "")
	if err != nil {
		return "", err
	}
	if !failed {
		return "", errors.New("it survived")
	}
	return "", fmt.Errorf("%q did not find it; %q did", m.check, findings(out))
}

// overlay writes the file with the mistake, and what tells the compiler to read it in place of the right one.
func (m mutant) overlay(dir string) (string, error) {
	file, err := filepath.Abs(filepath.Join(root, m.file))
	if err != nil {
		return "", err
	}
	right, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(right), m.old); n != 1 {
		return "", fmt.Errorf("%s holds what it replaces %d times", m.file, n)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	wrong := filepath.Join(dir, filepath.Base(file))
	if err := os.WriteFile(wrong, []byte(strings.Replace(string(right), m.old, m.new, 1)), 0o600); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{file: wrong}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, list, 0o600)
}

// test runs one check of the suite, "" all of them.
func test(s subject, overlay, check string) (out string, failed bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	pattern := "^(" + s.tests + ")$"
	if check != "" {
		for part := range strings.SplitSeq(subtest(check), "/") {
			pattern += "/^" + regexp.QuoteMeta(part) + "$"
		}
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-vet=off", "-overlay", overlay, "-timeout", patience.String(), "-run", pattern, "./"+root+"/"+s.pkg)
	b, err := cmd.CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); ok && ctx.Err() == nil {
		return string(b), true, nil
	}
	return string(b), false, errors.Join(err, ctx.Err())
}

func subtest(check string) string { return strings.ReplaceAll(check, " ", "_") }

var failure = regexp.MustCompile(`(?m)^    --- FAIL: [^/\n]*/(.*) \(`)

// findings are the checks that failed.
func findings(out string) (checks []string) {
	for _, m := range failure.FindAllStringSubmatch(out, -1) {
		if check := strings.ReplaceAll(m[1], "_", " "); !slices.Contains(checks, check) {
			checks = append(checks, check)
		}
	}
	return checks
}
