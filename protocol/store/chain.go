package store

import "fmt"

// BindChain makes a new database one of a chain, and is [DB.CheckChain] for any
// other.
func (d *DB) BindChain(chain string) error {
	if _, ok, err := d.chain(); err != nil || ok {
		return d.CheckChain(chain)
	}
	return d.Tables().Singles.Put(Key(SingleGenesis), []byte(chain))
}

// CheckChain returns [ErrOtherChain] for a database of another chain. A new one
// is of none yet.
func (d *DB) CheckChain(chain string) error {
	was, ok, err := d.chain()
	if err != nil {
		return err
	}
	if ok && was != chain {
		return fmt.Errorf("%w: %s is of %s, not of %s", ErrOtherChain, d.dir, was, chain)
	}
	return nil
}

// chain returns whose the database is, and whether it is anybody's.
func (d *DB) chain() (string, bool, error) {
	was, ok, err := d.Tables().Singles.Get(Key(SingleGenesis))
	if err != nil {
		return "", false, fmt.Errorf("read whose the database is: %w", err)
	}
	return string(was), ok, nil
}
