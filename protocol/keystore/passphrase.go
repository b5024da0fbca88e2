package keystore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// EnvPassphrase is the environment variable that may hold a passphrase.
// Commands read it and hand its value over in [PassphraseOptions].
const EnvPassphrase = "ASSAY_PASSPHRASE"

const (
	// maxPassphrase bounds a passphrase in bytes, far above what is typed.
	maxPassphrase = 1024
	// weakPassphrase is the number of characters below which a new one is
	// warned of: seven letters are 33 bits, some hundred machine-years of
	// scrypt, and what people choose is far from random.
	weakPassphrase = 8
	// askings is how often a person is asked who only presses Enter: a list of
	// words that is pasted ends with empty lines.
	askings = 3
)

// publicPassphrase encrypts keys that were made without one. It is no secret.
const publicPassphrase = "assay: no passphrase"

// unusable says what is wrong with a passphrase. It is an [ErrNoPassphrase].
type unusable string

func (u unusable) Error() string { return "the passphrase " + string(u) }

func (unusable) Unwrap() error { return ErrNoPassphrase }

// Passphrase opens a key file. It does not print itself. The zero value holds
// none and opens nothing.
type Passphrase struct {
	// forms are the bytes that it may stand for, the first for new keys.
	forms func() []string
	// fault is why no new key takes it, "" if one does.
	fault string
}

// NewPassphrase returns s as a passphrase, in Unicode's form NFKD, so that it
// does not matter how a keyboard writes "é". It returns [ErrNoPassphrase] if s
// is empty, has over 1,024 bytes or a line break, begins with a byte order mark,
// or is not UTF-8.
func NewPassphrase(s string) (Passphrase, error) {
	p, err := oldPassphrase(s)
	if err == nil && p.fault != "" {
		return Passphrase{}, unusable(p.fault)
	}
	return p, err
}

// oldPassphrase returns s as the passphrase of a key that is there: it may have
// been made by a version that took any bytes as they were. What no new key takes
// is tried like that alone, and is a fault where it opens nothing.
func oldPassphrase(s string) (Passphrase, error) {
	switch {
	case s == "":
		return Passphrase{}, unusable("is empty")
	case len(s) > maxPassphrase:
		return Passphrase{}, unusable(fmt.Sprintf("has over %d bytes", maxPassphrase))
	case strings.ContainsAny(s, "\r\n"):
		return Passphrase{}, unusable("has more than one line")
	case strings.HasSuffix(s, "\x00") && !strings.Contains(strings.TrimRight(s, "\x00"), "\x00"):
		// HMAC, by which scrypt takes it, fills up with zeros: it would open what the
		// passphrase without them closed, and nothing else.
		return Passphrase{}, unusable(faultNUL)
	}
	p := Passphrase{fault: fault([]byte(s))}
	forms := []string{s}
	if n := norm.NFKD.String(s); p.fault == "" && n != s {
		forms = []string{n, s}
	}
	p.forms = func() []string { return forms }
	return p, nil
}

// InsecurePassphrase is the passphrase of keys without one: a constant that
// everybody knows. File permissions alone protect such a key.
func InsecurePassphrase() Passphrase {
	return Passphrase{forms: func() []string { return []string{publicPassphrase} }}
}

// expose returns the forms of the passphrase, none if there is none.
func (p Passphrase) expose() []string {
	if p.forms == nil {
		return nil
	}
	return p.forms()
}

// isPublic says whether everybody knows the passphrase.
func (p Passphrase) isPublic() bool { return slices.Contains(p.expose(), publicPassphrase) }

// Equal says whether p opens a key that q opens, however the letters of either are
// written. Two that hold none are equal.
func (p Passphrase) Equal(q Passphrase) bool {
	mine, others := p.expose(), q.expose()
	return len(mine)+len(others) == 0 || slices.ContainsFunc(mine, func(s string) bool { return slices.Contains(others, s) })
}

// Format writes "[passphrase]" for every verb.
func (p Passphrase) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[passphrase]") }

// MarshalText returns "[passphrase]".
func (p Passphrase) MarshalText() ([]byte, error) { return []byte("[passphrase]"), nil }

// A Prompt asks a person for a line without showing it.
type Prompt func(ctx context.Context, label string) (string, error)

