package daemon_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/daemon"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/store"
)

func TestEveryTroubleHasItsHint(t *testing.T) {
	d := &daemon.Daemon{Home: "/h"}
	file := func(no syscall.Errno) error { return &fs.PathError{Op: "write", Path: "/h/data/000004.log", Err: no} }
	socket := func(kind error, no syscall.Errno) error {
		return fmt.Errorf("%w: %w", kind, &net.OpError{Op: "listen", Net: "tcp", Err: os.NewSyscallError("bind", no)})
	}
	for _, tc := range []struct {
		err  error
		want string
	}{
		{store.ErrLocked, "another --home"},
		{store.ErrNewerSchema, "install the newer program"},
		{store.ErrCorrupt, "restore /h/data"},
		{store.ErrOtherChain, "right genesis.json"},
		{consensus.ErrStalled, "doctor"},
		{consensus.ErrExpired, "clock"},
		{consensus.ErrFork, "two histories"},
		{gossip.ErrElsewhere, "find the other and stop it, then start one of them alone; with --force it starts"},

		// What the system refuses a file, and what a component makes of it.
		{file(syscall.ENOSPC), "free some space on the disk of /h and start again"},
		{fmt.Errorf("%w: %w", store.ErrFull, file(syscall.ENOSPC)), "free some space on the disk of /h and start again"},
		{fmt.Errorf("%w: %w", consensus.ErrHalted, file(syscall.ENOSPC)), "free some space"},
		{file(syscall.EDQUOT), "free some space"},
		{file(syscall.EROFS), "mount it for writing"},
		{file(syscall.EIO), "does not answer as it should"},
		{file(syscall.EMFILE), "ulimit -n"},
		{file(syscall.EFBIG), "ulimit -f"},
		{file(syscall.ENFILE), "ulimit -n"},
		{syscall.ENOLCK, "local disk"},
		{file(syscall.EACCES), "must belong to the user who runs this"},
		{file(syscall.EPERM), "must belong to the user who runs this"},

		// The same numbers mean something else for a socket.
		{socket(gossip.ErrListen, syscall.EADDRINUSE), "stop the program that has the port, or choose another by --listen"},
		{socket(consensus.ErrListen, syscall.EADDRINUSE), "stop the program that has the port, or choose another by --consensus-listen"},
		{socket(api.ErrListen, syscall.EADDRINUSE), "stop the program that has the port, or choose another by --http-listen"},
		{socket(gossip.ErrListen, syscall.EADDRNOTAVAIL), "this machine does not have that address; give one that it has by --listen, or 0.0.0.0 for all, and what others dial by --announce"},
		{socket(consensus.ErrListen, syscall.EADDRNOTAVAIL), "or 0.0.0.0 for all, and what others dial by --consensus-external"},
		{socket(api.ErrListen, syscall.EADDRNOTAVAIL), "this machine does not have that address; give one that it has by --http-listen"},
		{socket(api.ErrListen, syscall.EACCES), "ports below 1024 are the system's; choose another by --http-listen"},
		{socket(gossip.ErrListen, syscall.EAFNOSUPPORT), "that kind of address; choose another by --listen"},
		{fmt.Errorf("%w: %w", api.ErrListen, &net.DNSError{Name: "x"}), "this machine does not have that address"},
		{fmt.Errorf("%w: else", api.ErrListen), "choose another address by --http-listen"},
	} {
		err := d.Explain(fmt.Errorf("run: %w", tc.err))
		_, hint, ok := strings.Cut(err.Error(), "; ")
		if !errors.Is(err, tc.err) || !ok || !strings.Contains(hint, tc.want) {
			t.Errorf("%v: got %q, want a hint with %q", tc.err, err, tc.want)
		}
		if strings.Contains(hint, "port") != strings.Contains(tc.want, "port") {
			t.Errorf("%v: got %q, a hint of another trouble", tc.err, err)
		}
	}
	other := errors.New("else")
	if got := d.Explain(other); !errors.Is(got, other) || got.Error() != "else" {
		t.Errorf("got %q, want it as it was", got)
	}
}

