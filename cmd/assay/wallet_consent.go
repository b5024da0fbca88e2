package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/wire"
)

// agreement is a key's consent. Its text is ADDRESS:UNTIL:SIGNATURE.
type agreement struct {
	key protocol.PublicKey
	wire.Consent
}

func (a *agreement) String() string {
	return fmt.Sprintf("%s:%d:%s", a.key, a.Until, a.Sig)
}

var errConsentText = errors.New("want ADDRESS:BLOCK:SIGNATURE")

func parseConsent(s string) (*agreement, error) {
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return nil, errConsentText
	}
	var a agreement
	var err error
	if a.key, err = protocol.ParseAddress(parts[0]); err != nil {
		return nil, fmt.Errorf("%w: %w", errConsentText, err)
	}
	until, err := strconv.ParseUint(parts[1], 10, 64)
	if err != nil {
		return nil, errConsentText
	}
	a.Until = protocol.Height(until)
	if err := a.Sig.UnmarshalText([]byte(parts[2])); err != nil {
		return nil, fmt.Errorf("%w: %w", errConsentText, err)
	}
	return &a, nil
}

func walletConsentCommand() *cli.Command {
	return &cli.Command{
		Name:  "consent",
		Usage: "have a key agree to work for a coldkey",
		Description: `Signs with the hotkey that it works for a coldkey, and prints what assay tx
register and swap-hotkey take by --consent, on the machine where the coldkey is.
Without it nobody gets a seat for the hotkey, nor what it earns. With --swap and the name of
a new coldkey it prints what assay tx swap-coldkey takes: that this key signs for
all that is the coldkey's, in its place. Neither text serves as the other.

   assay wallet consent --coldkey ADDRESS
   assay wallet consent --swap --key NEW --coldkey ADDRESS

Of a coldkey that took another's place, ADDRESS is the owner's, as assay account
shows it. A node says what chain it is and how far; without one, give --chain, as
"chain" has it in /v1/status, and --until.`,
		Flags: append(append(append(append(keyflags.Dir(), keyflags.Passphrase()...), nodeFlags()...),
			addressFlag("coldkey", "`ADDRESS` of the coldkey that the key works for, or signs for")),
			&cli.StringFlag{Name: "key", Value: string(keystore.Hotkey), Usage: "`NAME` of the key that agrees"},
			&cli.BoolFlag{Name: "swap", Usage: "agree to sign for the coldkey in its place, for tx swap-coldkey", DisableDefaultText: true},
			&cli.StringFlag{Name: "chain", Usage: "chain `ID` with the whole hash of its genesis, where no node is asked"},
			&cli.Uint64Flag{Name: "until", Usage: "last `BLOCK` that may use it, at most 524,288 after the one that does", DefaultText: "43,200 blocks from now, about a day"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object: key, coldkey, chain, until, consent", DisableDefaultText: true},
		),
		Action: walletConsent,
	}
}

// dayBlocks is how many blocks there are in a day, about.
const dayBlocks = 43200

// consented is what is printed as JSON.
type consented struct {
	Key     protocol.PublicKey `json:"key"`
	Coldkey protocol.PublicKey `json:"coldkey"`
	Chain   string             `json:"chain"`
	Until   protocol.Height    `json:"until"`
	Consent string             `json:"consent"`
}

func walletConsent(c *cli.Context) error {
	coldkey, err := address(c, "coldkey")
	if err != nil {
		return err
	}
	chain, until := c.String("chain"), protocol.Height(c.Uint64("until"))
	if chain == "" || until == 0 {
		n, err := nodeOf(c)
		if err != nil {
			return err
		}
		var st api.Status
		if err := n.get(c.Context, "/v1/status", &st); err != nil {
			return withHint(err, "or give --chain and --until, and none is asked")
		}
		if chain != "" && chain != st.Chain {
			return fmt.Errorf("%s is a node of %s, not of --chain %s", n.url, abridge(st.Chain), abridge(chain))
		}
		chain = st.Chain
		if until == 0 {
			until = st.Height + dayBlocks
		}
	}
	if protocol.ShortChainID(chain) == chain {
		return fmt.Errorf("--chain %q is no chain id with the whole hash of a genesis; \"chain\" of /v1/status is", abridge(chain))
	}
	keys, err := keyflags.Open(c, 0)
	if err != nil {
		return err
	}
	if _, err := keys.Public(c.String("key")); err != nil {
		return keyflags.Hint(err)
	}
	k, err := openKey(c, keys, c.String("key"), c.String("passphrase-file"))
	if err != nil {
		return err
	}
	defer k.Wipe()
	use := wire.DomainConsent
	if c.Bool("swap") {
		use = wire.DomainSwap
	}
	consent, err := wire.NewConsent(k, use, chain, coldkey, until)
	if err != nil {
		return err
	}
	a := agreement{key: k.PublicKey(), Consent: consent}
	if c.Bool("json") {
		return printJSON(c, consented{a.key, coldkey, chain, until, a.String()})
	}
	_, err = fmt.Fprintln(c.App.Writer, a.String())
	return err
}
