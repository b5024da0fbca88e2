package status_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/status"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/earning"
	"github.com/assaynet/assay/protocol/keystore"
)

// served returns settings whose HTTP address is a server with this answer.
func served(t *testing.T, code int, body string) *config.Config {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	c := config.Default(config.Miner)
	c.HTTP.Listen = strings.TrimPrefix(s.URL, "http://")
	return &c
}

func TestWhateverAnswersIsNamed(t *testing.T) {
	for _, tc := range []struct {
		name, body, want string
		code             int
	}{
		{"another program", "hello", "does not answer as a miner does", 200},
		{"a program that refuses", "", "404 Not Found; another program listens there", 404},
		{"the other role", `{"role":"validator","chain_id":"x-1"}`, "answers a validator of x-1", 200},
		{"an observer", `{"role":"observer","chain_id":"x-1"}`, "answers an observer of x-1", 200},
		{"too much", strings.Repeat(" ", 2<<20), "does not answer as a miner does", 200},
	} {
		c := served(t, tc.code, tc.body)
		_, err := status.Ask(t.Context(), config.Home(t.TempDir()), c)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %q, want %q", tc.name, err, tc.want)
		}
	}
}

// TestAnObserverAnswersForAValidatorsHome, which it runs on.
func TestAnObserverAnswersForAValidatorsHome(t *testing.T) {
	c := served(t, 200, `{"role":"observer","height":7}`)
	r, err := status.AskAt(t.Context(), config.URL(c.HTTP.Listen), config.Validator)
	if err != nil || r.Height != 7 {
		t.Errorf("got height %v and %v, want 7", r, err)
	}
}

func TestNobodyAnsweringIsNotRunning(t *testing.T) {
	c := served(t, 200, "")
	s := httptest.NewServer(nil)
	c.HTTP.Listen = strings.TrimPrefix(s.URL, "http://")
	s.Close()
	if _, err := status.Ask(t.Context(), config.Home(t.TempDir()), c); !errors.Is(err, config.ErrNotRunning) {
		t.Errorf("got %q, want %q", err, config.ErrNotRunning)
	}
}

