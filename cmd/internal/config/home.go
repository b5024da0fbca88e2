package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol/ledger"
)

// Home is the directory of one daemon.
type Home string

// HomeOf returns the home that the flags name, or the role's default.
func HomeOf(ctx *cli.Context, role Role) (Home, error) {
	if dir := ctx.String("home"); dir != "" {
		return Home(filepath.Clean(dir)), nil
	}
	dir, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("%w: the variable HOME is not set; give --home", ErrNoHome)
	}
	return Home(filepath.Join(dir, ".assay", string(role))), nil
}

// Config is the path of the settings.
func (h Home) Config() string { return filepath.Join(string(h), "config.toml") }

// Genesis is the path of the network's genesis.
func (h Home) Genesis() string { return filepath.Join(string(h), "genesis.json") }

// Keys is the directory of the keys.
func (h Home) Keys() string { return filepath.Join(string(h), "keys") }

// Data is the directory of the database.
func (h Home) Data() string { return filepath.Join(string(h), "data") }

// Consensus is the directory of what consensus keeps beside the database.
func (h Home) Consensus() string { return filepath.Join(string(h), "consensus") }

// Control is the path of the socket on which the daemon takes commands.
func (h Home) Control() string { return filepath.Join(string(h), "control.sock") }

// RunFile is the path of the file that says where the daemon listens.
func (h Home) RunFile() string { return filepath.Join(string(h), "run.json") }

// Read returns the settings in the file, with the paths in it made absolute.
// Errors are [ErrNoHome] and [ErrFile].
func (h Home) Read() (*Config, error) {
	b, err := readLimited(h.Config(), MaxFileBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w in %s; make one with init, or give --home", ErrNoHome, h)
	case err != nil:
		return nil, h.Explain(fmt.Errorf("read settings: %w", err), "look at that file")
	}
	c, err := Decode(b)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w; mend that line, or move the file away and run init again", h.Config(), err)
	}
	for i := range settings {
		s := &settings[i]
		if !s.isPath() {
			continue
		}
		switch v := s.value(&c).(type) {
		case *string:
			*v = h.path(*v)
		case *[]string:
			for i := range *v {
				(*v)[i] = h.path((*v)[i])
			}
		}
	}
	return &c, nil
}

// path makes a path of config.toml absolute, or as much as the home's is.
func (h Home) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(string(h), p)
}

// ReadGenesis returns the network that the home belongs to.
func (h Home) ReadGenesis() (*ledger.Genesis, error) {
	b, err := readLimited(h.Genesis(), ledger.MaxGenesisBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing; copy the network's genesis there", ErrHome, h.Genesis())
	}
	if err != nil {
		return nil, h.Explain(fmt.Errorf("read genesis: %w", err), "copy the network's genesis there once more")
	}
	if b, err = Text(b); err != nil {
		return nil, fmt.Errorf("read %s: %w, or copy the network's genesis there once more", h.Genesis(), err)
	}
	g, err := ledger.ReadGenesis(b)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w; copy the network's genesis there once more", h.Genesis(), err)
	}
	if err := g.Params.CheckLanes(); err != nil {
		return nil, fmt.Errorf("%s: %w; on such a network proposers can keep others' work out: ask those who made it for another", h.Genesis(), err)
	}
	return g, nil
}

// readLimited reads a file of at most limit bytes.
func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return b, err
}

// Running says where a daemon listens, with the ports that it really got.
type Running struct {
	PID       int       `json:"pid"`
	Role      Role      `json:"role"`
	ChainID   string    `json:"chain_id"`
	Started   time.Time `json:"started"`
	HTTP      string    `json:"http"`   // HOST:PORT
	Gossip    []string  `json:"gossip"` // multiaddrs with the peer id
	Consensus string    `json:"consensus,omitempty"`
	Label     string    `json:"label,omitempty"` // HOST:PORT of the label page
}

// maxRunFile bounds run.json, which has some hundred bytes.
const maxRunFile = 64 << 10

// WriteRunning writes run.json, whole or not at all.
func (h Home) WriteRunning(r Running) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode run file: %w", err)
	}
	tmp := h.RunFile() + ".new"
	if err := os.WriteFile(tmp, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("write run file: %w", err)
	}
	if err := os.Rename(tmp, h.RunFile()); err != nil {
		return fmt.Errorf("write run file: %w", err)
	}
	return nil
}

// URL is where the daemon of this home answers, as run.json says, else the
// settings; see [URL].
func (h Home) URL(c *Config) string {
	at := c.HTTP.Listen
	if r, err := h.ReadRunning(); err == nil && r.HTTP != "" {
		at = r.HTTP
	}
	return URL(at)
}

// URL is how an address to listen on is asked: "http://HOST:PORT", on loopback
// if it stands for all addresses of the machine.
func URL(at string) string {
	host, port, err := net.SplitHostPort(at)
	if err == nil && unspecified(host) {
		at = net.JoinHostPort("127.0.0.1", port)
	}
	return "http://" + at
}

// RemoveRunning removes run.json.
func (h Home) RemoveRunning() error { return os.Remove(h.RunFile()) }

// ReadRunning reads run.json. A daemon that was killed leaves it behind: whether
// one runs is known only by asking it. It returns [ErrNotRunning] without one.
func (h Home) ReadRunning() (*Running, error) {
	b, err := readLimited(h.RunFile(), maxRunFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", h, ErrNotRunning)
	}
	if err != nil {
		return nil, fmt.Errorf("read run file: %w", err)
	}
	var r Running
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("read %s: %w", h.RunFile(), err)
	}
	return &r, nil
}
