package config_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
)

const id = "16Uiu2HAmFbZQf1pJ4gMBUyJVrSC2b9SUbLhdVXSEXEFNrZLmrPKb"

// setAddress sets one of the settings that hold addresses.
func setAddress(c *config.Config, name, value string) {
	switch name {
	case "node.listen":
		c.Node.Listen = []string{value}
	case "node.announce":
		c.Node.Announce = []string{value}
	case "node.bootstrap":
		c.Node.Bootstrap = []string{value}
	case "http.listen":
		c.HTTP.Listen = value
	case "label.listen":
		c.Label.Listen = value
	case "label.hosts":
		c.Label = config.Label{Listen: "0.0.0.0:0", Hosts: []string{value}}
	case "consensus.listen":
		c.Consensus.Listen = value
	case "consensus.external":
		c.Consensus.External = value
	case "consensus.peers":
		c.Consensus.Peers = []string{value}
	}
}

// roleOf returns a role that has a setting.
func roleOf(name string) config.Role {
	if strings.HasPrefix(name, "label.") {
		return config.Miner
	}
	return config.Validator
}

func TestAddressesThatWorkAreTaken(t *testing.T) {
	peerID := strings.Repeat("0a", 20)
	for name, values := range map[string][]string{
		"node.listen":        {"/ip4/0.0.0.0/tcp/0", "/ip6/::/tcp/9661", "/dns/localhost/tcp/65535"},
		"node.announce":      {"/ip4/192.0.2.1/tcp/1", "/ip6/2001:db8::1/tcp/65535", "/dns4/node.example/tcp/9661"},
		"node.bootstrap":     {"/ip4/192.0.2.1/tcp/9661/p2p/" + id, "/dns/node.example/tcp/1/p2p/" + id},
		"http.listen":        {":0", "127.0.0.1:9660", "[::1]:1", "localhost:65535", "[fe80::1%eth0]:80"},
		"label.listen":       {"127.0.0.1:0", "[::1]:9672", "localhost:1", "127.8.8.8:9672"},
		"label.hosts":        {"192.168.1.5", "fd00::5", "label.example"},
		"consensus.listen":   {":9662", "0.0.0.0:1", "[::]:65535", "node.example:9662"},
		"consensus.external": {"", "node.example:9662", "192.0.2.1:1", "[2001:db8::1]:65535"},
		"consensus.peers":    {peerID + "@192.0.2.1:9662", peerID + "@node.example:1", peerID + "@[2001:db8::1]:1"},
	} {
		for _, v := range values {
			c := config.Default(roleOf(name))
			setAddress(&c, name, v)
			if err := c.Check(); err != nil {
				t.Errorf("%s = %q: %v", name, v, err)
			}
		}
	}
}

