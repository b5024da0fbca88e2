package consensus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/cometbft/cometbft/p2p"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol/door"
)

// CometBFT counts connections before it knows who they are, all in one number, and
// gives each six seconds to say it: a hundred and thirty idle connections keep
// everybody out. Its listener cannot be given another; so the port that others dial
// is ours, has a door (package door), and hands on what is let in to CometBFT's own
// listener, on loopback. The bytes are not looked at: the peer's handshake is with
// CometBFT, which then asks by id whether it may stay (admission.go).

const (
	// handshakeTime is what CometBFT itself gives a handshake, in two parts.
	handshakeTime = 6 * time.Second
	// waitingHost and the like bound the handshakes of addresses that the ledger does
	// not name, waitingNamed those of each validator that it does: each dials every
	// other, and again while the connection before may not be known to be dead.
	waitingHost, waitingNet, waitingAll = 8, 16, 64
	waitingNamed                        = 8
	// perHost and perNet bound the connections of addresses that the ledger does not
	// name, and inAll those of all: identities bound them before (admission.go).
	perHost, perNet, inAll = 4, 16, maxSeated + maxStrangers + waitingAll
	// acceptPause is waited after the first failure to accept, twice as long after each
	// more, up to acceptMax.
	acceptPause, acceptMax = 50 * time.Millisecond, 5 * time.Second
	// spareFiles is how many files must be free to be opened before a connection is
	// handed on: CometBFT ends the process where it cannot accept one. It takes two,
	// and others of this process open some at the same time.
	spareFiles = 16
	// behindTries is how many ports CometBFT's listener is given, one after the other,
	// while somebody else takes them first.
	behindTries = 3
	// dialInner bounds the way to CometBFT's listener, which is within this machine.
	dialInner = time.Second
)

// front is the port that others dial. As a reactor of CometBFT's, which has no
// channels, it hears of who has shaken hands.
type front struct {
	p2p.BaseReactor
	door  *door.Door
	names *door.Names // of validators, and of peers that the operator names
	log   zerolog.Logger

	// knows reports whether an id is of a validator, of a seat, or of who the operator
	// names.
	knows func(p2p.ID) bool

	mu  sync.Mutex
	in  map[netip.AddrPort]*door.Conn // guarded by mu: what is handed on, by our end
	met map[p2p.ID]netip.Addr         // guarded by mu: where validators dialled from last
	low time.Time                     // guarded by mu: when it was told last that files run out
}

func newFront(handshake time.Duration, log zerolog.Logger) *front {
	names := door.NewNames()
	f := &front{names: names, log: log, in: map[netip.AddrPort]*door.Conn{}, met: map[p2p.ID]netip.Addr{}, door: door.New(door.Config{
		Handshake: handshake, Named: waitingNamed, At: names.At,
		Masked: func(a netip.Addr) {
			log.Warn().Stringer("from", a).Msg("all connections to the port of consensus come from one local address: what forwards them hides who dials, so that strangers cannot be told from validators before the handshake; let it keep source addresses")
		},
		Waiting: door.Limits{Host: waitingHost, Net: waitingNet, All: waitingAll},
		Through: door.Limits{Host: perHost, Net: perNet, All: inAll},
	})}
	f.BaseReactor = *p2p.NewBaseReactor("FRONT", f)
	return f
}

// InitPeer implements [p2p.Reactor]: a peer has shaken hands, and may stay.
func (f *front) InitPeer(p p2p.Peer) p2p.Peer {
	if a := p.SocketAddr(); a != nil && !p.IsOutbound() {
		ip, _ := netip.AddrFromSlice(a.IP)
		f.mu.Lock()
		c := f.in[netip.AddrPortFrom(ip.Unmap(), a.Port)]
		f.mu.Unlock()
		if c != nil {
			f.meet(p.ID(), c)
		}
	}
	return p
}

