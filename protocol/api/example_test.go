package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
)

// A list is read page by page: next is the cursor of the following one.
func ExampleHandler() {
	n, err := apitest.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	h, err := api.NewHandler(n.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	for cursor := "first"; cursor != ""; {
		path := "/v1/miners?limit=2"
		if cursor != "first" {
			path += "&cursor=" + cursor
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil))
		var page api.Page[api.Miner]
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			fmt.Println(err)
			return
		}
		for _, m := range page.Items {
			fmt.Printf("seat %d has %s tokens\n", m.UID, m.Balance)
			for _, o := range m.Offers {
				fmt.Printf("  and answers %d tasks a round of the kind %s\n", o.Capacity, o.Kind)
			}
		}
		cursor = page.Next
	}
	// Output:
	// seat 2 has 50.000000000 tokens
	//   and answers 2 tasks a round of the kind inference
	// seat 3 has 50.000000000 tokens
	//   and answers 2 tasks a round of the kind inference
	// seat 4 has 50.000000000 tokens
}

// What is asked wrongly is answered by a problem document, which says why.
func ExampleProblem() {
	n, err := apitest.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	h, err := api.NewHandler(n.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/v1/scores?epoch=soon", nil))
	var p api.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w.Code, p.Type, p.Detail)
	// Output:
	// 400 urn:assay:problem:bad-query epoch "soon"
}
