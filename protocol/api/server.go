package api

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol/params"
)

// DefaultListen is where a node serves HTTP unless it is told otherwise: on its
// own machine only.
const DefaultListen = "127.0.0.1:9660"

// Limits of a connection. A slow client costs a goroutine, and no more.
const (
	maxHeader         = 16 << 10
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 2 * patience
	idleTimeout       = time.Minute
	// stopTimeout is how long answers in progress may take at the end.
	stopTimeout = 2 * time.Second
)

// Config says what is served, and where.
type Config struct {
	// Listen is host:port; port 0 takes a free one. Default: [DefaultListen]. A
	// loopback address is reached from this machine only; any other shows
	// everything to whoever reaches it.
	Listen string
	// ChainID and Params are those of the network.
	ChainID string
	Params  *params.Params
	Source  Source
	// Pages are served to browsers; nil for none.
	Pages Pages
	// Registry is what /metrics shows, and where the handler counts. Default: a
	// new one.
	Registry *prometheus.Registry
	// Version is the program's, for /v1/status.
	Version string
	Logger  zerolog.Logger
}

func (c *Config) check() error {
	if c.Listen == "" {
		c.Listen = DefaultListen
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	switch {
	case c.Source.Node == nil:
		return fmt.Errorf("no Source.Node: %w", ErrConfig)
	case c.Params == nil || c.Params.Schedule.Tempo == 0 || c.Params.Schedule.RoundLength == 0:
		return fmt.Errorf("no Params: %w", ErrConfig)
	case c.ChainID == "":
		return fmt.Errorf("no ChainID: %w", ErrConfig)
	}
	return nil
}

// Server serves a handler on a socket.
type Server struct {
	handler  *Handler
	listener net.Listener
	log      zerolog.Logger
}

// New takes the port, so that one that is taken is known at once, but answers
// nothing before [Server.Run]. A server that is never run is closed by Close.
func New(cfg Config) (*Server, error) {
	h, err := NewHandler(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Listen == "" {
		cfg.Listen = DefaultListen
	}
	l, err := net.Listen("tcp", cfg.Listen) //nolint:noctx // it returns at once
	if err != nil {
		return nil, fmt.Errorf("%w on %s: %w", ErrListen, cfg.Listen, err)
	}
	return &Server{handler: h, listener: l, log: cfg.Logger}, nil
}

// Addr returns the address that the server listens on, with its port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close gives the port back. Only a server that was never run needs it.
func (s *Server) Close() error { return s.listener.Close() }

// Run serves until ctx ends, as [Serve] does.
func (s *Server) Run(ctx context.Context) error { return Serve(ctx, s.listener, s.handler, s.log) }

// Serve has a handler answer what comes to a listener, with limits on how long a
// client may take and on the size of what it sends before a body. When ctx ends, it
// lets answers in progress finish for two seconds, and returns nil after a clean
// stop; the listener is closed then.
func Serve(ctx context.Context, l net.Listener, h http.Handler, logger zerolog.Logger) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          newErrorLog(logger),
		// "OPTIONS *" gets what the handler makes of it, as every request does.
		DisableGeneralOptionsHandler: true,
	}
	g, stopped := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve http: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		<-stopped.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if err := srv.Shutdown(grace); err != nil {
			return srv.Close() // cut off what is still open
		}
		return nil
	})
	return g.Wait()
}

func contextWithPatience(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), patience)
}

// isLoopback reports whether a listen address is reached from this machine only.
func isLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	return err == nil && IsLocalName(host)
}

// IsLocalName reports whether a Host header, or a host, names this machine: a
// page of another site that rebinds its name to 127.0.0.1 still sends its name.
func IsLocalName(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// errorLog turns the server's own lines into log entries.
type errorLog struct{ log zerolog.Logger }

func (e errorLog) Write(b []byte) (int, error) {
	e.log.Debug().Str("text", strings.TrimSpace(string(b))).Msg("http connection")
	return len(b), nil
}

func newErrorLog(l zerolog.Logger) *log.Logger { return log.New(errorLog{l}, "", 0) }
