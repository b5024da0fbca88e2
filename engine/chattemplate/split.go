package chattemplate

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// splitter compiles split and rsplit.
func splitter(name string, fromRight bool) textMethod {
	return func(r *run, t Text, a arguments) (value, error) {
		vs, err := a.bind(name, "sep?", "maxsplit?")
		if err != nil {
			return nil, err
		}
		count, err := intOr(vs[1], -1)
		if err != nil {
			return nil, err
		}
		var parts []value
		if vs[0] == absent || vs[0] == nil {
			parts, err = r.words(t, count, fromRight)
			return &list{items: parts}, err
		}
		sep, err := textOf(vs[0])
		if err != nil {
			return nil, err
		}
		if sep.s == "" {
			return nil, fail("%s at an empty separator", name)
		}
		parts, err = r.splitAt(t, sep)
		if err != nil || count < 0 || int64(len(parts)) <= count+1 {
			return &list{items: parts}, err
		}
		n := int(count)
		if !fromRight { // the last part is the rest
			from := 0
			for _, p := range parts[:n] {
				from += p.(Text).Len() + sep.Len()
			}
			return &list{items: append(parts[:n:n], t.Slice(from, t.Len()))}, nil
		}
		to := t.Len()
		for _, p := range parts[len(parts)-n:] {
			to -= p.(Text).Len() + sep.Len()
		}
		return &list{items: append([]value{t.Slice(0, to)}, parts[len(parts)-n:]...)}, nil
	}
}

// splitAt returns what lies between the occurrences of sep, which is not empty.
func (r *run) splitAt(t, sep Text) ([]value, error) {
	var out []value
	for from := 0; ; {
		i, err := r.find(t, sep, from)
		if err != nil {
			return nil, err
		}
		if i < 0 {
			return append(out, t.Slice(from, t.Len())), nil
		}
		out = append(out, t.Slice(from, i))
		from = i + sep.Len()
	}
}

// words are what lies between white space. At most count times, unless it is
// negative, a word is cut off; what is left then keeps the white space of its
// far end.
func (r *run) words(t Text, count int64, fromRight bool) ([]value, error) {
	if err := r.spend(1, 2*t.Len()); err != nil {
		return nil, err
	}
	var out []value
	rest := t.strip(!fromRight, fromRight, isSpace)
	for rest.s != "" {
		if err := r.spend(1, 0); err != nil {
			return nil, err
		}
		i := strings.IndexFunc(rest.s, isSpace)
		if fromRight {
			if i = strings.LastIndexFunc(rest.s, isSpace); i >= 0 {
				_, n := utf8.DecodeRuneInString(rest.s[i:])
				i += n
			}
		}
		if i < 0 || int64(len(out)) == count {
			out = append(out, rest)
			break
		}
		word, after := rest.Slice(0, i), rest.Slice(i, rest.Len())
		if fromRight {
			word, after = after, word
		}
		out = append(out, word)
		rest = after.strip(!fromRight, fromRight, isSpace)
	}
	if fromRight {
		slices.Reverse(out)
	}
	return out, nil
}

func partition(name string, last bool) textMethod {
	return func(r *run, t Text, a arguments) (value, error) {
		vs, err := a.bind(name, "/sep")
		if err != nil {
			return nil, err
		}
		sep, err := textOf(vs[0])
		if err != nil {
			return nil, err
		}
		if sep.s == "" {
			return nil, fail("%s at an empty separator", name)
		}
		if err := r.spend(3, 2*t.Len()); err != nil {
			return nil, err
		}
		i := strings.Index(t.s, sep.s)
		if last {
			i = strings.LastIndex(t.s, sep.s)
		}
		parts := []value{t, Text{markup: t.markup}, Text{markup: t.markup}}
		switch {
		case i >= 0:
			parts = []value{t.Slice(0, i), sep, t.Slice(i+sep.Len(), t.Len())}
		case last:
			parts[0], parts[2] = parts[2], parts[0]
		}
		return &list{items: parts, kind: aTuple}, nil
	}
}

func splitLines(r *run, t Text, a arguments) (value, error) {
	vs, err := a.bind("splitlines", "keepends?")
	if err != nil {
		return nil, err
	}
	lines, err := r.lines(t, given(vs[0]))
	return &list{items: lines}, err
}

