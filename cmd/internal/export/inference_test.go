package export_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// TestOnlyWhatIsProvenIsExported: an answer opens the commitment that the ledger
// has, under the signature of the seat's hotkey, and no judge calls it false.
func TestOnlyWhatIsProvenIsExported(t *testing.T) {
	n, err := apitest.New()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Answer(0, []*inference.Result{{Output: []int32{7}, Finish: "stop", Leaves: make([]protocol.Hash, 1)}}); err != nil {
		t.Fatal(err)
	}
	h, err := api.NewHandler(n.Config())
	if err != nil {
		t.Fatal(err)
	}
	chain := n.Genesis.ChainID()
	for name, c := range map[string]struct {
		change func(*api.Task)
		rows   int
		fails  bool
	}{
		"as it is":                  {func(*api.Task) {}, 1, false},
		"no commitment":             {func(k *api.Task) { k.Commitment = nil }, 0, false},
		"another commitment":        {func(k *api.Task) { k.Commitment.Root[0]++ }, 0, false},
		"another's answer":          {func(k *api.Task) { k.Hotkey = apitest.Public("miner-1") }, 0, false},
		"an answer to another task": {func(k *api.Task) { k.ID[0]++ }, 0, false},
		"a false finding":           {func(k *api.Task) { k.Cards[1].Finding = wire.FindingFalse }, 0, false},
		"no answer":                 {func(k *api.Task) { k.Answers = nil }, 0, false},
		"no cards yet":              {func(k *api.Task) { k.Cards = nil }, 1, false},
		"a signature that is none":  {func(k *api.Task) { k.Answers[0].Raw[len(k.Answers[0].Raw)-1] ^= 1 }, 0, true},
		"tokens beside the bytes":   {func(k *api.Task) { k.Answers[0].Body = []byte(`{"output":[9]}`) }, 1, false},
	} {
		var page api.Page[api.Task]
		answerInto(t, h, "/v1/tasks?kind=inference&epoch=0", &page)
		if len(page.Items) != 1 {
			t.Fatalf("got %d tasks", len(page.Items))
		}
		page.Items[0].Answers = slices.Clone(page.Items[0].Answers)
		c.change(&page.Items[0])
		tasks := func(_ context.Context, kind protocol.Kind, e protocol.Epoch, yield func(*api.Task) error) error {
			if kind != inference.Kind || e != 0 {
				return fmt.Errorf("asked for %s of epoch %d", kind, e)
			}
			return yield(&page.Items[0])
		}
		var got []export.Run
		dropped, err := export.Inference(chain, tasks, func(protocol.ModelID, []int32) string { return "\xff." })(t.Context(), 0, func(r *export.Run) error {
			got = append(got, *r)
			return nil
		})
		if (err != nil) != c.fails || len(got) != c.rows || !c.fails && int(dropped) != 1-c.rows {
			t.Errorf("%s: got %d rows, %d left out, %v", name, len(got), dropped, err)
		}
		if c.rows == 1 && (fmt.Sprint(got[0].Tokens) != "[7]" || got[0].Response != "�." || got[0].Provenance.Block != 7) {
			t.Errorf("%s: got %+v", name, got[0])
		}
	}
}

// answerInto asks a handler.
func answerInto(t *testing.T, h http.Handler, path string, v any) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil))
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%s: %d, %v: %s", path, w.Code, err, w.Body)
	}
}
