package modelstore_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assaynet/assay/cmd/internal/modelstore"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// file is three mebibytes that begin as a model does.
func file(mark byte) []byte {
	b := []byte("GGUF")
	for i := range 3 << 20 {
		b = append(b, byte(i*i>>8)^mark)
	}
	return b
}

func hashOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// host serves a file, and breaks off the first answer after a mebibyte and a
// half.
type host struct {
	*httptest.Server
	content []byte
	etag    string
	ranges  []string // what was asked for
}

func newHost(t *testing.T, content []byte) *host {
	h := &host{content: content, etag: `"one"`}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ranges = append(h.ranges, r.Header.Get("Range"))
		w.Header().Set("ETag", h.etag)
		if len(h.ranges) == 1 {
			w.Header().Set("Content-Length", fmt.Sprint(len(h.content)))
			_, _ = w.Write(h.content[:3<<19])
			return
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(h.content)))
	}))
	t.Cleanup(h.Close)
	return h
}

// TestAFetchThatBrokeOffGoesOn where it ended, and is whole in the end.
func TestAFetchThatBrokeOffGoesOn(t *testing.T) {
	s, content := modelstore.Open(t.TempDir()), file(0)
	h := newHost(t, content)
	ask := modelstore.Request{Source: h.URL + "/m.gguf", SHA256: hashOf(content)}
	if _, err := s.Pull(t.Context(), ask); err == nil || !strings.Contains(err.Error(), "pull again to go on") {
		t.Fatalf("got %v", err)
	}
	if list, err := s.List(); err != nil || list != nil {
		t.Errorf("half a model is listed: %v, %v", list, err)
	}
	var have, of int64
	ask.Progress = func(a, b int64) { have, of = a, b }
	e, err := s.Pull(t.Context(), ask)
	check(t, err)
	if e.Name != "m" || e.SHA256 != hashOf(content) || e.Size != int64(len(content)) || have != of || of != e.Size {
		t.Errorf("got %+v, %d of %d", e, have, of)
	}
	if want := []string{"", "bytes=1572864-"}; !slices.Equal(h.ranges, want) {
		t.Errorf("asked for %q, want %q", h.ranges, want)
	}
	got, path, err := s.Get("m")
	check(t, err)
	data, err := os.ReadFile(path)
	check(t, err)
	if got != e || hashOf(data) != e.SHA256 {
		t.Errorf("the store has %+v, want %+v", got, e)
	}
}

// TestAnotherFileIsFetchedFromItsBeginning, for what is here is not its.
func TestAnotherFileIsFetchedFromItsBeginning(t *testing.T) {
	s := modelstore.Open(t.TempDir())
	h := newHost(t, file(0))
	ask := modelstore.Request{Source: h.URL + "/m.gguf"}
	if _, err := s.Pull(t.Context(), ask); err == nil {
		t.Fatal("nothing broke off")
	}
	h.content, h.etag = file(1), `"two"`
	e, err := s.Pull(t.Context(), ask)
	check(t, err)
	if e.SHA256 != hashOf(h.content) {
		t.Errorf("it is neither of the two files")
	}
}

// TestWhatIsNotMeantIsNotKept: another hash, a page, a name that is none.
func TestWhatIsNotMeantIsNotKept(t *testing.T) {
	dir := t.TempDir()
	s := modelstore.Open(filepath.Join(dir, "store"))
	path, page := filepath.Join(dir, "a.gguf"), filepath.Join(dir, "b.gguf")
	check(t, os.WriteFile(path, file(0), 0o600))
	check(t, os.WriteFile(page, []byte("<html>"), 0o600))
	for _, c := range []struct {
		ask  modelstore.Request
		want error
	}{
		{modelstore.Request{Source: path, SHA256: strings.Repeat("0", 64)}, modelstore.ErrHash},
		{modelstore.Request{Source: page}, modelstore.ErrFormat},
		{modelstore.Request{Source: path, Name: "../a"}, modelstore.ErrName},
		{modelstore.Request{Source: path, Name: ".a"}, modelstore.ErrName},
		{modelstore.Request{Source: filepath.Join(dir, "c.gguf")}, os.ErrNotExist},
	} {
		if _, err := s.Pull(t.Context(), c.ask); !errors.Is(err, c.want) {
			t.Errorf("%+v: got %v, want %v", c.ask, err, c.want)
		}
	}
	if list, err := s.List(); err != nil || list != nil {
		t.Errorf("kept: %v, %v", list, err)
	}
}

// TestAFileGoesWithItsLastName.
func TestAFileGoesWithItsLastName(t *testing.T) {
	dir := t.TempDir()
	s := modelstore.Open(filepath.Join(dir, "store"))
	path := filepath.Join(dir, "a.gguf")
	check(t, os.WriteFile(path, file(0), 0o600))
	for _, name := range []string{"a", "b"} {
		_, err := s.Pull(t.Context(), modelstore.Request{Source: path, Name: name})
		check(t, err)
	}
	_, blob, err := s.Get("b")
	check(t, err)
	for i, name := range []string{"a", "b"} {
		freed, err := s.Remove(t.Context(), name)
		check(t, err)
		_, gone := os.Stat(blob)
		if last := i == 1; (freed > 0) != last || (gone != nil) != last {
			t.Errorf("%s: freed %d, %v", name, freed, gone)
		}
	}
	if _, err := s.Remove(t.Context(), "a"); !errors.Is(err, modelstore.ErrUnknown) {
		t.Errorf("twice: %v", err)
	}
}

