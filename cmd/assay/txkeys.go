package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/wire"
)

// keyCommands change which keys stand for what.
func keyCommands() []*cli.Command {
	return []*cli.Command{
		txSending("swap-coldkey", "have a new coldkey sign for all that is this one's", swapBody,
			&cli.StringFlag{Name: "new-key", Usage: "`NAME` of the new coldkey in the key directory, which agrees"},
			&cli.StringFlag{Name: "new-passphrase-file", Usage: "`FILE` whose first line is the new coldkey's passphrase, if it is not the old one's"},
			&cli.StringFlag{Name: "consent", Usage: "`TEXT` that assay wallet consent --swap printed where the new coldkey is"}),
		txSending("stop-swap", "stop a swap of the coldkey that waits", stopSwapBody,
			addressFlag("to", "`ADDRESS` of the key that shall not sign; assay account shows it")),
		txSending("payout", "say to whom a seat's pay for answers goes", payoutBody,
			addressFlag("hotkey", "`ADDRESS` of the seat's hotkey"),
			addressFlag("to", "`ADDRESS` that is paid (default: the coldkey again)")),
	}
}

// swapBody announces a swap with the consent of the new key.
func swapBody(c *cli.Context, n *client) (wire.Body, error) {
	keys, err := keyflags.Open(c, 0)
	if err != nil {
		return nil, err
	}
	signer, err := keys.Public(c.String("key"))
	if err != nil {
		return nil, keyflags.Hint(err)
	}
	name, err := ownerOf(c, n, signer)
	if err != nil {
		return nil, err
	}
	var st api.Status
	if err := n.get(c.Context, "/v1/status", &st); err != nil {
		return nil, err
	}
	var agreed *agreement
	switch text := c.String("consent"); {
	case (text == "") == (c.String("new-key") == ""):
		return nil, withHint(errors.New("the new coldkey must agree: give --new-key NAME or --consent TEXT"),
			fmt.Sprintf("where it is, assay wallet consent --swap --key NAME --coldkey %s prints the text", name))
	case text != "":
		agreed, err = givenConsent(c, wire.DomainSwap, text, &st, name)
	default:
		k, bad := openKey(c, keys, c.String("new-key"), c.String("new-passphrase-file"))
		if bad != nil {
			return nil, bad
		}
		defer k.Wipe()
		agreed, err = ownConsent(k, wire.DomainSwap, &st, name)
	}
	if err != nil {
		return nil, err
	}
	note(c, "until the swap is done, %s can stop it: assay tx stop-swap --to %s", signer, agreed.key)
	return &wire.SwapColdkey{To: agreed.key, Consent: agreed.Consent}, nil
}

func stopSwapBody(c *cli.Context, _ *client) (wire.Body, error) {
	to, err := address(c, "to")
	return &wire.StopSwap{To: to}, err
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