// meet is told who has shaken hands, and may stay by its id.
func (f *front) meet(id p2p.ID, c *door.Conn) {
	known := f.knows(id)
	if !c.Through(known) || !known {
		return
	}
	if a, err := netip.ParseAddrPort(c.RemoteAddr().String()); err == nil {
		f.mu.Lock()
		f.met[id] = a.Addr().Unmap()
		f.mu.Unlock()
	}
}

// know tells at which hosts places are kept: where the ledger says that validators
// are, or where one was that tells nobody, or dials from elsewhere, when it came
// last.
func (f *front) know(peers []validator) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var hosts []string
	met := make(map[p2p.ID]netip.Addr, len(peers))
	for _, v := range peers {
		if v.own {
			continue
		}
		host, _, err := net.SplitHostPort(v.address)
		if err == nil {
			hosts = append(hosts, host)
		}
		if a, ok := f.met[v.id]; ok {
			met[v.id] = a
			if a.String() != host {
				hosts = append(hosts, a.String())
			}
		}
	}
	f.met = met
	f.names.Set(hosts)
}

// run hands on what comes to l to the listener at inner until ctx is done. It
// closes l.
func (f *front) run(ctx context.Context, l net.Listener, inner string) error {
	g, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	g.Go(func() error { return f.names.Run(ctx) })
	g.Go(func() error {
		guarded := f.door.Guard(l)
		pause := acceptPause
		for {
			c, err := guarded.Accept()
			switch {
			case ctx.Err() != nil:
				if err == nil {
					_ = c.Close()
				}
				return nil
			case errors.Is(err, net.ErrClosed):
				return fmt.Errorf("accept a validator: %w", err)
			case err != nil: // a validator does not stop for what may pass
				f.log.Warn().Err(err).Stringer("pause", pause).Msg("no connection could be accepted at the port of consensus")
				wait(ctx, pause)
				pause = min(2*pause, acceptMax)
				continue
			}
			pause = acceptPause
			g.Go(func() error {
				f.hand(ctx, c.(*door.Conn), inner)
				return nil
			})
		}
	})
	return g.Wait()
}

// hand carries the bytes of a connection to CometBFT's listener and back, until
// either ends.
func (f *front) hand(ctx context.Context, c *door.Conn, inner string) {
	defer c.Close() //nolint:errcheck // both ends are told by the closing alone
	if err := door.Spare(spareFiles); err != nil {
		if f.tells(time.Now()) {
			f.log.Warn().Err(err).Msg("a connection of consensus was closed, for this process has hardly a file left to open: raise its limit (ulimit -n)")
		}
		return
	}
	d := net.Dialer{Timeout: dialInner}
	to, err := d.DialContext(ctx, "tcp", inner)
	if err != nil {
		if ctx.Err() == nil {
			f.log.Warn().Err(err).Msg("a connection of consensus could not be handed on within this machine")
		}
		return
	}
	defer to.Close() //nolint:errcheck // as above
	own := to.LocalAddr().(*net.TCPAddr).AddrPort()
	own = netip.AddrPortFrom(own.Addr().Unmap(), own.Port())
	f.mu.Lock()
	f.in[own] = c
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.in, own)
	}()
	both := func() { _, _ = c.Close(), to.Close() }
	stop := context.AfterFunc(ctx, both)
	defer stop()
	var back sync.WaitGroup
	defer back.Wait()
	back.Go(func() {
		_, _ = io.Copy(c.Conn, to)
		both()
	})
	_, _ = io.Copy(to, c.Conn)
	both()
}

// tells reports whether it is time to say that files run out, which each connection
// meets: once in acceptMax.
func (f *front) tells(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.low) < acceptMax {
		return false
	}
	f.low = now
	return true
}

// listen opens the port that others dial: [ErrListen].
func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w on %s: %w", ErrListen, address, err)
	}
	return l, nil
}

// freePort returns an address on loopback that nobody listens on. CometBFT cannot
// say which port it was given, so it must be told one.
func freePort(ctx context.Context) (string, error) {
	l, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), errors.Join(l.Close())
}
