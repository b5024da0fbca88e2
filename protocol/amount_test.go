package protocol_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"math/rand"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
)

func TestAmountsReadAndPrintAsExactDecimals(t *testing.T) {
	for text, want := range map[string]protocol.Amount{
		"0": 0, "1": protocol.Unit, "0.5": protocol.Unit / 2, "12.000000001": 12*protocol.Unit + 1, "0012.10": 12*protocol.Unit + protocol.Unit/10,
		"18446744073.709551615": math.MaxUint64,
	} {
		got, err := protocol.ParseAmount(text)
		if err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
		back, err := protocol.ParseAmount(got.String())
		if err != nil || back != got {
			t.Errorf("%s: got %d, %v", got, back, err)
		}
	}
	if got, want := (12*protocol.Unit + 1).String(), "12.000000001"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTextThatIsNoAmountIsRefused(t *testing.T) {
	for _, text := range []string{
		"", ".", ".5", "1.", "-1", "+1", "1.-5", "1e9", "0x10", "1_000", "1,5", " 1", "1 ", "1.0000000001", "1.2.3", "NaN", "∞", strings.Repeat("9", 21), "1\n",
	} {
		if got, err := protocol.ParseAmount(text); !errors.Is(err, protocol.ErrBadText) {
			t.Errorf("%q: got %d, %v, want %v", text, got, err, protocol.ErrBadText)
		}
	}
	for _, text := range []string{"18446744073.709551616", "18446744074", "99999999999999999999"} {
		if got, err := protocol.ParseAmount(text); err == nil {
			t.Errorf("%q: got %d, want an error", text, got)
		}
	}
}

func TestAmountsDoNotWrap(t *testing.T) {
	const most = protocol.Amount(math.MaxUint64)
	if _, err := most.Add(1); !errors.Is(err, protocol.ErrOverflow) {
		t.Errorf("add: got %v", err)
	}
	if _, err := protocol.Amount(0).Sub(1); !errors.Is(err, protocol.ErrOverflow) {
		t.Errorf("sub: got %v", err)
	}
	if _, err := most.MulDiv(2, 1); !errors.Is(err, protocol.ErrOverflow) {
		t.Errorf("muldiv: got %v", err)
	}
	if _, err := most.MulDiv(1, 0); !errors.Is(err, protocol.ErrOverflow) {
		t.Errorf("muldiv by zero: got %v", err)
	}
	if sum, err := protocol.Amount(2).Add(3); err != nil || sum != 5 {
		t.Errorf("got %d, %v", sum, err)
	}
	if rest, err := protocol.Amount(3).Sub(3); err != nil || rest != 0 {
		t.Errorf("got %d, %v", rest, err)
	}
}

func TestMulDivIsTheFloorOfTheExactQuotient(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	number := func() uint64 { return random.Uint64() >> random.Intn(64) }
	for range 50_000 {
		a, num, den := number(), number(), number()
		got, err := protocol.Amount(a).MulDiv(num, den)
		if den == 0 {
			if err == nil {
				t.Fatal("divided by zero")
			}
			continue
		}
		want := new(big.Int).Mul(new(big.Int).SetUint64(a), new(big.Int).SetUint64(num))
		want.Quo(want, new(big.Int).SetUint64(den))
		if want.IsUint64() != (err == nil) || err == nil && uint64(got) != want.Uint64() {
			t.Fatalf("%d·%d/%d: got %d, %v, want %s", a, num, den, got, err, want)
		}
	}
}

func TestAmountsAreStringsInJSON(t *testing.T) {
	raw, err := json.Marshal(map[string]protocol.Amount{"a": 1})
	if err != nil || string(raw) != `{"a":"0.000000001"}` {
		t.Errorf("got %s, %v", raw, err)
	}
	var m map[string]protocol.Amount
	if err := json.Unmarshal([]byte(`{"a":1.5}`), &m); err == nil {
		t.Error("a JSON number was taken")
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"1", "0.5", "18446744073.709551615", "-1", "1.0000000000", "."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := protocol.ParseAmount(s)
		if err != nil {
			return
		}
		if b, err := protocol.ParseAmount(a.String()); err != nil || a != b {
			t.Errorf("%q: %s reads as %s, %v", s, a, b, err)
		}
	})
}
