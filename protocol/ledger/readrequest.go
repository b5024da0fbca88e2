package ledger

import (
	"bytes"

	"github.com/assaynet/assay/protocol"
)

// ReadRequest returns a request, until it is forgotten.
func ReadRequest(r Reader, id protocol.Hash) (Request, bool, error) {
	return read[Request](r, RequestKey(id))
}

// Requests calls fn with every request and its id, until it returns false.
func Requests(r Reader, fn func(id protocol.Hash, q Request) bool) error {
	return walk(r, RequestPrefix(), func(key []byte, q Request) bool { return fn(lastHash(key), q) })
}

// Record is an opened record of a request with its seal, which names it.
type Record struct {
	Seal protocol.Hash
	MadeRecord
}

// ReadRecords returns the opened records of a request, by seal: the number of a
// record is its place here.
func ReadRecords(r Reader, request protocol.Hash) ([]Record, error) {
	var out []Record
	err := EachRecord(r, request, func(k Record) bool {
		out = append(out, k)
		return true
	})
	return out, err
}

// EachRecord calls fn with the opened records of a request, by seal, until it
// returns false.
func EachRecord(r Reader, request protocol.Hash, fn func(Record) bool) error {
	return walk(r, MadeRecordPrefix(request), func(key []byte, v MadeRecord) bool {
		return fn(Record{Seal: lastHash(key), MadeRecord: v})
	})
}

// ReadRequestFinding returns what a judge sealed of a request, opened or not.
func ReadRequestFinding(r Reader, request protocol.Hash, uid protocol.UID) (RequestFinding, bool, error) {
	return read[RequestFinding](r, RequestFindingKey(request, uid))
}

// ReadSealedRecord returns a maker's seal that was not opened.
func ReadSealedRecord(r Reader, request, seal protocol.Hash, maker protocol.PublicKey) (SealedRecord, bool, error) {
	return read[SealedRecord](r, SealedRecordKey(request, seal, maker))
}

// lastHash reads the hash from the end of a key.
func lastHash(key []byte) protocol.Hash {
	return protocol.Hash(bytes.Clone(key[len(key)-len(protocol.Hash{}):]))
}
