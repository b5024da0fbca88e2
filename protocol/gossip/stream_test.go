package gossip_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/wire"
)

type answerer = func(ctx context.Context, from string, request []byte) ([]byte, error)

// served starts a host that answers on the stream state, and one that asks it.
func served(t *testing.T, fn answerer) (client, server running) {
	t.Helper()
	c := config("server")
	c.Seated = func(protocol.PublicKey) bool { return true }
	server = launchWith(t, c, func(h *gossip.Host) {
		if err := h.Handle(gossip.StreamState, fn); err != nil {
			t.Fatal(err)
		}
	})
	client = launch(t, config("client", server.Addrs()...))
	eventually(t, "connected", func() bool { return len(client.Peers()) == 1 })
	return client, server
}

func TestRequestsAreAnswered(t *testing.T) {
	var asker string
	client, server := served(t, func(_ context.Context, from string, request []byte) ([]byte, error) {
		asker = from
		return bytes.Repeat(request, gossip.MaxResponse/gossip.MaxRequest), nil
	})
	for _, n := range []int{0, 1, gossip.MaxRequest} {
		got, err := client.Request(t.Context(), server.ID(), gossip.StreamState, bytes.Repeat([]byte("x"), n))
		if err != nil || len(got) != n*gossip.MaxResponse/gossip.MaxRequest {
			t.Errorf("request of %d bytes: response of %d, %v", n, len(got), err)
		}
	}
	if asker != client.ID() {
		t.Errorf("from: got %q, want %q", asker, client.ID())
	}
}

func TestErrorsOfAHandlerReachTheAsker(t *testing.T) {
	client, server := served(t, func(_ context.Context, _ string, request []byte) ([]byte, error) {
		switch string(request) {
		case "refuse":
			return nil, fmt.Errorf("height 7 is not yet here: %w", gossip.ErrRefused)
		case "fail":
			return nil, errors.New("secret of the disk")
		case "late":
			return nil, context.DeadlineExceeded
		}
		return make([]byte, gossip.MaxResponse+1), nil
	})
	cases := []struct {
		request string
		want    error
		text    string
	}{
		{"refuse", gossip.ErrRefused, "height 7"},
		{"fail", gossip.ErrRemote, ""},
		{"late", gossip.ErrTimeout, ""},
		{"too much", gossip.ErrRemote, ""},
	}
	for _, c := range cases {
		_, err := client.Request(t.Context(), server.ID(), gossip.StreamState, []byte(c.request))
		if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.text) {
			t.Errorf("%s: got %v, want %v with %q", c.request, err, c.want, c.text)
		}
		if strings.Contains(fmt.Sprint(err), "secret") {
			t.Errorf("%s: an internal error was shown: %v", c.request, err)
		}
		if _, ok := errors.AsType[*gossip.RemoteError](err); !ok {
			t.Errorf("%s: got %T, want a RemoteError", c.request, err)
		}
	}
}

func TestRequestRefusesWhatItCannotSend(t *testing.T) {
	client, server := served(t, nil)
	cases := []struct {
		to   string
		name gossip.Stream
		size int
		want error
	}{
		{server.ID(), gossip.StreamState, gossip.MaxRequest + 1, wire.ErrTooLarge},
		{server.ID(), "nonsense", 0, gossip.ErrUnknown},
		{"nobody", gossip.StreamState, 0, gossip.ErrAddress},
	}
	for _, c := range cases {
		if _, err := client.Request(t.Context(), c.to, c.name, make([]byte, c.size)); !errors.Is(err, c.want) {
			t.Errorf("%s on %s: got %v, want %v", c.to, c.name, err, c.want)
		}
	}
	if _, err := client.Request(t.Context(), server.ID(), gossip.StreamInfer, nil); err == nil {
		t.Error("a stream that the peer does not serve: no error")
	}
	if err := server.Handle(gossip.StreamState, nil); !errors.Is(err, gossip.ErrRunning) {
		t.Errorf("handle while running: got %v, want ErrRunning", err)
	}
}

func TestMalformedFramesAreRefusedBeforeTheHandler(t *testing.T) {
	called := make(chan struct{}, 16)
	client, server := served(t, func(context.Context, string, []byte) ([]byte, error) {
		called <- struct{}{}
		return nil, nil
	})
	huge := binary.BigEndian.AppendUint32([]byte{1}, gossip.MaxRequest+1)
	for name, raw := range map[string][]byte{
		"a length over the limit": huge,
		"a frame of no type":      {9, 0, 0, 0, 0},
		"a response":              {2, 0, 0, 0, 1, 'x'},
	} {
		typ, payload, err := gossip.SendRaw(t.Context(), client.Host, server.ID(), gossip.StreamState, raw)
		if err != nil || typ != 3 || len(payload) == 0 || payload[0] != 1 {
			t.Errorf("%s: got type %d, %q, %v; want a refusal", name, typ, payload, err)
		}
	}
	for name, raw := range map[string][]byte{
		"half a head":    {1, 0},
		"half a payload": {1, 0, 0, 0, 9, 'x'},
	} {
		if _, _, err := gossip.SendRaw(t.Context(), client.Host, server.ID(), gossip.StreamState, raw); !errors.Is(err, network.ErrReset) {
			t.Errorf("%s: got %v, want a reset", name, err)
		}
	}
	if len(called) != 0 {
		t.Error("the handler was called")
	}
}

