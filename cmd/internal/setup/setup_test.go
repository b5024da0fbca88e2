package setup_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/assaynet/assay/cmd/internal/cmdtest"
	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/cmd/internal/setup"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol/keystore"
)

// bench is a directory with the files of a network, the passphrase files hot and
// cold, and a home to make.
type bench struct {
	t               *testing.T
	home, hot, cold string
	stdout, stderr  strings.Builder
}

func newBench(t *testing.T) *bench {
	t.Helper()
	for _, name := range []string{keystore.EnvPassphrase, keyflags.EnvColdkeyPassphrase, "ASSAY_HOME"} {
		t.Setenv(name, "")
	}
	dir := t.TempDir()
	if err := cmdtest.SetupFor(&testscript.Env{WorkDir: dir}, t.Cleanup); err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, home: filepath.Join(dir, "home"), hot: filepath.Join(dir, "hot"), cold: filepath.Join(dir, "cold")}
	put(t, b.hot, "the hotkey's\n")
	put(t, b.cold, "the coldkey's\n")
	return b
}

// init runs miner init with more flags.
func (b *bench) init(flags ...string) error {
	b.t.Helper()
	app := usage.App("miner", "", "", setup.Command(config.Miner))
	b.stdout.Reset()
	b.stderr.Reset()
	app.Writer, app.ErrWriter = &b.stdout, &b.stderr
	genesis := filepath.Join(filepath.Dir(b.home), "genesis.json")
	return app.Run(append([]string{"miner", "init", "--home", b.home, "--genesis", genesis, "--work-factor", "1"}, flags...))
}

// opens checks that a passphrase opens a key.
func (b *bench) opens(name, passphrase string) {
	b.t.Helper()
	s, err := keystore.New(keystore.Config{Dir: config.Home(b.home).Keys()})
	if err != nil {
		b.t.Fatal(err)
	}
	p := keystore.InsecurePassphrase()
	if passphrase != "" {
		if p, err = keystore.NewPassphrase(passphrase); err != nil {
			b.t.Fatal(err)
		}
	}
	if _, err := s.Open(name, p); err != nil {
		b.t.Errorf("%q does not open the %s: %v", passphrase, name, err)
	}
}

// TestEachKeyHasItsOwnPassphrase, and the daemon's settings name the hotkey's
// alone.
func TestEachKeyHasItsOwnPassphrase(t *testing.T) {
	const same = "warning: the coldkey has the hotkey's passphrase: whoever gets into this machine opens both; give --coldkey-passphrase-file\n"
	const none = "warning: no passphrase: whoever can read the key file has the key\n"
	for name, c := range map[string]struct {
		flags               []string // HOT and COLD stand for the files
		env, coldEnv        string
		hot, cold, warnings string
	}{
		"files":                     {[]string{"--passphrase-file", "HOT", "--coldkey-passphrase-file", "COLD"}, "", "", "the hotkey's", "the coldkey's", ""},
		"a file and the variable":   {[]string{"--passphrase-file", "HOT"}, "", "from the variable", "the hotkey's", "from the variable", ""},
		"a file and the other":      {[]string{"--passphrase-file", "HOT"}, "from the other", "", "the hotkey's", "from the other", ""},
		"a file before variables":   {[]string{"--passphrase-file", "HOT", "--coldkey-passphrase-file", "COLD"}, "x", "y", "the hotkey's", "the coldkey's", ""},
		"variables":                 {nil, "from the first", "from the second", "from the first", "from the second", ""},
		"one variable":              {nil, "from the first", "", "from the first", "from the first", same},
		"one file":                  {[]string{"--passphrase-file", "HOT", "--coldkey-passphrase-file", "HOT"}, "", "", "the hotkey's", "the hotkey's", same},
		"none":                      {[]string{"--insecure-no-passphrase"}, "", "", "", "", none},
		"none for the hotkey alone": {[]string{"--insecure-no-passphrase", "--coldkey-passphrase-file", "COLD"}, "", "", "", "the coldkey's", none},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			t.Setenv(keystore.EnvPassphrase, c.env)
			t.Setenv(keyflags.EnvColdkeyPassphrase, c.coldEnv)
			flags := slices.Clone(c.flags)
			for i, f := range flags {
				flags[i] = strings.NewReplacer("HOT", b.hot, "COLD", b.cold).Replace(f)
			}
			if err := b.init(append(flags, "--new-coldkey")...); err != nil {
				t.Fatal(err)
			}
			b.opens("hotkey", c.hot)
			b.opens("coldkey", c.cold)
			if got := b.stderr.String(); got != c.warnings {
				t.Errorf("got %q, want %q", got, c.warnings)
			}
			settings, err := os.ReadFile(config.Home(b.home).Config())
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(settings), b.cold) {
				t.Error("the coldkey's passphrase file is in config.toml")
			}
			if has := strings.Contains(string(settings), b.hot); has != slices.Contains(c.flags, "--passphrase-file") {
				t.Errorf("config.toml has the hotkey's passphrase file: %v", has)
			}
		})
	}
}

// TestBothKeysComeWithTheirWords, which make them again; the hotkey does without
// on request.
func TestBothKeysComeWithTheirWords(t *testing.T) {
	b := newBench(t)
	if err := b.init("--new-coldkey", "--insecure-no-passphrase"); err != nil {
		t.Fatal(err)
	}
	s, err := keystore.New(keystore.Config{Dir: config.Home(b.home).Keys()})
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(b.stdout.String(), "They are the hotkey,")
	hot, cold, ok := strings.Cut(rest, "They are the coldkey,")
	if !ok {
		t.Fatalf("no words in %s", b.stdout.String())
	}
	for kind, words := range map[keystore.Kind]string{keystore.Hotkey: hot, keystore.Coldkey: cold} {
		k, err := keystore.FromMnemonic(kind, words)
		if err != nil {
			t.Fatal(err)
		}
		if pub, err := s.Public(string(kind)); err != nil || pub != k.PublicKey() {
			t.Errorf("the words of the %s make another key, %v", kind, err)
		}
	}
	b = newBench(t)
	if err := b.init("--mnemonic=false", "--insecure-no-passphrase"); err != nil || strings.Contains(b.stdout.String(), "words") {
		t.Errorf("got %v and %s", err, b.stdout.String())
	}
}

// TestAHotkeyWhoseFileIsGoneIsNotReplaced: another would have no seat.
func TestAHotkeyWhoseFileIsGoneIsNotReplaced(t *testing.T) {
	b := newBench(t)
	keys := config.Home(b.home).Keys()
	put(t, filepath.Join(keys, "hotkey.pub"), "whatever")
	err := b.init("--insecure-no-passphrase")
	if !errors.Is(err, keystore.ErrLost) || !strings.Contains(usage.Line(err), "its key file is gone; put it back from a copy, or make the key again from its 24 words") {
		t.Errorf("got %v, want %v with a hint", err, keystore.ErrLost)
	}
	if got := files(t, b.home); len(got) != 1 {
		t.Errorf("got %v, want the public file alone", got)
	}
}

func TestAPassphraseForAKeyThatIsNotMadeIsRefused(t *testing.T) {
	b := newBench(t)
	err := b.init("--insecure-no-passphrase", "--coldkey-passphrase-file", b.cold)
	if err == nil || !strings.HasPrefix(err.Error(), "--coldkey-passphrase-file is for the key that --new-coldkey makes") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(b.home); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a home was made: %v", err)
	}
}
