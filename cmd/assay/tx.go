package main

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/wire"
)

func txCommand() *cli.Command {
	return &cli.Command{
		Name:  "tx",
		Usage: "send transactions that a coldkey signs, and some that a hotkey does",
		Description: `Signs a transaction with the coldkey of the key directory, sends it to a node,
and waits until it is in a block. Amounts are tokens, exact decimals such as
12.5, with at most nine digits after the point. Each transaction costs a fee for
its bytes and for the work that it makes, at least; assay network shows the
prices, and what an account must keep.

   assay tx transfer --to ADDRESS --amount 12.5
   assay tx register --hotkey ADDRESS --consent TEXT
   assay tx stake --hotkey ADDRESS --amount 100
   assay tx unstake --hotkey ADDRESS --amount 100|all
   assay tx collateral --hotkey ADDRESS --amount 10
   assay tx leaked-link --seat UID --registered HEIGHT --epoch E --link HASH [--seal]
   assay tx challenge --receipt FILE [--judge UID]
   assay tx appeal --round ROUND --seat UID --slot SLOT [--accused UID]
   assay tx payout --hotkey ADDRESS --to ADDRESS
   assay tx commission --hotkey ADDRESS --percent 12.5
   assay tx swap-coldkey --new-key NAME
   assay tx swap-hotkey --hotkey ADDRESS --new-key NAME
   assay tx stop-swap --to ADDRESS [--hotkey ADDRESS]
   assay tx keep-hotkey
   assay tx unjail

   assay tx prepare --account ADDRESS        for a machine without network
   assay tx send FILE
   assay tx show HASH

Each command makes one transaction of its own: two equal payments are two, also
where the first still waits for a block. Commands with one key wait for each
other. Once a transaction was sent, standard output has its hash; progress goes
to standard error. It exits with 1 if the ledger refuses the transaction, and
not with 0 if it stopped waiting, by Ctrl-C or --timeout, for one that may come.`,
		Subcommands: append(usage.WithoutArguments([]*cli.Command{
			txSending("transfer", "move tokens to another account", transferBody,
				addressFlag("to", "`ADDRESS` that gets the tokens"), amountFlag("`TOKENS` to move")),
			txSending("register", "buy a seat for a hotkey", registerBody,
				addressFlag("hotkey", "`ADDRESS` of the miner's or validator's hotkey (default: that of the hotkey in the key directory)"),
				&cli.StringFlag{Name: "hotkey-name", Value: string(keystore.Hotkey), Usage: "`NAME` of the hotkey in the key directory, which consents"},
				&cli.StringFlag{Name: "hotkey-passphrase-file", Usage: "`FILE` whose first line is the hotkey's passphrase, if it is not the coldkey's"},
				&cli.StringFlag{Name: "consent", Usage: "`TEXT` that assay wallet consent printed where the hotkey is"},
				&cli.StringFlag{Name: "max-price", Usage: "the most `TOKENS` that the seat may cost; they are burned (default: twice what it costs now)"}),
			alias("delegate", txSending("stake", "stake tokens on a hotkey, one's own or another's", stakeBody,
				addressFlag("hotkey", "`ADDRESS` of the hotkey"), amountFlag("`TOKENS` to stake"))),
			alias("undelegate", txSending("unstake", "take back stake, which is in the balance after the unbonding time", unstakeBody,
				addressFlag("hotkey", "`ADDRESS` of the hotkey"), amountFlag("`TOKENS` to take back, or all that the shares are worth"))),
			txSending("collateral", "put up what bounds how much a seat is asked, or take it back", collateralBody,
				addressFlag("hotkey", "`ADDRESS` of the seat's hotkey"), amountFlag("`TOKENS` to put up; with --back to take back, or all of them"),
				&cli.BoolFlag{Name: "back", Usage: "take it back; it is in the balance after the unbonding time", DisableDefaultText: true}),
			txSending("leaked-link", "show a link of plants that is to be secret yet", leakedLinkBody,
				&cli.UintFlag{Name: "seat", Usage: "`UID` of the seat whose link it is"},
				&cli.Uint64Flag{Name: "registered", Usage: "`HEIGHT` at which that seat was registered; assay miners shows it"},
				&cli.Uint64Flag{Name: "epoch", Usage: "`EPOCH` that the link serves"},
				&cli.StringFlag{Name: "link", Usage: "the link, `HASH` in hex"},
				&cli.BoolFlag{Name: "seal", Usage: "do not show it yet, but seal that this key knows it", DisableDefaultText: true}),
			txSending("challenge", "say that an answer, or a judge's card, is false", challengeBody,
				&cli.StringFlag{Name: "receipt", Usage: "`FILE` with the receipt of the answer, as assay receipt writes it; - for standard input"},
				&cli.UintFlag{Name: "judge", Usage: "`UID` of the judge whose card in it is false", DefaultText: "the answer is"}),
			txSending("appeal", "have a verdict against a seat of this key looked at once more", appealBody, caseFlags()...),
		}), append(usage.WithoutArguments(keyCommands()), txPrepareCommand(), txSendCommand(), txShowCommand())...),
	}
}

