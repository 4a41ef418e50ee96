package main

import (
	"strings"
	"testing"
)

// here runs a test at the root of the tree, where main runs.
func here(t *testing.T) { t.Chdir("../../../..") }

func TestEveryMutantFitsItsFile(t *testing.T) {
	here(t)
	for _, s := range subjects {
		names := map[string]bool{}
		for _, m := range s.mutants {
			if _, err := m.overlay(t.TempDir() + "/m"); err != nil || m.old == m.new || names[m.name] {
				t.Errorf("%s: %s: %v", s.name, m.name, err)
			}
			names[m.name] = true
		}
	}
}

func TestAMistakeThatIsFoundIsToldFromOneThatIsNot(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds five mutants")
	}
	here(t)
	found := notes.mutants[len(notes.mutants)-2]
	survivor, other, broken, unknown := found, found, found, found
	survivor.new = survivor.old
	other.check = "takes back"
	broken.new = "}"
	unknown.check = "makes coffee"
	for _, x := range []struct {
		m    mutant
		want string
	}{{found, ""}, {survivor, "survived"}, {other, `"takes back" did not find it; ["` + found.check + `"] did`}, {broken, "does not compile"}, {unknown, "no check is called"}} {
		by, err := try(notes, x.m, t.TempDir()+"/m")
		if x.want == "" && (err != nil || by != found.check) || x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("try = %q, %v; want %q", by, err, x.want)
		}
	}
}
