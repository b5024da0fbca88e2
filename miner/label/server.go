package label

import (
	"context"
	"fmt"
	"net"

	"github.com/assaynet/assay/protocol/api"
)

// Server serves a page on a socket.
type Server struct {
	page     *Page
	listener net.Listener
}

// Listen takes the port, so that one that is taken is known at once, but answers
// nothing before [Server.Run]. A server that is never run is closed by Close. at is
// HOST:PORT; port 0 takes a free one. Errors are [ErrBeyond], where at is reached
// from other machines and the page has no Hosts, [ErrListen], and those of
// [NewPage].
func Listen(at string, cfg PageConfig) (*Server, error) {
	if host, _, err := net.SplitHostPort(at); err == nil && !api.IsLocalName(host) && len(cfg.Hosts) == 0 {
		return nil, fmt.Errorf("%s: %w", at, ErrBeyond)
	}
	p, err := NewPage(cfg)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", at) //nolint:noctx // it returns at once
	if err != nil {
		return nil, fmt.Errorf("%w on %s: %w", ErrListen, at, err)
	}
	return &Server{p, l}, nil
}

// Addr returns the address that the server listens on, with its port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close gives the port back. Only a server that was never run needs it.
func (s *Server) Close() error { return s.listener.Close() }

// Run serves until ctx ends, and returns nil after a clean stop.
func (s *Server) Run(ctx context.Context) error {
	return api.Serve(ctx, s.listener, s.page, s.page.cfg.Logger)
}

// Address is what a person opens to see the page at HOST:PORT. The token stands
// behind the #, which a browser sends to nobody: the page's script reads it there.
func Address(at, token string) string { return "http://" + at + "/#" + token }
