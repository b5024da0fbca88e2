package process

import (
	"crypto/rand"
	"fmt"
	"net"
	"strconv"
)

// The range from which ports are taken: below the kernel's range for outgoing
// connections, so that nobody is handed one of ours between choice and use.
const (
	portsFrom  = 12_000
	portsTo    = 32_000
	portsTries = 2_000
)

// FreePorts returns n ports of loopback that nobody listens on. Two networks
// that start together choose at random, and so apart.
func FreePorts(n int) ([]int, error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	var ports []int
	for range portsTries {
		if len(ports) == n {
			return ports, nil
		}
		var b [2]byte
		if _, err := rand.Read(b[:]); err != nil {
			return nil, err
		}
		port := portsFrom + (int(b[0])<<8|int(b[1]))%(portsTo-portsFrom)
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)) //nolint:noctx // it does not wait
		if err != nil {
			continue
		}
		held = append(held, l)
		ports = append(ports, port)
	}
	return nil, fmt.Errorf("found %d of %d free ports on loopback between %d and %d", len(ports), n, portsFrom, portsTo)
}