// TestAWholePartIsFetchedAnew: a server has nothing behind it to send.
func TestAWholePartIsFetchedAnew(t *testing.T) {
	s, content := modelstore.Open(t.TempDir()), file(0)
	var ranges []string
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		w.Header().Set("ETag", `"one"`)
		if len(ranges) == 1 { // all of it comes, but not the end that says so
			w.(http.Flusher).Flush()
			_, _ = w.Write(content)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(content)))
	}))
	defer h.Close()
	ask := modelstore.Request{Source: h.URL + "/m.gguf"}
	if _, err := s.Pull(t.Context(), ask); err == nil || !strings.Contains(err.Error(), "broke off") {
		t.Fatalf("an answer without an end is whole: %v", err)
	}
	e, err := s.Pull(t.Context(), ask)
	check(t, err)
	if want := []string{"", fmt.Sprintf("bytes=%d-", len(content)), ""}; e.SHA256 != hashOf(content) || !slices.Equal(ranges, want) {
		t.Errorf("got %+v by %q, want %q", e, ranges, want)
	}
}

// TestTwoPullsOfOneSourceTakeTurns: each file is what its hash says.
func TestTwoPullsOfOneSourceTakeTurns(t *testing.T) {
	dir := t.TempDir()
	path, content := filepath.Join(dir, "a.gguf"), file(0)
	check(t, os.WriteFile(path, content, 0o600))
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			s := modelstore.Open(filepath.Join(dir, "store"))
			e, err := s.Pull(t.Context(), modelstore.Request{Source: path, Name: fmt.Sprint("a", i)})
			if err != nil {
				t.Error(err)
				return
			}
			_, blob, err := s.Get(e.Name)
			if err != nil {
				t.Error(err)
				return
			}
			if data, err := os.ReadFile(blob); err != nil || hashOf(data) != hashOf(content) || e.SHA256 != hashOf(content) {
				t.Errorf("%s has %d bytes under the hash %s: %v", e.Name, len(data), e.SHA256, err)
			}
		})
	}
	all.Wait()
}

// TestANewFileUnderAName takes the old one's place, and a bad one does not.
func TestANewFileUnderAName(t *testing.T) {
	dir := t.TempDir()
	s := modelstore.Open(filepath.Join(dir, "store"))
	path := filepath.Join(dir, "a.gguf")
	pull := func(mark byte, look func(string) error) error {
		check(t, os.WriteFile(path, file(mark), 0o600))
		_, err := s.Pull(t.Context(), modelstore.Request{Source: path, Check: look})
		return err
	}
	check(t, pull(0, nil))
	bad := errors.New("it is bad")
	if err := pull(1, func(string) error { return bad }); !errors.Is(err, bad) {
		t.Errorf("got %v", err)
	}
	e, old, err := s.Get("a")
	check(t, err)
	if e.SHA256 != hashOf(file(0)) {
		t.Errorf("a bad file took the name")
	}
	check(t, pull(1, nil))
	e, _, err = s.Get("a")
	check(t, err)
	if _, gone := os.Stat(old); e.SHA256 != hashOf(file(1)) || !errors.Is(gone, os.ErrNotExist) {
		t.Errorf("the name means %s, and of the old file: %v", e.SHA256, gone)
	}
}

// TestAHeadIsToldBeforeTheRestComes, once, also where the fetch goes on after it
// broke off behind the head.
func TestAHeadIsToldBeforeTheRestComes(t *testing.T) {
	content := []byte("GGUF" + strings.Repeat("x", modelstore.HeadBytes+5<<20))
	rest, begun := make(chan struct{}), 0
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"one"`)
		if begun++; begun > 1 {
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(content)))
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		_, _ = w.Write(content[:modelstore.HeadBytes])
		w.(http.Flusher).Flush()
		<-rest // nothing comes before the head was told
		_, _ = w.Write(content[modelstore.HeadBytes : modelstore.HeadBytes+2<<20])
	}))
	defer h.Close()
	s, told := modelstore.Open(t.TempDir()), 0
	ask := modelstore.Request{Source: h.URL + "/m.gguf", Head: func(path string, of int64) {
		told++
		head, err := os.ReadFile(path)
		if err != nil || of != int64(len(content)) || len(head) < modelstore.HeadBytes || string(head) != string(content[:len(head)]) {
			t.Errorf("told of %d bytes, and %d are there: %v", of, len(head), err)
		}
		if told == 1 {
			close(rest)
		}
	}}
	if _, err := s.Pull(t.Context(), ask); err == nil || told != 1 {
		t.Fatalf("broke off by %v, and told %d times", err, told)
	}
	if e, err := s.Pull(t.Context(), ask); err != nil || told != 2 || e.SHA256 != hashOf(content) {
		t.Errorf("got %+v, %v, and told %d times in two fetches", e, err, told)
	}
	small := []byte("GGUF and little more")
	path := filepath.Join(t.TempDir(), "small.gguf")
	check(t, os.WriteFile(path, small, 0o600))
	of := int64(0)
	_, err := s.Pull(t.Context(), modelstore.Request{Source: path, Head: func(_ string, n int64) { of += n }})
	if check(t, err); of != int64(len(small)) {
		t.Errorf("a small file: told of %d bytes, want %d once", of, len(small))
	}
}
