package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/wire"
)

// consentBlocks is how many blocks a consent holds that is used at once.
const consentBlocks = 1000

// registerBody buys a seat, with the consent of the hotkey: given as text, or made
// here where the key is.
func registerBody(c *cli.Context, n *client) (wire.Body, error) {
	agreed, err := consentOf(c, n)
	if err != nil {
		return nil, err
	}
	body := &wire.Register{Hotkey: agreed.key, Consent: agreed.Consent}
	if s := c.String("max-price"); s != "" {
		if body.MaxPrice, err = protocol.ParseAmount(s); err != nil {
			return nil, fmt.Errorf("--max-price: %w", err)
		}
		return body, nil
	}
	var net api.Network
	if err := n.get(c.Context, "/v1/network", &net); err != nil {
		return nil, fmt.Errorf("ask for the price of a seat: %w", err)
	}
	if body.MaxPrice, err = net.Price.MulDiv(2, 1); err != nil {
		return nil, fmt.Errorf("twice the price of %s: %w", net.Price, err)
	}
	note(c, "a seat costs %s tokens now; at most %s are paid", net.Price, body.MaxPrice)
	return body, nil
}

// consentOf returns the consent of --consent, which must be right, or that of the
// hotkey in the key directory.
func consentOf(c *cli.Context, n *client) (*agreement, error) {
	keys, err := keyflags.Open(c, 0)
	if err != nil {
		return nil, err
	}
	coldkey, err := keys.Public(c.String("key"))
	if err != nil {
		return nil, keyflags.Hint(err)
	}
	var st api.Status
	if err := n.get(c.Context, "/v1/status", &st); err != nil {
		return nil, err
	}
	coldkey, err = ownerOf(c, n, coldkey)
	if err != nil {
		return nil, err
	}
	if text := c.String("consent"); text != "" {
		a, err := givenConsent(wire.DomainConsent, text, &st, coldkey)
		if err == nil && c.String("hotkey") != "" {
			want, bad := address(c, "hotkey")
			if bad == nil && want != a.key {
				bad = fmt.Errorf("--hotkey is %s, and --consent is of %s", want, a.key)
			}
			err = bad
		}
		return a, err
	}
	if _, err := ownHotkey(c, keys, coldkey); err != nil {
		return nil, err
	}
	k, err := openKey(c, keys, c.String("hotkey-name"), c.String("hotkey-passphrase-file"))
	if err != nil {
		return nil, err
	}
	defer k.Wipe()
	return ownConsent(k, wire.DomainConsent, &st, coldkey)
}

// ownConsent has a key of the key directory agree to a use by a coldkey.
func ownConsent(k *keystore.Key, use wire.Domain, st *api.Status, coldkey protocol.PublicKey) (*agreement, error) {
	consent, err := wire.NewConsent(k, use, st.Chain, coldkey, st.Height+consentBlocks)
	return &agreement{key: k.PublicKey(), Consent: consent}, err
}

// ownerOf returns the address for which a coldkey signs: its own, unless it took
// the place of another.
func ownerOf(c *cli.Context, n *client, coldkey protocol.PublicKey) (protocol.PublicKey, error) {
	var acc api.Account
	if err := n.get(c.Context, "/v1/accounts/"+coldkey.String(), &acc); err != nil {
		return coldkey, fmt.Errorf("ask for whom the coldkey signs: %w", err)
	}
	return acc.Owner, nil
}

// givenConsent reads --consent and looks whether the ledger would take it.
func givenConsent(use wire.Domain, text string, st *api.Status, coldkey protocol.PublicKey) (*agreement, error) {
	again := "make it again where that key is: assay wallet consent"
	if use == wire.DomainSwap {
		again += " --swap"
	}
	a, err := parseConsent(text)
	if err != nil {
		return nil, withHint(fmt.Errorf("--consent: %w", err), again)
	}
	if err := a.Check(use, st.Chain, a.key, coldkey); err != nil {
		return nil, withHint(fmt.Errorf("--consent is not for the coldkey %s on %s: %w", coldkey, st.ChainID, err), again)
	}
	if a.Until <= st.Height {
		return nil, withHint(fmt.Errorf("--consent held until block %d, and the ledger is at %d", a.Until, st.Height), again)
	}
	if a.Until-st.Height > wire.MaxConsent {
		return nil, withHint(fmt.Errorf("--consent holds until block %d, and the ledger, at %d, takes none above %d", a.Until, st.Height, st.Height+wire.MaxConsent), again)
	}
	return a, nil
}

// ownHotkey returns the address of the hotkey in the key directory; it is an error
// if that is not the one of --hotkey.
func ownHotkey(c *cli.Context, keys *keystore.Store, coldkey protocol.PublicKey) (protocol.PublicKey, error) {
	hint := fmt.Sprintf("run assay wallet consent --coldkey %s where the hotkey is, and give what it prints by --consent", coldkey)
	own, err := keys.Public(c.String("hotkey-name"))
	if c.String("hotkey") == "" {
		if err != nil {
			return own, withHint(keyflags.Hint(err), hint)
		}
		return own, nil
	}
	want, bad := address(c, "hotkey")
	switch {
	case bad != nil:
		return want, bad
	case err != nil || own != want:
		return want, withHint(fmt.Errorf("the hotkey %s must consent, and is not in %s", want, keyflags.DirOf(c)), hint)
	}
	return want, nil
}

// openKey opens a key that is to agree. Without a passphrase file of its own it has
// that of the command.
func openKey(c *cli.Context, keys *keystore.Store, name, file string) (*keystore.Key, error) {
	if file == "" {
		file = c.String("passphrase-file")
	}
	pass, err := keyflags.ReadFrom(c, file, "key "+keys.Path(name))
	if err != nil {
		return nil, err
	}
	k, err := keys.Open(name, pass)
	if err != nil {
		return nil, keyflags.Hint(err)
	}
	return k, nil
}
