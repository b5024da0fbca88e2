package main

import (
	"context"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
)

// Who lies where lies are tried.

// copiesVotes lets others run what is challenged. Cleo lies, so that there is
// something to vote on.
var copiesVotes = &liar{
	name: "copy-vote", judges: true, fellow: "cleo",
	does: "an elector runs nothing that is challenged: it seals the seal of another, and opens what another opened",
	enter: func(s *stage) error {
		if err := s.miner("cleo", s.alters(func() bool { return true })); err != nil {
			return err
		}
		return s.validator(me, func(c *validator.Config) {
			submit := c.Submit
			c.Submit = func(ctx context.Context, body wire.Body) error {
				switch b := body.(type) {
				case *wire.SealVote:
					v, err := s.another(b.Case)
					if err != nil || v == nil {
						return err
					}
					return submit(ctx, &wire.SealVote{Case: b.Case, Ballot: b.Ballot, Seal: v.Seal})
				case *wire.OpenVote:
					v, err := s.another(b.Case)
					if err != nil || v == nil || !v.Opened {
						return err
					}
					s.tries(ctx, submit, &wire.OpenVote{Case: b.Case, Ballot: b.Ballot, Finding: v.Finding, Found: v.Found, Backends: v.Backends, Salt: b.Salt})
					return nil
				case *wire.JudgeChallenge: // it runs nothing that could show a lie
					return nil
				}
				return submit(ctx, body)
			}
		})
	},
}

// abstains would let a friend go free: it says of all that is challenged that it
// cannot tell.
var abstains = &liar{
	name: "abstain", judges: true, fellow: "cleo",
	does: "an elector says of whatever is challenged that it cannot tell, so that its friend, who lies, goes free",
	enter: func(s *stage) error {
		if err := s.miner("cleo", s.alters(func() bool { return true })); err != nil {
			return err
		}
		return s.validator(me, func(c *validator.Config) {
			submit, own := c.Submit, c.Hotkey.PublicKey()
			c.Submit = func(ctx context.Context, body wire.Body) error {
				switch b := body.(type) {
				case *wire.SealVote:
					nothing := wire.OpenVote{Case: b.Case, Ballot: b.Ballot}
					return submit(ctx, &wire.SealVote{Case: b.Case, Ballot: b.Ballot, Seal: nothing.Seal(own)})
				case *wire.JudgeChallenge:
					return nil
				}
				return submit(ctx, body)
			}
		})
	},
	each: func(s *stage, _ protocol.Height) error { return s.says(&wire.OpenVote{}) },
}

// says has the liar open, of each case on which it sealed a vote, what it says of
// all.
func (s *stage) says(what *wire.OpenVote) error {
	seat, err := s.seat(me)
	if err != nil {
		return err
	}
	list, err := ledger.ReadAllChallenges(s.State())
	if err != nil {
		return err
	}
	for i := range list {
		v, ok, err := ledger.ReadVote(s.State(), list[i].Case, seat.ID.UID)
		if err != nil {
			return err
		}
		if ok && list[i].Stage == ledger.StageVoting && !v.Seal.IsZero() && !v.Opened && s.Height() >= list[i].Seals(s.Params().Verdicts.SealBlocks) {
			o := *what
			o.Case, o.Ballot = list[i].Case, list[i].Ballot
			if err := s.Tx(protocoltest.Named(me), &o); err != nil {
				return err
			}
		}
	}
	return nil
}

// tries sends what may be refused.
func (*stage) tries(ctx context.Context, submit func(context.Context, wire.Body) error, body wire.Body) {
	_ = submit(ctx, body) // what came of it the ledger says
}

// another returns the vote of another elector on a case that sealed one; nil where
// none did.
func (s *stage) another(c wire.Case) (*ledger.VoteRecord, error) {
	votes, err := ledger.ReadVotes(s.State(), c)
	if err != nil {
		return nil, err
	}
	seat, err := s.seat(me)
	if err != nil {
		return nil, err
	}
	for i := range votes {
		if v := &votes[i]; v.Elector != seat.ID && !v.Seal.IsZero() {
			return v, nil
		}
	}
	return nil, nil
}

