package chattemplate

import (
	"fmt"
	"strings"
	"time"
)

// strftimeNow is the function strftime_now of one rendering: it writes the day
// as Python's strftime does in the locale C. Only the day is known, so the time
// of day is midnight.
func strftimeNow(today time.Time) *function {
	year, month, day := today.Date()
	midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	return &function{name: "strftime_now", call: func(r *run, a arguments) (value, error) {
		vs, err := a.bind("strftime_now", "format")
		if err != nil {
			return nil, err
		}
		t, ok := vs[0].(Text)
		if !ok {
			return nil, fail("strftime_now takes a format")
		}
		// The longest directive, %c, makes 24 bytes of two.
		if err := r.spend(t.Len(), 12*t.Len()); err != nil {
			return nil, err
		}
		s, err := strftime(midnight, t.s)
		return t.like(s), err
	}}
}

// strftime writes t in a format of Python's strftime, with glibc's flags
// between % and the directive: - (no padding), _ (spaces), 0 (zeros), ^ (upper
// case). A directive that is none of Python's is an error.
func strftime(t time.Time, format string) (string, error) {
	var b strings.Builder
	for {
		i := strings.IndexByte(format, '%')
		if i < 0 {
			b.WriteString(format)
			return b.String(), nil
		}
		b.WriteString(format[:i])
		n := i + 1
		for n < len(format) && strings.IndexByte("-_0^", format[n]) >= 0 {
			n++
		}
		if n == len(format) {
			return "", fail("strftime_now meets a %% at the end of its format")
		}
		s, ok := directive(t, format[n], format[i+1:n])
		if !ok {
			return "", fail("strftime_now does not support %.20q", format[i:n+1])
		}
		b.WriteString(s)
		format = format[n+1:]
	}
}

// directive writes one directive.
func directive(t time.Time, d byte, flags string) (string, bool) {
	s, ok := word(t, d)
	if !ok {
		s, ok = numeral(t, d, flags)
	}
	if strings.Contains(flags, "^") {
		s = strings.ToUpper(s)
	}
	return s, ok
}

// word writes a directive that gives words, or several numbers.
func word(t time.Time, d byte) (string, bool) {
	if d == 'Z' || d == 'z' { // Python's now() has no zone
		return "", true
	}
	layout, ok := map[byte]string{
		'a': "Mon", 'A': "Monday", 'b': "Jan", 'h': "Jan", 'B': "January", 'p': "PM", 'P': "pm",
		'c': "Mon Jan _2 15:04:05 2006", 'x': "01/02/06", 'D': "01/02/06", 'X': "15:04:05", 'T': "15:04:05", 'R': "15:04", 'F': "2006-01-02",
		'r': "03:04:05 PM", '%': "%", 'n': "\n", 't': "\t",
	}[d]
	return t.Format(layout), ok
}

// numeral writes a directive that gives one number.
func numeral(t time.Time, d byte, flags string) (string, bool) {
	isoYear, isoWeek := t.ISOWeek()
	sunday, monday := int(t.Weekday()), int(t.Weekday()+6)%7 // days since the week began
	n, ok := map[byte]struct{ n, width int }{
		'd': {t.Day(), 2}, 'e': {t.Day(), 2}, 'm': {int(t.Month()), 2}, 'Y': {t.Year(), 1}, 'y': {t.Year() % 100, 2}, 'C': {t.Year() / 100, 2},
		'G': {isoYear, 1}, 'g': {isoYear % 100, 2}, 'V': {isoWeek, 2}, 'j': {t.YearDay(), 3},
		'U': {(t.YearDay() + 6 - sunday) / 7, 2}, 'W': {(t.YearDay() + 6 - monday) / 7, 2}, 'w': {sunday, 1}, 'u': {monday + 1, 1},
		'H': {t.Hour(), 2}, 'k': {t.Hour(), 2}, 'I': {(t.Hour()+11)%12 + 1, 2}, 'l': {(t.Hour()+11)%12 + 1, 2},
		'M': {t.Minute(), 2}, 'S': {t.Second(), 2}, 'f': {t.Nanosecond() / 1000, 6},
	}[d]
	ok = ok && (d != 'f' || flags == "") // Python's own, which knows no flags
	pad := byte('0')
	if strings.IndexByte("ekl", d) >= 0 {
		pad = '_'
	}
	for _, f := range []byte(flags) {
		if f != '^' {
			pad = f
		}
	}
	switch pad {
	case '-':
		return fmt.Sprint(n.n), ok
	case '_':
		return fmt.Sprintf("%*d", n.width, n.n), ok
	}
	return fmt.Sprintf("%0*d", n.width, n.n), ok
}
