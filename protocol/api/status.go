package api

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

func (h *Handler) readStatus(r *request) (Status, error) {
	s, err := h.src.Node.Status(r.ctx())
	if err != nil {
		return s, fmt.Errorf("read the node's status: %w", err)
	}
	s.ChainID, s.Chain, s.Version = protocol.ShortChainID(h.chain), h.chain, h.version
	s.Epoch, s.Round = h.params.Schedule.EpochOf(s.Height), h.params.Schedule.RoundOf(s.Height)
	s.BlockTime, s.Started = s.BlockTime.UTC(), s.Started.UTC()
	if s.Kinds == nil {
		s.Kinds = []protocol.Kind{}
	}
	if s.ModelIDs == nil {
		s.ModelIDs = []protocol.ModelID{}
	}
	if s.Faults == nil {
		s.Faults = []string{}
	}
	if s.Reasons == nil {
		s.Reasons = []string{}
	}
	return s, nil
}

func (h *Handler) status(r *request) (any, error) { return h.readStatus(r) }

// network shows constants, and the price of the next seat, which moves.
func (h *Handler) network(r *request) (any, error) {
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	m, _, err := ledger.ReadMeta(v)
	if err != nil {
		return nil, err
	}
	p := h.params
	n := Network{
		ChainID: protocol.ShortChainID(h.chain), Height: v.height, Seats: m.Seats, MaxSeats: p.Seats.Max, Price: m.Price,
		Fee: ledger.LeastFee(&p.Fees, h.chain, &wire.Transfer{Amount: protocol.Unit}), WeightFee: p.Fees.Weight, ByteFee: p.Fees.Byte, Deposit: p.Fees.Deposit,
		MinStake: p.Seats.MinStake, Commission: p.Seats.Commission, Collateral: p.Seats.Collateral, Unbonding: p.Seats.Unbonding, UnbondingSeconds: p.Seats.UnbondingSeconds, MinSelf: p.Seats.MinSelf, Tempo: p.Schedule.Tempo, RoundLength: p.Schedule.RoundLength,
		Retention: p.Tasks.Retention, Kinds: []NetworkKind{},
	}
	for i := range p.Kinds {
		k := &p.Kinds[i]
		out := NetworkKind{
			Kind: k.Name, Share: k.Share, Full: k.Full, Rounds: k.Rounds, Slots: k.Slots, Judges: k.Judges, Models: []Model{},
		}
		for _, m := range k.Models {
			out.Models = append(out.Models, Model{ID: m.ID, Name: m.Name, Class: m.Class})
		}
		n.Kinds = append(n.Kinds, out)
	}
	return n, nil
}

// Alive is the answer of /healthz and /readyz when all is well.
type Alive struct {
	Status string `json:"status"` // "ok"
}

func (h *Handler) health(*request) (any, error) { return Alive{"ok"}, nil }

// ready says whether this node does its work, and its answers are worth asking
// for: it is caught up, hears from others, and knows of no fault.
func (h *Handler) ready(r *request) (any, error) {
	s, err := h.readStatus(r)
	if err != nil {
		return nil, err
	}
	var why string
	switch {
	case s.Height == 0:
		why = "there is no block yet"
	case s.CatchingUp:
		why = fmt.Sprintf("catching up, at height %d", s.Height)
	case s.Peers == 0:
		why = "no peers"
	case len(s.Faults) > 0:
		why = strings.Join(s.Faults, "; ")
	default:
		return Alive{"ok"}, nil
	}
	return nil, problem(http.StatusServiceUnavailable, problemNotReady, "", "%s", why)
}
