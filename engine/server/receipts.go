package server

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"sync"

	"github.com/assaynet/assay/engine/runfile"
)

// receiptHeader is the header of an answer that names its receipt; in a stream it
// comes before the first token.
const receiptHeader = "X-Assay-Receipt"

// receipts keeps the newest runs.
type receipts struct {
	mu    sync.Mutex
	most  int
	files map[string][]runfile.File // guarded by mu
	order []string                  // guarded by mu, the oldest first
}

func newReceipts(most int) *receipts {
	return &receipts{most: most, files: map[string][]runfile.File{}}
}

// newID names an answer: nobody guesses another's.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// keep keeps the runs of one answer, in the order of its choices.
func (r *receipts) keep(id string, files []runfile.File) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.order) == r.most {
		delete(r.files, r.order[0])
		r.order = r.order[1:]
	}
	r.files[id] = files
	r.order = append(r.order, id)
}

func (r *receipts) get(id string) ([]runfile.File, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	files, ok := r.files[id]
	return files, ok
}

// receipt hands a run out. An answer of several choices has one for each: ?choice=1
// is the second's.
func (s *Server) receipt(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	files, ok := s.receipts.get(id)
	if !ok {
		return &problem{status: http.StatusNotFound, Type: typeMissing, Message: "there is no such receipt, or not any more, or its answer is not whole yet"}
	}
	at, err := number(r.URL.Query().Get("choice"), len(files)-1)
	if err != nil {
		return refuse("choice", "choice is 0 to %d", len(files)-1)
	}
	reply(w, http.StatusOK, files[at])
	return nil
}
