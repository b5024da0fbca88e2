package config

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// LabelToken is the path of the secret in the label page's address.
func (h Home) LabelToken() string { return filepath.Join(string(h), "label.token") }

// tokenLength is that of a token: 26 characters of base32, 130 bits.
const tokenLength = 26

// ReadToken returns the secret in the label page's address. Errors are [ErrHome],
// and [fs.ErrNotExist] where no miner has made one.
func (h Home) ReadToken() (string, error) {
	path := h.LabelToken()
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("look at the label page's token: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%w: others can read %s; take their right (chmod 600), or remove it and start the miner again", ErrHome, path)
	}
	b, err := readLimited(path, 1<<10)
	if err != nil {
		return "", h.Explain(fmt.Errorf("read the label page's token: %w", err), "")
	}
	token := strings.TrimSpace(string(b))
	if len(token) != tokenLength || strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return "", fmt.Errorf("%w: %s holds no token; remove it and start the miner again", ErrHome, path)
	}
	return token, nil
}

// MakeToken returns the secret in the label page's address, a new one where there
// is none: it outlives restarts, so that an open page goes on.
func (h Home) MakeToken() (string, error) {
	token, err := h.ReadToken()
	if !errors.Is(err, fs.ErrNotExist) {
		return token, err
	}
	token = rand.Text()
	tmp := h.LabelToken() + ".new"
	if err := os.WriteFile(tmp, []byte(token+"\n"), 0o600); err != nil {
		return "", h.Explain(fmt.Errorf("write the label page's token: %w", err), "")
	}
	if err := os.Rename(tmp, h.LabelToken()); err != nil {
		return "", h.Explain(fmt.Errorf("write the label page's token: %w", err), "")
	}
	return token, nil
}
