package keystore

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	bip39 "github.com/cosmos/go-bip39"
	"github.com/xrash/smetrics"
	"golang.org/x/text/unicode/norm"
)

// MaxMnemonicText bounds what is read as a mnemonic, in bytes: all that "wallet
// new" prints has about 700.
const MaxMnemonicText = 8 << 10

// maxWord bounds a word for which a near one is looked for, in bytes; those of
// the list have at most 8.
const maxWord = 16

// abbreviation is the number of letters by which the words of the list differ:
// BIP 39 says that the first four are enough, and plates of steel have no more.
const abbreviation = 4

// How people keep words, and how they come back:
//
//	words, spaces   in any case and width, on any lines, a mark at the beginning
//	a list          with numbers: "1 abandon", "01. abandon", "(1) abandon",
//	                "abandon 1", in rows or, read across, in columns
//	a text          with commas, semicolons, quotes, brackets, bullets
//	short           the first four letters of each
//	our own         six lines of four; all that wallet new prints; its JSON
//
// So what is no letter and no digit parts words, what is not seen does not
// count, and numbers, where there are any, say which word is which. Whatever is
// understood wrongly is met by the list and by the checksum.

// item is a word or a number of a text.
type item struct {
	text   string
	number int // -1 for a word
}

// mnemonicWords returns the words of a text, in order and complete, each from
// the list. It returns [ErrMnemonic]; the error contains no word of the text.
func mnemonicWords(text string) ([]string, error) {
	text, err := plainText(text)
	if err != nil {
		return nil, err
	}
	list := items(text, false)
	words, err := inOrder(list)
	if err == nil {
		return words, nil
	}
	if strings.ContainsRune(text, zeroWidthSpace) {
		if words, err := inOrder(items(text, true)); err == nil {
			return words, nil
		}
	}
	if words := printedList(list); words != nil {
		return words, nil
	}
	return nil, err
}

// plainText refuses what is no text, and reads the words out of an object that
// wallet new --json printed.
func plainText(text string) (string, error) {
	if len(text) > MaxMnemonicText {
		return "", fmt.Errorf("text of over %d bytes: %w", MaxMnemonicText, ErrMnemonic)
	}
	if fault := fault([]byte(text)); fault != "" && fault != faultMark {
		return "", fmt.Errorf("the text %s: %w", fault, ErrMnemonic)
	}
	var object struct{ Mnemonic string }
	body := strings.TrimPrefix(text, byteOrderMark)
	if json.Unmarshal([]byte(body), &object) == nil && object.Mnemonic != "" {
		return object.Mnemonic, nil
	}
	return text, nil
}

// zeroWidthSpace parts words on a screen, or is put into them.
const zeroWidthSpace = '\u200b'

// items splits a text into words and numbers. Widths, ligatures and case are
// made plain first.
func items(text string, zeroWidthParts bool) []item {
	var list []item
	var at strings.Builder
	digits := false
	end := func() {
		if at.Len() == 0 {
			return
		}
		it := item{at.String(), -1}
		if digits {
			n, err := strconv.Atoi(it.text)
			if err != nil {
				n = len(text) // more digits than any list has words
			}
			it.number = n
		}
		list = append(list, it)
		at.Reset()
	}
	for _, r := range strings.ToLower(norm.NFKD.String(text)) {
		isDigit := '0' <= r && r <= '9'
		switch {
		case r == zeroWidthSpace && zeroWidthParts:
			end()
		case unicode.Is(unicode.Cf, r): // not seen: marks, joiners, soft hyphens
		case isDigit, unicode.IsLetter(r), unicode.IsMark(r), unicode.IsNumber(r):
			if isDigit != digits {
				end()
			}
			digits = isDigit
			at.WriteRune(r)
		default:
			end()
		}
	}
	end()
	return list
}

// inOrder returns the words of a whole mnemonic, by their numbers if they have
// some.
func inOrder(list []item) ([]string, error) {
	words, numbers, beside, err := known(list)
	if err != nil {
		return nil, err
	}
	if len(numbers) > 0 && !beside {
		return nil, fmt.Errorf("numbers are between the words, but not one beside each: %w", ErrMnemonic)
	}
	if n := len(words); n != MnemonicWords {
		if slices.Contains([]int{12, 15, 18, 21}, n) {
			return nil, fmt.Errorf("mnemonic of %d words, want %d; so few are of another program, whose keys are others: %w", n, MnemonicWords, ErrMnemonic)
		}
		return nil, fmt.Errorf("mnemonic of %d words, want %d: %w", n, MnemonicWords, ErrMnemonic)
	}
	if len(numbers) == 0 {
		return words, nil
	}
	out := make([]string, MnemonicWords)
	first := slices.Min(numbers)
	for i, n := range numbers {
		if first > 1 || n-first >= MnemonicWords || out[n-first] != "" {
			return nil, fmt.Errorf("the numbers beside the words are not 1 to %d, each once: %w", MnemonicWords, ErrMnemonic)
		}
		out[n-first] = words[i]
	}
	return out, nil
}

