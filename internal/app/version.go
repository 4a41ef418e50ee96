package app

import (
	"runtime/debug"
	"sync"
)

// version is set when a release is built.
var version = ""

// Version names this program: a release, else the commit it was built from, else "devel".
var Version = sync.OnceValue(func() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return "devel"
})
