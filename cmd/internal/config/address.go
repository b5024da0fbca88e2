package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	ma "github.com/multiformats/go-multiaddr"

	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/wire"
)

// maxAddress bounds the multiaddrs that go on the ledger, and those of peers
// with their id, in bytes (as wire.Serve and gossip do).
const (
	maxAddress     = 128
	maxPeerAddress = 256
)

// checkAddresses refuses addresses that cannot be listened on, dialled, or told
// to others. It writes multiaddrs in their one form: without a slash at the end.
func (c *Config) checkAddresses() error {
	for _, l := range []struct {
		name  string
		list  []string
		check func(ma.Multiaddr) error
	}{
		{"node.listen", c.Node.Listen, listenable},
		{"node.announce", c.Node.Announce, dialable},
		{"node.bootstrap", c.Node.Bootstrap, bootable},
	} {
		for i, text := range l.list {
			m, err := ma.NewMultiaddr(text)
			if err != nil {
				err = notMultiaddr(text, l.name == "node.bootstrap")
			} else {
				err = l.check(m)
			}
			if err != nil {
				return wrong(l.name, text, err.Error())
			}
			l.list[i] = m.String()
		}
	}
	if err := checkListen(c.HTTP.Listen, 0); err != nil {
		return wrong("http.listen", c.HTTP.Listen, err.Error()+", such as "+Default(c.Role).HTTP.Listen)
	}
	return nil
}

var (
	errTransport = errors.New("want a multiaddr such as /ip4/0.0.0.0/tcp/9661")
	errPeer      = errors.New("want a multiaddr with its peer id, such as /ip4/192.0.2.1/tcp/9661/p2p/16Uiu2…; a running node logs its own")
)

// The peer ids of this network are those of keys on secp256k1: the base58 of six
// bytes that are always the same, and the key.
const (
	peerIDPrefix = "16Uiu2HA"
	peerIDLength = 53
)

func noPeerID(id string) error {
	return fmt.Errorf("%.60q is no peer id; a running node logs its address with it", id)
}

// notMultiaddr says what to write instead of what is no multiaddr.
func notMultiaddr(text string, peer bool) error {
	at, id, has := strings.Cut(text, "/p2p/")
	switch {
	case !peer:
		return errTransport
	case has:
		if _, err := ma.NewMultiaddr(at); err == nil {
			return noPeerID(id)
		}
	}
	return errPeer
}

// listenable accepts an address of the one transport: a host, then a TCP port.
func listenable(m ma.Multiaddr) error {
	if len(m) != 2 || m[1].Protocol().Code != ma.P_TCP || len(m.String()) > maxAddress {
		return errTransport
	}
	switch m[0].Protocol().Code {
	case ma.P_IP4, ma.P_IP6:
		return nil
	case ma.P_DNS, ma.P_DNS4, ma.P_DNS6:
		if wire.CheckHostPort(m[0].Value()+":1") != nil {
			return fmt.Errorf("%.60q is no name of a machine", m[0].Value())
		}
		return nil
	}
	return errTransport
}

// dialable accepts an address that peers can dial.
func dialable(m ma.Multiaddr) error {
	if len(m) == 3 && m[2].Protocol().Code == ma.P_P2P {
		return errors.New("leave /p2p/ and what follows out: the ledger has this node's id beside it")
	}
	if err := listenable(m); err != nil {
		return fmt.Errorf("want a multiaddr that others dial, such as /ip4/192.0.2.1/tcp/9661")
	}
	if m[1].Value() == "0" {
		return errors.New("nobody can dial port 0; want 1 to 65535")
	}
	if unspecified(m[0].Value()) {
		return fmt.Errorf("nobody can dial %s, which stands for all addresses of a machine", m[0].Value())
	}
	return oneMachine(m[0].Value())
}

// bootable accepts an address that peers can dial, with a peer id.
func bootable(m ma.Multiaddr) error {
	if len(m) != 3 || m[2].Protocol().Code != ma.P_P2P || len(m.String()) > maxPeerAddress {
		return errPeer
	}
	if id := m[2].Value(); len(id) != peerIDLength || !strings.HasPrefix(id, peerIDPrefix) {
		return noPeerID(id)
	}
	if listenable(m[:2]) != nil {
		return errPeer
	}
	return dialable(m[:2])
}

