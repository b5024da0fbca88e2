package keystore_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/assaynet/assay/protocol/keystore"
)

// mnemonic returns 24 words that are all different, and the address of their
// coldkey.
func mnemonic(t testing.TB) (words []string, address string) {
	t.Helper()
	text, err := keystore.NewMnemonic(rand.NewChaCha8([32]byte{7}))
	if err != nil {
		t.Fatal(err)
	}
	words = strings.Fields(text)
	sorted := slices.Sorted(slices.Values(words))
	if len(slices.Compact(sorted)) != len(words) {
		t.Fatalf("%q has a word twice", text)
	}
	return words, addressOf(t, text)
}

func addressOf(t testing.TB, text string) string {
	t.Helper()
	k, err := keystore.FromMnemonic(keystore.Coldkey, text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return k.PublicKey().String()
}

// each writes every word in a format that has its number and itself.
func each(words []string, format string) string { return eachFrom(1, words, format) }

func eachFrom(first int, words []string, format string) string {
	var b strings.Builder
	for i, w := range words {
		fmt.Fprintf(&b, format, first+i, w)
	}
	return b.String()
}

// title begins each word with a capital.
func title(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return out
}

// printed is the layout of wallet new.
func printed(words []string) string {
	var b strings.Builder
	for i, w := range words {
		fmt.Fprintf(&b, "  %2d %-9s", i+1, w)
		if i%4 == 3 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// wide writes ASCII in the full width of Asian keyboards.
func wide(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r - 0x21 + 0xff01
		}
		return r
	}, s)
}

