package keystore

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/assaynet/assay/protocol/key"
)

const (
	// version is the version of the content that this program writes.
	version = 1
	// maxContent bounds the decrypted content in bytes; version 1 has 109.
	maxContent = 1 << 10
	// maxFile bounds a key file in bytes; version 1 has about 500. It also
	// bounds the header that age reads before it knows the passphrase.
	maxFile = 16 << 10
	// maxWorkFactor bounds scrypt's N = 2^20: a gibibyte of memory and some
	// four seconds. A file that asks for more is refused before it is paid.
	maxWorkFactor = 20
)

// seal returns the key file of k: its content, encrypted and armored. What is
// unfit for a new key is [ErrNoPassphrase].
func seal(k *Key, p Passphrase, workFactor int) ([]byte, error) {
	content := encodeContent(k)
	defer clear(content)
	forms := p.expose()
	if len(forms) == 0 {
		return nil, ErrNoPassphrase
	}
	if p.fault != "" {
		return nil, unusable(p.fault)
	}
	recipient, err := age.NewScryptRecipient(forms[0])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoPassphrase, err)
	}
	recipient.SetWorkFactor(workFactor)
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	w, err := age.Encrypt(armored, recipient)
	if err != nil {
		return nil, fmt.Errorf("encrypt a key: %w", err)
	}
	if _, err := w.Write(content); err != nil {
		return nil, fmt.Errorf("encrypt a key: %w", err)
	}
	if err := errors.Join(w.Close(), armored.Close()); err != nil {
		return nil, fmt.Errorf("encrypt a key: %w", err)
	}
	return out.Bytes(), nil
}

// unseal reads a key file. It returns [ErrPassphrase], [ErrNoPassphrase] where
// the passphrase is one that only old keys have, [ErrVersion], or [ErrCorrupt]
// for all else that is not exactly what seal writes. It does scrypt's work, at
// most of 2^maxWork, once for each form of the passphrase: once for all ASCII.
func unseal(file []byte, p Passphrase, maxWork int) (*Key, error) {
	err := ErrNoPassphrase
	for _, form := range p.expose() {
		identity, wrong := age.NewScryptIdentity(form)
		if wrong != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoPassphrase, wrong)
		}
		identity.SetMaxWorkFactor(maxWork)
		k, wrong := decrypt(file, identity)
		if !errors.Is(wrong, ErrPassphrase) {
			return k, wrong
		}
		err = wrong
	}
	if p.fault != "" {
		err = unusable(p.fault)
	}
	return nil, err
}

// nobody is an identity that opens no file, at no cost.
type nobody struct{}

func (nobody) Unwrap([]*age.Stanza) ([]byte, error) { return nil, age.ErrIncorrectIdentity }

// inspect returns what is wrong with a key file as far as that shows without a
// passphrase, in the words of unseal.
func inspect(file []byte) error {
	file = bytes.TrimPrefix(file, []byte(byteOrderMark))
	_, err := decrypt(file, nobody{})
	if errors.Is(err, ErrPassphrase) {
		// The header is whole. So is the file, if its last line is there.
		_, err = io.Copy(io.Discard, armor.NewReader(bytes.NewReader(file)))
		if err != nil {
			err = fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
	}
	return err
}

// decrypt reads a key file, as unseal does.
func decrypt(file []byte, identity age.Identity) (*Key, error) {
	if len(file) > maxFile {
		return nil, fmt.Errorf("file of %d bytes, limit %d: %w", len(file), maxFile, ErrCorrupt)
	}
	file = bytes.TrimPrefix(file, []byte(byteOrderMark)) // an editor's: what follows is authenticated
	if fault := fault(file); fault != "" {
		return nil, fmt.Errorf("it %s: %w", fault, ErrCorrupt)
	}
	r, err := age.Decrypt(armor.NewReader(bytes.NewReader(file)), identity)
	if mismatch := new(age.NoIdentityMatchError); errors.As(err, &mismatch) {
		for _, stanza := range mismatch.StanzaTypes {
			if stanza != "scrypt" {
				return nil, fmt.Errorf("file is not encrypted under a passphrase: %w", ErrCorrupt)
			}
		}
		return nil, ErrPassphrase
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	content, err := io.ReadAll(io.LimitReader(r, maxContent+1))
	defer clear(content)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return decodeContent(content)
}

// hexSecret is a scalar in JSON, decoded to bytes that can be wiped.
type hexSecret []byte

// UnmarshalText reads 64 hex digits; what is left of them is compared when
// the content is encoded again.
func (h *hexSecret) UnmarshalText(b []byte) (err error) {
	*h = make([]byte, hex.DecodedLen(len(b)))
	_, err = hex.Decode(*h, b)
	return err
}

// encodeContent returns the one line of JSON of a key.
func encodeContent(k *Key) []byte {
	secret := k.private.Expose()
	defer clear(secret[:])
	b := make([]byte, 0, maxContent) // grown, it would leave copies behind
	b = fmt.Appendf(b, `{"version":%d,"kind":"%s","secret":"`, version, k.kind)
	b = hex.AppendEncode(b, secret[:])
	return append(b, "\"}\n"...)
}

// decodeContent is the inverse of encodeContent and refuses all that this does
// not write.
func decodeContent(b []byte) (*Key, error) {
	if len(b) > maxContent {
		return nil, fmt.Errorf("content over %d bytes: %w", maxContent, ErrCorrupt)
	}
	var c struct {
		Version uint64    `json:"version"`
		Kind    string    `json:"kind"`
		Secret  hexSecret `json:"secret"`
	}
	err := json.Unmarshal(b, &c)
	defer clear(c.Secret)
	if err != nil { // encoding/json quotes what it reads: not wrapped
		return nil, fmt.Errorf("content is not the JSON of a key: %w", ErrCorrupt)
	}
	if c.Version > version {
		return nil, fmt.Errorf("version %d, this program reads %d: %w", c.Version, version, ErrVersion)
	}
	p, err := key.FromBytes(c.Secret)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	k, err := FromPrivate(Kind(c.Kind), p)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	again := encodeContent(k)
	defer clear(again)
	if !bytes.Equal(again, b) {
		k.Wipe()
		return nil, fmt.Errorf("content is not in its canonical form: %w", ErrCorrupt)
	}
	return k, nil
}
