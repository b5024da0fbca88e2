package key_test

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol/key"
)

// holder is how a careless program keeps a key.
type holder struct {
	Name    string
	Key     key.Private
	Ptr     *key.Private
	Derived key.Secret
	private key.Private
	derived key.Secret
}

// forms returns the texts in which the bytes could show up.
func forms(b [32]byte) []string {
	decimal := strings.Trim(fmt.Sprintf("%d", b), "[]")
	return []string{
		hex.EncodeToString(b[:]), strings.ToUpper(hex.EncodeToString(b[:])), string(b[:]), decimal,
		strings.ReplaceAll(decimal, " ", ","), base64.StdEncoding.EncodeToString(b[:]), base64.RawURLEncoding.EncodeToString(b[:]),
		fmt.Sprintf("%d", b[:4]), fmt.Sprintf("%#v", b[:4]), hex.EncodeToString(b[:8]),
	}
}

func TestPrivateKeysDoNotPrintThemselves(t *testing.T) {
	p := testKey(t)
	s, err := p.DeriveIdentity("net", 0)
	if err != nil {
		t.Fatal(err)
	}
	h := holder{Name: "n", Key: p, Ptr: &p, Derived: s, private: p, derived: s}
	secrets := append(forms(p.Expose()), forms(s.Expose())...)
	check := func(how, out string) {
		t.Helper()
		for _, secret := range secrets {
			if strings.Contains(out, secret) {
				t.Errorf("%s shows the key: %.200q", how, out)
			}
		}
	}

	values := map[string]any{"key": p, "pointer": &p, "secret": s, "holder": h, "holder pointer": &h, "slice": []key.Private{p}, "map": map[string]key.Secret{"a": s}}
	for name, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%c", "%U", "%t", "%p", "%08.3f"} {
			check(name+" "+verb, fmt.Sprintf(verb, v))
		}
		check(name+" Sprint", fmt.Sprint(v))
		check(name+" error", fmt.Errorf("use %v: %w", v, key.ErrNoKey).Error())

		var log bytes.Buffer
		logger := zerolog.New(&log)
		logger.Info().Interface("v", v).Any("a", v).Msg("m")
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", v)
		check(name+" log", log.String())

		for how, encode := range map[string]func(any) ([]byte, error){"json": json.Marshal, "cbor": cbor.Marshal, "gob": gobEncode} {
			b, err := encode(v)
			check(name+" "+how, string(b))
			if err == nil {
				t.Errorf("%s: %s wrote %q, want an error", name, how, b)
			}
		}
	}
	if got := fmt.Sprint(p, s, h.Ptr); got != "[private key] [private key] [private key]" {
		t.Errorf("got %q", got)
	}
	_, err1 := p.MarshalText()
	_, err2 := s.MarshalBinary()
	if !errors.Is(err1, key.ErrSecret) || !errors.Is(err2, key.ErrSecret) {
		t.Errorf("got %v and %v, want %v", err1, err2, key.ErrSecret)
	}
}

func gobEncode(v any) ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(v)
	return b.Bytes(), err
}

func TestPrivateKeysAreNotComparable(t *testing.T) {
	for _, v := range []any{key.Private{}, key.Secret{}} {
		if reflect.TypeOf(v).Comparable() {
			t.Errorf("%T can be compared with ==", v)
		}
	}
	if a, b := testKey(t), testKey(t); !a.Equal(b) || a.Equal(key.Private{}) {
		t.Error("Equal does not compare keys")
	}
}

func TestWipeReachesEveryCopy(t *testing.T) {
	p := testKey(t)
	s, err := p.DeriveIdentity("net", 0)
	if err != nil {
		t.Fatal(err)
	}
	q, r := p, s
	if q.Public() != p.Public() || q.Public().IsZero() {
		t.Errorf("a copy has the public key %s, want %s", q.Public(), p.Public())
	}
	p.Wipe()
	s.Wipe()
	if q.Expose() != [32]byte{} || r.Expose() != [32]byte{} {
		t.Error("a copy still holds the key")
	}
	if got := q.Public(); !got.IsZero() { // it was asked for before
		t.Errorf("a copy has the public key %s, want none", got)
	}
	if _, err := q.Sign("assay/test", nil); !errors.Is(err, key.ErrNoKey) {
		t.Errorf("got %v, want %v", err, key.ErrNoKey)
	}
	key.Private{}.Wipe() // nothing to wipe is no mistake
	key.Secret{}.Wipe()
	if (key.Secret{}).Expose() != [32]byte{} {
		t.Error("the zero secret holds something")
	}
}