// checkListen accepts HOST:PORT to listen on, where HOST is an IP address, a name
// of this machine, or nothing for all addresses, and PORT is least to 65535.
func checkListen(s string, least uint64) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return errors.New("want HOST:PORT")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n < least || port != strconv.FormatUint(n, 10) {
		return fmt.Errorf("want HOST:PORT with a port of %d to 65535", least)
	}
	if host == "" {
		return nil
	}
	if _, err := netip.ParseAddr(host); err != nil && wire.CheckHostPort(host+":1") != nil {
		return errors.New("want HOST:PORT with an address or a name of this machine")
	}
	return nil
}

// checkLabel looks at where a person reaches the label page. Beyond this machine
// only by names that were given: else any page of the web could have a name of its
// own lead there.
func (c *Config) checkLabel() error {
	if err := checkListen(c.Label.Listen, 0); err != nil {
		return wrong("label.listen", c.Label.Listen, err.Error()+", such as 127.0.0.1:9672")
	}
	if len(c.Label.Hosts) > maxHosts {
		return wrong("label.hosts", count(c.Label.Hosts), "at most 8")
	}
	for _, h := range c.Label.Hosts {
		if wire.CheckHostPort(net.JoinHostPort(h, "1")) != nil {
			return wrong("label.hosts", h, "want a name or an address without a port, such as 192.168.1.5")
		}
	}
	if host, _, _ := net.SplitHostPort(c.Label.Listen); len(c.Label.Hosts) == 0 && !api.IsLocalName(host) {
		return wrong("label.listen", c.Label.Listen, "other machines would reach the page there, and who sees its address rates in this miner's name: "+
			"listen on loopback, such as 127.0.0.1:9672, or say by which names others may reach it with label.hosts (--label-host)")
	}
	return nil
}

// checkConsensus looks at where validators find each other.
func (c *Config) checkConsensus() error {
	if err := checkListen(c.Consensus.Listen, 1); err != nil {
		return wrong("consensus.listen", c.Consensus.Listen, err.Error()+", such as 0.0.0.0:9662; the port is announced on the ledger, and so above 0")
	}
	if strings.Contains(c.Consensus.Listen, "%") {
		return wrong("consensus.listen", c.Consensus.Listen, "others cannot dial an address with a zone")
	}
	for _, p := range c.Consensus.Peers {
		id, at, ok := strings.Cut(p, "@")
		if !ok || len(id) != 40 || strings.Trim(id, "0123456789abcdef") != "" {
			return wrong("consensus.peers", p, "want ID@HOST:PORT with an id of 40 hex digits, 0 to 9 and a to f")
		}
		if wire.CheckHostPort(at) != nil {
			return wrong("consensus.peers", p, "want ID@HOST:PORT with a host that can be dialled and a port of 1 to 65535")
		}
		if err := oneMachineAt(at); err != nil {
			return wrong("consensus.peers", p, err.Error())
		}
	}
	if c.Consensus.Private && len(c.Consensus.Peers) == 0 {
		return wrong("consensus.private", "true", "name the sentries in consensus.peers")
	}
	if c.Consensus.Private && c.Consensus.External != "" {
		return wrong("consensus.external", c.Consensus.External, "a private validator tells nobody where it is")
	}
	if c.Consensus.External != "" && wire.CheckHostPort(c.Consensus.External) != nil {
		return wrong("consensus.external", c.Consensus.External, "want HOST:PORT with a port of 1 to 65535 and a host that other validators can dial")
	}
	if err := oneMachineAt(c.Consensus.External); err != nil {
		return wrong("consensus.external", c.Consensus.External, err.Error())
	}
	return nil
}

// oneMachineAt is oneMachine for HOST:PORT; what is none is let pass.
func oneMachineAt(s string) error {
	host, _, _ := net.SplitHostPort(s)
	return oneMachine(host)
}

// oneMachine refuses addresses at which no one machine is: groups (RFC 5771, RFC
// 4291), broadcast, and the networks 0.0.0.0/8 and 240.0.0.0/4 that are for no
// machine (RFC 6890). Those of one link are refused as well, for others are not
// on it. It lets names pass.
func oneMachine(host string) error {
	ip, _ := netip.ParseAddr(host) // of a name it is none
	if ip = ip.Unmap(); !ip.IsValid() {
		return nil
	}
	if b := ip.As16(); ip.IsMulticast() || ip.Is4() && (b[12] == 0 || b[12] >= 240) {
		return fmt.Errorf("nobody can dial %s, which is the address of no machine", host)
	}
	if ip.IsLinkLocalUnicast() {
		return fmt.Errorf("nobody beyond one link can dial %s; want an address that others reach", host)
	}
	return nil
}

// unspecified says whether host stands for all addresses of a machine.
func unspecified(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}
