package label

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/assaynet/assay/miner/label/marks"
	"github.com/assaynet/assay/protocol"
)

// maxBody bounds what a request may carry: a reason in which JSON writes each byte
// as six, and the rest.
const maxBody = 6*MaxReason + 1024

// deskShape is the desk as the page's script has it.
type deskShape struct {
	Now    time.Time    `json:"now"` // so that a browser with a wrong clock counts right
	Facts  Facts        `json:"facts"`
	Open   int          `json:"open"`
	Rated  int          `json:"rated"`
	Shown  Fate         `json:"shown"`
	Item   *itemShape   `json:"item"`
	Newest *newestShape `json:"newest"`
	Ready  *readyShape  `json:"ready"`
	Sealed *sealedShape `json:"sealed"`
	Was    *wasShape    `json:"was,omitempty"` // what was taken back just now
}

type itemShape struct {
	Ref
	Pair     protocol.Hash   `json:"pair"`
	Prompt   []marks.Run     `json:"prompt"`
	A        []marks.Run     `json:"a"`
	B        []marks.Run     `json:"b"`
	Places   int             `json:"places"`
	Apart    bool            `json:"apart"`
	Deadline protocol.Height `json:"deadline"`
	Expected time.Time       `json:"expected"`
}

type newestShape struct {
	Ref
	Change   uint64    `json:"change"`
	Choice   Choice    `json:"choice"`
	Expected time.Time `json:"expected"`
}

type readyShape struct {
	Round    protocol.Round `json:"round"`
	Finished bool           `json:"finished"`
}

type sealedShape struct {
	Round  protocol.Round `json:"round"`
	Rated  int            `json:"rated"`
	Missed int            `json:"missed"`
}

type wasShape struct {
	Choice Choice `json:"choice"`
	Reason string `json:"reason"`
}

// shape makes of a view what the page's script gets.
func (p *Page) shape(v View) deskShape {
	s := deskShape{Now: p.now().UTC(), Facts: p.cfg.Facts(), Open: v.Open, Rated: v.Rated, Shown: v.Shown}
	if i := v.Item; i != nil {
		pair := marks.Compare(i.A, i.B)
		s.Item = &itemShape{
			Ref: i.Ref, Pair: i.Pair, Prompt: marks.Text(i.Prompt), A: pair.A, B: pair.B,
			Places: pair.Places, Apart: pair.Apart, Deadline: i.Deadline, Expected: i.Expected,
		}
	}
	if n := v.Newest; n != nil {
		s.Newest = &newestShape{n.Ref, n.Change, n.Choice, n.Expected}
	}
	if r := v.Ready; r != nil {
		s.Ready = &readyShape{r.Round, r.Finished}
	}
	if c := v.Sealed; c != nil {
		s.Sealed = &sealedShape{c.Round, c.Rated, c.Missed}
	}
	return s
}

// problem is the answer to a request that was refused.
type problem struct {
	status  int
	Problem string     `json:"problem"` // one word
	Message string     `json:"message"` // for people
	Desk    *deskShape `json:"desk,omitempty"`
}

func refuse(status int, word, message string) *problem {
	return &problem{status: status, Problem: word, Message: message}
}

// encode writes JSON in which no character means anything to HTML.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // cannot happen: strings and numbers
		return []byte("{}")
	}
	return b
}

// readBody reads what a request carries, within [maxBody].
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *problem) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return nil, refuse(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("Send at most %d bytes.", maxBody))
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "body", "The request ended early.")
	}
	return b, nil
}

var (
	errJSON  = errors.New("want one object of JSON, with the fields of this request and no others")
	errQuery = errors.New("want ?round=N&slot=N, with &later=1 for the next, or nothing")
)

// decodeOne reads one object, and nothing beside it.
func decodeOne(b []byte, v any) error {
	if !utf8.Valid(b) {
		return errJSON
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errJSON
	}
	return nil
}

func decodeRate(b []byte) (q rateShape, err error) {
	err = decodeOne(b, &q)
	return q, err
}

func decodeUndo(b []byte) (q undoShape, err error) {
	err = decodeOne(b, &q)
	return q, err
}

func decodeFinish(b []byte) (q finishShape, err error) {
	err = decodeOne(b, &q)
	return q, err
}

// looking is a request to show the desk.
type looking struct {
	shown *Ref
	later bool
}

func parseLook(query string) (q looking, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return q, errQuery
	}
	if len(values) == 0 {
		return q, nil
	}
	round, err := strconv.ParseUint(values.Get("round"), 10, 64)
	if err != nil {
		return q, errQuery
	}
	slot, err := strconv.ParseUint(values.Get("slot"), 10, 16)
	if err != nil {
		return q, errQuery
	}
	return looking{&Ref{protocol.Round(round), uint16(slot)}, values.Get("later") == "1"}, nil
}
