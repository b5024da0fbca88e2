package daemon

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/wire"
)

// lookup is how long the name of a bootstrap peer may take to resolve.
const lookup = 3 * time.Second

// Announcement returns what the ledger shall say of the seat: what a miner
// offers, and where gossip reaches it.
func (d *Daemon) Announcement(ctx context.Context, offers []wire.Offer) (wire.Serve, error) {
	identity, sig, err := node.Identity(d.Hotkey, d.Genesis, d.Config.Generation())
	if err != nil {
		return wire.Serve{}, fmt.Errorf("derive identity: %w", err)
	}
	s := wire.Serve{Addresses: d.announced(ctx), Identity: identity, IdentitySig: sig, Offers: offers}
	return s, s.Check()
}

// announced returns the multiaddrs that others are told: those that the
// settings name, else those listened on, with the machine's own address in
// place of 0.0.0.0. A port that the system chooses is not announced.
func (d *Daemon) announced(ctx context.Context) []string {
	if len(d.Config.Node.Announce) > 0 {
		return d.Config.Node.Announce
	}
	var out []string
	for _, a := range d.Config.Node.Listen {
		parts := strings.Split(a, "/") // "", "ip4", host, "tcp", port
		if len(parts) != 5 || parts[4] == "0" {
			continue
		}
		if ip := net.ParseIP(parts[2]); ip != nil && ip.IsUnspecified() {
			own := d.ownAddress(ctx)
			if own == nil || (own.To4() != nil) != (parts[1] == "ip4") {
				continue
			}
			parts[2] = own.String()
		}
		out = append(out, strings.Join(parts, "/"))
	}
	return out
}

// ConsensusAddress returns the HOST:PORT that other validators are told, empty for
// a validator that tells nobody.
func (d *Daemon) ConsensusAddress(ctx context.Context) (string, error) {
	c := d.Config.Consensus
	if c.Private {
		return "", nil
	}
	if c.External != "" {
		return c.External, nil
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return "", fmt.Errorf("consensus.listen %q: %w", c.Listen, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		own := d.ownAddress(ctx)
		if own == nil {
			return "", usage.Mistake(fmt.Errorf("consensus.listen is %s, which others cannot dial, and this machine's own address cannot be told; give --consensus-external HOST:PORT", c.Listen))
		}
		host = own.String()
	}
	return net.JoinHostPort(host, port), nil
}

// ownAddress returns the address of this machine from which the bootstrap
// peers are reached, nil if that cannot be told. Nothing is sent: a UDP socket
// that is connected only looks up the route.
func (d *Daemon) ownAddress(ctx context.Context) net.IP {
	ctx, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	for _, b := range d.Config.Node.Bootstrap {
		parts := strings.Split(b, "/") // "", "ip4", host, "tcp", port, "p2p", id
		if len(parts) < 5 {
			continue
		}
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "udp", net.JoinHostPort(parts[2], parts[4]))
		if err != nil {
			continue
		}
		own, ok := conn.LocalAddr().(*net.UDPAddr)
		_ = conn.Close()
		if ok && !own.IP.IsUnspecified() {
			return own.IP
		}
	}
	return nil
}

// GossipAddresses returns where this node is reached, with its peer id, as far
// as the settings tell.
func (d *Daemon) GossipAddresses(id string) []string {
	var out []string
	for _, a := range d.Config.Node.Listen {
		if !strings.HasSuffix(a, "/tcp/0") {
			out = append(out, a+"/p2p/"+id)
		}
	}
	return out
}
