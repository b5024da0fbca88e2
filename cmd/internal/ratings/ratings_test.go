package ratings_test

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/assaynet/assay/cmd/internal/ratings"
	"github.com/assaynet/assay/scoring/preference"
)

const whole = `{"pair":1,"stratum":[1,-1],"gold":-1,"cell":1,"setter":"s<é>","answers":[["a",1],[7,0],["7",-1],["b",null]],"epoch":18446744073709551615}`

func read(text string) ([]preference.Pair, error) {
	var out []preference.Pair
	err := ratings.Read(strings.NewReader(text), func(p *preference.Pair) error {
		q := *p
		q.Answers = append([]preference.Answer(nil), p.Answers...)
		out = append(out, q)
		return nil
	})
	return out, err
}

func TestAPairIsReadWhole(t *testing.T) {
	for name, text := range map[string]string{
		"as it is":   whole,
		"line ends":  "\n\r\n" + whole + "\r\n \n",
		"other keys": `{"epoch":18446744073709551615,"answers":[["\u0061",1],[7,0],["7",-1],["b",null]],"setter":"s\u003cé>", "cell":1,"gold":-1,"stratum":[1,-1],"pair":1}`,
	} {
		got, err := read(text)
		want := []preference.Pair{{
			ID: "1", Setter: `"s<é>"`, Epoch: 1<<64 - 1, Length: 1, Z: -1, Gold: preference.Left, Cell: 1,
			Answers: []preference.Answer{{Rater: `"a"`, Choice: 1}, {Rater: "7"}, {Rater: `"7"`, Choice: -1}, {Rater: `"b"`, Choice: preference.Absent}},
		}}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v (%v), want %+v", name, got, err, want)
		}
	}
}

func TestALineThatIsNoPairIsNamed(t *testing.T) {
	with := func(part, other string) string {
		if !strings.Contains(whole, part) {
			t.Fatalf("%s is not in the pair", part)
		}
		return strings.Replace(whole, part, other, 1)
	}
	for bad, want := range map[string]string{
		"x":                                      "invalid character",
		"[]":                                     "it is no object",
		"null":                                   "it is no object",
		whole + whole:                            "something follows the object",
		with(`"gold":-1`, `"gold":-1,"gold":1`):  "gold comes twice",
		with(`"pair"`, `"Pair"`):                 `unknown field "Pair"`,
		whole[:40]:                               "the object does not end",
		with(`"pair":1,`, ""):                    "it has no pair",
		with(`"gold":-1,`, ""):                   "it has no gold",
		with(`"epoch"`, `"epok"`):                `unknown field "epok"`,
		with("[1,-1]", "[1]"):                    "the stratum has 1 numbers",
		with("[1,-1]", "[1,-1000]"):              "stratum cannot be number -1000",
		with(`"gold":-1`, `"gold":true`):         "gold: true is not -1, 0, 1 or null",
		with(`"gold":-1`, `"gold":-1.0`):         "gold: -1.0 is not",
		with(`["a",1]`, `["a",2]`):               `answer of "a": 2 is not`,
		with(`["a",1]`, `["a"]`):                 `the answer ["a"] is not [rater, x]`,
		with(`["a",1]`, `["a",1,1]`):             `the answer ["a",1,1] is not [rater, x]`,
		with(`["a",1]`, `["a","b,1"]`):           `the answer ["a","b,1"] is not [rater, x]`,
		with(`["a",1]`, `[["a"],1]`):             `the answer [["a"],1] is not [rater, x]`,
		with(`["a",1]`, `[]`):                    `the answer [] is not [rater, x]`,
		with(`["a",1]`, `null`):                  `the answer null is not [rater, x]`,
		with(`["a",1]`, `[-1,1]`):                "the id -1 is no string and no number",
		with(`["a",1]`, `[1e3,1]`):               "the id 1e3 is no string",
		with(`"pair":1`, `"pair":{}`):            "the id {} is no string",
		with(`"setter":"s`, "\"setter\":\"\xff"): "not UTF-8",
	} {
		_, err := read("\n" + whole[:len(whole)-2] + "4}\n" + bad + "\n")
		if !errors.Is(err, ratings.ErrLine) || !strings.HasPrefix(err.Error(), "line 3: not a pair") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want line 3 and %q", bad, err, want)
		}
	}
}

func TestReadHoldsNoMoreThanALine(t *testing.T) {
	_, err := read(whole + "\n" + strings.Repeat(" ", ratings.MaxLine+1))
	if !errors.Is(err, ratings.ErrLong) || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a long line: got %v", err)
	}
	if _, err := read(whole + strings.Repeat(" ", ratings.MaxLine-len(whole)-1) + "\n"); err != nil {
		t.Errorf("the longest line: got %v", err)
	}
	if err := ratings.Read(io.MultiReader(strings.NewReader(whole), brokenReader{}), func(*preference.Pair) error { return nil }); !errors.Is(err, errBroken) {
		t.Errorf("a broken disk: got %v", err)
	}
}

var errBroken = errors.New("broken")

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }

func TestCarriedSumsComeBack(t *testing.T) {
	want := preference.Carry{
		Epoch: 9,
		Golds: []preference.CarriedGold{{Rater: `"<r>"`, Setter: "1", Asked: [2]uint64{3, 4}, Right: [2]uint64{1, 2}}},
		Twos:  []preference.CarriedTwo{{A: "1", B: `"<r>"`, Agree: -5, Met: 6, Against: 2, Beside: 1}},
	}
	var b bytes.Buffer
	if err := ratings.WriteCarry(&b, want); err != nil {
		t.Fatal(err)
	}
	if got, err := ratings.ReadCarry(b.Bytes()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
	for _, bad := range []string{"", "[]", b.String() + "1", `{"epoch":1,"more":2}`, `{"epoch":-1}`} {
		if _, err := ratings.ReadCarry([]byte(bad)); !errors.Is(err, ratings.ErrCarry) {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}

// FuzzRead: whatever the bytes are, there is an error or a pair that the score
// takes or refuses.
func FuzzRead(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("\n{}\n[]"))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		book, err := preference.New(preference.Default())
		if err != nil {
			panic(err)
		}
		_ = ratings.Read(bytes.NewReader(raw), book.Add)
		if c, err := ratings.ReadCarry(raw); err == nil {
			if book, err = preference.New(preference.Default()); err == nil {
				_ = book.Restore(c)
			}
		}
	})
}
