package toolcall

import "strings"

// Call is a tool's name and its arguments, which are a JSON object.
type Call struct {
	Name      string
	Arguments string
}

// Piece is the next part of an answer, of one sort.
type Piece struct {
	Text, Reasoning string
	Call            *Call
}

// The marks of what a model thinks.
const (
	thinkOpen  = "<think>"
	thinkClose = "</think>"
)

// Config says what an answer may hold.
type Config struct {
	Family   Family
	Tools    []Tool // that may be called; none: calls are text
	Thinks   bool   // the model writes what it thinks between marks
	Thinking bool   // the prompt has ended with such a mark: the answer begins with a thought
	Marked   bool   // calls stand between marks and nowhere else
}

type state uint8

const (
	starting state = iota // nothing but white space came
	thinking
	saying
	calling // behind a mark
	whole   // of what may be a call without marks: until the end
)

// Reader takes one answer apart. All pieces, put together, are the answer, but
// for marks, white space around thoughts and calls, and how calls are written.
type Reader struct {
	cfg   Config
	state state
	held  string // not yet given
	mark  mark   // of the call that is read
	trim  bool   // white space at the beginning is no text
	out   []Piece
}

// NewReader returns a Reader at the start of an answer.
func NewReader(cfg Config) *Reader {
	r := &Reader{cfg: cfg}
	if cfg.Thinking {
		r.state, r.trim = thinking, true
	}
	return r
}

// Add takes more of the answer and returns what can be told of it.
func (r *Reader) Add(text string) []Piece {
	r.out = nil
	r.held += text
	for r.step() {
	}
	return r.out
}

// End returns what is left when no more comes.
func (r *Reader) End() []Piece {
	r.out = nil
	for r.broken() {
		for r.step() {
		}
	}
	switch r.state {
	case calling:
		r.called(r.held, "")
	case whole:
		if calls := parseBare(r.held, r.cfg.Tools); calls != nil {
			r.give(calls)
			break
		}
		r.say(r.held)
	case thinking:
		r.think(r.held)
	default:
		r.say(r.held)
	}
	r.held = ""
	return r.out
}

// broken passes what was written as a call and never came to the end of a string.
// It is none; what follows it may be, but where calls are held to a schema: there
// it is of the string.
func (r *Reader) broken() bool {
	body, rest, found := strings.Cut(r.held, r.mark.close)
	if r.state != calling || r.mark.close == "" || !found || r.cfg.Marked {
		return false
	}
	r.called(body, r.mark.close)
	r.held, r.state = rest, saying
	return true
}

// step goes on by one mark; false when it takes more text to go on.
func (r *Reader) step() bool {
	switch r.state {
	case starting:
		return r.start()
	case thinking:
		return r.thought()
	case saying:
		return r.said()
	case calling:
		if r.mark.close == "" {
			return false
		}
		end := closing(r.held, r.mark.close)
		if end < 0 {
			return false
		}
		r.called(r.held[:end], r.mark.close)
		r.held, r.state = r.held[end+len(r.mark.close):], saying
		return true
	}
	return false
}

// closing is where what stands between marks ends: at the first close mark that is
// in no string of JSON. −1: not yet.
func closing(text, mark string) int {
	bare := strings.TrimLeft(text, " \t\r\n")
	if bare == "" || bare[0] != '{' && bare[0] != '[' {
		return strings.Index(text, mark)
	}
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case !quoted && strings.HasPrefix(text[i:], mark):
			return i
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '\\' && quoted:
			i++
		}
	}
	return -1
}

// start looks at how an answer begins.
func (r *Reader) start() bool {
	text := strings.TrimLeft(r.held, " \t\r\n")
	if r.trim {
		r.held = text
	}
	if text == "" {
		return false
	}
	if r.cfg.Thinks {
		if rest, found := strings.CutPrefix(text, thinkOpen); found {
			r.held, r.state, r.trim = rest, thinking, true
			return true
		}
		if strings.HasPrefix(thinkOpen, text) {
			return false
		}
	}
	if len(r.cfg.Tools) > 0 && !r.cfg.Marked {
		switch beginsBare(text) {
		case maybe:
			return false
		case yes:
			r.state = whole
			return false
		}
	}
	r.state = saying
	return true
}

