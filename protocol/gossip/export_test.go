package gossip

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/net/reuseport"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/proto"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/assaynet/assay/protocol/door"
)

// What a dishonest peer does, and what tests look at.

// PublishUnchecked publishes what [Host.Publish] would refuse.
func PublishUnchecked(ctx context.Context, h *Host, t Topic, raw []byte) error {
	return h.session.Load().topics[t].Publish(ctx, raw)
}

// ages is longer than any test, on any machine.
const ages = time.Hour

// NewPatient makes a host that gives handshakes, messages and requests all the time
// that they want: none of its bounds ends anything on a slow machine.
func NewPatient(c Config) (*Host, error) {
	set, err := c.check()
	if err != nil {
		return nil, err
	}
	set.times = times{handshake: ages, handler: ages, serve: ages, presence: ages, pass: ages, carry: ages}
	return newHost(set)
}

// PatientlyPresent is [Present] that waits as long as an answer takes.
func PatientlyPresent(ctx context.Context, c Config, known ...Addr) (bool, error) {
	own, err := c.check()
	if err != nil {
		return false, err
	}
	own.times.presence = ages
	return own.seen(ctx, known)
}

// StopBudgets keeps a host's budgets of bytes from filling again.
func StopBudgets(h *Host) {
	at := time.Now()
	h.now = func() time.Time { return at }
}

// SendRaw opens a stream, writes bytes as they are, and returns the frame that
// comes back.
func SendRaw(ctx context.Context, h *Host, to string, name Stream, raw []byte) (typ byte, payload []byte, err error) {
	id, err := peer.Decode(to)
	if err != nil {
		return 0, nil, err
	}
	st, err := h.session.Load().net.NewStream(ctx, id, h.streamID(string(name)))
	if err != nil {
		return 0, nil, err
	}
	defer abort(st)
	if _, err := st.Write(raw); err != nil {
		return 0, nil, err
	}
	if err := st.CloseWrite(); err != nil {
		return 0, nil, err
	}
	k, p, err := readFrame(st, frameResponse, frameError)
	return byte(k), p, err
}

// Message is one of a packet.
type Message struct {
	Topic Topic
	Data  []byte
}

// Rogue speaks the router's protocol, and keeps none of its rules.
type Rogue struct {
	h  *Host
	n  host.Host
	st network.Stream
}

// NewRogue connects one to the host at addr.
func NewRogue(ctx context.Context, c Config, addr string) (*Rogue, error) {
	info, err := parsePeer(addr)
	if err != nil {
		return nil, err
	}
	h, err := New(c)
	if err != nil {
		return nil, err
	}
	n, err := h.newNetwork()
	if err != nil {
		return nil, err
	}
	r := &Rogue{h: h, n: n}
	n.SetStreamHandler(h.routerID(), func(st network.Stream) { _, _ = io.Copy(io.Discard, st) })
	if err = n.Connect(ctx, *info); err == nil {
		r.st, err = n.NewStream(ctx, info.ID, h.routerID())
	}
	if err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return r, nil
}

// ID is its peer id.
func (r *Rogue) ID() string { return r.n.ID().String() }

// Close ends it.
func (r *Rogue) Close() error { return r.n.Close() }

// Send sends messages as one packet.
func (r *Rogue) Send(messages []Message) error {
	var packet pb.RPC
	for _, m := range messages {
		name := r.h.topicName(m.Topic)
		packet.Publish = append(packet.Publish, &pb.Message{Topic: &name, Data: m.Data})
	}
	raw, err := packet.Marshal()
	if err != nil {
		return err
	}
	_, err = r.st.Write(append(binary.AppendUvarint(nil, uint64(len(raw))), raw...))
	return err
}

