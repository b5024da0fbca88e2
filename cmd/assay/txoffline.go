package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// Money that is kept offline is moved in three steps: tx prepare writes, on a
// machine with a node, what signing needs of the network; tx … --sign-only signs on
// the machine that has the key, and asks nobody; tx send gives it to a node.

// The forms of the two files.
const (
	preparedFormat = "assay-prepared/1"
	signedFormat   = "assay-tx/1"
	// maxPrepared bounds the first: each account has two lists of stakes, of a
	// thousand at most.
	maxPrepared = 16 << 20
	// maxSigned bounds the second: a transaction in hex.
	maxSigned = 2*wire.MaxTxBytes + 4096
)

// prepared is what signing needs of a network: the answers of a node.
type prepared struct {
	Format   string        `json:"format"`
	Status   api.Status    `json:"status"`
	Network  api.Network   `json:"network"`
	Accounts []api.Account `json:"accounts"`
}

// signed is a transaction in a file. Tx is its bytes, which say everything; the
// fields before it are for people, and must agree.
type signed struct {
	Format  string             `json:"format"`
	ChainID string             `json:"chain_id"`
	Chain   string             `json:"chain"`
	Hash    protocol.Hash      `json:"hash"`
	Type    string             `json:"type"`
	Signer  protocol.PublicKey `json:"signer"`
	Nonce   uint64             `json:"nonce"`
	Fee     protocol.Amount    `json:"fee"`
	Tx      string             `json:"tx"`
}

func txPrepareCommand() *cli.Command {
	return &cli.Command{
		Name:  "prepare",
		Usage: "write what signing on a machine without network needs",
		Description: `Asks a node for the chain, the prices and the nonce of the account that will sign,
and writes them to standard output. Then, where the key is:

   assay tx transfer --to ADDRESS --amount 5 --prepared prepared.json --sign-only > tx.json

and here again:

   assay tx send tx.json

The nonce is that of the next transaction: sign one with each file, or count on with
--nonce. Each other account whose stake or owner the transaction is about needs an
--account, too.`,
		Flags: append(queryFlags(),
			&cli.StringSliceFlag{Name: "account", Usage: "`ADDRESS` of the coldkey that will sign; may be repeated"},
		),
		Action: prepareTx,
	}
}

func prepareTx(c *cli.Context) error {
	if _, err := arguments(c, 0, "no argument"); err != nil {
		return err
	}
	if len(c.StringSlice("account")) == 0 {
		return usage.Mistake(withHint(errors.New("tx prepare needs --account ADDRESS"), "assay wallet show prints it where the key is"))
	}
	return withNode(c, func(n *client) error {
		p := prepared{Format: preparedFormat}
		if err := n.get(c.Context, "/v1/status", &p.Status); err != nil {
			return err
		}
		if err := n.get(c.Context, "/v1/network", &p.Network); err != nil {
			return err
		}
		for _, address := range c.StringSlice("account") {
			k, err := protocol.ParseAddress(address)
			if err != nil {
				return withHint(fmt.Errorf("--account %q: %w", abridge(address), err), "an address begins with assay1")
			}
			var a api.Account
			if err := n.get(c.Context, "/v1/accounts/"+k.String(), &a); err != nil {
				return err
			}
			p.Accounts = append(p.Accounts, a)
		}
		return printJSON(c, &p)
	})
}

// parsePrepared reads the file of tx prepare.
func parsePrepared(b []byte) (*prepared, error) {
	p := &prepared{}
	if err := json.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("it is no file of assay tx prepare: %w", err)
	}
	if p.Format != preparedFormat {
		return nil, fmt.Errorf("its format is %.40q, not %q", p.Format, preparedFormat)
	}
	return p, nil
}

// client answers, without a node, what is in the file.
func (p *prepared) client() *client {
	return &client{url: "http://localhost", http: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var v any
		switch path := r.URL.Path; path {
		case "/v1/status":
			v = &p.Status
		case "/v1/network":
			v = &p.Network
		default:
			for i := range p.Accounts {
				if path == "/v1/accounts/"+p.Accounts[i].Address.String() {
					v = &p.Accounts[i]
				}
			}
		}
		if v == nil {
			w.WriteHeader(http.StatusNotFound)
			v = &api.Problem{
				Type: "urn:assay:problem:not-found", Title: "There is no such thing", Status: http.StatusNotFound,
				Detail: "the prepared file does not have " + r.URL.Path, Hint: "give the account to assay tx prepare by --account",
			}
		}
		_ = json.NewEncoder(w).Encode(v) // into memory
	})}
}

// txNode is the node that a transaction is made for: the one of --node, or what
// --prepared has of it.
func txNode(c *cli.Context) (*client, error) {
	path := c.String("prepared")
	if path == "" {
		return nodeOf(c)
	}
	if !c.Bool("sign-only") {
		return nil, usage.Mistake(withHint(errors.New("--prepared is for signing without a node"), "give --sign-only, too; assay tx send sends what it prints"))
	}
	b, err := readInput(c, path, "a file of assay tx prepare", maxPrepared)
	if err != nil {
		return nil, err
	}
	p, err := parsePrepared(b)
	if err != nil {
		return nil, withHint(fmt.Errorf("--prepared %s: %w", path, err), "make one: assay tx prepare --account ADDRESS > prepared.json")
	}
	return p.client(), nil
}