// isLineEnd reports whether a character ends a line to Python.
func isLineEnd(c rune) bool {
	return c >= '\n' && c <= '\r' || c >= 0x1c && c <= 0x1e || c == 0x85 || c == 0x2028 || c == 0x2029
}

// lines are what lies between line ends; \r\n is one.
func (r *run) lines(t Text, keepEnds bool) ([]value, error) {
	if err := r.spend(1, t.Len()); err != nil {
		return nil, err
	}
	var out []value
	for from := 0; from < t.Len(); {
		if err := r.spend(1, 0); err != nil {
			return nil, err
		}
		n := strings.IndexFunc(t.s[from:], isLineEnd)
		if n < 0 {
			return append(out, t.Slice(from, t.Len())), nil
		}
		end := from + n
		_, size := utf8.DecodeRuneInString(t.s[end:])
		if strings.HasPrefix(t.s[end:], "\r\n") {
			size = 2
		}
		next := end + size
		if keepEnds {
			end = next
		}
		out = append(out, t.Slice(from, end))
		from = next
	}
	return out, nil
}

func replaceMethod(r *run, t Text, a arguments) (value, error) {
	vs, err := a.bind("replace", "/old", "/new", "/count?")
	if err != nil {
		return nil, err
	}
	before, err := textOf(vs[0])
	if err != nil {
		return nil, err
	}
	after, err := textOf(vs[1])
	if err != nil {
		return nil, err
	}
	count, err := intOr(vs[2], -1)
	if err != nil {
		return nil, err
	}
	if t.markup {
		if after, err = r.escaped(after); err != nil {
			return nil, err
		}
	}
	out, err := r.replace(t, before, after, count)
	return out.as(t.markup), err
}

// replace is Python's str.replace. A negative count stands for all.
func (r *run) replace(t, before, after Text, count int64) (Text, error) {
	if before.s == "" {
		return r.intersperse(t, after, count)
	}
	var b builder
	for at := 0; ; count-- {
		i := -1
		if count != 0 {
			var err error
			if i, err = r.find(t, before, at); err != nil {
				return Text{}, err
			}
		}
		if i < 0 {
			b.add(t.Slice(at, t.Len()))
			return b.text(), r.spend(0, t.Len()-at)
		}
		if err := r.spend(0, i-at+after.Len()); err != nil {
			return Text{}, err
		}
		b.add(t.Slice(at, i))
		b.add(after)
		at = i + before.Len()
	}
}

// intersperse puts a text before each character and at the end, at most count
// times.
func (r *run) intersperse(t, after Text, count int64) (Text, error) {
	var b builder
	at := t.offsets()
	if err := r.spend(len(at), t.Len()); err != nil {
		return Text{}, err
	}
	for i, from := range at {
		if count != 0 {
			if err := r.spend(1, after.Len()); err != nil {
				return Text{}, err
			}
			b.add(after)
			count--
		}
		if i+1 < len(at) {
			b.add(t.Slice(from, at[i+1]))
		}
	}
	return b.text(), nil
}

func joinMethod(r *run, t Text, a arguments) (value, error) {
	vs, err := a.bind("join", "/iterable")
	if err != nil {
		return nil, err
	}
	items, err := r.all(vs[0])
	if err != nil {
		return nil, err
	}
	for i, v := range items {
		if _, ok := v.(Text); !ok && !t.markup {
			return nil, fail("join meets a %s", kindOf(v))
		}
		if t.markup {
			if i == 0 {
				items = slices.Clone(items)
			}
			part, err := r.str(v)
			if err != nil {
				return nil, err
			}
			if items[i], err = r.escaped(part); err != nil {
				return nil, err
			}
		}
	}
	out, err := r.joinAll(items, t)
	return out.as(t.markup), err
}

// joinAll writes the items, made strings, with sep between them.
func (r *run) joinAll(items []value, sep Text) (Text, error) {
	var b builder
	for i, v := range items {
		t, err := r.str(v)
		if err != nil {
			return Text{}, err
		}
		if err := r.spend(1, t.Len()+sep.Len()); err != nil {
			return Text{}, err
		}
		if i > 0 {
			b.add(sep)
		}
		b.add(t)
	}
	return b.text(), nil
}
