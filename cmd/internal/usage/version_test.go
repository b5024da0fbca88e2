package usage_test

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/assaynet/assay/cmd/internal/usage"
)

// TestTheVersionNamesWhatTheProgramWasBuiltFrom: the release before the commit,
// the commit before nothing.
func TestTheVersionNamesWhatTheProgramWasBuiltFrom(t *testing.T) {
	commit := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"}
	dirty := debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	for _, c := range []struct {
		main     string
		settings []debug.BuildSetting
		want     string
	}{
		{"v1.2.3", []debug.BuildSetting{commit, dirty}, "v1.2.3"},
		{"(devel)", []debug.BuildSetting{commit, {Key: "vcs.modified", Value: "false"}}, "0123456789ab"},
		{"(devel)", []debug.BuildSetting{commit, dirty}, "0123456789ab+dirty"},
		{"", nil, "development (go1.99, " + runtime.GOOS + "/" + runtime.GOARCH + ")"},
	} {
		info := &debug.BuildInfo{GoVersion: "go1.99", Main: debug.Module{Version: c.main}, Settings: c.settings}
		if got := usage.VersionOf(info); got != c.want {
			t.Errorf("%q: got %q, want %q", c.main, got, c.want)
		}
	}
}