// signOnly prints a signed transaction, and sends nothing.
func (s *sender) signOnly() error {
	tx, err := s.sign(s.c.Context)
	if err != nil {
		return err
	}
	if s.c.IsSet("nonce") {
		tx, err = wire.NewTx(s.key, s.chain, s.c.Uint64("nonce"), tx.Fee, s.body)
		if err != nil {
			return err
		}
	}
	return printJSON(s.c, &signed{
		Format: signedFormat, ChainID: protocol.ShortChainID(s.chain), Chain: s.chain, Hash: tx.Hash(), Type: tx.Type.String(),
		Signer: tx.Signer, Nonce: tx.Nonce, Fee: tx.Fee, Tx: hex.EncodeToString(wire.Encode(tx)),
	})
}

// parseSigned reads the file of --sign-only, whose bytes must be what it says.
func parseSigned(b []byte) (*wire.Tx, wire.Body, *signed, error) {
	f := &signed{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return nil, nil, nil, fmt.Errorf("it is no file of --sign-only: %w", err)
	}
	if f.Format != signedFormat {
		return nil, nil, nil, fmt.Errorf("its format is %.40q, not %q", f.Format, signedFormat)
	}
	raw, err := hex.DecodeString(f.Tx)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("its tx is not in hex: %w", err)
	}
	tx, body, err := wire.DecodeTx(raw, f.Chain)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("its tx: %w", err)
	}
	if tx.Hash() != f.Hash || tx.Signer != f.Signer || tx.Nonce != f.Nonce || tx.Fee != f.Fee || tx.Type.String() != f.Type || protocol.ShortChainID(f.Chain) != f.ChainID {
		return nil, nil, nil, errors.New("its tx is not what the file says of it")
	}
	return tx, body, f, nil
}

func txSendCommand() *cli.Command {
	return &cli.Command{
		Name: "send", ArgsUsage: "FILE",
		Usage: "send a transaction that --sign-only signed",
		Description: `Looks whether the file is what it says, for this network, sends it, and waits for a
block. On a terminal it says what it is, and asks; elsewhere it wants --yes. The same
file can be sent twice and counts once. - reads standard input, with --yes.`,
		Flags: append(nodeFlags(),
			yesFlag(),
			&cli.BoolFlag{Name: "no-wait", Usage: "do not wait for a block", DisableDefaultText: true},
			timeoutFlag(),
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object", DisableDefaultText: true},
		),
		Action: sendSigned,
	}
}

func sendSigned(c *cli.Context) error {
	args, err := arguments(c, 1, "one FILE")
	if err != nil {
		return err
	}
	b, err := readInput(c, args[0], "a file of --sign-only", maxSigned)
	if err != nil {
		return err
	}
	tx, body, f, err := parseSigned(b)
	if err != nil {
		return withHint(fmt.Errorf("%s: %w", abridge(args[0]), err), "make it again with --sign-only; nothing was sent")
	}
	n, err := nodeOf(c)
	if err != nil {
		return err
	}
	var st api.Status
	if err := n.get(c.Context, "/v1/status", &st); err != nil {
		return err
	}
	if st.Chain != f.Chain {
		return withHint(fmt.Errorf("the transaction is for %s, and %s is a node of %q; nothing was sent", f.ChainID, n.url, abridge(st.ChainID)), "look at --node")
	}
	if err := agree(c, summary(f.ChainID, body, tx.Signer, tx.Fee)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Context, c.Duration("timeout"))
	defer cancel()
	if _, err := offerTx(ctx, n, tx); err != nil {
		return sentHint(tx, err)
	}
	return settle(c, n, tx, body)
}

// sentHint says what to do about a file that was not taken.
func sentHint(tx *wire.Tx, err error) error {
	err = fmt.Errorf("send transaction %s: %w", tx.Hash(), err)
	switch kindOf(err) {
	case api.ProblemNonceTaken, api.ProblemNoncePassed:
		return withHint(err, "if it is not this one (assay tx show), sign again with a new file of assay tx prepare")
	case api.ProblemNonceAhead:
		return withHint(err, "send those with lower nonces first")
	}
	return err
}

