package preference

import (
	"fmt"

	"github.com/assaynet/assay/scoring/fixed"
)

const one = fixed.Whole

// Params are the numbers of the score. Shares, bounds and z are in 65536ths.
type Params struct {
	// GoldDeviations is the z of the bound on a rater's accuracy on golds,
	// 0 to 8: more asks for more golds before it pays.
	GoldDeviations uint32 `cbor:"1,keyasint" json:"gold_deviations"`
	// SetterParts: one setter's golds count as at most this part of a cell, 1
	// to 64. With 3 no setter decides alone what a rater is worth.
	SetterParts uint32 `cbor:"2,keyasint" json:"setter_parts"`
	// GateFrom is the bound above which a rater is paid, GateWidth how far
	// above it the gate is wholly open.
	GateFrom  uint32 `cbor:"3,keyasint" json:"gate_from"`
	GateWidth uint32 `cbor:"4,keyasint" json:"gate_width"`
	// MaxWeight caps a rater's weight in the agreement of others: who knows all
	// golds must not count for three who do their best.
	MaxWeight uint32 `cbor:"5,keyasint" json:"max_weight"`
	// MaxAgreement caps what two raters agree: more than independent people
	// reach proves nothing.
	MaxAgreement uint32 `cbor:"6,keyasint" json:"max_agreement"`
	// FreeAgreement is the agreement that pays nothing: what chance gives.
	FreeAgreement uint32 `cbor:"7,keyasint" json:"free_agreement"`
	// MinAgainst is the least number of pairs, in 65536ths, on which a rater
	// stood against the others before it can be found to be one with another.
	MinAgainst uint32 `cbor:"8,keyasint" json:"min_against"`
	// VoiceDeviations is the z of the bound on how often another sided with it
	// then, SameVoice the bound above which both are one voice.
	VoiceDeviations uint32 `cbor:"9,keyasint" json:"voice_deviations"`
	SameVoice       uint32 `cbor:"10,keyasint" json:"same_voice"`
	// KeepAgreement is the part of the sums of agreement that stays from epoch
	// to epoch, KeepRest that of golds and voices; both below one.
	KeepAgreement uint32 `cbor:"11,keyasint" json:"keep_agreement"`
	KeepRest      uint32 `cbor:"12,keyasint" json:"keep_rest"`
	// FullPay is the mean pay of a rating for which a lane pays its whole share.
	FullPay uint32 `cbor:"13,keyasint" json:"full_pay"`
	// FullOwners is the number of paid owners from which on a lane pays its
	// whole share, 1 to 4096; FullRaters that of raters a pair, 2 to 64.
	FullOwners uint32 `cbor:"14,keyasint" json:"full_owners"`
	FullRaters uint32 `cbor:"15,keyasint" json:"full_raters"`
	// MinRaters is the least number of raters a pair, and MinSetters that of
	// setters' owners, below which a lane pays nothing.
	MinRaters  uint32 `cbor:"16,keyasint" json:"min_raters"`
	MinSetters uint32 `cbor:"17,keyasint" json:"min_setters"`
}

// Default returns the parameters that were simulated; assay simulate-raters
// shows what they pay to whom.
func Default() Params {
	return Params{
		GoldDeviations:  one,
		SetterParts:     3,
		GateFrom:        22938, // 0.35: shut for who is wrong more often than right, of thirty golds
		GateWidth:       22938, // 0.35: a bound of 0.70 opens it wholly
		MaxWeight:       26214, // 0.40: a bound of 0.70
		MaxAgreement:    22938, // 0.35: two raters that are right five times in six
		FreeAgreement:   2621,  // 0.04
		MinAgainst:      8 * one,
		VoiceDeviations: 2 * one,
		SameVoice:       37683,   // 0.575
		KeepAgreement:   one / 2, // who was honest and stops loses most of the pay within an epoch
		KeepRest:        one * 3 / 4,
		FullPay:         9830, // 0.15: good raters, less what is free
		FullOwners:      5,
		FullRaters:      5,
		MinRaters:       3, // two cannot be scored: there is no third to ask
		MinSetters:      3, // else one of two decides half of the golds
	}
}

// Check refuses parameters that are out of range: [ErrParams].
func (p *Params) Check() error {
	for _, r := range []struct {
		ok   bool
		rule string
	}{
		{p.GoldDeviations <= fixed.MaxDeviations && p.VoiceDeviations <= fixed.MaxDeviations, "deviations are 0 to 8"},
		{p.SetterParts >= 1 && p.SetterParts <= 64, "setter_parts is 1 to 64"},
		{p.GateFrom <= one && p.GateWidth >= 1 && p.GateWidth <= one, "gate_from is at most one, gate_width above zero and at most one"},
		{p.FreeAgreement <= p.MaxAgreement && p.MaxAgreement <= one, "free_agreement <= max_agreement <= one"},
		{p.MaxWeight <= one && p.MinAgainst >= one && p.SameVoice <= one, "max_weight and same_voice are at most one, min_against is at least one pair"},
		{p.KeepAgreement < one && p.KeepRest < one, "keep_agreement and keep_rest are below one"},
		{p.FullPay >= 1 && p.FullPay <= one, "full_pay is above zero and at most one"},
		{p.FullOwners >= 1 && p.FullOwners <= 4096, "full_owners is 1 to 4096"},
		{p.MinRaters >= 2 && p.MinRaters <= p.FullRaters && p.FullRaters <= MaxAnswers, "2 <= min_raters <= full_raters <= 64"},
		{p.MinSetters >= 1, "min_setters is at least 1"},
	} {
		if !r.ok {
			return fmt.Errorf("%w: %s", ErrParams, r.rule)
		}
	}
	return nil
}
