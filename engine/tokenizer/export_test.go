package tokenizer

// EncodePlainly is the definition of byte-pair encoding, without a heap: as
// long as there is a listed pair, join the first of the lowest rank.
func (t *Tokenizer) EncodePlainly(text string) []int32 {
	var out []int32
	bpe := t.model.(*byteBPE)
	for len(text) > 0 {
		n := bpe.split(text)
		var ids []int32
		for i := range n {
			ids = append(ids, t.vocab.bytes[text[i]])
		}
		for {
			best, at := merge{}, -1
			for i := 0; i+1 < len(ids); i++ {
				if m, ok := bpe.merges[pairOf(ids[i], ids[i+1])]; ok && (at < 0 || m.rank < best.rank) {
					best, at = m, i
				}
			}
			if at < 0 {
				break
			}
			ids = append(append(ids[:at:at], best.id), ids[at+2:]...)
		}
		out = append(out, ids...)
		text = text[n:]
	}
	return out
}

// Split cuts text into the pieces of the named splitter.
func Split(name, text string) []string {
	var out []string
	for len(text) > 0 {
		n := splitters[name].split(text)
		out = append(out, text[:n])
		text = text[n:]
	}
	return out
}
