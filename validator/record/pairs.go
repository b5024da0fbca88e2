package record

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Made is what this validator set for a round of the people's lane. It holds what
// nobody may know before the ratings are sealed.
type Made struct {
	_       struct{} `cbor:",toarray"`
	Round   protocol.Round
	Link    protocol.Hash
	Origins []byte // one a pair
	Pairs   []byte // canonical bytes of wire.Pairs
}

// Checked is what an own run found of a setter's opened pairs.
type Checked struct {
	_      struct{} `cbor:",toarray"`
	Setter protocol.SeatID
	False  bool   // they are not what the link makes
	Why    string // in words; empty where nothing is wrong
}

// Made adds what was set for a round.
func (b *Batch) Made(m *Made) { b.put(tableMade, era(m.Round), m) }

// Pairs adds pairs that a setter published, in their envelope.
func (b *Batch) Pairs(p *wire.Pairs, envelope []byte) {
	b.put(tablePairs, setKey(p.Round, p.Setter.UID), envelope)
}

// Checked adds what an own run found of pairs of a round.
func (b *Batch) Checked(n protocol.Round, c *Checked) {
	b.put(tableSets, setKey(n, c.Setter.UID), c)
}

// Made returns what was set for a round, nil before.
func (r *Reader) Made(n protocol.Round) (*Made, error) { return get[Made](r, tableMade, era(n)) }

// PairsEnvelope returns the bytes of a setter's published pairs, nil where there
// are none.
func (r *Reader) PairsEnvelope(n protocol.Round, setter protocol.UID) ([]byte, error) {
	return r.raw(tablePairs, setKey(n, setter))
}

// Pairs returns a setter's published pairs of a round, nil where there are none.
func (r *Reader) Pairs(n protocol.Round, setter protocol.UID) (*wire.Pairs, error) {
	raw, err := r.PairsEnvelope(n, setter)
	if err != nil || raw == nil {
		return nil, err
	}
	s, err := wire.ReadPublished(raw) // its signature was checked when it came
	if err != nil {
		return nil, corrupt(tablePairs, setKey(n, setter), err)
	}
	return &s.Pairs, nil
}

// Checked returns what an own run found of a setter's pairs of a round, nil where
// there was none.
func (r *Reader) Checked(n protocol.Round, setter protocol.UID) (*Checked, error) {
	return get[Checked](r, tableSets, setKey(n, setter))
}
