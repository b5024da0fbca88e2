package server

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"

	"github.com/assaynet/assay/engine/runfile"
)

// receiptHeader is the header of an answer that names its receipt; in a stream it
// comes before the first token.
const receiptHeader = "X-Assay-Receipt"

// maxKept is how many bytes receipts take together.
const maxKept = 256 << 20

// receipts keeps the newest runs.
type receipts struct {
	mu    sync.Mutex
	most  int
	kept  map[string]kept // guarded by mu
	order []string        // guarded by mu, the oldest first
	bytes int             // guarded by mu
}

// kept are the runs of one answer.
type kept struct {
	model string // its name
	files []runfile.File
	bytes int
}

func newReceipts(most int) *receipts { return &receipts{most: most, kept: map[string]kept{}} }

// newID names an answer: nobody guesses another's.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// sizeOf is what a run takes, nearly: a leaf is 64 digits and a string's head.
func sizeOf(f *runfile.File) int {
	size := 512 + 4*len(f.PromptIDs) + 92*len(f.IDs) + 8*len(f.Settings.Biases)
	if f.Text != nil {
		size += len(*f.Text)
	}
	if g := f.Settings.Grammar; g != nil {
		size += len(g.Text)
	}
	return size
}

// keep keeps the runs of one answer, in the order of its choices, in the place of
// the oldest.
func (r *receipts) keep(id, model string, files []runfile.File) {
	k := kept{model: model, files: files}
	for i := range files {
		k.bytes += sizeOf(&files[i])
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept[id] = k
	r.order = append(r.order, id)
	r.bytes += k.bytes
	for len(r.order) > r.most || r.bytes > maxKept {
		r.bytes -= r.kept[r.order[0]].bytes
		delete(r.kept, r.order[0])
		r.order = r.order[1:]
	}
}

func (r *receipts) get(id string) (kept, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.kept[id]
	return k, ok
}

// asked returns the receipt that a request names, and the name of its model. An
// answer of several choices has one for each: ?choice=1 is the second's.
func (r *receipts) asked(q *http.Request) (*runfile.File, string, error) {
	k, ok := r.get(q.PathValue("id"))
	if !ok {
		return nil, "", &problem{status: http.StatusNotFound, Type: typeMissing, Message: "there is no such receipt, or not any more, or its answer is not whole yet"}
	}
	at, err := number(q.URL.Query().Get("choice"), len(k.files)-1)
	if err != nil {
		return nil, "", refuse("choice", "choice is 0 to %d", len(k.files)-1)
	}
	return &k.files[at], k.model, nil
}

// receipt hands a run out.
func (s *Server) receipt(w http.ResponseWriter, r *http.Request) error {
	file, _, err := s.receipts.asked(r)
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, file)
	return nil
}

// checkReceipt computes a run again, here, as assay model verify does anywhere.
func (s *Server) checkReceipt(w http.ResponseWriter, r *http.Request) error {
	file, name, err := s.receipts.asked(r)
	if err != nil {
		return err
	}
	leave, err := s.gate.enter(callerOf(r.Context()), 1)
	if err != nil {
		return err
	}
	defer leave()
	m, back, err := s.take(r.Context(), name)
	if err != nil {
		return err
	}
	defer back()
	if id := m.Engine.ID(); file.ModelID != hex.EncodeToString(id[:]) {
		return &problem{
			status: http.StatusConflict, Type: typeRequest,
			Message: fmt.Sprintf("the receipt is of model %s, and %.80s is another one now; check it by assay model verify with the file that it was made with", file.ModelID, name),
		}
	}
	_, run, err := runfile.Parse(marshal(file))
	if err != nil {
		return err
	}
	report, err := m.Engine.Verify(r.Context(), run)
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, object{
		"equal": report.Equal, "position": report.Position, "kind": string(report.Kind), "tokens": len(run.Output), "fingerprint": file.Fingerprint,
	})
	return nil
}