// timeoutFlag is how long a block is waited for.
func timeoutFlag() cli.Flag {
	return &cli.DurationFlag{Name: "timeout", Value: 2 * time.Minute, Usage: "wait for a block at most this `LONG`"}
}

// alias gives a command a second name.
func alias(name string, c *cli.Command) *cli.Command {
	c.Aliases = []string{name}
	return c
}

func addressFlag(name, usage string) cli.Flag { return &cli.StringFlag{Name: name, Usage: usage} }

func amountFlag(usage string) cli.Flag { return &cli.StringFlag{Name: "amount", Usage: usage} }

// bodyFunc makes the body of a transaction from the flags.
type bodyFunc func(*cli.Context, *client) (wire.Body, error)

func txSending(name, usage string, body bodyFunc, flags ...cli.Flag) *cli.Command {
	flags = append(flags,
		&cli.StringFlag{Name: "key", Value: string(keystore.Coldkey), Usage: "`NAME` of the key that signs and pays"},
		&cli.StringFlag{Name: "chain-id", Usage: "refuse a node of another network than `ID`"},
		&cli.StringFlag{Name: "fee", Usage: "burn so many `TOKENS` for it: who pays more is first where blocks are full (default: the least)"},
		&cli.StringFlag{Name: "max-fee", Value: maxFee.String(), Usage: "sign nothing that burns more than so many `TOKENS` by the prices that a node says; a greater --fee is meant"},
		&cli.BoolFlag{Name: "no-wait", Usage: "do not wait for a block", DisableDefaultText: true},
		timeoutFlag(),
		yesFlag(),
		&cli.BoolFlag{Name: "sign-only", Usage: "print the signed transaction, and send nothing", DisableDefaultText: true},
		&cli.StringFlag{Name: "prepared", Usage: "with --sign-only: ask no node, but `FILE`, which assay tx prepare wrote"},
		&cli.Uint64Flag{Name: "nonce", Usage: "with --sign-only: sign with nonce `N`", DefaultText: "the next"},
		&cli.BoolFlag{Name: "json", Usage: "print one JSON object: hash, and what /v1/txs/{hash} has once it is in a block", DisableDefaultText: true},
	)
	flags = append(append(append(flags, nodeFlags()...), keyflags.Dir()...), keyflags.Passphrase()...)
	return &cli.Command{
		Name: name, Usage: usage, Flags: flags,
		Description: txAbout(name) + offlineHelp + "Signs, sends, and waits for a block. Amounts are tokens, exact decimals. The\npassphrase is asked for; a program gives it by --passphrase-file or in the\nvariable " + keystore.EnvPassphrase + ".",
		Action:      func(c *cli.Context) error { return sendTx(c, body) },
	}
}

// address reads a flag that must hold an address.
func address(c *cli.Context, name string) (protocol.PublicKey, error) {
	s := c.String(name)
	if s == "" {
		return protocol.PublicKey{}, fmt.Errorf("%s needs --%s ADDRESS; assay wallet show prints those of your keys", usage.Name(c), name)
	}
	k, err := protocol.ParseAddress(s)
	if err != nil {
		return k, withHint(fmt.Errorf("--%s %q: %w", name, abridge(s), err), "an address begins with assay1")
	}
	return k, nil
}

// amount reads --amount, which must not be zero.
func amount(c *cli.Context) (protocol.Amount, error) {
	s := c.String("amount")
	if s == "" {
		return 0, fmt.Errorf("%s needs --amount TOKENS", usage.Name(c))
	}
	a, err := protocol.ParseAmount(s)
	if err != nil {
		return 0, fmt.Errorf("--amount: %w", err)
	}
	if a == 0 {
		return 0, fmt.Errorf("--amount is zero")
	}
	return a, nil
}

func transferBody(c *cli.Context, _ *client) (wire.Body, error) {
	to, err := address(c, "to")
	if err != nil {
		return nil, err
	}
	a, err := amount(c)
	return &wire.Transfer{To: to, Amount: a}, err
}

func stakeBody(c *cli.Context, _ *client) (wire.Body, error) {
	hotkey, err := address(c, "hotkey")
	if err != nil {
		return nil, err
	}
	a, err := amount(c)
	return &wire.AddStake{Hotkey: hotkey, Amount: a}, err
}

