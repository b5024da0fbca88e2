package discover_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/assaynet/assay/protocol/gossip/discover"
)

func TestAMessageAboveItsLimitIsRefusedByItsLength(t *testing.T) {
	frame := func(n int) []byte { return append(binary.AppendUvarint(nil, uint64(n)), make([]byte, n)...) }
	for _, n := range []int{0, 1, 127, 128, discover.MaxQuestion} {
		got, err := discover.NextFrame(bytes.NewReader(append(frame(n), 1)), discover.MaxQuestion, nil)
		if err != nil || !bytes.Equal(got, frame(n)) {
			t.Errorf("%d bytes: got %d bytes, %v", n, len(got), err)
		}
	}
	for _, head := range [][]byte{
		binary.AppendUvarint(nil, discover.MaxQuestion+1), binary.AppendUvarint(nil, 1<<62),
	} {
		// No byte follows: who waits for one, or takes memory for it, fails otherwise.
		if _, err := discover.NextFrame(bytes.NewReader(head), discover.MaxQuestion, nil); !errors.Is(err, discover.ErrTooLong) {
			t.Errorf("length % x: got %v, want ErrTooLong", head, err)
		}
	}
	for _, c := range []struct {
		in   []byte
		want error
	}{{nil, io.EOF}, {[]byte{0x80}, io.ErrUnexpectedEOF}, {[]byte{3, 1}, io.ErrUnexpectedEOF}, {[]byte{3}, io.ErrUnexpectedEOF}} {
		if _, err := discover.NextFrame(bytes.NewReader(c.in), discover.MaxQuestion, nil); !errors.Is(err, c.want) {
			t.Errorf("% x: got %v, want %v", c.in, err, c.want)
		}
	}
}

func FuzzNextFrame(f *testing.F) {
	f.Add([]byte{0})
	f.Add([]byte{2, 8, 4, 1, 9})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2})
	f.Add([]byte{0x80, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		for {
			before := r.Len()
			got, err := discover.NextFrame(r, discover.MaxQuestion, nil)
			if err != nil {
				return
			}
			size, n := binary.Uvarint(got)
			if n <= 0 || int(size) != len(got)-n || size > discover.MaxQuestion || r.Len() >= before {
				t.Fatalf("a message of %d bytes, of which its length says %d", len(got), size)
			}
		}
	})
}
