package gate

// Novelty returns the share of unseen ones among n grams, seen of which were
// there before; 0 of none.
func Novelty(n, seen int) uint32 {
	if n == 0 {
		return 0
	}
	return uint32(uint64(n-seen) * one / uint64(n))
}
