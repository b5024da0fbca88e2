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
	"strconv"
	"strings"
)

// Key is who may ask: a name, and the hash of a secret that nobody else keeps.
type Key struct {
	Name string
	Hash [sha256.Size]byte // SHA-256 of the secret
	// Answers is how many answers may be in the making or wait for it at once,
	// and PerMinute how many requests for a model's work may come in a minute, a
	// minute's at once after a quiet one: 1 to MaxOwn. 0: no limit but all keys'.
	Answers, PerMinute int
}

// Bounds of a file of keys.
const (
	maxKeys    = 4096
	maxKeyName = 64
)

// MaxOwn bounds a key's own limits.
const MaxOwn = 1 << 20

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

// The words by which a line of a file begins a limit.
const (
	wordAnswers   = "answers="
	wordPerMinute = "per-minute="
)

// String is the key's line in a file.
func (k Key) String() string {
	line := k.Name + " " + hex.EncodeToString(k.Hash[:])
	if k.Answers > 0 {
		line += " " + wordAnswers + strconv.Itoa(k.Answers)
	}
	if k.PerMinute > 0 {
		line += " " + wordPerMinute + strconv.Itoa(k.PerMinute)
	}
	return line
}

// readKey reads a line.
func readKey(text string) (k Key, err error) {
	fields := strings.Fields(text)
	b := []byte(nil)
	if len(fields) >= 2 {
		b, err = hex.DecodeString(fields[1])
	}
	if err != nil || len(b) != len(k.Hash) {
		return k, fmt.Errorf("%w: want a name and 64 hex digits", ErrConfig)
	}
	k.Name = fields[0]
	copy(k.Hash[:], b)
	if err := checkName(k.Name); err != nil {
		return k, err
	}
	for _, word := range fields[2:] {
		to, number := &k.Answers, strings.TrimPrefix(word, wordAnswers)
		if rest, found := strings.CutPrefix(word, wordPerMinute); found {
			to, number = &k.PerMinute, rest
		}
		n, err := strconv.Atoi(number)
		if *to != 0 || err != nil || n < 1 || n > MaxOwn || number == word {
			return k, fmt.Errorf("%w: %.40q is no limit of a key: %sN and %sN, N from 1 to %d, each once", ErrConfig, word, wordAnswers, wordPerMinute, MaxOwn)
		}
		*to = n
	}
	return k, nil
}

// ReadKeys reads a file of keys: on each line a name, 64 hex digits, and the
// limits of the key, such as answers=4 or per-minute=60, where it has any; what
// begins with # is for people. Errors name the line: [ErrConfig].
func ReadKeys(r io.Reader) ([]Key, error) {
	var keys []Key
	seen := map[string]bool{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		k, err := readKey(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if seen[k.Name] {
			return nil, fmt.Errorf("%w: line %d: two keys are called %q", ErrConfig, n, k.Name)
		}
		if seen[k.Name] = true; len(keys) == maxKeys {
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
