package devnet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/assaynet/assay/protocol/api"
)

// endpoint is the HTTP side of a running validator or miner.
type endpoint struct {
	url    string
	client http.Client
}

// requestPatience is how long one answer of a busy node may take.
const requestPatience = 5 * time.Second

// maxBody bounds what is read of one answer.
const maxBody = 8 << 20

// get reads one JSON object.
func (n *endpoint) get(ctx context.Context, path string, v any) error {
	body, err := n.read(ctx, path)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}

// read reads one answer.
func (n *endpoint) read(ctx context.Context, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := n.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %s", path, resp.Status, bytes.TrimSpace(body))
	}
	return body, nil
}

// list reads the items of every page of a list.
func list[T any](ctx context.Context, n *endpoint, path string) ([]T, error) {
	var all []T
	cursor := ""
	for {
		var page api.Page[T]
		p := path
		if cursor != "" {
			sep := "?"
			if bytes.ContainsRune([]byte(path), '?') {
				sep = "&"
			}
			p += sep + "cursor=" + cursor
		}
		if err := n.get(ctx, p, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			return all, nil
		}
		cursor = page.Next
	}
}
