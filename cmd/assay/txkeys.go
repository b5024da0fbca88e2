package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// keyCommands change which keys stand for what.
func keyCommands() []*cli.Command {
	return []*cli.Command{
		txSending("swap-coldkey", "have a new coldkey sign for all that is this one's", swapBody,
			&cli.StringFlag{Name: "new-key", Usage: "`NAME` of the new coldkey in the key directory, which agrees"},
			&cli.StringFlag{Name: "new-passphrase-file", Usage: "`FILE` whose first line is the new coldkey's passphrase, if it is not the old one's"},
			&cli.StringFlag{Name: "consent", Usage: "`TEXT` that assay wallet consent --swap printed where the new coldkey is"}),
		txSending("swap-hotkey", "have a new hotkey work in a seat", swapHotkeyBody,
			addressFlag("hotkey", "`ADDRESS` of the seat's hotkey"),
			&cli.StringFlag{Name: "new-key", Usage: "`NAME` of the new hotkey in the key directory, which agrees"},
			&cli.StringFlag{Name: "new-passphrase-file", Usage: "`FILE` whose first line is the new hotkey's passphrase, if it is not the coldkey's"},
			&cli.StringFlag{Name: "consent", Usage: "`TEXT` that assay wallet consent printed where the new hotkey is"}),
		txSending("stop-swap", "stop a swap of the coldkey, or of a seat's hotkey, that waits", stopSwapBody,
			addressFlag("to", "`ADDRESS` of the key that shall not come; assay account shows it"),
			addressFlag("hotkey", "`ADDRESS` of the hotkey that stays, where a hotkey is swapped")),
		signedByHotkey(txSending("keep-hotkey", "have the hotkey itself stop its swap, once", keepHotkeyBody)),
		signedByHotkey(txSending("unjail", "have a validator that was jailed judge again", unjailBody)),
		txSending("payout", "say to whom a seat's pay for answers goes", payoutBody,
			addressFlag("hotkey", "`ADDRESS` of the seat's hotkey"),
			addressFlag("to", "`ADDRESS` that is paid (default: the coldkey again)")),
		txSending("commission", "say what part of a validator's dividends its owner takes", commissionBody,
			addressFlag("hotkey", "`ADDRESS` of the seat's hotkey"),
			&cli.StringFlag{Name: "percent", Usage: "what the owner takes, `PERCENT` with at most four decimals: 12.5"}),
	}
}

// swapBody announces a swap with the consent of the new key.
func swapBody(c *cli.Context, n *client) (wire.Body, error) {
	agreed, signer, err := successorOf(c, n, wire.DomainSwap)
	if err != nil {
		return nil, err
	}
	note(c, "until the swap is done, %s can stop it: assay tx stop-swap --to %s", signer, agreed.key)
	return &wire.SwapColdkey{To: agreed.key, Consent: agreed.Consent}, nil
}

// successorOf returns the consent of the key that comes in another's place, by the
// key of --key, which is the owner's, and that key.
func successorOf(c *cli.Context, n *client, use wire.Domain) (agreed *agreement, signer protocol.PublicKey, err error) {
	keys, err := keyflags.Open(c, 0)
	if err != nil {
		return nil, signer, err
	}
	if signer, err = keys.Public(c.String("key")); err != nil {
		return nil, signer, keyflags.Hint(err)
	}
	name, err := ownerOf(c, n, signer)
	if err != nil {
		return nil, signer, err
	}
	var st api.Status
	if err := n.get(c.Context, "/v1/status", &st); err != nil {
		return nil, signer, err
	}
	agreed, err = successor(c, keys, use, &st, name)
	return agreed, signer, err
}

// successor returns the consent of the key that comes in another's place: one of
// the key directory, or given as text.
func successor(c *cli.Context, keys *keystore.Store, use wire.Domain, st *api.Status, name protocol.PublicKey) (*agreement, error) {
	what, how := "hotkey", ""
	if use == wire.DomainSwap {
		what, how = "coldkey", " --swap"
	}
	text := c.String("consent")
	if (text == "") == (c.String("new-key") == "") {
		return nil, withHint(fmt.Errorf("the new %s must agree: give --new-key NAME or --consent TEXT", what),
			fmt.Sprintf("where it is, assay wallet consent%s --key NAME --coldkey %s prints the text", how, name))
	}
	if text != "" {
		return givenConsent(use, text, st, name)
	}
	k, err := openKey(c, keys, c.String("new-key"), c.String("new-passphrase-file"))
	if err != nil {
		return nil, err
	}
	defer k.Wipe()
	return ownConsent(k, use, st, name)
}

