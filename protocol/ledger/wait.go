package ledger

import (
	"encoding/binary"

	"github.com/assaynet/assay/protocol"
)

// What waits: stake and collateral on their way back, and the address of a
// consensus key that signs no more. A proof of what a validator signed counts until
// it is older than both Unbonding blocks and UnbondingSeconds by the time of
// headers (CometBFT has it so), and what it can take waits exactly as long: neither
// a chain that made its blocks fast nor one that stood still leaves a gap.
//
//	queue   letter ‖ u64 height of the block in which the wait began ‖ what waits;
//	        the value is that block's time, in nanoseconds
//	ends    with the first block for which both have passed. Heights and times only
//	        grow, so that what began first ends first, and a block looks at what
//	        ends and at one entry more
//	bound   what two blocks began ends in one at most: after a time in which there
//	        were none, much is due at once
//
// endsPerBlock is that two.
const endsPerBlock = 2

// wait enters what waits from this block on: the rest of its key. Twice in one
// block is once.
func (m *machine) wait(letter byte, what ...byte) {
	put(m.st, append(u64([]byte{letter}, uint64(m.height)), what...), m.now)
}

// waited removes from a queue what has waited long enough with this block, and
// returns since when each did, and what it is.
func (m *machine) waited(letter byte) (list []ended) {
	blocks, nanos := m.p.Seats.Unbonding, int64(m.p.Seats.UnbondingSeconds)*1e9
	begun := 0
	err := walk(m.st, []byte{letter}, func(k []byte, since int64) bool {
		if len(k) < 9 {
			m.st.fail(ErrCorrupt)
			return false
		}
		h := protocol.Height(binary.BigEndian.Uint64(k[1:9]))
		if uint64(m.height-h) < blocks || m.now-since < nanos {
			return false
		}
		if len(list) == 0 || list[len(list)-1].began != h {
			begun++
		}
		if begun <= endsPerBlock {
			list = append(list, ended{h, append([]byte(nil), k[9:]...)})
		}
		return begun <= endsPerBlock
	})
	if err != nil {
		m.st.fail(err)
	}
	for _, e := range list {
		del(m.st, append(u64([]byte{letter}, uint64(e.began)), e.what...))
	}
	return list
}

// oldest returns the height at which the first began of what waits in a queue, or
// this one.
func (m *machine) oldest(letter byte) protocol.Height {
	first := m.height
	err := walk(m.st, []byte{letter}, func(k []byte, _ int64) bool {
		if len(k) < 9 {
			m.st.fail(ErrCorrupt)
			return false
		}
		first = protocol.Height(binary.BigEndian.Uint64(k[1:9]))
		return false
	})
	if err != nil {
		m.st.fail(err)
	}
	return first
}

// ended is what has waited long enough.
type ended struct {
	began protocol.Height
	what  []byte
}
