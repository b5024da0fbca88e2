package usage

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// release is the version of a release, which its build sets: -ldflags "-X
// …/usage.release=1.2.0".
var release string

// Version returns the version of the program: its release, else the commit that
// it was built from, with "+dirty" where files were changed, else "development"
// with the compiler and the machine, for then no more is known.
func Version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return version(info)
}

func version(info *debug.BuildInfo) string {
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	commit, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			commit = s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+dirty"
		}
	}
	if commit == "" {
		return fmt.Sprintf("development (%s, %s/%s)", info.GoVersion, runtime.GOOS, runtime.GOARCH)
	}
	return commit + dirty
}
