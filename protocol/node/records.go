package node

import "github.com/assaynet/assay/protocol/store"

// Records is a node's database as roles see it: tables by name, in spaces of
// their own.
type Records struct{ db *store.DB }

// RecordsOf returns the role's view of a database.
func RecordsOf(db *store.DB) Records { return Records{db} }

// Get returns a value, nil when there is none.
func (r Records) Get(table string, key []byte) ([]byte, error) { return r.space(table).Get(key) }

// Write applies all puts made by fn at once, and returns when they are on the
// disk. A nil value deletes the key.
func (r Records) Write(fn func(put func(table string, key, value []byte))) error {
	b := r.db.Batch()
	defer b.Discard()
	fn(func(table string, key, value []byte) {
		if value == nil {
			b.Delete(r.space(table), key)
			return
		}
		b.Set(r.space(table), key, value)
	})
	return b.Commit()
}

// Scan calls fn for every key of table that begins with prefix, in the order
// of the bytes, until fn returns false.
func (r Records) Scan(table string, prefix []byte, fn func(key, value []byte) bool) error {
	return r.space(table).Iterate(prefix, nil, fn)
}

// space keeps the roles' tables apart from consensus and the ledger's state.
func (r Records) space(table string) *store.Space { return r.db.Space("role-" + table) }