// summary says where a transaction is for, what it does, who pays, and what.
func summary(chainID string, body wire.Body, signer protocol.PublicKey, fee protocol.Amount) []pair {
	out := []pair{{"network", chainID}, {"transaction", body.Type().String()}}
	add := func(name string, value fmt.Stringer) { out = append(out, pair{name, value.String()}) }
	amount := func(a protocol.Amount) {
		if a == 0 {
			out = append(out, pair{"amount", allOfIt})
			return
		}
		add("amount", a)
	}
	switch b := body.(type) {
	case *wire.Transfer:
		add("to", b.To)
		amount(b.Amount)
	case *wire.Register:
		add("hotkey", b.Hotkey)
		out = append(out, pair{"price of the seat", "at most " + b.MaxPrice.String() + ", burned"})
	case *wire.AddStake:
		add("on hotkey", b.Hotkey)
		amount(b.Amount)
	case *wire.RemoveStake:
		add("from hotkey", b.Hotkey)
		amount(b.Amount)
	case *wire.AddCollateral:
		add("of hotkey", b.Hotkey)
		amount(b.Amount)
	case *wire.TakeCollateral:
		add("of hotkey", b.Hotkey)
		amount(b.Amount)
	case *wire.Request:
		add("into escrow", b.Maximum)
		out = append(out, pair{"besides", "a thirty-second of that or more, half of it burned"})
	case *wire.SwapColdkey:
		add("new coldkey", b.To)
	case *wire.SwapHotkey:
		add("hotkey", b.Hotkey)
		add("new hotkey", b.To)
	}
	add("fee, burned", fee)
	add("signed by", signer)
	return out
}

// terms are what is about to be signed: for which network, and the most that it may
// burn as its fee. A node is asked more than once, and may answer otherwise: what
// is signed is bound by what was said first. No chain stands for any.
type terms struct {
	chain string
	most  protocol.Amount
}

// sumUp says on a terminal what is about to be signed, before the passphrase,
// and asks; what is signed for a file is said always.
func sumUp(c *cli.Context, n *client, body wire.Body) (*terms, error) {
	asked, err := asks(c)
	if err != nil {
		return nil, err
	}
	if !c.Bool("sign-only") && !asked {
		most, err := mostFee(c)
		return &terms{most: most}, err
	}
	t, err := termsOf(c, n, body)
	if err != nil {
		return nil, err
	}
	keys, err := keyflags.Open(c, 0)
	if err != nil {
		return nil, err
	}
	signer, err := keys.Public(c.String("key"))
	if err != nil {
		return nil, keyflags.Hint(err)
	}
	lines := summary(printable(protocol.ShortChainID(t.chain)), body, signer, t.most)
	if !asked {
		return t, printPairs(c.App.ErrWriter, lines)
	}
	return t, agree(c, lines)
}

// termsOf are the network that the node says, and the fee: the least, or what --fee
// says. Errors: [errFee].
func termsOf(c *cli.Context, n *client, body wire.Body) (*terms, error) {
	var st api.Status
	if err := n.get(c.Context, "/v1/status", &st); err != nil {
		return nil, err
	}
	var costs api.Network
	if err := n.get(c.Context, "/v1/network", &costs); err != nil {
		return nil, err
	}
	given, err := feeFlag(c)
	if err != nil {
		return nil, err
	}
	most, err := mostFee(c)
	if err != nil {
		return nil, err
	}
	fees := feesOf(&costs)
	fee := max(given, ledger.LeastFee(&fees, st.Chain, body))
	return &terms{st.Chain, fee}, checkFee(fee, most)
}

// settle waits for the outcome of a transaction that was sent, and prints it.
func settle(c *cli.Context, n *client, tx *wire.Tx, body wire.Body) error {
	if c.Bool("no-wait") {
		return printSent(c, tx)
	}
	res, err := awaitTx(c, n, tx)
	if err != nil {
		return errors.Join(err, printSent(c, tx))
	}
	out := outcome{TxResult: res}
	if r, ok := body.(*wire.Register); ok && res.OK {
		out.UID = uidOf(c.Context, n, r.Hotkey)
		if out.UID != nil {
			note(c, "the seat has uid %d", *out.UID)
		}
	}
	if c.Bool("json") {
		err = printJSON(c, &out)
	} else {
		_, err = fmt.Fprintln(c.App.Writer, res.Hash)
	}
	if err == nil && !res.OK {
		return fmt.Errorf("the ledger refused the transaction in block %d, and kept the fee: %s", res.Height, res.Error)
	}
	return err
}

// outcome is what --json prints: the result, and of a registration its seat.
type outcome struct {
	*api.TxResult
	UID *protocol.UID `json:"uid,omitempty"`
}

// uidOf returns the uid of a hotkey's seat, nil where that is not known.
func uidOf(ctx context.Context, n *client, hotkey protocol.PublicKey) *protocol.UID {
	var a api.Account
	if err := n.get(ctx, "/v1/accounts/"+hotkey.String(), &a); err != nil {
		return nil // what was asked for is done
	}
	return a.Seat
}

// offlineHelp is a part of each transaction's help.
var offlineHelp = strings.TrimSpace(`
On a terminal it says what it is about to sign, and asks; --yes does not, and must be
given where there is no terminal. --sign-only prints the signed transaction and sends
nothing; with --prepared it asks no node, for a machine without network: see assay tx
prepare.`) + "\n\n"