// allOfIt stands for the amount of a stake, which grows by what it earns.
const allOfIt = "all"

func unstakeBody(c *cli.Context, _ *client) (wire.Body, error) {
	hotkey, err := address(c, "hotkey")
	if err != nil {
		return nil, err
	}
	if c.String("amount") == allOfIt {
		return &wire.RemoveStake{Hotkey: hotkey}, nil
	}
	a, err := amount(c)
	return &wire.RemoveStake{Hotkey: hotkey, Amount: a}, err
}

// collateralBody puts collateral up, or takes it back.
func collateralBody(c *cli.Context, _ *client) (wire.Body, error) {
	hotkey, err := address(c, "hotkey")
	if err != nil {
		return nil, err
	}
	back := c.Bool("back")
	if back && c.String("amount") == allOfIt {
		return &wire.TakeCollateral{Hotkey: hotkey}, nil
	}
	a, err := amount(c)
	if back {
		return &wire.TakeCollateral{Hotkey: hotkey, Amount: a}, err
	}
	return &wire.AddCollateral{Hotkey: hotkey, Amount: a}, err
}

// leakedLinkBody shows a link of a seat.
func leakedLinkBody(c *cli.Context, _ *client) (wire.Body, error) {
	for _, name := range []string{"seat", "registered", "epoch", "link"} {
		if !c.IsSet(name) {
			return nil, fmt.Errorf("%s needs --%s", usage.Name(c), name)
		}
	}
	link, err := protocol.ParseHash(c.String("link"))
	if err != nil {
		return nil, fmt.Errorf("--link: %w", err)
	}
	seat := protocol.SeatID{UID: protocol.UID(min(c.Uint("seat"), math.MaxUint16)), Registered: protocol.Height(c.Uint64("registered"))}
	leak := &wire.LeakedLink{Seat: seat, Epoch: protocol.Epoch(c.Uint64("epoch")), Link: link}
	if !c.Bool("seal") {
		return leak, nil
	}
	keys, err := keyflags.Open(c, 0)
	if err != nil {
		return nil, err
	}
	signer, err := keys.Public(c.String("key"))
	if err != nil {
		return nil, keyflags.Hint(err)
	}
	note(c, "when this is in a block, show the link: the same command without --seal")
	return &wire.SealLeak{Seal: leak.Seal(signer)}, nil
}

// sendTx signs and sends one transaction. Once one was sent, its hash is printed
// whatever becomes of it.
func sendTx(c *cli.Context, body bodyFunc) error {
	if c.IsSet("nonce") && !c.Bool("sign-only") {
		return usage.Mistake(withHint(errors.New("--nonce is for signing without a node"), "give --sign-only, too"))
	}
	n, err := txNode(c)
	if err != nil {
		return err
	}
	b, err := body(c, n)
	if err != nil {
		return err
	}
	t, err := sumUp(c, n, b)
	if err != nil {
		return err
	}
	s, err := newSender(c, n, b)
	if err != nil {
		return err
	}
	defer s.key.Wipe()
	if err := s.bind(t); err != nil {
		return err
	}
	if c.Bool("sign-only") {
		return s.signOnly()
	}
	tx, err := s.send()
	s.key.Wipe()
	if err != nil {
		return err
	}
	return settle(c, n, tx, b)
}

// printSent prints the hash of a transaction whose outcome is not known.
func printSent(c *cli.Context, tx *wire.Tx) error {
	if c.Bool("json") {
		return printJSON(c, api.Submitted{Hash: tx.Hash()})
	}
	_, err := fmt.Fprintln(c.App.Writer, tx.Hash())
	return err
}

// txShowCommand shows what became of a transaction.
func txShowCommand() *cli.Command {
	q := query{
		name: "show", path: "/v1/txs/", item: "TxResult", arg: "HASH",
		usage: "show what became of a transaction",
		about: `Shows the block that has a transaction, and what it did there. It is an error,
which says more, if no block has it: it waits, it was dropped, or the node does
not know of it. A node knows the outcomes of the last 200 blocks. That of a miner
has validators prove them: whether one was carried out, not which rule it broke.`,
		text: textOf(func(r *api.TxResult) []pair {
			outcome := "carried out"
			if !r.OK {
				outcome = "refused, and the fee is kept: " + r.Error
			}
			return []pair{
				{"transaction", r.Hash.String()},
				{"type", r.Type},
				{"signer", r.Signer.String()},
				{"block", num(r.Height)},
				{"outcome", outcome},
			}
		}),
	}
	return q.command()
}