// floods accuses all others, so that they lose what they put up, or have no time.
var floods = &liar{
	name:  "flood",
	does:  "a miner's owner challenges what other miners answered, which is right, as often as it may",
	enter: func(s *stage) error { return s.miner(me) },
	each: func(s *stage, h protocol.Height) error {
		sched := &s.Params().Schedule
		e := sched.EpochOf(h)
		if e == 0 || h != ledger.ChallengeFrom(*sched, e-1) {
			return nil
		}
		left := s.Params().Verdicts.PerChallenger + 1 // the last is refused
		for _, name := range miners {
			for slot := range uint16(slots) {
				evidence, err := s.evidence(name, sched.RoundOf(sched.EpochStart(e-1)), slot)
				if err != nil {
					return err
				}
				if evidence == nil || left == 0 {
					continue
				}
				left--
				if err := s.Tx(protocoltest.Cold(me), &wire.Challenge{Evidence: *evidence}); err != nil {
					return err
				}
			}
		}
		return nil
	},
}

// evidence returns what shows an answer of an actor; nil where it cannot be
// challenged.
func (s *stage) evidence(name string, n protocol.Round, slot uint16) (*wire.Evidence, error) {
	seat, err := s.seat(name)
	if err != nil {
		return nil, err
	}
	k := wire.AnswerKey{Round: n, UID: seat.ID.UID, Slot: slot}
	ok, err := ledger.Challengeable(s.State(), s.Params(), k, seat.ID)
	if err != nil || !ok {
		return nil, err
	}
	answer, err := s.nodes[judges[0]].Opened(k)
	if err != nil || answer == nil {
		return nil, err
	}
	kind, err := kinds.All().Of(s.Params().Kinds[0].Name)
	if err != nil {
		return nil, err
	}
	sum, err := kind.Sum(answer.Body)
	if err != nil {
		return nil, err
	}
	return &wire.Evidence{
		Case: wire.Case{Round: n, UID: seat.ID.UID, Slot: slot, Accused: seat.ID.UID}, Salt: answer.Salt, Digest: sum.Digest, Fingerprint: sum.Fingerprint, Proof: answer.Proof,
	}, nil
}

// broken has an engine that computes something else, and the shipped daemon with
// its reference.
var broken = &liar{
	name: "broken", judges: true,
	does: "a judge's engine is broken, and finds false what is right; its reference is not",
	enter: func(s *stage) error {
		return s.validator(me, func(c *validator.Config) {
			c.Judges = []validator.Judge{scoring.NewInference(claimed{bridge.Model{Model: s.altered}, s.honest.ID()})}
		})
	},
}

// claimed is a model under the id of another.
type claimed struct {
	bridge.Model
	id [32]byte
}

// ID implements scoring.Model.
func (c claimed) ID() [32]byte { return c.id }

// slander is a judge that finds everything false, unseen.
var slander = &liar{
	name: "slander", judges: true,
	does: "a judge finds every answer false, and runs nothing: it is right about plants",
	enter: func(s *stage) error {
		return s.validator(me, func(c *validator.Config) {
			c.Judges, c.Reference = []validator.Judge{&unseen{says: wire.FindingFalse}}, nil
		})
	},
}

// copiesWeights has no opinion of its own.
var copiesWeights = &liar{
	name: "copy-weights", judges: true, bounded: true,
	does: "a judge does its duties, and weighs miners as another did in the epoch before",
	enter: func(s *stage) error {
		other, err := s.seat(judges[0])
		if err != nil {
			return err
		}
		return s.validator(me, func(c *validator.Config) {
			submit, copied := c.Submit, map[protocol.Epoch]*wire.RevealWeights{}
			c.Submit = func(ctx context.Context, body wire.Body) error {
				switch b := body.(type) {
				case *wire.CommitWeights:
					row, ok, err := ledger.ReadWeights(s.State(), b.Epoch-min(b.Epoch, 1), other.ID.UID)
					if err != nil || !ok {
						return err
					}
					copied[b.Epoch] = &wire.RevealWeights{Epoch: b.Epoch, UIDs: row.UIDs, Values: row.Values}
					return submit(ctx, &wire.CommitWeights{Epoch: b.Epoch, Hash: copied[b.Epoch].Seal(c.Hotkey.PublicKey())})
				case *wire.RevealWeights:
					if copied[b.Epoch] == nil {
						return nil
					}
					return submit(ctx, copied[b.Epoch])
				}
				return submit(ctx, body)
			}
		})
	},
}
