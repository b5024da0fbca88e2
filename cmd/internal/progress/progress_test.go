package progress_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assaynet/assay/cmd/internal/progress"
)

func TestNothingIsSaidOfWhatIsQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		stop := progress.Show(&b, func() string { return "half" })
		time.Sleep(progress.Quiet - 1)
		stop()
		stop()
		if b.String() != "" {
			t.Errorf("said %q", b.String())
		}
	})
}

func TestOneLineIsWrittenOverAndGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		stop := progress.Show(&b, func() string { return "half" })
		time.Sleep(progress.Quiet + progress.Every + 1)
		stop()
		if want := strings.Repeat("\rhalf\x1b[K", 2) + "\r\x1b[K"; b.String() != want {
			t.Errorf("said %q, want %q", b.String(), want)
		}
	})
}

func TestAFileHearsNothing(*testing.T) {
	progress.Start(&strings.Builder{}, func() string { panic("asked") })()
}
