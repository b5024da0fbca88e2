package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/engine"
)

const peer = "/ip4/127.0.0.1/tcp/9661/p2p/16Uiu2HAmFbZQf1pJ4gMBUyJVrSC2b9SUbLhdVXSEXEFNrZLmrPKb"

var roles = []config.Role{config.Miner, config.Validator}

func TestAFreshFileMeansTheDefaults(t *testing.T) {
	for _, role := range roles {
		c := config.Default(role)
		if err := c.Check(); err != nil {
			t.Errorf("%s: %v", role, err)
		}
		got, err := config.Decode(c.Encode())
		if err != nil {
			t.Fatalf("%s: %v\n%s", role, err, c.Encode())
		}
		if string(got.Encode()) != string(c.Encode()) {
			t.Errorf("%s: got\n%s\nwant\n%s", role, got.Encode(), c.Encode())
		}
	}
}

// TestEveryDefaultIsShown takes the mark off each commented line: the file
// must still be readable and mean the same.
func TestEveryDefaultIsShown(t *testing.T) {
	for _, role := range roles {
		c := config.Default(role)
		var lines []string
		shown := 0
		for line := range strings.Lines(string(c.Encode())) {
			if rest, ok := strings.CutPrefix(line, "# "); ok && strings.Contains(rest, " = ") {
				line = rest
				shown++
			}
			lines = append(lines, line)
		}
		if want := len(config.Flags(role, false)); shown != want {
			t.Errorf("%s: %d defaults shown, want %d", role, shown, want)
		}
		got, err := config.Decode([]byte(strings.Join(lines, "")))
		if err != nil {
			t.Fatalf("%s: %v", role, err)
		}
		if string(got.Encode()) != string(c.Encode()) {
			t.Errorf("%s: the shown values are not the defaults:\n%s", role, got.Encode())
		}
	}
}

func TestValuesSurviveTheFile(t *testing.T) {
	c := config.Default(config.Validator)
	c.Node = config.Node{Listen: []string{}, Announce: []string{"/dns/node.example/tcp/1"}, Bootstrap: []string{peer}, MDNS: true}
	c.HTTP.Listen = "[::1]:1"
	c.Engine = config.Engine{Models: []string{"/a \"quoted\" 'name'.gguf"}, Threads: 3, Device: "cuda:1", Backend: engine.BackendReference, Weights: engine.WeightsInterleaved}
	c.Consensus = config.Consensus{Listen: "0.0.0.0:3", External: "node.example:2"}
	c.Log = config.Log{Level: "debug", Format: "json"}
	c.Keys.PassphraseFile = "pass"
	got, err := config.Decode(c.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Encode()) != string(c.Encode()) {
		t.Errorf("got\n%s\nwant\n%s", got.Encode(), c.Encode())
	}
	if err := got.Check(); err != nil {
		t.Error(err)
	}
}

func TestMistakesInTheFileAreNamedWithTheirLine(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"an unknown key", "role = 'miner'\n[engine]\nthreds = 2\n", `line 3: there is no key "engine.threds"`},
		{"an unknown section", "role = 'miner'\n[engines]\n", `line 2: there is no key "engines"`},
		{"the other role's section", "role = 'miner'\n\n[consensus]\nlisten = '0.0.0.0:1'\n", `line 3: there is no key "consensus"`},
		{"the other role's section again", "role = 'validator'\n[seat]\ncapacity = 1\n", `there is no key "seat"`},
		{"a wrong type", "role = 'miner'\n[engine]\nthreads = 'two'\n", "line 3: "},
		{"no TOML", "role = 'miner'\n[engine\n", "line 2: "},
		{"a key twice", "role = 'miner'\n[log]\nlevel = 'info'\nlevel = 'warn'\n", "line 4: "},
		{"no role", "[log]\nlevel = 'info'\n", `role is ""`},
		{"a role that there is not", "role = 'judge'\n", `role is "judge"`},
		{"too much", "role = 'miner'\n" + strings.Repeat("#", config.MaxFileBytes), "at most"},
	} {
		_, err := config.Decode([]byte(tc.text))
		if !errors.Is(err, config.ErrFile) || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %q, want one line with %q", tc.name, err, tc.want)
		}
	}
}

