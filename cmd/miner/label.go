package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/status"
	"github.com/assaynet/assay/miner/label"
	"github.com/assaynet/assay/protocol"
)

func labelCommand() *cli.Command {
	return &cli.Command{
		Name:  "label",
		Usage: "print the address of the page on which a person compares responses",
		Description: `Where seat.kinds has a kind that people answer, the running miner serves a
page: a prompt, two responses side by side, and five keys. What is chosen there
is kept on the miner's disk at once, can be taken back until the round is
sealed, and is what the miner answers.

This prints the page's address; open it in a browser of this machine. The text
behind the # is a secret, and a browser sends it to nobody: who has it rates in
this miner's name. It is in HOME/label.token; to have another, remove that file
and start the miner again.

The page listens on loopback. For a phone or another machine, say where and by
which name: label.listen (--label-listen 0.0.0.0:9672) and label.hosts
(--label-host 192.168.1.5) of "miner run". That line is not encrypted.

It exits with 1 when the miner does not run or serves no page.`,
		Flags: []cli.Flag{
			config.HomeFlag(config.Miner),
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object", DisableDefaultText: true},
		},
		Action: showLabel,
	}
}

// desk is what the page says of itself, as far as it is told here.
type desk struct {
	Open  int         `json:"open"`
	Rated int         `json:"rated"`
	Facts label.Facts `json:"facts"`
	Item  *struct {
		Deadline protocol.Height `json:"deadline"`
		Expected time.Time       `json:"expected"`
	} `json:"item"`
}

// labelReport is the command's answer to programs.
type labelReport struct {
	Addresses []string        `json:"addresses"`
	Open      int             `json:"open"`  // pairs
	Rated     int             `json:"rated"` // pairs, in rounds that are not sealed
	Deadline  protocol.Height `json:"deadline,omitempty"`
	Expected  *time.Time      `json:"expected,omitempty"`
	Earned    protocol.Amount `json:"earned"`
	Epoch     protocol.Epoch  `json:"epoch"`
}

func showLabel(c *cli.Context) error {
	home, cfg, err := config.Load(c, config.Miner)
	if err != nil {
		return err
	}
	if _, err := status.Ask(c.Context, home, cfg); err != nil {
		return err
	}
	run, err := home.ReadRunning()
	if err != nil {
		return err
	}
	if run.Label == "" {
		return errors.New("the miner serves no label page: its seat offers no kind that people answer; set seat.kinds and start it again")
	}
	token, err := home.ReadToken()
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing; start the miner again, which makes another", home.LabelToken())
	}
	if err != nil {
		return err
	}
	d, err := askLabel(c.Context, run.Label, token)
	if err != nil {
		return err
	}
	r := labelReport{Addresses: labelAddresses(run.Label, cfg.Label.Hosts, token), Open: d.Open, Rated: d.Rated, Earned: d.Facts.Earned, Epoch: d.Facts.Epoch}
	if d.Item != nil {
		r.Deadline, r.Expected = d.Item.Deadline, &d.Item.Expected
	}
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(r)
	}
	return r.print(c.App.Writer, time.Now())
}

// labelAddresses returns what a person opens: on this machine, then on others.
func labelAddresses(at string, hosts []string, token string) []string {
	_, port, _ := net.SplitHostPort(at)
	list := []string{label.Address(strings.TrimPrefix(config.URL(at), "http://"), token)}
	for _, h := range hosts {
		list = append(list, label.Address(net.JoinHostPort(h, port), token))
	}
	return list
}

// print shows the report to a person.
func (r *labelReport) print(out io.Writer, now time.Time) error {
	var b strings.Builder
	b.WriteString("Open this in a browser; who has it rates in this miner's name:\n\n")
	for i, a := range r.Addresses {
		if i == 1 {
			b.WriteString("\non other machines:\n\n")
		}
		fmt.Fprintf(&b, "   %s\n", a)
	}
	b.WriteString("\n")
	switch {
	case r.Open > 0:
		fmt.Fprintf(&b, "%d of %d pairs left, sealed at block %d, in about %s\n", r.Open, r.Open+r.Rated, r.Deadline, max(0, r.Expected.Sub(now)).Round(time.Minute))
	case r.Rated > 0:
		fmt.Fprintf(&b, "all %d pairs are rated\n", r.Rated)
	default:
		b.WriteString("no pairs to compare yet; they come with the next round that asks the seat\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

const (
	labelPatience = 15 * time.Second
	// maxDesk bounds what is read of the page's answer: three texts, of which JSON
	// writes each byte as six at most, twice where it is torn into runs.
	maxDesk = 12*3*label.MaxText + 1<<20
)

// askLabel asks the page at HOST:PORT what is on its desk.
func askLabel(ctx context.Context, at, token string) (*desk, error) {
	ctx, cancel := context.WithTimeout(ctx, labelPatience)
	defer cancel()
	url := config.URL(at)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/desk", nil)
	if err != nil {
		return nil, fmt.Errorf("ask the label page at %s: %w", url, err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the label page does not answer: %w; look at the miner's log", err)
	}
	defer func() { _ = resp.Body.Close() }()
	var d desk
	switch body, err := io.ReadAll(io.LimitReader(resp.Body, maxDesk)); {
	case resp.StatusCode == http.StatusUnauthorized:
		return nil, errors.New("the label page has another token than label.token: that file was changed while the miner ran; start it again")
	case err != nil:
		return nil, fmt.Errorf("the label page at %s: %w", url, err)
	case resp.StatusCode != http.StatusOK || json.Unmarshal(body, &d) != nil:
		return nil, fmt.Errorf("what answers at %s (%s) is no label page; look at label.listen", url, resp.Status)
	}
	return &d, nil
}
