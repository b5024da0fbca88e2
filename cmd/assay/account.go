package main

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol/api"
)

func accountCommand() *cli.Command {
	q := query{
		name: "account", path: "/v1/accounts/", item: "Account", arg: "ADDRESS",
		usage: "show a key's money",
		about: "Shows balance, next nonce and stakes of an address, in tokens.",
		text: textOf(func(a *api.Account) []pair {
			out := []pair{
				{"address", a.Address.String()}, {"balance", a.Balance.String()}, {"nonce", num(a.Nonce)}, {"height", num(a.Height)},
			}
			if a.Owner != a.Address {
				out = append(out, pair{"owner", a.Owner.String()})
			}
			if a.Signer != a.Address {
				out = append(out, pair{"signer", a.Signer.String()})
			}
			if a.NextSigner != nil {
				out = append(out, pair{"swap", fmt.Sprintf("%s signs from height %d on; stop it with assay tx stop-swap --to ADDRESS", *a.NextSigner, a.NextFrom)})
			}
			if a.Seat != nil {
				out = append(out, pair{"seat", "uid " + a.Seat.String()})
			}
			if a.Hotkey != nil {
				out = append(out, pair{"hotkey", a.Hotkey.String()})
			}
			if a.NextHotkey != nil {
				out = append(out, pair{"swap", fmt.Sprintf("%s is the hotkey from epoch %d on; stop it with assay tx keep-hotkey, or stop-swap --hotkey", *a.NextHotkey, a.NextHotkeyFrom)})
			}
			for _, s := range a.Stakes {
				out = append(out, pair{"stake", fmt.Sprintf("%s on %s", s.Amount, s.Hotkey)})
			}
			for _, s := range a.Staked {
				out = append(out, pair{"staked", fmt.Sprintf("%s by %s", s.Amount, s.Coldkey)})
			}
			for _, u := range a.Unbonding {
				out = append(out, pair{"unbonding", fmt.Sprintf("%s at height %d, not before %s", u.Amount, u.Matures, u.NotBefore.Format(time.RFC3339))})
			}
			if a.Partial {
				out = append(out, pair{"stakes", "not known here: the asked node proves single records, and no lists; ask a validator"})
			}
			return out
		}),
	}
	return q.command()
}
