package keyflags

import (
	"fmt"
	"strings"
)

// Words returns a mnemonic as it is shown, once: with numbers, six lines of
// four. It says whose it is, "the key". The keystore reads this back.
func Words(whose, words string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nWrite these words on paper. They are %s, they are shown once,\nand nobody can find them again:\n\n", whose)
	for i, word := range strings.Fields(words) {
		fmt.Fprintf(&b, "  %2d %-9s", i+1, word)
		if i%4 == 3 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}