func TestAddressesOfAllInterfacesAreNotAnnounced(t *testing.T) {
	boot := []string{"/ip4/127.0.0.1/tcp/9/p2p/x"}
	for _, tc := range []struct {
		name                    string
		listen, announce, boots []string
		want                    []string
	}{
		{"as listened on", []string{"/ip4/10.0.0.1/tcp/5", "/dns/a.example/tcp/6"}, nil, nil, []string{"/ip4/10.0.0.1/tcp/5", "/dns/a.example/tcp/6"}},
		{"as the settings say", []string{"/ip4/10.0.0.1/tcp/5"}, []string{"/ip4/192.0.2.1/tcp/7"}, nil, []string{"/ip4/192.0.2.1/tcp/7"}},
		{"the route to the bootstrap peer", []string{"/ip4/0.0.0.0/tcp/5"}, nil, boot, []string{"/ip4/127.0.0.1/tcp/5"}},
		{"no route known", []string{"/ip4/0.0.0.0/tcp/5"}, nil, nil, nil},
		{"a route of the other family", []string{"/ip6/::/tcp/5"}, nil, boot, nil},
		{"a port of the system's choice", []string{"/ip4/127.0.0.1/tcp/0"}, nil, boot, nil},
	} {
		c := config.Default(config.Miner)
		c.Node.Listen, c.Node.Announce, c.Node.Bootstrap = tc.listen, tc.announce, tc.boots
		d := &daemon.Daemon{Config: &c}
		if got := daemon.Announced(d, t.Context()); !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestTheConsensusAddressCanBeDialled(t *testing.T) {
	for _, tc := range []struct{ listen, external, boot, want string }{
		{"127.0.0.1:5", "", "", "127.0.0.1:5"},
		{"0.0.0.0:5", "node.example:6", "", "node.example:6"},
		{"0.0.0.0:5", "", "/ip4/127.0.0.1/tcp/9/p2p/x", "127.0.0.1:5"},
		{":5", "", "/ip4/127.0.0.1/tcp/9/p2p/x", "127.0.0.1:5"},
		{"0.0.0.0:5", "", "", ""},
	} {
		c := config.Default(config.Validator)
		c.Consensus = config.Consensus{Listen: tc.listen, External: tc.external}
		if tc.boot != "" {
			c.Node.Bootstrap = []string{tc.boot}
		}
		got, err := (&daemon.Daemon{Config: &c}).ConsensusAddress(t.Context())
		if got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("%+v: got %q, %v, want %q", tc, got, err, tc.want)
		}
		if err != nil && !strings.Contains(err.Error(), "give --consensus-external HOST:PORT") {
			t.Errorf("got %q without a hint", err)
		}
	}
}

func TestLogsAreJSONForProgramsAndLinesForPeople(t *testing.T) {
	for format, want := range map[string]string{"auto": `{"level":"info"`, "json": `{"level":"info"`, "console": " INF hello n=1\n"} {
		var b bytes.Buffer
		log := daemon.NewLogger(&b, config.Log{Level: "info", Format: format})
		log.Debug().Msg("unheard")
		log.Info().Int("n", 1).Msg("hello")
		if got := b.String(); !strings.Contains(got, want) || strings.Contains(got, "unheard") {
			t.Errorf("%s: got %q, want %q", format, got, want)
		}
	}
}

func TestAComponentThatEndsByItselfIsAnError(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	boom := errors.New("boom")
	for _, tc := range []struct {
		name string
		stop bool
		err  error
		want string
	}{
		{"stopped", true, nil, ""},
		{"stopped with the context's error", true, context.Canceled, ""},
		{"an error while stopping", true, boom, "boom"},
		{"an error", false, boom, "boom"},
		{"by itself", false, nil, "x ended by itself"},
	} {
		ctx := t.Context()
		if tc.stop {
			ctx = stopped
		}
		err := daemon.Part(ctx, "x", func(context.Context) error { return tc.err })
		if fmt.Sprint(err) != tc.want && (err != nil || tc.want != "") {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
}

// TestAnEndForATwinIsLeftToAPerson: a validator that ended because its hotkey is
// live elsewhere is not started again by what starts daemons, which would have
// both sign; one that ended for anything else is.
func TestAnEndForATwinIsLeftToAPerson(t *testing.T) {
	d := &daemon.Daemon{Home: "/h"}
	for err, want := range map[error]int{
		fmt.Errorf("node: %w", gossip.ErrElsewhere): 78,
		consensus.ErrStalled:                        1,
	} {
		run := usage.Daemon(func(*cli.Context) error { return errors.Join(d.Explain(daemon.Twice(err)), nil) })
		if got := usage.Status(run(nil)); got != want {
			t.Errorf("%v: exit status %d, want %d", err, got, want)
		}
	}
}

// TestAValidatorKeepsLittleOfPastRunsBesideASmallModel, and what the engine keeps
// beside one that is large; who makes answers keeps that in any case.
func TestAValidatorKeepsLittleOfPastRunsBesideASmallModel(t *testing.T) {
	for _, tc := range []struct {
		role       config.Role
		file, want int64
	}{
		{config.Validator, 0, 16 << 20},
		{config.Validator, 98_362_432, 16 << 20},
		{config.Validator, 256 << 20, 32 << 20},
		{config.Validator, 512<<20 - 8, 64<<20 - 1},
		{config.Validator, 512 << 20, 0},
		{config.Miner, 98_362_432, 0},
	} {
		if got := daemon.KeepsOfRuns(tc.role, tc.file); got != tc.want {
			t.Errorf("a %s beside %d bytes keeps %d, want %d", tc.role, tc.file, got, tc.want)
		}
	}
}