// columns writes numbered words down four columns, as sheets of paper have them.
func columns(words []string) string {
	var b strings.Builder
	for row := range 6 {
		for col := range 4 {
			i := 6*col + row
			fmt.Fprintf(&b, "%d. %s\t", i+1, words[i])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestWordsComeBackInEveryLayout(t *testing.T) {
	words, want := mnemonic(t)
	plain := strings.Join(words, " ")
	short := make([]string, len(words))
	for i, w := range words {
		short[i] = w[:min(4, len(w))]
	}
	for name, text := range map[string]string{
		"words":                       plain,
		"as wallet new prints them":   printed(words),
		"all that wallet new prints":  "name     coldkey\nkind     coldkey\naddress  " + want + "\nfile     k/coldkey.age\n\nWrite these words on paper. They are the key, they are shown once,\nand nobody can find them again:\n\n" + printed(words),
		"all that init prints":        "home     h\nchain    assay-1\n\nWrite these words on paper:\n\n" + printed(words) + "\nNext, when the coldkey has tokens:\n\n  assay tx register --hotkey " + want + "\n",
		"JSON of wallet new":          `{"name":"coldkey","kind":"coldkey","address":"` + want + `","mnemonic":"` + plain + `"}` + "\n",
		"a list in JSON":              `["` + strings.Join(words, `", "`) + `"]`,
		"a mark at the beginning":     "\ufeff" + plain,
		"a mark before our layout":    "\ufeff" + printed(words),
		"Windows":                     strings.ReplaceAll(printed(words), "\n", "\r\n"),
		"one a line":                  strings.Join(words, "\n") + "\n",
		"commas":                      strings.Join(words, ","),
		"commas and blanks":           strings.Join(words, ", ") + ".",
		"semicolons":                  strings.Join(words, ";"),
		"quotes":                      `"` + plain + `"`,
		"curly quotes":                "“" + strings.Join(words, "” “") + "”",
		"slashes":                     strings.Join(words, " / "),
		"hyphens":                     strings.Join(words, "-"),
		"underscores":                 strings.Join(words, "_"),
		"bullets":                     "• " + strings.Join(words, "\n• "),
		"a table":                     each(words, "| %d | %s |\n"),
		"1.":                          each(words, "%d. %s\n"),
		"1)":                          each(words, "%d) %s\n"),
		"(1)":                         each(words, "(%d) %s "),
		"1:":                          each(words, "%d: %s\n"),
		"#1":                          each(words, "#%d %s\n"),
		"01":                          each(words, "%02d %s\n"),
		"01.":                         each(words, "%02d.%s "),
		"1abandon":                    each(words, "%d%s "),
		"numbers behind":              each(words, "%[2]s %[1]d\n"),
		"numbers behind, in brackets": each(words, "%[2]s(%[1]d) "),
		"columns":                     columns(words),
		"upper case":                  strings.ToUpper(plain),
		"title case":                  each(title(words), "%[2]s "),
		"full width":                  wide(plain),
		"full width, our layout":      wide(printed(words)),
		"no-break spaces":             strings.Join(words, "\u00a0"),
		"ideographic spaces":          strings.Join(words, "\u3000"),
		"thin and other spaces":       strings.Join(words, "\u2009\u202f\u2003"),
		"zero-width spaces beside":    strings.Join(words, "\u200b \u200b"),
		"zero-width spaces between":   strings.Join(words, "\u200b"),
		"zero-width spaces within":    strings.ReplaceAll(plain, "a", "a\u200b"),
		"joiners and soft hyphens":    strings.ReplaceAll(plain, "e", "\u00ade\u2060\u200d"),
		"directions":                  "\u202a" + plain + "\u202c",
		"line separators":             strings.Join(words, "\u2028"),
		"tabs and form feeds":         strings.Join(words, "\t\v\f"),
		"ligatures":                   strings.NewReplacer("fi", "ﬁ", "fl", "ﬂ").Replace(plain),
		"four letters":                strings.Join(short, " "),
		"four letters, numbered":      each(short, "%d %s "),
		"counted from 0":              eachFrom(0, words, "%d %s "),
	} {
		k, err := keystore.FromMnemonic(keystore.Coldkey, text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := k.PublicKey().String(); got != want {
			t.Errorf("%s: got another key", name)
		}
	}
}

func TestWrongWordsAreNamedByTheirPlaceAlone(t *testing.T) {
	words, _ := mnemonic(t)
	with := func(i int, word string) []string {
		w := slices.Clone(words)
		w[i] = word
		return w
	}
	swapped := slices.Clone(words)
	swapped[3], swapped[17] = swapped[17], swapped[3]
	twice := each(words[:23], "%d %s ") + "23 " + words[23]
	join := func(w []string) string { return strings.Join(w, " ") }
	for name, c := range map[string]struct{ text, want string }{
		"nothing":             {"", "mnemonic of 0 words, want 24"},
		"no words":            {" \n1 2 3\n", "numbers are between the words, but not one beside each"},
		"one less":            {join(words[:23]), "mnemonic of 23 words, want 24"},
		"one more":            {join(words) + " zoo", "mnemonic of 25 words, want 24"},
		"one more, numbered":  {printed(words) + "25 zoo", "mnemonic of 25 words, want 24"},
		"of another program":  {join(words[:12]), "mnemonic of 12 words, want 24; so few are of another program, whose keys are others"},
		"a typing error":      {join(with(4, "abandom")), "word 5 is not in the English list of BIP 39, but abandon is"},
		"a letter too many":   {join(with(4, "zooo")), "word 5 is not in the English list of BIP 39, but zoo is"},
		"in our layout":       {printed(with(23, "galss")), "word 24 is not in the English list of BIP 39, but glass is"},
		"in columns":          {columns(with(6, "abandom")), "word 7 is not in the English list of BIP 39, but abandon is"},
		"no such word":        {join(with(0, "xyzzyx")), "word 1 is not in the English list of BIP 39"},
		"three letters":       {join(with(2, "aba")), "word 3 is not in the English list of BIP 39"},
		"two letters":         {join(with(2, "zo")), "word 3 is not in the English list of BIP 39"},
		"an accent":           {join(with(2, "abàndon")), "word 3 is not in the English list of BIP 39, but abandon is"},
		"Japanese":            {strings.Repeat("あいこくしん ", 24), "word 1 is not in the English list of BIP 39"},
		"a long word":         {join(with(9, strings.Repeat("abandon", 100))), "word 10 is not in the English list of BIP 39"},
		"swapped":             {join(swapped), "checksum differs, look for a swapped or wrong word"},
		"a number twice":      {twice, "the numbers beside the words are not 1 to 24, each once"},
		"a number too large":  {strings.Replace(printed(words), "24 ", "99999999999999999999 ", 1), "the numbers beside the words are not 1 to 24, each once"},
		"numbers from 2":      {eachFrom(2, words, "%d %s "), "the numbers beside the words are not 1 to 24, each once"},
		"a number missing":    {strings.Replace(printed(words), " 7 ", " ", 1), "numbers are between the words, but not one beside each"},
		"two lists":           {"x " + printed(words) + "and " + printed(words), "word 1 is not in the English list of BIP 39"},
		"UTF-16":              {utf16Text(join(words), true), "the text is UTF-16; save it as UTF-8"},
		"UTF-16 with no mark": {utf16Text(join(words), false), "the text has a byte that is zero, as UTF-16 has; save it as UTF-8"},
		"Latin 1":             {join(words) + " \xe9", "the text is not UTF-8; save it as that"},
		"too long":            {join(words) + strings.Repeat(" ", 8192), "text of over 8192 bytes"},
	} {
		_, err := keystore.FromMnemonic(keystore.Coldkey, c.text)
		if !errors.Is(err, keystore.ErrMnemonic) || fmt.Sprint(err) != c.want+": keystore: not a mnemonic" {
			t.Errorf("%s: got %q, want %q", name, err, c.want)
		}
		for _, word := range words {
			if slices.Contains(strings.FieldsFunc(fmt.Sprint(err), notLetter), word) && word != "word" {
				t.Errorf("%s: the error %q shows a word", name, err)
			}
		}
	}
}

func notLetter(r rune) bool { return r < 'a' || r > 'z' }

func utf16Text(s string, mark bool) string {
	var b []byte
	if mark {
		b = []byte{0xff, 0xfe}
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// TestFourLettersAreEnough: BIP 39 promises it of the list, and inList uses it.
func TestFourLettersAreEnough(t *testing.T) {
	for b := range 256 {
		text, err := keystore.NewMnemonic(bytes.NewReader(bytes.Repeat([]byte{byte(b), byte(3 * b)}, 16)))
		if err != nil {
			t.Fatal(err)
		}
		words := strings.Fields(text)
		for i, w := range words {
			words[i] = w[:min(4, len(w))]
		}
		if got, want := addressOf(t, strings.Join(words, " ")), addressOf(t, text); got != want {
			t.Errorf("%q in short: got another key", text)
		}
	}
}

// FuzzFromMnemonic: no text makes the reader panic, and none gives a key that
// its own words, written plainly, do not give.
func FuzzFromMnemonic(f *testing.F) {
	words, _ := mnemonic(f)
	f.Add(printed(words))
	f.Add(columns(words))
	f.Add("\ufeff" + wide(strings.Join(words, "\u200b")))
	f.Add(`{"mnemonic":"` + strings.Join(words, " ") + `"}`)
	f.Add("1 abandon 1")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := keystore.FromMnemonic(keystore.Coldkey, text)
		if err != nil {
			if !errors.Is(err, keystore.ErrMnemonic) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if again, err := keystore.FromMnemonic(keystore.Coldkey, strings.ToUpper(text)); err != nil || again.PublicKey() != k.PublicKey() {
			t.Errorf("%q is another key in upper case, %v", text, err)
		}
	})
}
