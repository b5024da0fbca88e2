package api

import (
	"fmt"
	"net/http"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/task/preference/pair"
)

// PairSet is what a setter set for a round of the people's lane, with all that its
// pairs are made from: whoever has the model makes them again.
type PairSet struct {
	Round protocol.Round `json:"round"` // in which its pairs were given to raters
	Due   protocol.Round `json:"due"`   // in which their ratings fell due
	// Setter is the uid of the validator that set it.
	Setter     protocol.UID       `json:"setter_uid"`
	Registered protocol.Height    `json:"registered"`
	Hotkey     protocol.PublicKey `json:"setter"`
	Model      protocol.ModelID   `json:"model"` // by which pairs are made
	Seed       protocol.Hash      `json:"seed"`  // the task seed of the round before
	Root       protocol.Hash      `json:"root"`
	// Link and Origins are there once the setter opened them.
	Open    bool          `json:"open"`
	Link    protocol.Hash `json:"link"`
	Origins []PairOrigin  `json:"origins"`
	// Doubted says that one of its checkers made others.
	Doubted bool `json:"doubted"`
	// Texts are those that the setter published, none where this node has none, and
	// Lie says that this node's own run made others.
	Texts []PairText `json:"texts"`
	Lie   bool       `json:"lie"`
}

// PairOrigin is what a setter says of a pair: sides, −1 for A and 1 for B.
type PairOrigin struct {
	Longer int8 `json:"longer"`
	Engine int8 `json:"engine"`
	Gold   int8 `json:"gold"`
}

// PairText is the texts of a pair.
type PairText struct {
	Prompt string `json:"prompt"`
	A      string `json:"a"`
	B      string `json:"b"`
}

// pairSet shows what one setter set for one round.
func (h *Handler) pairSet(r *request) (any, error) {
	n, errN := number(r.http.PathValue("round"), 64)
	uid, errU := number(r.http.PathValue("uid"), 16)
	if errN != nil || errU != nil {
		return nil, problem(http.StatusBadRequest, problemPath, "give a round and the uid of a validator", "pairs %.80q", r.http.URL.Path)
	}
	k := h.params.Kind(preference.Kind)
	if h.src.Work == nil {
		return nil, notKept("pairs", "ask a validator")
	}
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	sets, err := ledger.ReadSets(v, protocol.Round(n))
	if err != nil {
		return nil, err
	}
	for i := range sets {
		if k != nil && n > 0 && sets[i].Setter.UID == protocol.UID(uid) {
			return h.shownSet(r, v, protocol.Round(n), protocol.Round(n+uint64(k.Rounds)-1), &sets[i])
		}
	}
	return nil, fmt.Errorf("seat %d set no pairs of round %d that are kept: %w", uid, n, ErrNotFound)
}

func (h *Handler) shownSet(r *request, v *view, n, due protocol.Round, set *preference.Set) (*PairSet, error) {
	hotkey, err := hotkeyOf(v, h.params.Schedule.EpochOfRound(n), set.Setter)
	if err != nil {
		return nil, err
	}
	before, _, err := ledger.ReadRound(v, n-1)
	if err != nil {
		return nil, err
	}
	texts, lie, err := h.src.Work.Texts(r.ctx(), n, set.Setter)
	if err != nil {
		return nil, err
	}
	out := &PairSet{
		Round: n, Due: due, Setter: set.Setter.UID, Registered: set.Setter.Registered, Hotkey: hotkey, Seed: before.TaskSeed, Root: set.Root,
		Open: set.Opened(), Link: set.Link, Origins: []PairOrigin{}, Doubted: set.Doubted, Texts: []PairText{}, Lie: lie,
	}
	if models := h.params.Models(); len(models) > 0 {
		out.Model = models[0].ID
	}
	for i, b := range set.Origins {
		o, err := pair.ParseOrigin(b)
		if err != nil {
			return nil, fmt.Errorf("pair %d of seat %d: %w", i, set.Setter.UID, err)
		}
		out.Origins = append(out.Origins, PairOrigin{o.Sign, o.Z, o.Gold})
	}
	for _, t := range texts {
		out.Texts = append(out.Texts, PairText{t[0], t[1], t[2]})
	}
	return out, nil
}
