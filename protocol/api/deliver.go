package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// leastGzip is from how many bytes on an answer is compressed: a packet has as
// many, and below it nothing is won.
const leastGzip = 1400

// deliver sends an answer in the form that the client asked for: CSV of a list,
// compressed where it takes that. What an endpoint keeps has a tag, by which who
// has it already does not get it again.
func (h *Handler) deliver(w http.ResponseWriter, r *http.Request, rt *route, status int, v any) (int, error) {
	kind := "application/json"
	var body []byte
	var err error
	if t, ok := v.(tabular); ok && wantsCSV(r.Header.Values("Accept")) {
		kind = typeCSV + "; charset=utf-8; header=present"
		if body, err = t.csv(); err == nil && t.next() != "" {
			w.Header().Set("Link", fmt.Sprintf("<%s>; rel=\"next\"", nextPage(r.URL, t.next())))
		}
	} else {
		body, err = encode(v)
	}
	if err != nil {
		return 0, fmt.Errorf("encode answer: %w", err)
	}
	if rt.tagged {
		head := w.Header()
		head.Set("Cache-Control", "no-cache") // ask again, and be told that nothing changed
		head.Set("Vary", "Accept, Accept-Encoding")
		sum := sha256.Sum256(body)
		tag := `W/"` + hex.EncodeToString(sum[:16]) + `"` // weak: the same for both encodings
		head.Set("ETag", tag)
		if status == http.StatusOK && hasTag(r.Header.Values("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return http.StatusNotModified, nil
		}
	}
	if len(body) >= leastGzip && takesGzip(r.Header.Values("Accept-Encoding")) {
		if body, err = compressed(body); err != nil {
			return 0, err
		}
		w.Header().Set("Content-Encoding", "gzip")
	}
	h.write(w, r, kind, status, body)
	return status, nil
}

// nextPage is the path of a page that goes on behind a cursor.
func nextPage(u *url.URL, cursor string) string {
	q := u.Query()
	q.Set("cursor", cursor)
	return u.EscapedPath() + "?" + q.Encode()
}

// hasTag reports whether If-None-Match names a tag (RFC 9110, section 13.1.2, with
// the weak comparison).
func hasTag(lines []string, tag string) bool {
	for _, line := range lines {
		for one := range strings.SplitSeq(line, ",") {
			one = strings.TrimSpace(one)
			if one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
	}
	return false
}

// takesGzip reports whether a client names gzip, and not with a weight of zero.
func takesGzip(lines []string) bool {
	for _, line := range lines {
		for one := range strings.SplitSeq(line, ",") {
			name, weight, _ := strings.Cut(one, ";")
			weight = strings.ReplaceAll(strings.TrimSpace(weight), " ", "")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") {
				return strings.Trim(strings.TrimPrefix(weight, "q="), "0.") != "" || weight == ""
			}
		}
	}
	return false
}

// packers compress, one request each at a time: making one takes longer than most
// answers do.
var packers = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // which is a level
	return w
}}

func compressed(body []byte) ([]byte, error) {
	var b bytes.Buffer
	w := packers.Get().(*gzip.Writer)
	defer packers.Put(w)
	w.Reset(&b)
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	err := w.Close()
	return b.Bytes(), err
}
