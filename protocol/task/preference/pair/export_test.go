package pair

// Names, Cities and Goods are what values are words of.
func Names() []string  { return names }
func Cities() []string { return cities }
func Goods() []string  { return goods }