// PassphraseOptions are the sources of a passphrase. The first that is set
// decides: File, Env, Prompt.
type PassphraseOptions struct {
	// Whose says whose passphrase a person is asked for: "the new coldkey".
	Whose string
	// File is a path; the first line of the file, without its one line end, is
	// the passphrase. A file that every user may read is refused, but for the
	// mounts that the package's documentation names. A pipe is read for two
	// minutes at most.
	File string
	// Env is the value of the variable EnvName.
	Env string
	// EnvName is [EnvPassphrase] by default.
	EnvName string
	// FileFlag is the flag that names File, "--passphrase-file" by default.
	FileFlag string
	// Prompt asks; nil where nobody can be asked.
	Prompt Prompt
	// New is for a key that is made: nothing can check the passphrase yet, so a
	// person is asked twice, and what is unfit for one is refused or warned of.
	New bool
	// Insecure takes [InsecurePassphrase] and warns. File and Env must be
	// empty then.
	Insecure bool
	// Warn, if not nil, takes warnings.
	Warn func(string)
}

// check fills the defaults.
func (o *PassphraseOptions) check() {
	if o.Whose == "" {
		o.Whose = "the key"
	}
	if o.EnvName == "" {
		o.EnvName = EnvPassphrase
	}
	if o.FileFlag == "" {
		o.FileFlag = "--passphrase-file"
	}
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
}

// ReadPassphrase gets a passphrase from the first source that is set. It
// returns [ErrNoPassphrase] if there is none, if it is unusable, or if the two
// answers of a person differ; [ErrExposed] for a file open to every user.
func ReadPassphrase(ctx context.Context, o PassphraseOptions) (Passphrase, error) {
	o.check()
	switch {
	case o.Insecure && (o.File != "" || o.Env != ""):
		return Passphrase{}, fmt.Errorf("given one, and told to do without: %w", ErrNoPassphrase)
	case o.Insecure:
		o.Warn("no passphrase: whoever can read the key file has the key")
		return InsecurePassphrase(), nil
	case o.File != "":
		s, err := firstLine(ctx, o.File, o.Warn)
		if err != nil {
			return Passphrase{}, err
		}
		return o.take(s, "passphrase file "+o.File)
	case o.Env != "":
		return o.take(o.Env, "passphrase in "+o.EnvName)
	case o.Prompt != nil:
		return o.ask(ctx)
	}
	return Passphrase{}, fmt.Errorf("%w for %s; give %s or set %s", ErrNoPassphrase, o.Whose, o.FileFlag, o.EnvName)
}

// take makes a passphrase of what a source gave.
func (o *PassphraseOptions) take(s, source string) (Passphrase, error) {
	if !o.New {
		p, err := oldPassphrase(s)
		if err != nil {
			return p, fmt.Errorf("%s: %w", source, err)
		}
		return p, nil
	}
	p, err := NewPassphrase(s)
	if err != nil {
		return p, fmt.Errorf("%s: %w", source, err)
	}
	if n := utf8.RuneCountInString(s); n < weakPassphrase {
		o.Warn(fmt.Sprintf("the passphrase of %s has %s: whoever gets a copy of the key file finds it by trying; take %d or more", o.Whose, characters(n), weakPassphrase))
	}
	if strings.TrimSpace(s) != s || strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.Cf, unicode.Cc) }) {
		o.Warn(fmt.Sprintf("the passphrase of %s has a blank at an end, or a character that is not seen; they count", o.Whose))
	}
	return p, nil
}

func characters(n int) string {
	if n == 1 {
		return "one character"
	}
	return fmt.Sprintf("%d characters", n)
}

// ask asks a person once, or twice and compares.
func (o *PassphraseOptions) ask(ctx context.Context) (Passphrase, error) {
	var first string
	for range askings {
		var err error
		first, err = o.Prompt(ctx, "Passphrase for "+o.Whose+": ")
		if errors.Is(err, ErrNoPassphrase) { // nobody is there
			return Passphrase{}, fmt.Errorf("%s: %w; give %s or set %s", o.Whose, err, o.FileFlag, o.EnvName)
		}
		if err != nil {
			return Passphrase{}, err
		}
		if first != "" || !o.New {
			break
		}
	}
	if o.New && first != "" {
		again, err := o.Prompt(ctx, "The same again: ")
		if err != nil {
			return Passphrase{}, err
		}
		if again != first {
			return Passphrase{}, unusable("and its repetition differ")
		}
	}
	return o.take(first, "answer")
}

// trimLineEnd drops one line end, of Unix or Windows.
func trimLineEnd(s string) string { return strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r") }

// firstLine returns the first line of a passphrase file.
func firstLine(ctx context.Context, path string, warn func(string)) (string, error) {
	b, err := readSecret(ctx, path, 4*maxPassphrase, warn)
	defer clear(b)
	if err != nil {
		return "", err
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return trimLineEnd(string(line)), nil
}