func TestOnePeerCannotHoldAllPlaces(t *testing.T) {
	entered, release := make(chan struct{}, 32), make(chan struct{})
	client, server := served(t, func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
		entered <- struct{}{}
		select {
		case <-release:
		case <-ctx.Done():
		}
		return []byte("done"), nil
	})
	var wg sync.WaitGroup
	for range 8 { // as many as one peer may have
		wg.Go(func() {
			if got, err := client.Request(t.Context(), server.ID(), gossip.StreamState, nil); err != nil || string(got) != "done" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	for range 8 {
		<-entered
	}
	if _, err := client.Request(t.Context(), server.ID(), gossip.StreamState, nil); !errors.Is(err, gossip.ErrBusy) {
		t.Errorf("the ninth: got %v, want ErrBusy", err)
	}
	other := launch(t, config("other", server.Addrs()...))
	eventually(t, "connected", func() bool { return len(other.Peers()) == 1 })
	wg.Go(func() {
		if _, err := other.Request(t.Context(), server.ID(), gossip.StreamState, nil); err != nil {
			t.Errorf("another peer: %v", err)
		}
	})
	<-entered
	close(release)
	wg.Wait()
	if _, err := client.Request(t.Context(), server.ID(), gossip.StreamState, nil); err != nil {
		t.Errorf("after the others have ended: %v", err)
	}
}

func TestRequestEndsWithItsContext(t *testing.T) {
	entered := make(chan struct{}, 100)
	client, server := served(t, func(ctx context.Context, _ string, request []byte) ([]byte, error) {
		if len(request) > 0 {
			entered <- struct{}{}
		}
		<-ctx.Done() // a long poll that nothing answers, and that only a stop ends
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.Request(ctx, server.ID(), gossip.StreamState, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	got := make(chan error, 1)
	// One that ends before it is worked on is asked again: a machine that stands
	// still loses connections, and the first may have come to nobody.
	eventually(t, "it is worked on", func() bool {
		go func() {
			_, err := client.Request(ctx, server.ID(), gossip.StreamState, []byte{1})
			got <- err
		}()
		select {
		case <-entered:
			return true
		case <-got:
			return false
		}
	})
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was given up", err)
	}
	server.stop() // the handler still polls; it must not hold the host up
}

func TestRequestDialsAPeerOfTheLedger(t *testing.T) {
	_, server := served(t, func(context.Context, string, []byte) ([]byte, error) { return []byte("yes"), nil })
	hub := launch(t, config("hub"))
	c := config("far", hub.Addrs()...)
	c.Degree = 1 // the hub fills it: the server is not dialled by itself
	far := launch(t, c)
	eventually(t, "connected", func() bool { return len(far.Peers()) == 1 })
	far.SetLedgerPeers([]gossip.Addr{{Identity: publicKey(t, "server"), Addresses: []string{transport(server.Addrs()[0])}}})
	// A handshake ends where a machine stands still for five seconds.
	eventually(t, "it is dialled and answers", func() bool {
		got, err := far.Request(t.Context(), server.ID(), gossip.StreamState, nil)
		return err == nil && string(got) == "yes"
	})
}

func FuzzFrame(f *testing.F) {
	for typ, payload := range map[byte]string{1: "request", 2: "", 3: "\x01no"} {
		b, err := gossip.WriteFrame(typ, []byte(payload))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)-1])
	}
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{3, 0, 0, 0, 2, 4, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		typ, payload, rest, err := gossip.ReadFrame(b)
		if err != nil {
			return
		}
		again, err := gossip.WriteFrame(typ, payload)
		if err != nil || !bytes.Equal(again, b[:len(b)-rest]) {
			t.Errorf("decoded %x, encoded %x, %v", b, again, err)
		}
		if typ != 3 {
			return
		}
		e, code, err := gossip.DecodeError(payload)
		if err == nil && !bytes.Equal(gossip.EncodeError(code, e.Text), payload) {
			t.Errorf("error frame %x does not encode again", payload)
		}
		if err == nil && strings.ContainsAny(e.Error(), "\x1b\n\r") {
			t.Errorf("the peer's text can act on a terminal: %q", e.Error())
		}
	})
}