// thought passes on what is thought.
func (r *Reader) thought() bool {
	if r.trim {
		r.held = strings.TrimLeft(r.held, " \t\r\n")
	}
	if at := r.within(); at >= 0 {
		r.think(r.held[:at])
		r.held = r.held[at:]
		return at > 0
	}
	if before, rest, found := strings.Cut(r.held, thinkClose); found {
		r.think(strings.TrimRight(before, " \t\r\n"))
		r.held, r.state, r.trim, r.cfg.Thinks = rest, starting, true, false
		return true
	}
	keep := begun(r.held, thinkClose)
	if r.cfg.Marked {
		keep = max(keep, begun(r.held, marksOf(r.cfg.Family)[0].open))
	}
	keep += trailing(r.held[:len(r.held)-keep])
	r.think(r.held[:len(r.held)-keep])
	r.held = r.held[len(r.held)-keep:]
	return false
}

// within is up to where a thought goes on in which a call begins where calls are
// held to a schema: to its open mark, or behind its close mark, for no mark in its
// strings ends the thought. −1: none begins; 0: its end has not come yet.
func (r *Reader) within() int {
	if !r.cfg.Marked {
		return -1
	}
	m := marksOf(r.cfg.Family)[0]
	at, end := strings.Index(r.held, m.open), strings.Index(r.held, thinkClose)
	if at < 0 || end >= 0 && end < at {
		return -1
	}
	if n := closing(r.held[at+len(m.open):], m.close); n >= 0 {
		return at + len(m.open) + n + len(m.close)
	}
	return at
}

// said passes text on as far as no call begins in it.
func (r *Reader) said() bool {
	if len(r.cfg.Tools) == 0 {
		r.say(r.held)
		r.held = ""
		return false
	}
	first, at := mark{}, -1
	keep := 0
	for _, m := range marksOf(r.cfg.Family) {
		if i := strings.Index(r.held, m.open); i >= 0 && (at < 0 || i < at) {
			first, at = m, i
		}
		keep = max(keep, begun(r.held, m.open))
	}
	if at >= 0 {
		r.say(strings.TrimRight(r.held[:at], " \t\r\n"))
		r.held, r.state, r.mark = r.held[at+len(first.open):], calling, first
		return true
	}
	// White space before what may be a mark is not text either.
	keep += trailing(r.held[:len(r.held)-keep])
	r.say(r.held[:len(r.held)-keep])
	r.held = r.held[len(r.held)-keep:]
	return false
}

// called reads what stood between marks.
func (r *Reader) called(body, end string) {
	calls := r.mark.parse(body, r.cfg.Tools)
	if calls == nil {
		r.say(r.mark.open + body + end)
		return
	}
	r.give(calls)
}

func (r *Reader) give(calls []Call) {
	for _, c := range calls {
		r.out = append(r.out, Piece{Call: &c})
	}
	r.trim = true
}

func (r *Reader) say(text string) {
	if r.trim {
		text = strings.TrimLeft(text, " \t\r\n")
	}
	if text != "" {
		r.trim = false
		r.out = append(r.out, Piece{Text: text})
	}
}

func (r *Reader) think(text string) {
	if text != "" {
		r.trim = false
		r.out = append(r.out, Piece{Reasoning: text})
	}
}

// begun returns how many bytes at the end of a text may be the beginning of a
// mark.
func begun(text, mark string) int {
	for n := min(len(mark)-1, len(text)); n > 0; n-- {
		if strings.HasSuffix(text, mark[:n]) {
			return n
		}
	}
	return 0
}

// trailing returns how many bytes of white space a text ends with.
func trailing(text string) int { return len(text) - len(strings.TrimRight(text, " \t\r\n")) }

// Thinking tells whether what comes next is a thought.
func (r *Reader) Thinking() bool { return r.state == thinking }
