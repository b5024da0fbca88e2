package scoring_test

import (
	"testing"

	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// A plant is right if all of its leaves are the judge's own but the one at the
// place, which is the altered one.
func TestAPlantIsRightWhereNothingElseDiffers(t *testing.T) {
	hotkey, task := protocol.PublicKey{2, 7}, wire.HashOf("task")
	plants := plant.Of(wire.HashOf("link"), wire.HashOf("seed"), protocol.SeatID{UID: 5})
	b := fingerprint.Binding{Hotkey: hotkey, Task: task}
	found := scoring.Comparison{Code: inference.CodeState, FailedAt: -1, First: 20, Tokens: 4}
	r := inference.Result{Finish: "stop"}
	var choices []plant.Choice
	for i := range 4 {
		c := plant.Choice{Position: 20 + i, Token: int32(3 * i), State: wire.HashOf("state", []byte{byte(i)})}
		choices = append(choices, c)
		found.Choices, found.States = append(found.Choices, c.Token), append(found.States, c.State)
		r.Output, r.Leaves = append(r.Output, c.Token), append(r.Leaves, fingerprint.Leaf(b, c.Position, c.Token, c.State))
	}
	place, root := plants.Alter(b, 3, r.Leaves, choices)
	r.Fingerprint = root
	judge := scoring.NewInference()
	right := func(found scoring.Comparison, r inference.Result, hotkey protocol.PublicKey, slot uint16) bool {
		t.Helper()
		o := scoring.Outcome{Task: task, Kind: inference.Kind, Finding: wire.FindingFalse, Found: wire.Encode(&found)}
		ok, err := judge.Planted(&o, hotkey, wire.Encode(&r), plants, slot)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if !right(found, r, hotkey, 3) {
		t.Error("an honest plant is not right")
	}
	if right(found, r, hotkey, 4) {
		t.Error("it is right in another slot")
	}
	if right(found, r, protocol.PublicKey{3}, 3) {
		t.Error("it is right for another hotkey")
	}
	other := r
	other.Leaves = append([]protocol.Hash{}, r.Leaves...)
	other.Leaves[(place+1)%4][0]++
	if right(found, other, hotkey, 3) {
		t.Error("it is right though another leaf differs")
	}
	token := found
	token.Code = inference.CodeToken
	if right(token, r, hotkey, 3) {
		t.Error("it is right though a token differs")
	}
}
