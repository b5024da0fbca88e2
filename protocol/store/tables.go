package store

// Tables are the records of which there is one each. What the roles keep is in
// spaces of their own, whose layout is theirs.
type Tables struct {
	// Singles are by [Key](one of the Single… numbers).
	Singles Table[[]byte]
}

// The keys of [Tables.Singles]. A number is never used for anything else again.
const (
	SingleGenesis uint64 = 3 // the genesis that this database belongs to
)

// Tables returns the tables.
func (d *DB) Tables() Tables { return Tables{Singles: TableOf[[]byte](d, "singles")} }
