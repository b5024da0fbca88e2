package params_test

import (
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
)

// TestUpgradesHoldFromTheirBlockOn: numbers and rules are those of the newest that
// is in force, and what one leaves out is as before.
func TestUpgradesHoldFromTheirBlockOn(t *testing.T) {
	p := params.Local()
	less, kappa := p.Emission, p.Yuma
	less.PerBlock /= 2
	kappa.Kappa++
	p.Upgrades = []params.Upgrade{{Height: 100, Rules: 1, Emission: &less}, {Height: 200, Rules: 3, Yuma: &kappa}}
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		h        protocol.Height
		upgraded int
		rules    uint32
		emission params.Emission
		yuma     params.Yuma
	}{
		{1, 0, 1, p.Emission, p.Yuma},
		{99, 0, 1, p.Emission, p.Yuma},
		{100, 1, 1, less, p.Yuma},
		{199, 1, 1, less, p.Yuma},
		{200, 2, 3, less, kappa},
		{1 << 40, 2, 3, less, kappa},
	} {
		at := p.At(c.h)
		if p.Upgraded(c.h) != c.upgraded || p.RulesAt(c.h) != c.rules || at.Emission != c.emission || at.Yuma != c.yuma {
			t.Errorf("block %d: %d upgrades, rules %d, %v, %v", c.h, p.Upgraded(c.h), p.RulesAt(c.h), at.Emission, at.Yuma)
		}
	}
}

// TestUpgradesThatCannotBeAreRefused, each for one reason.
func TestUpgradesThatCannotBeAreRefused(t *testing.T) {
	for name, change := range map[string]func(*params.Params) []params.Upgrade{
		"block 1": func(*params.Params) []params.Upgrade { return []params.Upgrade{{Height: 1, Rules: 2}} },
		"one block twice": func(*params.Params) []params.Upgrade {
			return []params.Upgrade{{Height: 9, Rules: 2}, {Height: 9, Rules: 3}}
		},
		"rules that fall": func(*params.Params) []params.Upgrade {
			return []params.Upgrade{{Height: 9, Rules: 3}, {Height: 10, Rules: 2}}
		},
		"rules 0":     func(*params.Params) []params.Upgrade { return []params.Upgrade{{Height: 9}} },
		"nothing new": func(*params.Params) []params.Upgrade { return []params.Upgrade{{Height: 9, Rules: 1}} },
		"less than was issued": func(p *params.Params) []params.Upgrade {
			e := p.Emission
			e.MaxSupply--
			return []params.Upgrade{{Height: 9, Rules: 1, Emission: &e}}
		},
		"numbers that contradict": func(p *params.Params) []params.Upgrade {
			y := p.Yuma
			y.Kappa = 100
			return []params.Upgrade{{Height: 9, Rules: 1, Yuma: &y}}
		},
		"other bonds": func(p *params.Params) []params.Upgrade {
			y := p.Yuma
			y.Yuma3, y.LiquidAlpha = !y.Yuma3, false
			return []params.Upgrade{{Height: 9, Rules: 1, Yuma: &y}}
		},
		"too many": func(*params.Params) (all []params.Upgrade) {
			for i := range params.MaxUpgrades + 1 {
				all = append(all, params.Upgrade{Height: protocol.Height(i) + 2, Rules: uint32(i) + 2})
			}
			return all
		},
	} {
		p := params.Local()
		p.Upgrades = change(&p)
		if err := p.Check(); !errors.Is(err, params.ErrInvalid) {
			t.Errorf("%s: got %v, want %v", name, err, params.ErrInvalid)
		}
	}
}