// known returns the words of a list in full, its numbers, and whether there is
// one beside each word. An error names the first word that is not in the list of
// BIP 39 by its number, or else its place.
func known(list []item) (words []string, numbers []int, beside bool, err error) {
	beside = true
	for i, it := range list {
		isNumber := it.number >= 0
		if isNumber {
			numbers = append(numbers, it.number)
		}
		// The even ones are as the first, the odd ones are not.
		beside = beside && isNumber == ((list[0].number >= 0) == (i%2 == 0))
	}
	beside = beside && len(list) == 2*len(numbers)
	for _, it := range list {
		if it.number >= 0 {
			continue
		}
		word := inList(it.text)
		if word == "" {
			place := len(words) + 1
			if beside {
				place = numbers[len(words)]
			}
			return nil, nil, false, unknownWord(place, it.text)
		}
		words = append(words, word)
	}
	return words, numbers, beside, nil
}

// countWords returns how many words of the list a text has, which may be the
// first part of a mnemonic; [ErrMnemonic] if it has others.
func countWords(text string) (int, error) {
	text, err := plainText(text)
	if err != nil {
		return 0, err
	}
	words, _, _, err := known(items(text, false))
	return len(words), err
}

// unknownWord says which word is wrong, and which of the list are near it,
// never what it is.
func unknownWord(place int, word string) error {
	near := nearWords(word)
	if len(near) == 0 {
		return fmt.Errorf("word %d is not in the English list of BIP 39: %w", place, ErrMnemonic)
	}
	return fmt.Errorf("word %d is not in the English list of BIP 39, but %s is: %w", place, strings.Join(near, " or "), ErrMnemonic)
}

// inList returns the word of the list that w is or abbreviates, "" if none.
func inList(w string) string {
	if _, ok := bip39.ReverseWordMap[w]; ok {
		return w
	}
	if len(w) < abbreviation {
		return ""
	}
	i, _ := slices.BinarySearch(bip39.WordList, w)
	if i < len(bip39.WordList) && strings.HasPrefix(bip39.WordList[i], w) {
		return bip39.WordList[i] // the only one: four letters tell them apart
	}
	return ""
}

// nearWords returns the words of the list that differ least from w, if they
// differ by two letters at most and are not more than three.
func nearWords(w string) []string {
	if len(w) > maxWord || utf8.RuneCountInString(w) < 3 {
		return nil
	}
	var near []string
	least := 3
	for _, candidate := range bip39.WordList {
		d := smetrics.WagnerFischer(w, candidate, 1, 1, 1)
		if letters(w) == letters(candidate) {
			d = 1 // swapped, which the distance counts as two
		}
		switch {
		case d < least:
			near, least = []string{candidate}, d
		case d == least && d < 3:
			near = append(near, candidate)
		}
	}
	if len(near) > 3 {
		return nil
	}
	return near
}

// letters returns the bytes of a word in ascending order.
func letters(w string) string {
	b := []byte(w)
	slices.Sort(b)
	return string(b)
}

// printedList finds the one run "1 word 2 word … 24 word" in a text with other
// things before and after it, as wallet new and init print it. It returns nil if
// there is none, or more than one.
func printedList(list []item) []string {
	var found []string
	for start := range list {
		words := runAt(list, start)
		if words == nil {
			continue
		}
		if found != nil {
			return nil
		}
		found = words
	}
	return found
}

// runAt returns the words of a run that begins at list[start], nil if none does.
func runAt(list []item, start int) []string {
	rest := list[start:]
	if len(rest) < 2*MnemonicWords || len(rest) > 2*MnemonicWords && rest[2*MnemonicWords].number == MnemonicWords+1 {
		return nil
	}
	var words []string
	for i := range MnemonicWords {
		word := inList(rest[2*i+1].text)
		if rest[2*i].number != i+1 || word == "" {
			return nil
		}
		words = append(words, word)
	}
	return words
}
