package devnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/assaynet/assay/cmd/process"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// What the story asks for: more than is made, so that money goes back.
const asked = `{"topic": "lighthouses and their keepers", "count": 8, "price": "1", "maximum": "8", "deadline": 24}`

// made are the records that are made for it. The third is the first with another
// name and number: to the gates they are one.
const made = `{"text": "Oskar climbed 214 steps each evening to trim the wick, and wrote down every ship that answered with her lamp."}
{"text": "Fog rolled over the harbour before noon, so the keeper rang a bronze bell until his wife brought soup and dry gloves."}
{"text": "Miriam climbed 98 steps each evening to trim the wick, and wrote down every ship that answered with her lamp."}
{"text": "Nobody had lit this tower since the war, yet gulls still circled it whenever storms pushed herring towards the rocks."}
`

const (
	madeRecords = 4
	paidRecords = 3
)

// purchase is a request for records of synthetic data on its way.
type purchase struct {
	id   protocol.Hash
	quit context.CancelFunc // of who makes the records
	made <-chan error       // what became of them, when the request has ended
	err  error
	over bool
}

// ask has one miner's owner ask for records, and another's make them, with
// `assay dataset request` and `assay dataset make`.
func (n *network) ask(ctx context.Context, say *teller) (*purchase, error) {
	var files [2]string
	for i, text := range []string{asked, made} {
		files[i] = filepath.Join(n.dir, []string{"asked.json", "made.jsonl"}[i])
		if err := os.WriteFile(files[i], []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	out, err := n.dataset(ctx, n.miners[0], "request", "--spec", files[0])
	if err != nil {
		return nil, err
	}
	var got struct{ Request protocol.Hash }
	if err := json.Unmarshal(out, &got); err != nil {
		return nil, fmt.Errorf("read the answer to a request: %w", err)
	}
	say.printf("request    the owner of %s asks for records with assay dataset request, that of %s makes %d, one of them a copy", n.miners[0].name, n.miners[1].name, madeRecords)
	ctx, quit := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		_, err := n.dataset(ctx, n.miners[1], "make", "--request", got.Request.String(), "--records", files[1])
		ended <- err
	}()
	return &purchase{id: got.Request, quit: quit, made: ended}, nil
}

// dataset runs a command that signs as the owner of an actor.
func (n *network) dataset(ctx context.Context, a *actor, command string, args ...string) ([]byte, error) {
	return process.Call(ctx, n.bin.assay, append([]string{
		"dataset", command, "--node", n.validators[0].api.url, "--keys", filepath.Join(a.home, "keys"), "--insecure-no-passphrase", "--json", "--yes",
	}, args...)...)
}

// hasEnded reports whether whoever makes the records has seen the request end.
func (p *purchase) hasEnded() bool {
	if p == nil || p.over {
		return p != nil
	}
	select {
	case p.err = <-p.made:
		p.over = true
	default:
	}
	return p.over
}

// stop ends who makes the records, and waits for it.
func (p *purchase) stop() {
	if p == nil {
		return
	}
	p.quit()
	if !p.over {
		p.err, p.over = <-p.made, true
	}
}

// check checks that the validators agreed on what passes the gates, that the ledger
// paid it, and that the rest went back.
func (p *purchase) check(ctx context.Context, n *network, say *teller) error {
	if !p.hasEnded() {
		return errors.New("a request for records has not ended")
	}
	if p.err != nil {
		return fmt.Errorf("records for a request: %w", p.err)
	}
	var r api.Request
	if err := n.validators[0].api.get(ctx, "/v1/requests/"+p.id.String(), &r); err != nil {
		return err
	}
	if r.Opened != madeRecords || r.PaidRecords != paidRecords || r.Paid != paidRecords*r.Price || r.Escrow != 0 {
		return fmt.Errorf("of %d records %d were opened and %d paid, %s in all, %s is left in escrow; want %d, %d, %s and nothing",
			madeRecords, r.Opened, r.PaidRecords, r.Paid, r.Escrow, madeRecords, paidRecords, paidRecords*r.Price)
	}
	say.printf("request    ended at block %d: %d of %d records passed the gates, %s paid, %s went back", r.Ended, r.PaidRecords, r.Opened, r.Paid, r.Maximum-r.Paid)
	return nil
}
