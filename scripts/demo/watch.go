package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/assaynet/assay/protocol"
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
		var page struct {
			Items []T    `json:"items"`
			Next  string `json:"next"`
		}
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

// What the demo reads of the validators' answers.
type (
	status struct {
		ChainID string          `json:"chain_id"`
		Height  protocol.Height `json:"height"`
		Epoch   protocol.Epoch  `json:"epoch"`
		Peers   int             `json:"peers"`
		Reasons []string        `json:"reasons"`
	}
	stateHash struct {
		Height  protocol.Height `json:"height"`
		AppHash string          `json:"app_hash"`
	}
	supply struct {
		Issued    protocol.Amount `json:"issued"`
		Balances  protocol.Amount `json:"balances"`
		Stakes    protocol.Amount `json:"stakes"`
		Unbonding protocol.Amount `json:"unbonding"`
		Coll      protocol.Amount `json:"collateral"`
		Pot       protocol.Amount `json:"pot"`
		Burned    protocol.Amount `json:"burned"`
	}
	minerRow struct {
		UID       protocol.UID       `json:"uid"`
		Hotkey    protocol.PublicKey `json:"hotkey"`
		Incentive uint64             `json:"incentive"`
		Total     protocol.Amount    `json:"emission_total"`
		Balance   protocol.Amount    `json:"balance"`
	}
	validatorRow struct {
		UID        protocol.UID       `json:"uid"`
		Hotkey     protocol.PublicKey `json:"hotkey"`
		LastUpdate protocol.Height    `json:"last_update"`
		Dividend   uint64             `json:"dividend"`
		Duty       uint64             `json:"duty"`
		Balance    protocol.Amount    `json:"balance"`
	}
	emissionRow struct {
		Epoch  protocol.Epoch     `json:"epoch"`
		UID    protocol.UID       `json:"uid"`
		Hotkey protocol.PublicKey `json:"hotkey"`
		Miner  protocol.Amount    `json:"miner"`
	}
	scoreRow struct {
		Epoch    protocol.Epoch     `json:"epoch"`
		UID      protocol.UID       `json:"uid"`
		Hotkey   protocol.PublicKey `json:"hotkey"`
		Asked    uint64             `json:"asked"`
		Answered uint64             `json:"answered"`
		Exact    uint64             `json:"exact"`
		Inexact  uint64             `json:"inexact"`
		Late     uint64             `json:"late"`
		Unopened uint64             `json:"unopened"`
		Weight   uint64             `json:"weight"`
		Final    bool               `json:"final"`
		Tasks    []protocol.TaskID  `json:"tasks"`
	}
)

// sum returns what the supply consists of.
func (s *supply) sum() (protocol.Amount, error) {
	total := protocol.Amount(0)
	for _, a := range []protocol.Amount{s.Balances, s.Stakes, s.Unbonding, s.Coll, s.Pot, s.Burned} {
		t, err := total.Add(a)
		if err != nil {
			return 0, err
		}
		total = t
	}
	return total, nil
}