func TestAddressesThatNobodyCanUseAreRefused(t *testing.T) {
	peerID := strings.Repeat("0a", 20)
	for _, tc := range []struct {
		name, hint string
		values     []string
	}{
		{"node.listen", "want a multiaddr such as", []string{
			"", "0.0.0.0:9661", " /ip4/0.0.0.0/tcp/1", "/ip4/0.0.0.0/tcp/1 ", "/ip4/0.0.0.0/tcp/65536", "/ip4/0.0.0.0/tcp/http", "/ip4/0.0.0.0/tcp",
			"/ip4/0.0.0.0/udp/1", "/ip4/256.0.0.1/tcp/1", "/ip6zone/eth0/ip6/fe80::1/tcp/1", "/tcp/1", "/unix/a/tcp/1",
			"/ip4/0.0.0.0/tcp/1/p2p/" + id, "/dns/" + strings.Repeat("a.", 60) + "example/tcp/1",
		}},
		{"node.listen", "no name of a machine", []string{"/dns/a b/tcp/1", "/dns/-a/tcp/1"}},
		{"node.announce", "want a multiaddr", []string{"192.0.2.1:9661", "/ip4/192.0.2.1/udp/1", "/ip4/192.0.2.1/tcp/99999"}},
		{"node.announce", "leave /p2p/ and what follows out", []string{"/ip4/192.0.2.1/tcp/1/p2p/" + id}},
		{"node.announce", "nobody can dial port 0", []string{"/ip4/192.0.2.1/tcp/0", "/ip4/192.0.2.1/tcp/00"}},
		{"node.announce", "stands for all addresses", []string{"/ip4/0.0.0.0/tcp/1", "/ip6/::/tcp/1", "/ip6/0.0.0.0/tcp/1"}},
		{"node.announce", "the address of no machine", []string{"/ip4/224.0.0.1/tcp/1", "/ip4/255.255.255.255/tcp/1", "/ip4/0.0.0.1/tcp/1", "/ip4/240.0.0.1/tcp/1", "/ip6/ff02::1/tcp/1", "/ip6/::ffff:224.0.0.1/tcp/1"}},
		{"node.announce", "beyond one link", []string{"/ip4/169.254.1.1/tcp/1", "/ip6/fe80::1/tcp/1"}},
		{"node.bootstrap", "the address of no machine", []string{"/ip4/239.255.0.1/tcp/1/p2p/" + id}},
		{"node.bootstrap", "with its peer id", []string{"", "192.0.2.1:9661", "/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.1/udp/1/p2p/" + id, "/p2p/" + id}},
		{"node.bootstrap", "no peer id", []string{"/ip4/192.0.2.1/tcp/1/p2p/16Uiu2", "/ip4/192.0.2.1/tcp/1/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5", "/ip4/192.0.2.1/tcp/1/p2p/" + id + "x", "/ip4/192.0.2.1/tcp/1/p2p/"}},
		{"node.bootstrap", "nobody can dial", []string{"/ip4/192.0.2.1/tcp/0/p2p/" + id, "/ip4/0.0.0.0/tcp/1/p2p/" + id}},
		{"http.listen", "want HOST:PORT", []string{
			"", "9660", "127.0.0.1", "127.0.0.1:", "127.0.0.1:00", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:-1", " 127.0.0.1:1", "127.0.0.1:1 ",
			"a b:1", "::1:1", "http://127.0.0.1:1", "256.0.0.1:1",
		}},
		{"label.listen", "want HOST:PORT", []string{"", "9672", "127.0.0.1:http", "127.0.0.1:65536"}},
		{"label.listen", "say by which names others may reach it with label.hosts (--label-host)", []string{":9672", "0.0.0.0:9672", "[::]:0", "192.168.1.5:9672", "label.example:1"}},
		{"label.hosts", "without a port", []string{"", "a b", "192.168.1.5:9672", "http://label.example", "0.0.0.0", "*"}},
		{"consensus.listen", "above 0", []string{"", "9662", "127.0.0.1:0", "127.0.0.1:00", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:99999", "a b:1"}},
		{"consensus.listen", "a zone", []string{"[fe80::1%eth0]:9662"}},
		{"consensus.external", "want HOST:PORT with a port of 1 to 65535", []string{
			"1.2.3.4:99999", "1.2.3.4:", "1.2.3.4:http", "1.2.3.4:0", "1.2.3.4:00", "1.2.3.4", "a b:9662", "127.0.0.1:9662 ", " 127.0.0.1:9662",
			":9662", "0.0.0.0:9662", "[::]:9662", "::1:9662", "[fe80::1%eth0]:9662", "1.2.3:9662", "/ip4/1.2.3.4/tcp/9662", "tcp://1.2.3.4:9662",
		}},
		{"consensus.external", "the address of no machine", []string{"224.0.0.1:9662", "255.255.255.255:1", "0.1.2.3:9662", "[ff0e::1]:9662"}},
		{"consensus.external", "beyond one link", []string{"169.254.169.254:9662", "[fe80::1]:9662"}},
		{"consensus.peers", "the address of no machine", []string{peerID + "@224.0.0.1:9662"}},
		{"consensus.peers", "40 hex digits", []string{
			"192.0.2.1:9662", "@192.0.2.1:9662", strings.Repeat("z", 40) + "@192.0.2.1:9662", strings.Repeat("A", 40) + "@192.0.2.1:9662",
			peerID[1:] + "@192.0.2.1:9662", peerID + "0@192.0.2.1:9662", " " + peerID[1:] + "@192.0.2.1:9662",
		}},
		{"consensus.peers", "a port of 1 to 65535", []string{peerID + "@192.0.2.1", peerID + "@192.0.2.1:0", peerID + "@192.0.2.1:00", peerID + "@:9662", peerID + "@a@b:1"}},
	} {
		for _, v := range tc.values {
			c := config.Default(roleOf(tc.name))
			setAddress(&c, tc.name, v)
			err := c.Check()
			if !errors.Is(err, config.ErrValue) || !strings.Contains(err.Error(), tc.name+" (--") || !strings.Contains(err.Error(), tc.hint) {
				t.Errorf("%s = %q: got %v, want %q", tc.name, v, err, tc.hint)
			}
		}
	}
}

// TestASlashAtTheEndIsNotAnnounced: the ledger is told addresses as others
// write them.
func TestASlashAtTheEndIsNotAnnounced(t *testing.T) {
	c := config.Default(config.Validator)
	c.Node = config.Node{
		Listen:    []string{"/ip4/127.0.0.1/tcp/9661/"},
		Announce:  []string{"/ip4/192.0.2.1/tcp/09661//", "/ip6/2001:DB8:0::1/tcp/1"},
		Bootstrap: []string{"/ip4/192.0.2.1/tcp/9661/ipfs/" + id + "/"},
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	got := slices.Concat(c.Node.Listen, c.Node.Announce, c.Node.Bootstrap)
	want := []string{"/ip4/127.0.0.1/tcp/9661", "/ip4/192.0.2.1/tcp/9661", "/ip6/2001:db8::1/tcp/1", "/ip4/192.0.2.1/tcp/9661/p2p/" + id}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// load reads a home as the command run does.
func load(t *testing.T, file string, args ...string) error {
	t.Helper()
	home := config.Home(t.TempDir())
	if err := os.WriteFile(home.Config(), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	app := &cli.App{Name: "validator", Commands: []*cli.Command{{
		Name: "run", Flags: append([]cli.Flag{config.HomeFlag(config.Validator)}, config.Flags(config.Validator, true)...),
		Action: func(c *cli.Context) error {
			_, _, err := config.Load(c, config.Validator)
			return err
		},
	}}}
	return app.Run(append([]string{"validator", "run", "--home", string(home)}, args...))
}

func TestAWrongValueIsNamedWhereItIs(t *testing.T) {
	file := "# é\nrole = 'validator'\nlog.level = 'info'\n\n[consensus]\n# why\nlisten = '0.0.0.0:00'\n[node]\nannounce = [\n  '/ip4/192.0.2.1/tcp/1',\n]\n"
	for _, tc := range []struct {
		name, file string
		args       []string
		want       string
	}{
		{"in the file", file, nil, "config.toml, line 7: wrong setting: consensus.listen (--consensus-listen) is \"0.0.0.0:00\""},
		{"behind a byte order mark", "\xef\xbb\xbf" + file, nil, "config.toml, line 7: "},
		{"with a dotted key", "role = 'validator'\nconsensus.listen = ':0'\n", nil, "config.toml, line 2: "},
		{"in a list", strings.Replace(file, "/tcp/1'", "/tcp/0'", 1), []string{"--consensus-listen", "0.0.0.0:1"}, "config.toml, line 9: wrong setting: node.announce"},
		{"in the flag", file, []string{"--consensus-listen", "0.0.0.0:-1"}, "wrong setting: consensus.listen (--consensus-listen) is \"0.0.0.0:-1\""},
	} {
		err := load(t, tc.file, tc.args...)
		if !errors.Is(err, config.ErrValue) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
		if tc.args != nil && tc.name == "in the flag" && strings.Contains(err.Error(), "line") {
			t.Errorf("%s: got %v, the line of another value", tc.name, err)
		}
	}
	if err := load(t, file, "--consensus-listen", "0.0.0.0:1"); err != nil {
		t.Errorf("the flag goes before the file: got %v", err)
	}
}

func TestAFileAsEditorsSaveItIsRead(t *testing.T) {
	utf16 := func(s, mark string, low int) string {
		b := []byte(mark)
		for _, r := range []byte(s) {
			two := [2]byte{}
			two[low] = r
			b = append(b, two[:]...)
		}
		return string(b)
	}
	const plain = "role = 'miner'\r\n[engine]\r\nthreads = 3\r\n"
	for _, text := range []string{plain, "\xef\xbb\xbf" + plain} {
		c, err := config.Decode([]byte(text))
		if err != nil || c.Engine.Threads != 3 {
			t.Errorf("%q: got %d threads, %v, want 3", text, c.Engine.Threads, err)
		}
	}
	for _, text := range []string{utf16(plain, "\xff\xfe", 0), utf16(plain, "\xfe\xff", 1), utf16(plain, "", 0), utf16(plain, "", 1)} {
		if _, err := config.Decode([]byte(text)); !errors.Is(err, config.ErrFile) || !strings.Contains(err.Error(), "UTF-16: save it as UTF-8") {
			t.Errorf("%q: got %v, want a word about UTF-16", text, err)
		}
	}
}
