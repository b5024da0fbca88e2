package export

import (
	"math/bits"
	"strconv"
	"unicode/utf8"
)

// Appender is a row that writes its own line, byte for byte that of package
// encoding/json without escapes for HTML, in a quarter of the time. Other rows
// leave it to that package.
type Appender interface {
	// AppendLine appends the row as an object, without the end of the line.
	AppendLine(b []byte) []byte
}

var (
	_ Appender = (*Run)(nil)
	_ Appender = (*Record)(nil)
	_ Appender = (*Preference)(nil)
)

// AppendLine implements [Appender].
func (r *Run) AppendLine(b []byte) []byte {
	b = AppendText(append(b, `{"system":`...), r.System)
	b = AppendText(append(b, `,"prompt":`...), r.Prompt)
	b = AppendText(append(b, `,"response":`...), r.Response)
	b = appendList(append(b, `,"tokens":`...), r.Tokens, func(b []byte, t *int32) []byte { return strconv.AppendInt(b, int64(*t), 10) })
	b = AppendText(append(b, `,"finish":`...), r.Finish)
	b = strconv.AppendInt(append(b, `,"passed":`...), int64(r.Passed), 10)
	b = r.Provenance.appendTo(append(b, `,"provenance":`...))
	return append(b, '}')
}

// AppendLine implements [Appender].
func (r *Record) AppendLine(b []byte) []byte {
	b = AppendText(append(b, `{"prompt":`...), r.Prompt)
	b = AppendText(append(b, `,"response":`...), r.Response)
	b = AppendText(append(b, `,"family":`...), r.Family)
	b = appendList(append(b, `,"checks":`...), r.Checks, func(b []byte, f *Finding) []byte {
		b = AppendText(append(b, `{"check":`...), f.Check)
		b = strconv.AppendBool(append(b, `,"pass":`...), f.Pass)
		return append(b, '}')
	})
	b = appendList(append(b, `,"failed":`...), r.Failed, func(b []byte, g *string) []byte { return AppendText(b, *g) })
	b = strconv.AppendInt(append(b, `,"novelty":`...), int64(r.Novelty), 10)
	b = strconv.AppendInt(append(b, `,"alike":`...), int64(r.Alike), 10)
	b = strconv.AppendInt(append(b, `,"diversity":`...), int64(r.Diversity), 10)
	b = strconv.AppendInt(append(b, `,"passed":`...), int64(r.Passed), 10)
	b = r.Provenance.appendTo(append(b, `,"provenance":`...))
	return append(b, '}')
}

// AppendLine implements [Appender].
func (r *Preference) AppendLine(b []byte) []byte {
	b = AppendText(append(b, `{"prompt":`...), r.Prompt)
	b = AppendText(append(b, `,"chosen":`...), r.Chosen)
	b = AppendText(append(b, `,"rejected":`...), r.Rejected)
	b = strconv.AppendFloat(append(b, `,"agreement":`...), r.Agreement, 'f', -1, 64)
	b = strconv.AppendFloat(append(b, `,"confidence":`...), r.Confidence, 'f', -1, 64)
	b = appendList(append(b, `,"raters":`...), r.Raters, func(b []byte, v *Vote) []byte {
		b = AppendText(append(b, `{"rater":`...), v.Rater)
		b = strconv.AppendInt(append(b, `,"choice":`...), int64(v.Choice), 10)
		return append(b, '}')
	})
	b = AppendText(append(b, `,"lane":`...), r.Lane)
	b = r.Provenance.appendTo(append(b, `,"provenance":`...))
	return append(b, '}')
}

func (o *Origin) appendTo(b []byte) []byte {
	b = AppendText(append(b, `{"pair":`...), o.Pair)
	b = AppendText(append(b, `,"root":`...), o.Root)
	b = AppendText(append(b, `,"setter":`...), o.Setter)
	b = strconv.AppendInt(append(b, `,"gold":`...), int64(o.Gold), 10)
	b = strconv.AppendInt(append(b, `,"epoch":`...), o.Epoch, 10)
	b = strconv.AppendInt(append(b, `,"round":`...), o.Round, 10)
	return append(b, '}')
}

func (p *Provenance) appendTo(b []byte) []byte {
	b = AppendText(append(b, `{"task":`...), p.Task)
	b = AppendText(append(b, `,"model":`...), p.Model)
	b = AppendText(append(b, `,"seed":`...), p.Seed)
	b = AppendText(append(b, `,"miner":`...), p.Miner)
	b = strconv.AppendInt(append(b, `,"uid":`...), int64(p.UID), 10)
	b = strconv.AppendInt(append(b, `,"slot":`...), int64(p.Slot), 10)
	b = strconv.AppendInt(append(b, `,"epoch":`...), p.Epoch, 10)
	b = strconv.AppendInt(append(b, `,"round":`...), p.Round, 10)
	b = strconv.AppendInt(append(b, `,"block":`...), p.Block, 10)
	b = AppendText(append(b, `,"root":`...), p.Root)
	b = AppendText(append(b, `,"answer":`...), p.Answer)
	return append(b, '}')
}

// appendList appends a list; one that is nil is null.
func appendList[T any](b []byte, list []T, item func(b []byte, v *T) []byte) []byte {
	if list == nil {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = item(b, &list[i])
	}
	return append(b, ']')
}

// plain are the bytes that stand for themselves in a string of JSON.
var plain = func() (p [utf8.RuneSelf]bool) {
	for c := range p {
		p[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return p
}()

// notPlain returns zero where the first eight bytes of s are plain, or a number
// whose lowest bit lies in the first byte that is not.
func notPlain(s string) uint64 {
	const ones, high = 0x0101_0101_0101_0101, 0x8080_8080_8080_8080
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	// A byte that is zero lends from the next one: none below it is wrong.
	quote, slash := x^'"'*ones, x^'\\'*ones
	return (x | (x - ' '*ones) | (quote - ones) | (slash - ones)) & high
}

// AppendText appends a string of JSON. What is no UTF-8 becomes U+FFFD, escaped.
func AppendText(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0 // of what is not yet appended
	for i := 0; i < len(s); {
		if i+8 <= len(s) {
			odd := notPlain(s[i : i+8])
			if odd == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(odd) / 8
		}
		if c := s[i]; c < utf8.RuneSelf {
			if plain[c] {
				i++
				continue
			}
			b = appendEscaped(append(b, s[from:i]...), c)
			i++
			from = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(append(b, s[from:i]...), `\ufffd`...)
		case r == '\u2028' || r == '\u2029': // line ends to JavaScript
			b = append(append(b, s[from:i]...), `\u202`...)
			b = append(b, "89"[r&1])
		default:
			i += size
			continue
		}
		i += size
		from = i
	}
	return append(append(b, s[from:]...), '"')
}

func appendEscaped(b []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
