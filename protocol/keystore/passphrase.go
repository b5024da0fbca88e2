package keystore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// EnvPassphrase is the environment variable that may hold a passphrase.
// Commands read it and hand its value over in [PassphraseOptions].
const EnvPassphrase = "ASSAY_PASSPHRASE"

// maxPassphrase bounds a passphrase in bytes, far above what is typed.
const maxPassphrase = 1024

// publicPassphrase encrypts keys that were made without one. It is no secret.
const publicPassphrase = "assay: no passphrase"

// Passphrase opens a key file. It does not print itself. The zero value holds
// none and opens nothing.
type Passphrase struct{ s func() string }

// NewPassphrase returns s as a passphrase, or [ErrNoPassphrase] if it is empty
// or has over 1,024 bytes or a line break.
func NewPassphrase(s string) (Passphrase, error) {
	switch {
	case s == "":
		return Passphrase{}, fmt.Errorf("empty: %w", ErrNoPassphrase)
	case len(s) > maxPassphrase:
		return Passphrase{}, fmt.Errorf("over %d bytes: %w", maxPassphrase, ErrNoPassphrase)
	case strings.ContainsAny(s, "\r\n"):
		return Passphrase{}, fmt.Errorf("more than one line: %w", ErrNoPassphrase)
	}
	return Passphrase{s: func() string { return s }}, nil
}

// InsecurePassphrase is the passphrase of keys without one: a constant that
// everybody knows. File permissions alone protect such a key.
func InsecurePassphrase() Passphrase {
	return Passphrase{s: func() string { return publicPassphrase }}
}

// expose returns the passphrase, "" if there is none.
func (p Passphrase) expose() string {
	if p.s == nil {
		return ""
	}
	return p.s()
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
	// File is a path; the first line of the file is the passphrase. A file
	// that every user may read is refused.
	File string
	// Env is the value of [EnvPassphrase].
	Env string
	// Prompt asks; nil where nobody can be asked.
	Prompt Prompt
	// Confirm asks twice, for a passphrase that nothing can check yet.
	Confirm bool
	// Insecure takes [InsecurePassphrase] and warns. File and Env must be
	// empty then.
	Insecure bool
	// Warn, if not nil, takes the warning of Insecure.
	Warn func(string)
}

// ReadPassphrase gets a passphrase from the first source that is set. It
// returns [ErrNoPassphrase] if there is none, if it is unusable, or if the two
// answers of a person differ; [ErrExposed] for a file open to every user.
func ReadPassphrase(ctx context.Context, o PassphraseOptions) (Passphrase, error) {
	switch {
	case o.Insecure && (o.File != "" || o.Env != ""):
		return Passphrase{}, fmt.Errorf("given one, and told to do without: %w", ErrNoPassphrase)
	case o.Insecure:
		if o.Warn != nil {
			o.Warn("no passphrase: whoever can read the key file has the key")
		}
		return InsecurePassphrase(), nil
	case o.File != "":
		return filePassphrase(o.File)
	case o.Env != "":
		p, err := NewPassphrase(o.Env)
		if err != nil {
			return p, fmt.Errorf("passphrase in %s: %w", EnvPassphrase, err)
		}
		return p, nil
	case o.Prompt != nil:
		return promptPassphrase(ctx, o.Prompt, o.Confirm)
	}
	return Passphrase{}, fmt.Errorf("give --passphrase-file or set %s: %w", EnvPassphrase, ErrNoPassphrase)
}

// filePassphrase reads the first line of a file.
func filePassphrase(path string) (Passphrase, error) {
	b, err := readFile(path, 4*maxPassphrase, 0o007)
	defer clear(b)
	if errors.Is(err, fs.ErrNotExist) {
		return Passphrase{}, fmt.Errorf("passphrase file %s does not exist: %w", path, ErrNoPassphrase)
	}
	if errors.Is(err, errShape) {
		return Passphrase{}, fmt.Errorf("%w: %w", ErrNoPassphrase, err)
	}
	if err != nil {
		return Passphrase{}, fmt.Errorf("read passphrase file: %w", err)
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	p, err := NewPassphrase(string(bytes.TrimSuffix(line, []byte("\r"))))
	if err != nil {
		return p, fmt.Errorf("passphrase file %s: %w", path, err)
	}
	return p, nil
}

// promptPassphrase asks once, or twice and compares.
func promptPassphrase(ctx context.Context, ask Prompt, confirm bool) (Passphrase, error) {
	first, err := ask(ctx, "Passphrase: ")
	if err != nil {
		return Passphrase{}, err
	}
	p, err := NewPassphrase(first)
	if err != nil || !confirm {
		return p, err
	}
	again, err := ask(ctx, "The same again: ")
	if err != nil {
		return Passphrase{}, err
	}
	if again != first {
		return Passphrase{}, fmt.Errorf("the two differ: %w", ErrNoPassphrase)
	}
	return p, nil
}
