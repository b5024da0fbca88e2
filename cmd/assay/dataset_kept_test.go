package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"

	"github.com/assaynet/assay/protocol/task/inference"
)

// TestDataBeginsWhereAnswersAreKept: what was paid stays for all epochs, and
// answers and cards for some, so that a list of data of an older network begins
// later.
func TestDataBeginsWhereAnswersAreKept(t *testing.T) {
	const oldest, now = 26, 30
	var asked []int
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var answer string
		switch e := r.URL.Query().Get("epoch"); {
		case r.URL.Path == "/v1/status":
			answer = fmt.Sprintf(`{"epoch":%d}`, now)
		case r.URL.Path == "/v1/network":
			answer = fmt.Sprintf(`{"kinds":[{"kind":%q}]}`, inference.Kind)
		case r.URL.Path == "/v1/emissions":
			answer = `{"items":[],"next":"","oldest_epoch":0}`
		case r.URL.Path != "/v1/tasks" || e == "":
			answer = fmt.Sprintf(`{"items":[],"next":"","oldest_epoch":%d}`, oldest)
		default:
			n, err := strconv.Atoi(e)
			if err != nil {
				t.Error(err)
			}
			asked = append(asked, n)
			answer = `{"items":[],"next":""}`
		}
		_, _ = io.WriteString(w, answer) // the client's end shows
	}))
	defer web.Close()
	a := app()
	a.Writer, a.ErrWriter = io.Discard, io.Discard
	if err := a.RunContext(t.Context(), []string{"assay", "dataset", "list", "--node", web.URL, "--json"}); err != nil {
		t.Fatal(err)
	}
	if want := []int{26, 27, 28}; !slices.Equal(asked, want) { // those that have settled
		t.Errorf("asked for the epochs %d, want %d", asked, want)
	}
}
