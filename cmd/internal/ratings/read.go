package ratings

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/assaynet/assay/scoring/preference"
)

// MaxLine bounds a line, in bytes: a pair of the most answers by raters of the
// longest ids takes a tenth of it.
const MaxLine = 1 << 20

var (
	// ErrLine says that a line is no pair.
	ErrLine = errors.New("not a pair")
	// ErrLong says that a line is longer than [MaxLine].
	ErrLong = errors.New("the line is too long")
)

// Read calls add with every pair of JSON Lines, and its line's number from 1.
// Blank lines count and are no pairs. The pair is add's only until it returns.
// An error says which line it is of: [ErrLine], [ErrLong], add's or r's own.
func Read(r io.Reader, add func(*preference.Pair) error) error {
	lines := bufio.NewReaderSize(r, MaxLine)
	var p preference.Pair
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("line %d: %w: more than %d bytes", n, ErrLong, MaxLine)
		}
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if text := bytes.TrimSpace(line); len(text) > 0 {
			if err := parse(text, &p); err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
			if err := add(&p); err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
		}
		if last {
			return nil
		}
	}
}

// line is a pair as it stands in a file.
type line struct {
	Pair    id
	Stratum *[]int8
	Gold    json.RawMessage
	Cell    *uint8
	Setter  id
	Answers *[]answer
	Epoch   *uint64
}

// parse reads one line into p, whose memory it uses again.
func parse(text []byte, p *preference.Pair) error {
	if !utf8.Valid(text) {
		return fmt.Errorf("%w: it is not UTF-8", ErrLine)
	}
	var l line
	if err := l.read(json.NewDecoder(bytes.NewReader(text))); err != nil {
		return fmt.Errorf("%w: %w", ErrLine, err)
	}
	for _, f := range []struct {
		name    string
		missing bool
	}{
		{"pair", l.Pair == ""},
		{"stratum", l.Stratum == nil},
		{"gold", l.Gold == nil},
		{"cell", l.Cell == nil},
		{"setter", l.Setter == ""},
		{"answers", l.Answers == nil},
		{"epoch", l.Epoch == nil},
	} {
		if f.missing {
			return fmt.Errorf("%w: it has no %s", ErrLine, f.name)
		}
	}
	if len(*l.Stratum) != 2 {
		return fmt.Errorf("%w: the stratum has %d numbers, not the sign of lengths and Z", ErrLine, len(*l.Stratum))
	}
	gold, err := choice(l.Gold, preference.Equal)
	if err != nil {
		return fmt.Errorf("%w: gold: %w", ErrLine, err)
	}
	*p = preference.Pair{
		ID: string(l.Pair), Setter: string(l.Setter), Epoch: *l.Epoch,
		Length: (*l.Stratum)[0], Z: (*l.Stratum)[1], Gold: gold, Cell: *l.Cell, Answers: p.Answers[:0],
	}
	for _, a := range *l.Answers {
		p.Answers = append(p.Answers, preference.Answer(a))
	}
	return nil
}

// read reads the object of a line, and that nothing follows it. A field that
// comes twice, or in other letters, is what two readers may read differently.
func (l *line) read(d *json.Decoder) error {
	begin, err := d.Token()
	switch {
	case err != nil:
		return errors.New(reason(err))
	case begin != json.Delim('{'):
		return errors.New("it is no object")
	}
	seen := map[any]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return errors.New(reason(err))
		}
		into := l.field(name)
		switch {
		case into == nil:
			return fmt.Errorf("unknown field %.40q", name)
		case seen[name]:
			return fmt.Errorf("%s comes twice", name)
		}
		seen[name] = true
		if err := d.Decode(into); err != nil {
			if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
				return fmt.Errorf("%s cannot be %s", name, wrong.Value)
			}
			return errors.New(reason(err))
		}
	}
	if _, err := d.Token(); err != nil {
		return errors.New(reason(err))
	}
	if rest, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("something follows the object: %v", rest)
	}
	return nil
}

// field is where a field is kept, nil for one that no pair has.
func (l *line) field(name json.Token) any {
	switch name {
	case "pair":
		return &l.Pair
	case "stratum":
		return &l.Stratum
	case "gold":
		return &l.Gold
	case "cell":
		return &l.Cell
	case "setter":
		return &l.Setter
	case "answers":
		return &l.Answers
	case "epoch":
		return &l.Epoch
	}
	return nil
}

// reason says what is wrong with JSON in words for who wrote it.
func reason(err error) string {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field == "":
		return "it is no object"
	case errors.As(err, &wrong):
		return fmt.Sprintf("%s cannot be %s", wrong.Field, wrong.Value)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the object does not end"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// choice reads -1, 0 or 1; null is none.
func choice(raw []byte, none preference.Choice) (preference.Choice, error) {
	switch string(raw) {
	case "-1":
		return preference.Left, nil
	case "0":
		return preference.Equal, nil
	case "1":
		return preference.Right, nil
	case "null":
		return none, nil
	}
	return 0, fmt.Errorf("%.20s is not -1, 0, 1 or null", raw)
}

// id is a JSON string, or an integer from 0 on, in the one way to write it: what
// a rater is called in the output.
type id string

func (v *id) UnmarshalJSON(raw []byte) error {
	if raw[0] != '"' {
		n, err := strconv.ParseUint(string(raw), 10, 64)
		if err != nil || strconv.FormatUint(n, 10) != string(raw) {
			return fmt.Errorf("the id %.40s is no string and no number from 0 to 2^64 - 1", raw)
		}
		*v = id(raw)
		return nil
	}
	if plain(raw) {
		*v = id(raw)
		return nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	*v = id(quoted(s))
	return nil
}

// plain says whether a string stands as it would be written: most do, and need
// not be read and written again.
func plain(raw []byte) bool {
	if len(raw) < 2 || raw[len(raw)-1] != '"' {
		return false
	}
	for _, b := range raw[1 : len(raw)-1] {
		if b < ' ' || b > '~' || b == '"' || b == '\\' {
			return false
		}
	}
	return true
}

// quoted writes a string in the one way in which ids are written.
func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string, into memory
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// answer is [rater, x].
type answer preference.Answer

// UnmarshalJSON takes the last comma for the one between rater and x: x has
// none, and what is no id is refused as one.
func (a *answer) UnmarshalJSON(raw []byte) error {
	at := bytes.LastIndexByte(raw, ',')
	if raw[0] != '[' || at < 0 {
		return fmt.Errorf("the answer %.60s is not [rater, x]", raw)
	}
	var rater id
	first, second := bytes.TrimSpace(raw[1:at]), bytes.TrimSpace(raw[at+1:len(raw)-1])
	if len(first) == 0 {
		return fmt.Errorf("the answer %.60s is not [rater, x]", raw)
	}
	if err := rater.UnmarshalJSON(first); err != nil {
		return fmt.Errorf("the answer %.60s is not [rater, x]: %w", raw, err)
	}
	x, err := choice(second, preference.Absent)
	if err != nil {
		return fmt.Errorf("answer of %s: %w", rater, err)
	}
	*a = answer{Rater: string(rater), Choice: x}
	return nil
}
