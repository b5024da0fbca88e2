package daemon

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/node"
)

// errElsewhere says that another process has this home's hotkey, errHere that one
// of this machine has it.
var (
	errElsewhere = errors.New("the hotkey is live elsewhere, as who runs with it has just signed: neither would be heard well, and of two validators one may be punished; " +
		"stop the other, or give --force")
	errHere = errors.New("the hotkey is live on this machine already: neither would be heard well, and of two validators one may be punished; " +
		"stop the other, or give --force")
)

func forceFlag() cli.Flag {
	return &cli.BoolFlag{Name: "force", Usage: "start also where the hotkey is live elsewhere, and go on", DisableDefaultText: true}
}

// TakeName has this process be the one of this machine with the hotkey, on its
// chain, until Close: it holds an abstract socket, which the kernel frees however
// the process ends, whoever its user is and wherever its home. It needs no network,
// and so finds the copy of a home that has no peer. Where there is no such socket
// to be had, nothing is found; --force says not to mind. What starts daemons again
// does not start this one, which would else take the other's place while that is
// away for a moment, and sign what it signed.
func (d *Daemon) TakeName(c *cli.Context) error {
	sum := sha256.Sum256([]byte("alone\x00" + d.Chain + "\x00" + d.Hotkey.PublicKey().String()))
	address := &net.UnixAddr{Net: "unix", Name: fmt.Sprintf("@assay/%x", sum[:16])}
	l, err := net.ListenUnix("unix", address)
	switch {
	case err == nil:
		d.name = l
	case errors.Is(err, syscall.EADDRINUSE) && !c.Bool("force"):
		return usage.Mistake(fmt.Errorf("%s: %w", holder(address), errHere))
	}
	return nil
}

// holder names the process that listens at a socket of this machine, as the kernel
// knows it.
func holder(address *net.UnixAddr) string {
	const unknown = "another process"
	conn, err := net.DialUnix("unix", nil, address)
	if err != nil {
		return unknown
	}
	defer conn.Close() //nolint:errcheck // nothing is said over it
	raw, err := conn.SyscallConn()
	if err != nil {
		return unknown
	}
	out := unknown
	err = raw.Control(func(fd uintptr) {
		if who, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED); err == nil && who.Pid > 0 {
			out = fmt.Sprintf("process %d", who.Pid)
		}
	})
	if err != nil {
		return unknown
	}
	return out
}

// CheckAlone asks whoever can be asked, as known too, whether the hotkey is live
// elsewhere, unless --force says not to. Nobody who answers is no reason to wait.
func (d *Daemon) CheckAlone(c *cli.Context, known ...gossip.Addr) error {
	if c.Bool("force") {
		return nil
	}
	defer d.WaitFor("peers, to say whether the hotkey is live elsewhere")()
	there, err := node.Present(c.Context, &node.Config{
		Genesis: d.Genesis, Hotkey: d.Hotkey, Generation: d.Config.Generation(), Listen: d.Config.Node.Listen, Announce: d.Config.Node.Announce,
		Bootstrap: d.Config.Node.Bootstrap, Logger: d.Log,
	}, known...)
	switch {
	case err != nil:
		return d.Explain(err)
	case there:
		return usage.Mistake(errElsewhere)
	}
	return nil
}

// twice marks an end for which another process has the hotkey: to start again would
// have both sign, so that it is left to a person.
func twice(err error) error {
	if errors.Is(err, gossip.ErrElsewhere) {
		return usage.Mistake(err)
	}
	return err
}