// A daemon that begins an answer and does not end it gave none, as one that does
// not begin.
func TestHalfAnAnswerIsNone(t *testing.T) {
	for name, begin := range map[string]bool{"half": true, "none": false} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if begin {
				_, _ = w.Write([]byte(`{"role":`))
				_ = http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		}))
		t.Cleanup(s.Close)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // whichever it meets
		defer cancel()
		if _, err := status.AskAt(ctx, s.URL, config.Miner); err == nil || !strings.HasPrefix(err.Error(), "no answer from ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestTheRunFileGoesBeforeTheSettings: a daemon on port 0 is found.
func TestTheRunFileGoesBeforeTheSettings(t *testing.T) {
	c := served(t, 200, `{"role":"miner","height":7}`)
	home := config.Home(t.TempDir())
	if err := home.WriteRunning(config.Running{HTTP: c.HTTP.Listen}); err != nil {
		t.Fatal(err)
	}
	c.HTTP.Listen = "127.0.0.1:0"
	r, err := status.Ask(t.Context(), home, c)
	if err != nil || r.Height != 7 {
		t.Errorf("got height %v and %v, want 7", r, err)
	}
}

// TestADaemonOfAnotherHomeIsNotThisOnes: by the chain and the hotkey, and for a
// copy of the home, by when the process began.
func TestADaemonOfAnotherHomeIsNotThisOnes(t *testing.T) {
	dir := t.TempDir()
	home := config.Home(dir)
	keys, err := keystore.New(keystore.Config{Dir: home.Keys(), WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	k, err := keystore.Generate(keystore.Hotkey, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Create("hotkey", k, keystore.InsecurePassphrase()); err != nil {
		t.Fatal(err)
	}
	own := k.PublicKey().String()
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tc := range []struct {
		name, hotkey string
		started      time.Time
		running      *config.Running // run.json, but for the address
		want         string          // "" for the home's own
	}{
		{"its own", own, began, &config.Running{Started: began}, ""},
		{"an older release, which says neither", "", time.Time{}, nil, ""},
		{"another hotkey", "assay1other", began, &config.Running{Started: began}, "its hotkey is assay1other"},
		{"a copy, and this one does not run", own, began, nil, "it began at 2026-01-02 03:04:05 UTC while none runs on this home, and has the same hotkey"},
		{"a copy, and this one was killed", own, began, &config.Running{Started: began.Add(-time.Hour)}, "it began at 2026-01-02 03:04:05 UTC, this home's at 2026-01-02 02:04:05 UTC"},
	} {
		body, err := json.Marshal(map[string]any{"role": "miner", "hotkey": tc.hotkey, "started": tc.started})
		if err != nil {
			t.Fatal(err)
		}
		c := served(t, 200, string(body))
		_ = home.RemoveRunning() // of the case before
		if tc.running != nil {
			tc.running.HTTP = c.HTTP.Listen
			if err := home.WriteRunning(*tc.running); err != nil {
				t.Fatal(err)
			}
		}
		_, err = status.Ask(t.Context(), home, c)
		switch {
		case tc.want == "":
			if err != nil {
				t.Errorf("%s: got %v", tc.name, err)
			}
		case !errors.Is(err, status.ErrOther) || !errors.Is(err, config.ErrNotRunning) || !strings.Contains(err.Error(), tc.want):
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
}

func TestReportsReadLikeATable(t *testing.T) {
	now := time.Unix(1000, 0)
	r := status.Report{Status: api.Status{
		ChainID: "assay-test-1", Role: "miner", Version: "v1", Height: 41, Epoch: 2, Round: 2, CatchingUp: true,
		BlockTime: now.Add(-1500 * time.Millisecond), Peers: 3, Reasons: []string{"not asked yet"},
	}}
	var b strings.Builder
	if err := r.Print(&b, now); err != nil {
		t.Fatal(err)
	}
	want := `chain         assay-test-1
role          miner
version       v1
height        41 (catching up)
epoch, round  2, 2
last block    1.5s ago
peers         3

- not asked yet
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	r.Reasons = nil
	b.Reset()
	if err := r.Print(&b, now); err != nil || !strings.HasSuffix(b.String(), "\n- it earns; nothing is amiss\n") {
		t.Errorf("got %v\n%s", err, b.String())
	}
	r.Target = 1180
	b.Reset()
	if err := r.Print(&b, now); err != nil || !strings.Contains(b.String(), "height        41 (catching up, to 1180)\n") {
		t.Errorf("with a target: %v\n%s", err, b.String())
	}
}

func TestAMinersReportHasWhatItsSeatDoesAndEarns(t *testing.T) {
	r := status.Report{Home: "/home/ann/.assay/miner", Status: api.Status{
		ChainID: "assay-test-1", Role: "miner", Height: 41, Epoch: 2, Round: 2, Peers: 3,
		Seat: &api.SeatStatus{
			UID: 7, Registered: 3, Asked: true, Phase: "committed", Epochs: 3, InTime: 2, Late: 1, Exact: 4, False: 0, NotGiven: 1,
			Pays: []api.SeatPay{
				{Epoch: 0, Paid: 3_630_000_000},
				{Epoch: 1, Paid: 3_430_000_000, Change: "−0.2", Causes: []earning.Cause{{Reason: earning.ReasonOthers, Text: "2 new seats"}}},
			},
			Next: "the answers of round 2 are due", NextHeight: 53,
		},
	}}
	var b strings.Builder
	if err := r.Print(&b, time.Unix(1000, 0)); err != nil {
		t.Fatal(err)
	}
	want := `chain            assay-test-1
role             miner
height           41
epoch, round     2, 2
peers            3
home             /home/ann/.assay/miner
seat             7, registered at 3: committed
rounds           2 in time, 1 late in the last 3 epochs
answers          cards: 4 exact, 0 false; 1 not given, 0 failed
paid in epoch 1  3.43, −0.2: 2 new seats
paid in epoch 0  3.63
next             the answers of round 2 are due in 12 blocks

- it earns; nothing is amiss
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
