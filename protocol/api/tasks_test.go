package api_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
)

// answered adds evidence of tasks of miner 2 in a round, one a slot, of which those
// in odd slots are of another kind.
func answered(t *testing.T, n *apitest.Network, round protocol.Round, slots uint16, body []byte) {
	t.Helper()
	for slot := range slots {
		task := n.TaskOf(round, 2)
		task.ID, task.Slot = wire.HashOf("test", wire.Encode([]uint64{uint64(round), uint64(slot)})), slot
		if slot%2 == 1 {
			task.Kind, task.Body = "other", []byte{0}
		}
		ev, err := n.Sign(&task, &inference.Result{Output: []int32{1}, Finish: "stop"}, func(_ protocol.UID, c *inference.Card) { c.Root = wire.HashOf("root") })
		if err != nil {
			t.Fatal(err)
		}
		if body != nil {
			ev.Answers[0].Raw = body
		}
		n.Work.Tasks[task.ID] = ev
	}
}

func TestTasksAreListedByKindAndPlaceAndInPages(t *testing.T) {
	n, h := seeded(t)
	answered(t, n, 0, 6, nil)
	answered(t, n, 2, 4, nil)
	for path, want := range map[string]string{
		"/v1/tasks?kind=inference":            "[0/0 0/2 0/4 1/0 2/0 2/2]",
		"/v1/tasks?kind=inference&epoch=1..2": "[1/0 2/0 2/2]",
		"/v1/tasks?kind=inference&epoch=0":    "[0/0 0/2 0/4]",
		"/v1/tasks?kind=inference&epoch=9":    "[]",
	} {
		for _, limit := range []string{"", "&limit=1", "&limit=2"} {
			got, next, pages := []string{}, "", 0
			for {
				at := path + limit
				if next != "" {
					at += "&cursor=" + next
				}
				var p api.Page[api.Task]
				w := get(t, h, at)
				if w.Code != 200 {
					t.Fatalf("%s: %s", at, w.Body)
				}
				decode(t, w, &p)
				for i := range p.Items {
					got = append(got, fmt.Sprintf("%d/%d", p.Items[i].Round, p.Items[i].Slot))
				}
				if next = p.Next; next == "" || pages > 20 {
					break
				}
				pages++
			}
			if fmt.Sprint(got) != want {
				t.Errorf("%s%s: got %v, want %s", path, limit, got, want)
			}
		}
	}
}

func TestAPageOfLongAnswersEndsEarly(t *testing.T) {
	n, h := seeded(t)
	a := wire.Answer{Slots: 1, Body: wire.Encode(&inference.Result{Output: []int32{1}, Finish: "stop", Leaves: make([]protocol.Hash, 4096)})}
	e, err := wire.Seal(apitest.Key("miner-0"), wire.DomainAnswer, n.Genesis.ChainID(), 3, wire.Encode(&a))
	if err != nil {
		t.Fatal(err)
	}
	long := wire.Encode(e)
	answered(t, n, 0, 200, long)
	var p api.Page[api.Task]
	decode(t, get(t, h, "/v1/tasks?kind=inference&epoch=0&limit=1000"), &p)
	if most := 8<<20/len(long) + 1; len(p.Items) > most || len(p.Items) < most/2 || p.Next == "" {
		t.Errorf("got %d tasks of %d bytes and next %q, want at most %d and more", len(p.Items), len(long), p.Next, most)
	}
}

// early is a node that knows when each block was made; there is no block 0.
type early struct{ *apitest.Network }

func (early) BlockTime(_ context.Context, h protocol.Height) (time.Time, error) {
	return time.Unix(int64(h), 0), nil
}

func TestTasksOfTheFirstRoundHaveTheTimeOfTheFirstBlock(t *testing.T) {
	n, _ := seeded(t)
	answered(t, n, 0, 1, nil)
	c := n.Config()
	c.Source.State = early{n}
	got := items[api.Task](t, handler(t, c), "/v1/tasks?kind=inference&epoch=0..1")
	if len(got) != 2 || !got[0].Time.Equal(time.Unix(1, 0)) || !got[1].Time.Equal(time.Unix(20, 0)) {
		t.Errorf("got %+v", got)
	}
}

func TestTasksThatAreNotKeptAreGone(t *testing.T) {
	n, h := seeded(t)
	at(t, n, 20*30)
	if w := get(t, h, "/v1/tasks?kind=inference&epoch=3"); w.Code != http.StatusGone {
		t.Errorf("got %d, %s", w.Code, w.Body)
	}
	c := n.Config()
	c.Source.Work = nil
	if w := get(t, handler(t, c), "/v1/tasks?kind=inference"); w.Code != http.StatusNotFound && w.Code != http.StatusNotImplemented {
		t.Errorf("without answers: got %d, %s", w.Code, w.Body)
	}
}
