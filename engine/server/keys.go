package server

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// Key is who may ask: a name, and the hash of a secret that nobody else keeps.
type Key struct {
	Name string
	Hash [sha256.Size]byte // SHA-256 of the secret
}

// Bounds of a file of keys.
const (
	maxKeys    = 4096
	maxKeyName = 64
)

// keyPrefix begins each secret, so that one that lies about is known for what it
// is.
const keyPrefix = "assay-"

// NewKey makes a key, and returns its secret beside it: 256 random bits.
func NewKey(name string) (Key, string, error) {
	if err := checkName(name); err != nil {
		return Key{}, "", err
	}
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails
	secret := keyPrefix + base64.RawURLEncoding.EncodeToString(b[:])
	return Key{Name: name, Hash: sha256.Sum256([]byte(secret))}, secret, nil
}

// String is the key's line in a file.
func (k Key) String() string { return k.Name + " " + hex.EncodeToString(k.Hash[:]) }

// ReadKeys reads a file of keys: a name and 64 hex digits on each line, and what
// begins with # for people. Errors name the line: [ErrConfig].
func ReadKeys(r io.Reader) ([]Key, error) {
	var keys []Key
	seen := map[string]bool{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		name, hash, _ := strings.Cut(text, " ")
		k := Key{Name: name}
		b, err := hex.DecodeString(strings.TrimSpace(hash))
		if err != nil || len(b) != len(k.Hash) {
			return nil, fmt.Errorf("%w: line %d: want a name and 64 hex digits", ErrConfig, n)
		}
		copy(k.Hash[:], b)
		if err := checkName(name); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if seen[name] {
			return nil, fmt.Errorf("%w: line %d: two keys are called %q", ErrConfig, n, name)
		}
		if seen[name] = true; len(keys) == maxKeys {
			return nil, fmt.Errorf("%w: more than %d keys", ErrConfig, maxKeys)
		}
		keys = append(keys, k)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: no key is in it", ErrConfig)
	}
	return keys, nil
}

func checkName(name string) error {
	if name == "" || len(name) > maxKeyName || strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' || c == '#' }) {
		return fmt.Errorf("%w: a key's name has 1 to %d letters without a space, not %.80q", ErrConfig, maxKeyName, name)
	}
	return nil
}

// find returns the name of the key with a secret, in a time that does not tell of
// how much of a hash was right.
func find(keys []Key, secret string) (name string, ok bool) {
	hash := sha256.Sum256([]byte(secret))
	for _, k := range keys {
		if subtle.ConstantTimeCompare(hash[:], k.Hash[:]) == 1 {
			name, ok = k.Name, true
		}
	}
	return name, ok
}
