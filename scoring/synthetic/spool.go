package synthetic

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"

	"github.com/assaynet/assay/scoring/synthetic/gate"
)

// said is what the first pass of a [Bulk] finds of a record.
type said struct {
	Judgement *Judgement
	// Whole says that the form is right, so that it is compared with others. It has
	// so many grams, of which so many were known before the request began.
	Whole        bool
	Grams, Known int
	// Bones and KnownBones are the like of its skeleton.
	Bones, KnownBones int
}

// spool is a file of what was said, a line for each record, in order.
type spool struct {
	f   *os.File
	buf *bufio.Writer
	enc *json.Encoder
}

// nameless makes a file in dir that has no name any more.
func nameless(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "assay-judge-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func newSpool(dir string) (*spool, error) {
	f, err := nameless(dir)
	if err != nil {
		return nil, err
	}
	buf := bufio.NewWriter(f)
	return &spool{f, buf, json.NewEncoder(buf)}, nil
}

func (s *spool) add(x *said) error { return s.enc.Encode(x) }

// each calls do with all that was said, from the first on.
func (s *spool) each(do func(*said) error) error {
	if err := s.buf.Flush(); err != nil {
		return err
	}
	dec := json.NewDecoder(bufio.NewReaderSize(io.NewSectionReader(s.f, 0, 1<<62), 1<<16))
	for {
		x := &said{}
		err := dec.Decode(x)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = do(x)
		}
		if err != nil {
			return err
		}
	}
}

func (s *spool) close() error { return s.f.Close() }

// signFile is a file of signatures, by number.
type signFile struct {
	f   *os.File
	buf *bufio.Writer
}

const signSize = 2 * gate.Positions

func newSignFile(dir string) (*signFile, error) {
	f, err := nameless(dir)
	if err != nil {
		return nil, err
	}
	return &signFile{f: f, buf: bufio.NewWriter(f)}, nil
}

// add adds the next one.
func (s *signFile) add(sign *gate.Signature) error {
	var b [signSize]byte
	for i, v := range sign {
		binary.BigEndian.PutUint16(b[2*i:], v)
	}
	_, err := s.buf.Write(b[:])
	return err
}

// at returns the signature of a number, when no more are added.
func (s *signFile) at(number uint32) (sign gate.Signature, err error) {
	if err := s.buf.Flush(); err != nil {
		return sign, err
	}
	var b [signSize]byte
	if _, err := s.f.ReadAt(b[:], int64(number)*signSize); err != nil {
		return sign, err
	}
	for i := range sign {
		sign[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return sign, nil
}

func (s *signFile) close() error { return s.f.Close() }
