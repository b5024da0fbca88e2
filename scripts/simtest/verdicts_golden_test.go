package simtest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

const verdictsFile = "testdata/verdicts.json"

// recordVerdicts plays some epochs in which Cleo runs an altered model, whose owner
// appeals; Vincent signs "exact" unseen, and his owner says that a right answer of
// Ada's is false. The others have the reference alone, and he votes by another
// backend, which keeps them from no verdict.
func recordVerdicts(t *testing.T) {
	t.Helper()
	w := &scribe{}
	var s *stage
	p := tryingParams()
	s = open(t, honest, protocoltest.Config{Cast: cast(), Params: p, Ordered: func(b *ledger.Block) { w.ordered(b, s.State().Hash()) }})
	for _, name := range judges {
		s.validator(name, refereed, func(c *validator.Config) { c.Backend = wire.ByReference })
	}
	s.miner("cleo", alteredWeights())
	s.validator("vincent", func(c *validator.Config) { c.Judges = []validator.Judge{&stamp{}} })
	s.until(ledger.ChallengeFrom(p.Schedule, 0) - 1)
	s.tx(protocoltest.Cold("vincent"), &wire.Challenge{Evidence: s.evidence("ada", 0)})
	asked := false
	for s.Height() < p.Schedule.EpochEnd(4) {
		s.block()
		for _, c := range s.challenges() {
			if !asked && c.Accused == s.seat("cleo").ID && c.Stage == ledger.StageGuilty {
				s.tx(protocoltest.Cold("cleo"), &wire.Appeal{Case: c.Case})
				asked = true
			}
		}
	}
	out := planted{Genesis: wire.Encode(s.Genesis()), Blocks: w.Blocks}
	if err := s.State().Iterate(nil, func(k, v []byte) bool {
		out.State = append(out.State, entry{bytes.Clone(k), bytes.Clone(v)})
		return true
	}); err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(&out, "", " ")
	if err == nil {
		err = os.WriteFile(verdictsFile, append(text, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestARecordedNetworkWithVerdictsIsReDerived: what the ledger made of a recorded
// network it makes again, as scripts/oracle/protocol does by SPEC.md alone.
func TestARecordedNetworkWithVerdictsIsReDerived(t *testing.T) {
	t.Parallel()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		recordVerdicts(t)
	}
	text, err := os.ReadFile(verdictsFile)
	if err != nil {
		t.Fatal(err)
	}
	var rec planted
	if err := json.Unmarshal(text, &rec); err != nil {
		t.Fatal(err)
	}
	var g ledger.Genesis
	if err := wire.Decode(rec.Genesis, ledger.MaxGenesisBytes, &g); err != nil {
		t.Fatal(err)
	}
	tree := &ledger.MemTree{}
	if _, err := ledger.Init(tree, &g); err != nil {
		t.Fatal(err)
	}
	seen := map[ledger.EventName]int{}
	for i := range rec.Blocks {
		res, err := ledger.Apply(tree, g.ChainID(), &g.Params, rec.Blocks[i].asLedger(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range res.Events {
			seen[e.Name]++
		}
	}
	for _, name := range []ledger.EventName{
		ledger.EventChallenged, ledger.EventCalled, ledger.EventGuilty, ledger.EventNotGuilty, ledger.EventAppealed, ledger.EventBurned,
	} {
		if seen[name] == 0 {
			t.Errorf("nothing of the event %q happened", name)
		}
	}
	i := 0
	if err := tree.Iterate(nil, func(k, v []byte) bool {
		if i >= len(rec.State) || !bytes.Equal(rec.State[i].Key, k) || !bytes.Equal(rec.State[i].Value, v) {
			t.Errorf("record %d, %q, is another", i, k)
			return false
		}
		i++
		return true
	}); err != nil || i != len(rec.State) {
		t.Errorf("%d of %d records are equal, %v", i, len(rec.State), err)
	}
}
