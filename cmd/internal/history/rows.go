package history

import (
	"encoding/json"
	"time"

	"github.com/assaynet/assay/protocol"
)

// Tokens is an amount in units of 10⁻⁹ tokens: a decimal of nine places in Parquet,
// an exact decimal in a string in JSON.
type Tokens int64

// MarshalJSON implements [json.Marshaler].
func (t Tokens) MarshalJSON() ([]byte, error) {
	return t.appendTo(make([]byte, 0, 24)), nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (t *Tokens) UnmarshalJSON(b []byte) error {
	var a protocol.Amount
	if err := json.Unmarshal(b, &a); err != nil {
		return err
	}
	*t = Tokens(a)
	return nil
}

// Micros is a time in microseconds since 1970, UTC: a timestamp in Parquet, RFC
// 3339 in JSON. Zero is not known, and null.
type Micros int64

// MarshalJSON implements [json.Marshaler].
func (m Micros) MarshalJSON() ([]byte, error) {
	return m.appendTo(make([]byte, 0, 36)), nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (m *Micros) UnmarshalJSON(b []byte) error {
	var t *time.Time
	if err := json.Unmarshal(b, &t); err != nil {
		return err
	}
	*m = 0
	if t != nil {
		*m = MicrosOf(*t)
	}
	return nil
}

// MicrosOf returns a time, rounded down; zero of none.
func MicrosOf(t time.Time) Micros {
	if t.IsZero() {
		return 0
	}
	return Micros(t.UnixMicro())
}

// Task is a row of the table tasks: what a seat was asked, and answered. Body is
// JSON, of a form that the kind decides.
type Task struct {
	ID         string  `json:"id" parquet:"id"`
	Kind       string  `json:"kind" parquet:"kind,dict"`
	Epoch      int64   `json:"epoch" parquet:"epoch"`
	Round      int64   `json:"round" parquet:"round"`
	Time       Micros  `json:"time" parquet:"time,optional,timestamp(microsecond)"`
	UID        int32   `json:"uid" parquet:"uid"`
	Registered int64   `json:"registered" parquet:"registered"`
	Hotkey     string  `json:"hotkey" parquet:"hotkey,dict"`
	Slot       int32   `json:"slot" parquet:"slot"`
	Root       string  `json:"root" parquet:"root"`
	Block      int64   `json:"block" parquet:"block"`
	Judges     []int32 `json:"judges" parquet:"judges,list"`
	Body       string  `json:"body" parquet:"body"`
}

// Answer is a row of the table answers: an opened answer. Raw is its envelope as
// the miner signed it.
type Answer struct {
	Task     string `json:"task" parquet:"task"`
	Epoch    int64  `json:"epoch" parquet:"epoch"`
	Hash     string `json:"hash" parquet:"hash"`
	Sender   string `json:"sender" parquet:"sender,dict"`
	Received int64  `json:"received" parquet:"received"`
	Body     string `json:"body" parquet:"body"`
	Raw      []byte `json:"raw" parquet:"raw"`
}

// Card is a row of the table cards: a judgement of an answer. Raw is its envelope
// as the judge signed it.
type Card struct {
	Task     string `json:"task" parquet:"task"`
	Epoch    int64  `json:"epoch" parquet:"epoch"`
	Judge    int32  `json:"judge_uid" parquet:"judge_uid"`
	Hotkey   string `json:"hotkey" parquet:"hotkey,dict"`
	Received int64  `json:"received" parquet:"received"`
	Answer   string `json:"answer" parquet:"answer"`
	Finding  string `json:"finding" parquet:"finding,dict"`
	Body     string `json:"body" parquet:"body"`
	Raw      []byte `json:"raw" parquet:"raw"`
}

// Score is a row of the table scores: what the asked validator counted of a seat
// and a kind in an epoch, and what it made of it. Bound, Speed, Availability and
// Weight are shares.
type Score struct {
	Epoch        int64   `json:"epoch" parquet:"epoch"`
	Time         Micros  `json:"time" parquet:"time,optional,timestamp(microsecond)"`
	UID          int32   `json:"uid" parquet:"uid"`
	Registered   int64   `json:"registered" parquet:"registered"`
	Hotkey       string  `json:"hotkey" parquet:"hotkey,dict"`
	Kind         string  `json:"kind" parquet:"kind,dict"`
	Final        bool    `json:"final" parquet:"final"`
	Asked        int64   `json:"asked" parquet:"asked"`
	Answered     int64   `json:"answered" parquet:"answered"`
	Exact        int64   `json:"exact" parquet:"exact"`
	Inexact      int64   `json:"inexact" parquet:"inexact"`
	Late         int64   `json:"late" parquet:"late"`
	NotGiven     int64   `json:"not_given" parquet:"not_given"`
	Units        int64   `json:"units" parquet:"units"`
	Bound        float64 `json:"bound" parquet:"bound"`
	Speed        float64 `json:"speed" parquet:"speed"`
	Availability float64 `json:"availability" parquet:"availability"`
	Weight       float64 `json:"weight" parquet:"weight"`
	Reason       string  `json:"reason" parquet:"reason,dict"`
}

// Weight is a row of the table weights: an entry of a validator's opened row. Value
// is in 65535ths, Share the same as a number of 0 to 1.
type Weight struct {
	Epoch     int64   `json:"epoch" parquet:"epoch"`
	Block     int64   `json:"block" parquet:"block"`
	Time      Micros  `json:"time" parquet:"time,optional,timestamp(microsecond)"`
	Validator int32   `json:"validator_uid" parquet:"validator_uid"`
	UID       int32   `json:"uid" parquet:"uid"`
	Value     int32   `json:"value" parquet:"value"`
	Share     float64 `json:"share" parquet:"share"`
}

// Payment is a row of the table payments: what an epoch paid to a seat. Incentive
// and Dividend are shares.
type Payment struct {
	Epoch      int64   `json:"epoch" parquet:"epoch"`
	Block      int64   `json:"block" parquet:"block"`
	Time       Micros  `json:"time" parquet:"time,optional,timestamp(microsecond)"`
	UID        int32   `json:"uid" parquet:"uid"`
	Registered int64   `json:"registered" parquet:"registered"`
	Hotkey     string  `json:"hotkey" parquet:"hotkey,dict"`
	Coldkey    string  `json:"coldkey" parquet:"coldkey,dict"`
	Incentive  float64 `json:"incentive" parquet:"incentive"`
	Dividend   float64 `json:"dividend" parquet:"dividend"`
	Miner      Tokens  `json:"miner" parquet:"miner,decimal(9:18)"`
	Validator  Tokens  `json:"validator" parquet:"validator,decimal(9:18)"`
	Total      Tokens  `json:"total" parquet:"total,decimal(9:18)"`
	Drawn      int64   `json:"drawn" parquet:"drawn"`
	Fulfilled  int64   `json:"fulfilled" parquet:"fulfilled"`
}

// What another node may know otherwise is left out by Settled where rows are
// compared with what a node still gives: heights at which messages came, and what a
// validator thinks.

// Text implements [export.Row].
func (*Task) Text() (prompt, response string) { return "", "" }

// Settled implements [export.Row].
func (t *Task) Settled() Task { return *t }

// Text implements [export.Row].
func (*Answer) Text() (prompt, response string) { return "", "" }

// Settled implements [export.Row].
func (a *Answer) Settled() Answer {
	s := *a
	s.Received = 0
	return s
}

// Text implements [export.Row].
func (*Card) Text() (prompt, response string) { return "", "" }

// Settled implements [export.Row].
func (c *Card) Settled() Card {
	s := *c
	s.Received = 0
	return s
}

// Text implements [export.Row].
func (*Score) Text() (prompt, response string) { return "", "" }

// Settled implements [export.Row].
func (s *Score) Settled() Score { return *s }

// Text implements [export.Row].
func (*Weight) Text() (prompt, response string) { return "", "" }

// Settled implements [export.Row].
func (w *Weight) Settled() Weight { return *w }

// Text implements [export.Row].
func (*Payment) Text() (prompt, response string) { return "", "" }

// Settled implements [export.Row].
func (p *Payment) Settled() Payment { return *p }