// swapHotkeyBody announces another hotkey of a seat.
func swapHotkeyBody(c *cli.Context, n *client) (wire.Body, error) {
	hotkey, err := address(c, "hotkey")
	if err != nil {
		return nil, err
	}
	agreed, _, err := successorOf(c, n, wire.DomainConsent)
	if err != nil {
		return nil, err
	}
	note(c, "until the swap is done it can be stopped: assay tx stop-swap --hotkey %s --to %s", hotkey, agreed.key)
	return &wire.SwapHotkey{Hotkey: hotkey, To: agreed.key, Consent: agreed.Consent}, nil
}

// keepHotkeyBody is the veto of the hotkey, against the swap that the node says to
// wait.
func keepHotkeyBody(c *cli.Context, n *client) (wire.Body, error) {
	keys, err := keyflags.Open(c, 0)
	if err != nil {
		return nil, err
	}
	hotkey, err := keys.Public(c.String("key"))
	if err != nil {
		return nil, keyflags.Hint(err)
	}
	var acc api.Account
	if err := n.get(c.Context, "/v1/accounts/"+hotkey.String(), &acc); err != nil {
		return nil, fmt.Errorf("ask for the swap of the hotkey: %w", err)
	}
	if acc.NextHotkey == nil {
		return nil, fmt.Errorf("no swap of the hotkey %s waits", hotkey)
	}
	note(c, "%s shall not be the hotkey from epoch %d on", *acc.NextHotkey, acc.NextHotkeyFrom)
	return &wire.KeepHotkey{From: acc.NextHotkeyFrom, To: *acc.NextHotkey}, nil
}

// unjailBody asks in the epoch of the next block.
func unjailBody(c *cli.Context, n *client) (wire.Body, error) {
	var st api.Status
	if err := n.get(c.Context, "/v1/status", &st); err != nil {
		return nil, err
	}
	var net api.Network
	if err := n.get(c.Context, "/v1/network", &net); err != nil {
		return nil, err
	}
	if net.Tempo == 0 {
		return nil, fmt.Errorf("the node says of no epoch how long it is")
	}
	return &wire.Unjail{Epoch: protocol.Epoch(uint64(st.Height+1) / net.Tempo)}, nil
}

// signedByHotkey has a command sign with the hotkey, where no other key is named.
func signedByHotkey(cmd *cli.Command) *cli.Command {
	for _, f := range cmd.Flags {
		if s, ok := f.(*cli.StringFlag); ok && s.Name == "key" {
			s.Value, s.Usage = string(keystore.Hotkey), "`NAME` of the hotkey that signs"
		}
	}
	return cmd
}

func stopSwapBody(c *cli.Context, _ *client) (wire.Body, error) {
	to, err := address(c, "to")
	if err != nil || c.String("hotkey") == "" {
		return &wire.StopSwap{To: to}, err
	}
	hotkey, err := address(c, "hotkey")
	return &wire.StopHotkeySwap{Hotkey: hotkey, To: to}, err
}

func payoutBody(c *cli.Context, _ *client) (wire.Body, error) {
	hotkey, err := address(c, "hotkey")
	if err != nil {
		return nil, err
	}
	var to protocol.PublicKey
	if c.String("to") != "" {
		if to, err = address(c, "to"); err != nil {
			return nil, err
		}
	}
	return &wire.SetPayout{Hotkey: hotkey, To: to}, nil
}

// commissionBody says what the owner of a seat takes.
func commissionBody(c *cli.Context, _ *client) (wire.Body, error) {
	hotkey, err := address(c, "hotkey")
	if err != nil {
		return nil, err
	}
	if !c.IsSet("percent") {
		return nil, fmt.Errorf("%s needs --percent PERCENT", usage.Name(c))
	}
	rate, err := partOf(c.String("percent"))
	if err != nil {
		return nil, withHint(fmt.Errorf("--percent: %w", err), "0 to 100, such as 10 or 12.5")
	}
	return &wire.SetCommission{Hotkey: hotkey, Rate: rate}, nil
}

// partOf reads percents with at most four decimals, as 65536ths, rounded down.
func partOf(percent string) (uint32, error) {
	whole, rest, _ := strings.Cut(percent, ".")
	n, err := strconv.ParseUint(whole+(rest + "0000")[:max(4, len(rest))], 10, 32)
	if err != nil || whole == "" || len(rest) > 4 || n > 100_0000 {
		return 0, fmt.Errorf("%q is no part of a hundred", abridge(percent))
	}
	return uint32(n * params.One / 100_0000), nil
}
