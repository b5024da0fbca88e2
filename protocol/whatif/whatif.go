package whatif

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/scoring/yuma"
)

var (
	// ErrSetting says that there is no such setting.
	ErrSetting = errors.New("there is no setting")
	// ErrValue says that a setting cannot have a value.
	ErrValue = errors.New("a setting cannot be that")
)

// Setting is a rule of the epoch that can be tried otherwise.
type Setting struct {
	Name  string
	About string // what values it takes, in words
	set   func(p *yuma.Params, value string) error
	get   func(p *yuma.Params) string
}

// Value returns what the setting is.
func (s *Setting) Value(p *yuma.Params) string { return s.get(p) }

// Settings are in the order of their names.
func Settings() []Setting {
	ratioOf := func(name string, at func(p *yuma.Params) *uint16) Setting {
		return Setting{
			name, "0 to 1", func(p *yuma.Params, v string) error {
				n, err := portion(v, math.MaxUint16)
				*at(p) = uint16(n)
				return err
			},
			func(p *yuma.Params) string { return decimal(uint64(*at(p)), math.MaxUint16) },
		}
	}
	boolOf := func(name string, at func(p *yuma.Params) *bool) Setting {
		return Setting{
			name, "true or false", func(p *yuma.Params, v string) (err error) {
				*at(p), err = strconv.ParseBool(v)
				return err
			},
			func(p *yuma.Params) string { return strconv.FormatBool(*at(p)) },
		}
	}
	return []Setting{
		{"activity_cutoff", "blocks", func(p *yuma.Params, v string) (err error) {
			p.ActivityCutoff, err = strconv.ParseUint(v, 10, 32)
			return err
		}, func(p *yuma.Params) string { return strconv.FormatUint(p.ActivityCutoff, 10) }},
		ratioOf("alpha_high", func(p *yuma.Params) *uint16 { return &p.AlphaHigh }),
		ratioOf("alpha_low", func(p *yuma.Params) *uint16 { return &p.AlphaLow }),
		{"bonds_moving_average", "0 to 1", func(p *yuma.Params, v string) (err error) {
			p.BondsMovingAverage, err = portion(v, yuma.MovingAverageScale)
			return err
		}, func(p *yuma.Params) string { return decimal(p.BondsMovingAverage, yuma.MovingAverageScale) }},
		ratioOf("bonds_penalty", func(p *yuma.Params) *uint16 { return &p.BondsPenalty }),
		ratioOf("kappa", func(p *yuma.Params) *uint16 { return &p.Kappa }),
		boolOf("liquid_alpha", func(p *yuma.Params) *bool { return &p.LiquidAlpha }),
		{"stake_threshold", "tokens", func(p *yuma.Params, v string) error {
			a, err := protocol.ParseAmount(v)
			p.StakeThreshold = uint64(a)
			return err
		}, func(p *yuma.Params) string { return protocol.Amount(p.StakeThreshold).String() }},
		{"steepness", "a whole number, in hundredths", func(p *yuma.Params, v string) error {
			n, err := strconv.ParseInt(v, 10, 16)
			p.Steepness = int16(n)
			return err
		}, func(p *yuma.Params) string { return strconv.Itoa(int(p.Steepness)) }},
		boolOf("yuma3", func(p *yuma.Params) *bool { return &p.Yuma3 }),
	}
}

var errNoRatio = errors.New("no proportion")

// portion reads a decimal from 0 to 1 as so many of a whole, rounded to the
// nearest.
func portion(v string, whole uint64) (uint64, error) {
	const longest = 20
	if len(v) > longest || strings.Trim(v, "0123456789.") != "" { // before a short text makes a long number
		return 0, errNoRatio
	}
	r, ok := new(big.Rat).SetString(v)
	if !ok || r.Cmp(big.NewRat(1, 1)) > 0 {
		return 0, errNoRatio
	}
	r.Mul(r, new(big.Rat).SetFrac64(int64(whole), 1))
	r.Add(r, big.NewRat(1, 2))
	return new(big.Int).Div(r.Num(), r.Denom()).Uint64(), nil
}

// decimal shows so many of a whole with six digits, rounded to the nearest, so that
// portion reads the same from it.
func decimal(n, whole uint64) string {
	const digits = 1_000_000
	q := (2*n*digits + whole) / (2 * whole)
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%d.%06d", q/digits, q%digits), "0"), ".")
}

// Change sets one setting, by name. Errors are [ErrSetting] and [ErrValue], and say
// what there is.
func Change(p *yuma.Params, name, value string) error {
	all := Settings()
	i := slices.IndexFunc(all, func(s Setting) bool { return s.Name == name })
	if i < 0 {
		var names []string
		for _, s := range all {
			names = append(names, s.Name)
		}
		return fmt.Errorf("%w %.60q; there are %s", ErrSetting, name, strings.Join(names, ", "))
	}
	if err := all[i].set(p, value); err != nil {
		return fmt.Errorf("%w: %s is %s", ErrValue, name, all[i].About)
	}
	return nil
}

// Seat is what an epoch gives to a seat, as it is and as it would be.
type Seat struct {
	Miner, Validator       protocol.Amount
	MinerSet, ValidatorSet protocol.Amount
}

// Difference is by how much the seat would get more or less, in tokens with a sign.
func (s *Seat) Difference() string {
	a, b := s.Miner+s.Validator, s.MinerSet+s.ValidatorSet // parts of one emission
	if b < a {
		return "-" + (a - b).String()
	}
	return "+" + (b - a).String()
}

// Run computes an epoch twice, as it is and with other settings, and returns what
// each seat gets, by uid. Errors are those of [yuma.Run] with these settings.
func Run(in *yuma.Input, set *yuma.Params) ([]Seat, error) {
	was, err := yuma.Run(*in)
	if err != nil {
		return nil, err
	}
	other := *in
	other.Params = *set
	is, err := yuma.Run(other)
	if err != nil {
		return nil, fmt.Errorf("with what is set: %w", err)
	}
	out := make([]Seat, len(in.Stake))
	for i := range out {
		out[i] = Seat{
			protocol.Amount(was.ServerEmission[i]), protocol.Amount(was.ValidatorEmission[i]),
			protocol.Amount(is.ServerEmission[i]), protocol.Amount(is.ValidatorEmission[i]),
		}
	}
	return out, nil
}
