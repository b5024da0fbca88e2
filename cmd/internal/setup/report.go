package setup

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/keystore"
)

// addresses of a home; the owner is zero when it is not known here.
type addresses struct {
	hotkey, owner protocol.PublicKey
	coldHere      bool // the coldkey is in this home
}

// addresses reads the public files of the finished home.
func (p *plan) addresses() (*addresses, error) {
	store, err := keystore.New(keystore.Config{Dir: p.home.Keys()})
	if err != nil {
		return nil, err
	}
	out := &addresses{owner: p.owner}
	if out.hotkey, err = store.Public(hotkey); err != nil {
		return nil, err
	}
	cold, err := store.Public(coldkey)
	if errors.Is(err, keystore.ErrMissing) || err == nil && !p.owner.IsZero() && cold != p.owner {
		return out, nil
	}
	out.owner, out.coldHere = cold, err == nil
	return out, err
}

// report says what was made and what comes next.
func (p *plan) report(w io.Writer, a *addresses, k *keys) error {
	var b strings.Builder
	fmt.Fprintf(&b, "home     %s\nchain    %s\nhotkey   %s\n", p.home, protocol.ShortChainID(p.genesis.ChainID()), a.hotkey)
	if !a.owner.IsZero() {
		fmt.Fprintf(&b, "coldkey  %s\n", a.owner)
	}
	if k.hot != nil && k.hot.words != "" {
		b.WriteString(keyflags.Words("the hotkey", k.hot.words))
	}
	if k.cold != nil {
		b.WriteString(keyflags.Words("the coldkey", k.cold.words))
	}
	p.writeNext(&b, a)
	_, err := io.WriteString(w, b.String())
	return err
}

// writeNext names the commands that come next.
func (p *plan) writeNext(b *strings.Builder, a *addresses) {
	for i := range p.genesis.Seats {
		if p.genesis.Seats[i].Hotkey == a.hotkey {
			fmt.Fprintf(b, "\nThe genesis gives this hotkey a seat. Next:\n\n  %s run --home %s --model FILE\n", p.cfg.Role, p.home)
			return
		}
	}
	keys := ""
	owner := "ADDRESS"
	if !a.owner.IsZero() {
		owner = a.owner.String()
	}
	where := fmt.Sprintf("\nNext, here:\n\n  assay wallet consent --keys %s --coldkey %s\n\nand where the coldkey is, with tokens on it, with what that printed:\n\n", p.home.Keys(), owner)
	if a.coldHere {
		keys = " --keys " + p.home.Keys()
		where = "\nNext, when the coldkey has tokens:\n\n"
	}
	b.WriteString(where)
	if a.coldHere {
		fmt.Fprintf(b, "  assay tx register%s --hotkey %s\n", keys, a.hotkey)
	} else {
		fmt.Fprintf(b, "  assay tx register --consent TEXT\n")
	}
	if p.cfg.Role == config.Validator {
		fmt.Fprintf(b, "  assay tx stake%s --hotkey %s --amount %s\n", keys, a.hotkey, p.genesis.Params.Seats.MinStake)
	}
	fmt.Fprintf(b, "\nand here:\n\n  %[1]s doctor --home %[2]s --model FILE\n  %[1]s run --home %[2]s --model FILE\n", p.cfg.Role, p.home)
}