// OpenMute opens streams to a peer, as many as it lets, and says on none what it
// is for.
func OpenMute(ctx context.Context, h *Host, to string, n int) error {
	id, err := peer.Decode(to)
	if err != nil {
		return err
	}
	for range n {
		if _, err := h.session.Load().net.Network().NewStream(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// HalfOpen opens streams for requests, and sends the first byte of each.
func HalfOpen(ctx context.Context, h *Host, to string, name Stream, n int) error {
	id, err := peer.Decode(to)
	if err != nil {
		return err
	}
	for range n {
		st, err := h.session.Load().net.NewStream(ctx, id, h.streamID(string(name)))
		if err != nil {
			return err
		}
		if _, err := st.Write([]byte{byte(frameRequest)}); err != nil {
			return err
		}
	}
	return nil
}

// Readings are those of strangers.
type Readings struct{ r readings }

// Enter takes a place.
func (r *Readings) Enter(id string, shut func()) (done func()) {
	return r.r.enter(peer.ID(id), unknown, shut)
}

// ReadRequest reads a request of a stranger's from a stream for v.
func (v *Service) ReadRequest(st network.Stream, id string) ([]byte, error) {
	return v.s.read(st, peer.ID(id), unknown)
}

// Service is one under test.
type Service struct{ s service }

// Guests are strangers, at a time of their own.
type Guests struct {
	g   *guests
	now time.Time
}

// NewGuests makes room for so many.
func NewGuests(most int) *Guests { return &Guests{newGuests(most), time.Unix(1, 0)} }

// Enter takes a place for a peer from an address.
func (g *Guests) Enter(id, from string) (out string, ok bool) {
	o, ok := g.g.enter(peer.ID(id), unknown, door.Network(netip.MustParseAddr(from)), g.now)
	return string(o), ok
}

// Stay says that a peer is connected.
func (g *Guests) Stay(id, from string) (out string) {
	return string(g.g.stay(peer.ID(id), unknown, door.Network(netip.MustParseAddr(from)), g.now))
}

// Count is how many places are taken.
func (g *Guests) Count() int { return g.g.all[unknown] }

// Later moves the time.
func (g *Guests) Later(d time.Duration) { g.now = g.now.Add(d) }

// ReadFrame reads a frame of any type.
func ReadFrame(b []byte) (typ byte, payload []byte, rest int, err error) {
	r := bytes.NewReader(b)
	k, p, err := readFrame(r, frameRequest, frameResponse, frameError)
	return byte(k), p, r.Len(), err
}

// WriteFrame is the inverse of ReadFrame.
func WriteFrame(typ byte, payload []byte) ([]byte, error) {
	var b bytes.Buffer
	err := writeFrame(&b, frameType(typ), payload)
	return b.Bytes(), err
}

// DecodeError and EncodeError are those of error frames.
func DecodeError(payload []byte) (*RemoteError, byte, error) {
	e, err := decodeError(payload)
	if err != nil {
		return nil, 0, err
	}
	return e, byte(e.code), nil
}

func EncodeError(code byte, text string) []byte { return encodeError(errorCode(code), text) }

// MessageID is the id of a message on a topic.
func MessageID(topic string, data []byte) string {
	return messageID(&pb.Message{Topic: &topic, Data: data})
}

// Resolve reads an address of the ledger; it returns how many are left.
func Resolve(a Addr) (int, error) {
	info, err := a.resolve()
	if err != nil {
		return 0, err
	}
	return len(info.Addrs), nil
}

// found is a discovery that finds one address and fails.
type found struct {
	addr string
	err  error
}

func (found) name() string   { return "test" }
func (found) source() source { return sourceLocal }

func (f found) run(_ context.Context, _ host.Host, tell func(*peer.AddrInfo)) error {
	info, err := parsePeer(f.addr)
	if err != nil {
		return err
	}
	tell(info)
	return f.err
}

// Discover lets h discover the peer at addr, and fail after that.
func Discover(ctx context.Context, h *Host, addr string, err error) error {
	return h.discover(ctx, h.session.Load(), found{addr, err})
}

// Hide keeps a host from answering who asks it what it speaks. It tells those who
// take it, unasked, when its addresses change: see Untold.
func Hide(h *Host) { h.session.Load().net.RemoveStreamHandler(identify.ID) }

// Untold keeps a host that is not connected yet from being told unasked.
func Untold(h *Host) { h.session.Load().net.RemoveStreamHandler(identify.IDPush) }

// OfChain returns how many connected peers are known to be of a host's chain.
func OfChain(h *Host) int { return len(h.chainPeers(h.session.Load())) }

// Watch sets the periods of the watch of a host that does not run yet. However long
// it keeps who is lost, a peer that has not said what it speaks goes as shipped: a
// machine that stands still must not have a test wait for ever.
func Watch(h *Host, every, lost, pause, deaf time.Duration) {
	mute := min(lost, defaultWatch.mute)
	h.set.watch = watchTimes{every: every, lost: lost, mute: mute, pause: min(pause, 4*mute), deaf: deaf, twin: time.Hour}
}

// AskTwin asks the peers whose turn it is whether another process has h's
// identity, as a running host does by itself.
func AskTwin(ctx context.Context, h *Host, turn int) bool { return h.twin(ctx, h.session.Load(), turn) }

// TwinEvery sets how often a host that does not run yet asks that.
func TwinEvery(h *Host, d time.Duration) { h.set.watch.twin = d }

// Book is a book under test.
type Book struct{ b *book }

// NewBook makes one whose pause is redial.
func NewBook(self string, redial time.Duration) Book {
	return Book{newBook(peer.ID(self), redial)}
}

// Add notes a peer: from the config, or from the ledger.
func (b Book) Add(bootstrap bool, id string) {
	src := sourceLedger
	if bootstrap {
		src = sourceBootstrap
	}
	b.b.add(src, &peer.AddrInfo{ID: peer.ID(id)})
}

// AddLocal notes a peer that a discovery found.
func (b Book) AddLocal(id string) { b.b.add(sourceLocal, &peer.AddrInfo{ID: peer.ID(id)}) }

// AddFound notes a peer that a peer named, at an IPv4 address.
func (b Book) AddFound(id, at string) {
	b.b.add(sourceTable, &peer.AddrInfo{ID: peer.ID(id), Addrs: []ma.Multiaddr{ma.StringCast("/ip4/" + at + "/tcp/1")}})
}

// Found returns how many peers it knows that peers named.
func (b Book) Found() int { return b.b.countLocked(sourceTable) }

// MaxFound is how many those are at most, of a network MaxFoundOfNetwork.
const (
	MaxFound          = maxFound
	MaxFoundOfNetwork = maxFoundOfNetwork
)

// BePrivate has a host that does not run yet take itself for one that nobody can
// dial.
func BePrivate(h *Host) { h.set.private = true }

// LearnReach tells a running host what it would learn from peers of the internet.
func LearnReach(h *Host, r network.Reachability) error {
	e, err := h.session.Load().net.EventBus().Emitter(new(event.EvtLocalReachabilityChanged), eventbus.Stateful)
	if err != nil {
		return err
	}
	return errors.Join(e.Emit(event.EvtLocalReachabilityChanged{Reachability: r}), e.Close())
}

// DialFromPort listens as a host does that relays, and dials an address; it returns
// where it listens and what it dials from.
func DialFromPort(ctx context.Context, to string) (listens, dials string, err error) {
	ports := new(reuseport.Transport)
	l, err := listenAlone(ports, ma.StringCast("/ip4/127.0.0.1/tcp/0"))
	if err != nil {
		return "", "", err
	}
	defer l.Close() //nolint:errcheck // the test is over
	end, err := netip.ParseAddrPort(to)
	if err != nil {
		return "", "", err
	}
	m, err := manet.FromNetAddr(net.TCPAddrFromAddrPort(end))
	if err != nil {
		return "", "", err
	}
	c, err := dialFrom{ports, m}.DialContext(ctx, "tcp4", to)
	if err != nil {
		return "", "", err
	}
	defer c.Close() //nolint:errcheck // the test is over
	if _, ok := c.(*net.TCPConn); !ok {
		return "", "", fmt.Errorf("it dials by a %T, want the system's connection", c)
	}
	return l.Addr().String(), c.LocalAddr().String(), nil
}

// Kept reports whether the connections of a peer are kept when there are too many.
func Kept(h *Host, id string) bool {
	p, err := peer.Decode(id)
	return err == nil && h.session.Load().net.ConnManager().IsProtected(p, keptTag)
}

// MayDial reports whether a host dials an address.
func MayDial(h *Host, a string) bool {
	return h.gater.InterceptAddrDial("", ma.StringCast(a))
}

// Punched returns at which addresses a peer is dialled that names these.
func Punched(named ...string) (out []string) {
	var all []ma.Multiaddr
	for _, a := range named {
		all = append(all, ma.StringCast(a))
	}
	return texts(internetOnly{}.FilterRemote("", all))
}

// SortFor returns relays in the order in which a peer has them; all are ids.
func SortFor(to string, relays ...string) (out []string) {
	var all []peer.ID
	for _, r := range append(relays, to) {
		id, err := peer.Decode(r)
		if err != nil {
			panic(err)
		}
		all = append(all, id)
	}
	all, of := all[:len(relays)], all[len(relays)]
	sortFor(of, all)
	for _, r := range all {
		out = append(out, r.String())
	}
	return out
}

// HasPlaces reports whether a running host keeps places at all of these relays.
func HasPlaces(h *Host, relays ...string) bool {
	places := h.session.Load().places.Load()
	return places != nil && !slices.ContainsFunc(relays, func(r string) bool {
		return !slices.ContainsFunc(*places, func(id peer.ID) bool { return id.String() == r })
	})
}

// MaxPunched is how many those are at most.
const MaxPunched = maxPunched

// BeMuteRelay has a running host say that it relays, and answer nothing; asked is
// told of each question that has come.
func BeMuteRelay(h *Host, asked chan<- struct{}) {
	h.session.Load().net.SetStreamHandler(proto.ProtoIDv2Hop, func(st network.Stream) {
		if _, err := st.Read(make([]byte, 1)); err != nil {
			return
		}
		select {
		case asked <- struct{}{}:
		default:
		}
	})
}

// RelaysTakeAges has the library wait longer for an answer of a relay than any test
// lasts; back undoes it.
func RelaysTakeAges() (back func()) {
	was := client.ReserveTimeout
	client.ReserveTimeout = ages
	return func() { client.ReserveTimeout = was }
}

// dialled is a connection that a host has dialled.
type dialled struct {
	network.Conn
	at      string
	limited bool
}

// RemoteMultiaddr implements [network.Conn].
func (d dialled) RemoteMultiaddr() ma.Multiaddr { return ma.StringCast(d.at) }

// Stat implements [network.Conn].
func (d dialled) Stat() network.ConnStats {
	return network.ConnStats{Stats: network.Stats{Direction: network.DirOutbound, Limited: d.limited}}
}

// Stays reports whether a connection that a host has dialled stays.
func Stays(h *Host, at string, limited bool) bool {
	ok, _ := h.gater.InterceptUpgraded(dialled{at: at, limited: limited})
	return ok
}

// Speaks reports whether a connected peer says that it speaks a protocol.
func Speaks(h *Host, id, name string) bool {
	p, err := peer.Decode(id)
	if err != nil {
		return false
	}
	spoken, err := h.session.Load().net.Peerstore().SupportsProtocols(p, protocol.ID(name))
	return err == nil && len(spoken) > 0
}

// LookEvery sets how often a host that does not run yet looks whether peers are to
// be found.
func LookEvery(h *Host, d time.Duration) { h.set.look = d }

// Due returns the ids to dial.
func (b Book) Due(now time.Time, connected map[string]bool, open, degree, atMost int) []string {
	var out []string
	for _, i := range b.b.due(now, func(id peer.ID) bool { return connected[string(id)] }, open, degree, atMost) {
		out = append(out, string(i.ID))
	}
	return out
}

// Dialled notes the end of a dial.
func (b Book) Dialled(id string, now time.Time, err error) bool {
	return b.b.dialled(peer.ID(id), now, err)
}

// DialledForeign notes that a peer was reached, and is of another chain.
func (b Book) DialledForeign(id string, now time.Time, chain string) {
	b.b.dialled(peer.ID(id), now, &foreignError{peer.ID(id), chain})
}

// OtherChain is the chain that the only bootstrap peer is said to be of.
func (b Book) OtherChain() string { return b.b.bootstrap()[0].OtherChain }

// Meter is a meter under test.
type Meter struct{ m meter[string] }

// MaxMeters is how many keys it remembers.
const MaxMeters = maxMeters

// Use takes n, or spends it; it reports whether it was there, for what is spent
// whether anything was.
func (m *Meter) Use(k string, burst, perSecond, n float64, now time.Time, spends bool) bool {
	a := allowance{burst: burst, perSecond: perSecond}
	if !spends {
		return m.m.take(k, a, n, now)
	}
	defer m.m.spend(k, a, n, now)
	return m.m.left(k, a, now) > 0
}

// Len is how many keys it remembers now.
func (m *Meter) Len() int { return len(m.m.by) }

// TrimAtOnce lets the connections of a host that does not run yet be trimmed as
// soon as they are there.
func TrimAtOnce(h *Host) { h.set.grace = 0 }

// Trim looks at who is worth what, and lets the least useful go.
func Trim(ctx context.Context, h *Host) {
	s := h.session.Load()
	h.keep(s)
	s.net.ConnManager().TrimOpenConns(ctx)
}
