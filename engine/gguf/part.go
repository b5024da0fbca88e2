package gguf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Large models are cut into parts by gguf-split: files of their own, each with
// some of the tensors, the first with the metadata. One part is no model, so it
// is refused, whichever it is. So is, by its name, a piece that is no file of
// its own.

// refusePart returns [ErrPart] where the metadata say that the file is one of
// several parts. A file that was joined again says 0.
func refusePart(f *File) error {
	count, ok := f.Uint("split.count")
	if !ok || count < 2 {
		return nil
	}
	no, ok := f.Uint("split.no")
	if !ok || no >= count {
		return fmt.Errorf("%w: one of %d", ErrPart, count)
	}
	return fmt.Errorf("%w: this is part %d of %d", ErrPart, no+1, count)
}

// partName is what gguf-split calls a part; others cut files by bytes with
// names of that kind, too.
var partName = regexp.MustCompile(`^(.*)-(\d{5})-of-(\d{5})\.gguf$`)

// pieceName is what a file that was cut by bytes is called.
var pieceName = regexp.MustCompile(`\.gguf[-._](?:split-?|part-?)[0-9a-z]+(?:of[0-9]+)?$`)

// maxNamed is how many missing parts an error names.
const maxNamed = 3

// explainPart tells of a file that cannot be read what its name says of it:
// which part it is, and which others are not beside it.
func explainPart(path string, err error) error {
	name := filepath.Base(path)
	unread := errors.Is(err, ErrNotGGUF) || errors.Is(err, ErrTruncated)
	if unread && pieceName.MatchString(name) {
		return fmt.Errorf("%w: by its name it is a piece of a file that was cut by bytes (%s)", ErrPart, reason(err))
	}
	m := partName.FindStringSubmatch(name)
	if m == nil || !unread && !errors.Is(err, ErrPart) {
		return err
	}
	no, _ := strconv.Atoi(m[2]) // five digits
	count, _ := strconv.Atoi(m[3])
	if no < 1 || count < 2 || no > count {
		return err
	}
	if unread {
		err = fmt.Errorf("%w: by its name this is part %d of %d (%s)", ErrPart, no, count, reason(err))
	}
	var missing []string
	for i := 1; i <= count && len(missing) <= maxNamed; i++ {
		other := fmt.Sprintf("%s-%05d-of-%s.gguf", m[1], i, m[3])
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), other)); err != nil {
			missing = append(missing, other)
		}
	}
	if len(missing) > maxNamed {
		missing[maxNamed] = "others"
	}
	if missing != nil {
		return fmt.Errorf("%w, and there is no %s beside it", err, strings.Join(missing, ", "))
	}
	return err
}

// reason is the text of an error of this package without its prefix.
func reason(err error) string { return strings.TrimPrefix(err.Error(), "gguf: ") }
