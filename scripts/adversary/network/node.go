package network

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/assaynet/assay/cmd/process"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/keystore"
)

// Node is an honest node: one process.
type Node struct {
	Name      string
	Validator bool
	Home      string
	Hotkey    *keystore.Key
	Coldkey   *keystore.Key
	// P2P, Consensus and HTTP are its ports on loopback; a miner has nothing on the
	// second.
	P2P, Consensus, HTTP int

	proc   *process.Process
	client http.Client
}

func (a *Node) listen() string           { return fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", a.P2P) }
func (a *Node) consensusAddress() string { return fmt.Sprintf("127.0.0.1:%d", a.Consensus) }

// Freeze stops the process where it is, Thaw lets it go on.
func (a *Node) Freeze() error { return a.proc.Freeze() }

// Thaw is told at Freeze.
func (a *Node) Thaw() error { return a.proc.Thaw() }

// Limits of one question.
const (
	patience = 5 * time.Second
	maxBody  = 16 << 20
)

// Get reads one JSON object.
func (a *Node) Get(ctx context.Context, path string, v any) error {
	body, err := a.Do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}

// Send hands a transaction over.
func (a *Node) Send(ctx context.Context, raw []byte) error {
	b, err := json.Marshal(api.TxBody{Tx: hex.EncodeToString(raw)})
	if err != nil {
		return err
	}
	_, err = a.Do(ctx, http.MethodPost, "/v1/txs", b)
	return err
}

// Do asks the node by HTTP; any answer but success is an error.
func (a *Node) Do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, fmt.Sprintf("http://127.0.0.1:%d%s", a.HTTP, path), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.Name, err)
	}
	defer func() { _ = resp.Body.Close() }()
	out, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.Name, err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s: %s %s: %s: %s", a.Name, method, path, resp.Status, bytes.TrimSpace(out))
	}
	return out, nil
}

// List reads the items of every page of a list.
func List[T any](ctx context.Context, a *Node, path string) ([]T, error) {
	var all []T
	for cursor := ""; ; {
		var page api.Page[T]
		if err := a.Get(ctx, path+cursor, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			return all, nil
		}
		cursor = "&cursor=" + page.Next
	}
}

// pollEvery is how often a node is asked for its height.
const pollEvery = 50 * time.Millisecond

// Await returns when the node has a block, or ctx ends.
func (a *Node) Await(ctx context.Context, h protocol.Height) error {
	var last error
	for {
		var s api.Status
		if last = a.Get(ctx, "/v1/status", &s); last == nil && s.Height >= h {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for block %d of %s, at %d: %w, %w", h, a.Name, s.Height, ctx.Err(), last)
		case <-time.After(pollEvery):
		}
	}
}
