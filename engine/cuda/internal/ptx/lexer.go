package ptx

import (
	"fmt"
	"strings"
)

// token is a word, a string in quotes, or one sign.
type token struct {
	text string
	line int
}

// maxSource bounds a module's text.
const maxSource = 16 << 20

// isWord tells whether a byte belongs to a name, an opcode, a directive or a
// number.
func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_$%.", c) >= 0
}

// tokens takes a text apart.
func tokens(src string) ([]token, error) {
	if len(src) > maxSource {
		return nil, fmt.Errorf("%w: %d bytes", ErrSyntax, len(src))
	}
	var list []token
	line := 1
	for at := 0; at < len(src); {
		c := src[at]
		end := at + 1
		switch {
		case c == '\n':
			line++
		case c == ' ' || c == '\t' || c == '\r':
		case strings.HasPrefix(src[at:], "//"):
			comment, _, _ := strings.Cut(src[at:], "\n")
			end = at + len(comment)
		case isWord(c):
			for end < len(src) && (isWord(src[end]) || src[end] == ':' && strings.HasPrefix(src[end:], "::")) {
				if src[end] == ':' {
					end++
				}
				end++
			}
			list = append(list, token{src[at:end], line})
		case c == '"':
			n := strings.IndexAny(src[end:], "\"\n")
			if n < 0 || src[end+n] != '"' {
				return nil, fmt.Errorf("%w: line %d: a string without an end", ErrSyntax, line)
			}
			end += n + 1
			list = append(list, token{src[at:end], line})
		case strings.IndexByte(",;:{}[]()@!|+-<>=", c) >= 0:
			list = append(list, token{src[at:end], line})
		default:
			return nil, fmt.Errorf("%w: line %d: %q", ErrSyntax, line, c)
		}
		at = end
	}
	return list, nil
}
