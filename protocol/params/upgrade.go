package params

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// Rules is the newest version of the rules that this program knows. A change of
// what follows from the bytes of a block raises it, and asks [Params.RulesAt]
// where the two differ. That binds from the first release on; until then networks
// begin anew with each program, and all of their programs are of one version.
const Rules = 1

// MaxUpgrades bounds the upgrades of a network: one a month for twenty years.
const MaxUpgrades = 256

// Upgrade says what changes at a height while the network runs. It is no part of
// the chain id, so that operators can add it to the genesis that they have; that
// all have the same, the version in the headers sees to (package consensus).
type Upgrade struct {
	// Height is the first block that is made under the new rules; above the height
	// of the upgrade before.
	Height protocol.Height `cbor:"1,keyasint" json:"height"`
	// Rules is the version that a program must know from there on, at least that
	// of the upgrade before; networks begin with 1. With the same, only the numbers
	// below change.
	Rules uint32 `cbor:"2,keyasint" json:"rules"`
	// Emission and Yuma, where they are given, take the place of the network's.
	Emission *Emission `cbor:"3,keyasint,omitzero" json:"emission,omitempty"`
	Yuma     *Yuma     `cbor:"4,keyasint,omitzero" json:"yuma,omitempty"`
}

// Upgraded returns how many upgrades are in force at block h.
func (p *Params) Upgraded(h protocol.Height) int {
	n := 0
	for n < len(p.Upgrades) && p.Upgrades[n].Height <= h {
		n++
	}
	return n
}

// At returns the parameters under which block h is made: p itself where no upgrade
// is in force.
func (p *Params) At(h protocol.Height) *Params {
	n := p.Upgraded(h)
	if n == 0 {
		return p
	}
	out := *p
	for _, u := range p.Upgrades[:n] {
		if u.Emission != nil {
			out.Emission = *u.Emission
		}
		if u.Yuma != nil {
			out.Yuma = *u.Yuma
		}
	}
	return &out
}

// RulesAt returns the version of the rules under which block h is made.
func (p *Params) RulesAt(h protocol.Height) uint32 {
	if n := p.Upgraded(h); n > 0 {
		return p.Upgrades[n-1].Rules
	}
	return 1
}

// checkUpgrades refuses upgrades out of order, and numbers that could not be those
// of a network, or under which what is written before means something else.
func (p *Params) checkUpgrades() error {
	if len(p.Upgrades) > MaxUpgrades {
		return fmt.Errorf("%w: %d upgrades, at most %d", ErrInvalid, len(p.Upgrades), MaxUpgrades)
	}
	height, rules := protocol.Height(1), uint32(1)
	for i, u := range p.Upgrades {
		before, after := p.At(height), p.At(u.Height)
		after.Upgrades = nil
		err := firstBroken([]rule{
			{u.Height > height && u.Height <= 1<<53, "heights are above 1 and that of the upgrade before, at most 2^53"},
			{u.Rules >= rules, "rules are 1 or more, and at least those of the upgrade before"},
			{u.Rules > rules || u.Emission != nil || u.Yuma != nil, "something changes"},
			{after.Emission.MaxSupply >= before.Emission.MaxSupply, "max_supply does not fall"},
			{after.Yuma.Yuma3 == before.Yuma.Yuma3, "yuma3 stays as it is: the bonds that are kept mean another thing"},
		})
		if err == nil {
			err = after.Check()
		}
		if err != nil {
			return fmt.Errorf("upgrade %d, at block %d: %w", i+1, u.Height, err)
		}
		height, rules = u.Height, u.Rules
	}
	return nil
}
