package doctor_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/assaynet/assay/cmd/internal/doctor"
	"github.com/assaynet/assay/cmd/internal/status"
	"github.com/assaynet/assay/protocol/api"
)

func TestTheClockIsComparedWithBlocks(t *testing.T) {
	now := time.Now()
	block := func(age time.Duration) *status.Report {
		return &status.Report{Status: api.Status{BlockTime: now.Add(-age)}}
	}
	old := &status.Report{Status: api.Status{BlockTime: now.Add(-time.Hour), CatchingUp: true}}
	for _, tc := range []struct {
		name    string
		began   time.Time
		running *status.Report
		want    doctor.State
	}{
		{"not running", now.Add(-time.Hour), nil, doctor.OK},
		{"before the network began", now.Add(time.Hour), nil, doctor.Fail},
		{"a fresh block", now.Add(-time.Hour), block(time.Second), doctor.OK},
		{"a block from the future", now.Add(-time.Hour), block(-time.Hour), doctor.Fail},
		{"no block for long", now.Add(-time.Hour), block(10 * time.Minute), doctor.Warn},
		{"catching up", now.Add(-time.Hour), old, doctor.OK},
		{"a daemon that knows no time", now.Add(-time.Hour), &status.Report{}, doctor.OK},
	} {
		f := doctor.Clock(t.Context(), tc.began.Unix(), tc.running)
		if f.State != tc.want || (f.State != doctor.OK) != (f.Hint != "") {
			t.Errorf("%s: got %+v, want %s, and a hint if it is not ok", tc.name, f, tc.want)
		}
	}
}

func TestTheReportIsATableOrOneObject(t *testing.T) {
	list := []doctor.Finding{
		{Check: "disk", State: doctor.OK, Detail: "2 GiB free"},
		{Check: "peers", State: doctor.Warn, Detail: "1 of 2", Hint: "look"},
	}
	var b strings.Builder
	if err := doctor.Report(&b, list, false); err != nil {
		t.Errorf("got %v although nothing failed", err)
	}
	want := "ok    disk   2 GiB free\nwarn  peers  1 of 2\n             → look\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	list[0].State = doctor.Fail
	b.Reset()
	if err := doctor.Report(&b, list, true); !errors.Is(err, doctor.ErrIll) {
		t.Errorf("got %v, want %v", err, doctor.ErrIll)
	}
	want = `{"ok":false,"checks":[{"check":"disk","state":"fail","detail":"2 GiB free"},{"check":"peers","state":"warn","detail":"1 of 2","hint":"look"}]}` + "\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