func TestValuesThatMakeNoSenseAreRefusedWithAHint(t *testing.T) {
	for _, tc := range []struct {
		name string
		role config.Role
		set  func(*config.Config)
		want string
	}{
		{"listen", config.Miner, func(c *config.Config) { c.Node.Listen = []string{"127.0.0.1:9671"} }, "node.listen (--listen)"},
		{"listen by UDP", config.Miner, func(c *config.Config) { c.Node.Listen = []string{"/ip4/127.0.0.1/udp/1"} }, "/tcp/"},
		{"announce", config.Miner, func(c *config.Config) { c.Node.Announce = []string{"x"} }, "node.announce"},
		{"bootstrap without an id", config.Miner, func(c *config.Config) { c.Node.Bootstrap = []string{"/ip4/127.0.0.1/tcp/1"} }, "with its peer id"},
		{"many bootstrap peers", config.Miner, func(c *config.Config) {
			for range 65 {
				c.Node.Bootstrap = append(c.Node.Bootstrap, peer)
			}
		}, "at most 64"},
		{"HTTP without a port", config.Miner, func(c *config.Config) { c.HTTP.Listen = "127.0.0.1" }, "want HOST:PORT"},
		{"HTTP on a port too high", config.Miner, func(c *config.Config) { c.HTTP.Listen = "127.0.0.1:70000" }, "0 to 65535"},
		{"device", config.Miner, func(c *config.Config) { c.Engine.Device = "gpu" }, "engine.device (--device)"},
		{"backend", config.Miner, func(c *config.Config) { c.Engine.Backend = "quantum" }, "engine.backend (--backend)"},
		{"weights", config.Miner, func(c *config.Config) { c.Engine.Weights = "woven" }, "engine.weights (--weights)"},
		{"draft model", config.Validator, func(c *config.Config) { c.Engine.DraftModel = "small.gguf" }, "engine.draft_model"},
		{"threads", config.Miner, func(c *config.Config) { c.Engine.Threads = -1 }, "engine.threads (--threads)"},
		{"nice", config.Miner, func(c *config.Config) { c.Engine.Nice = 20 }, "0 (first) to 19 (last)"},
		{"capacity", config.Miner, func(c *config.Config) { c.Seat.Capacity = 0 }, "seat.capacity (--capacity)"},
		{"many kinds", config.Miner, func(c *config.Config) { c.Seat.Kinds = make([]string, 9) }, "seat.kinds (--kinds)"},
		{"level", config.Miner, func(c *config.Config) { c.Log.Level = "loud" }, "want one of debug, info, warn, error"},
		{"format", config.Miner, func(c *config.Config) { c.Log.Format = "xml" }, "want one of auto, console, json"},
		{"consensus", config.Validator, func(c *config.Config) { c.Consensus.Listen = "9662" }, "consensus.listen"},
		{"consensus on any port", config.Validator, func(c *config.Config) { c.Consensus.Listen = "127.0.0.1:0" }, "above 0"},
		{"external without a host", config.Validator, func(c *config.Config) { c.Consensus.External = "0.0.0.0:9662" }, "consensus.external"},
		{"a checkpoint without a hash", config.Miner, func(c *config.Config) { c.Node.Trust = "17" }, "node.trust"},
		{"private without peers", config.Validator, func(c *config.Config) { c.Consensus.Private = true }, "consensus.private"},
		{"private, and announced", config.Validator, func(c *config.Config) {
			c.Consensus.Private, c.Consensus.External = true, "203.0.113.1:9662"
			c.Consensus.Peers = []string{strings.Repeat("0", 40) + "@203.0.113.2:9662"}
		}, "consensus.external"},
	} {
		c := config.Default(tc.role)
		tc.set(&c)
		err := c.Check()
		if !errors.Is(err, config.ErrValue) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %q, want %q", tc.name, err, tc.want)
		}
	}
}

// FuzzDecode: whatever a file holds, it is refused in one line or means
// settings that can be written and read again.
func FuzzDecode(f *testing.F) {
	for _, role := range roles {
		c := config.Default(role)
		f.Add(c.Encode())
	}
	f.Add([]byte("role = 'miner'\n[node]\nlisten = [1, 'x']\n"))
	f.Add([]byte("role = 'validator'\nrole.x = 1\n[[log]]\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := config.Decode(b)
		if err != nil {
			if !errors.Is(err, config.ErrFile) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%q", err)
			}
			return
		}
		_ = c.Check()
		again, err := config.Decode(c.Encode())
		if err != nil {
			t.Fatalf("%v\n%s", err, c.Encode())
		}
		if string(again.Encode()) != string(c.Encode()) {
			t.Fatalf("got\n%s\nwant\n%s", again.Encode(), c.Encode())
		}
	})
}
