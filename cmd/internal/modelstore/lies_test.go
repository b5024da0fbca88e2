package modelstore_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/assaynet/assay/cmd/internal/modelstore"
)

// TestAPartThatIsNotTheRestIsNoModel: a server that answers a request for the rest
// of a file with that of another, with less than all of it, or the first request
// with a part. Nobody gave a hash, and yet nothing of it gets a name.
func TestAPartThatIsNotTheRestIsNoModel(t *testing.T) {
	const half = 3 << 19
	content := file(0)
	for _, c := range []struct {
		what, etag, from string
		send             []byte
		want             string
	}{
		{"another file's rest", `"two"`, fmt.Sprintf("bytes %d-%d/%d", half, len(content)-1, len(content)), file(1)[half:], "has another file now"},
		{"less than the rest", `"one"`, fmt.Sprintf("bytes %d-%d/%d", half, half+9, len(content)), content[half : half+10], fmt.Sprintf("ended after %d of %d bytes", half+10, len(content))},
		{"another place", `"one"`, fmt.Sprintf("bytes 0-%d/%d", len(content)-1, len(content)), content, "not from byte"},
	} {
		asked := 0
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if asked++; asked == 1 {
				w.Header().Set("ETag", `"one"`)
				w.Header().Set("Content-Length", fmt.Sprint(len(content)))
				_, _ = w.Write(content[:half])
				return
			}
			w.Header().Set("ETag", c.etag)
			w.Header().Set("Content-Range", c.from)
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(c.send)
		}))
		s := modelstore.Open(t.TempDir())
		ask := modelstore.Request{Source: web.URL + "/m.gguf"}
		if _, err := s.Pull(t.Context(), ask); err == nil {
			t.Fatal("nothing broke off")
		}
		if _, err := s.Pull(t.Context(), ask); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.what, err, c.want)
		}
		if list, err := s.List(); err != nil || list != nil {
			t.Errorf("%s has a name: %v, %v", c.what, list, err)
		}
		web.Close()
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-9/%d", len(content)))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(content[:10])
	}))
	defer web.Close()
	if _, err := modelstore.Open(t.TempDir()).Pull(t.Context(), modelstore.Request{Source: web.URL + "/m.gguf"}); err == nil || !strings.Contains(err.Error(), "asked for all") {
		t.Errorf("a part that nobody asked for: %v", err)
	}
}

// TestAnEncryptedAddressStaysEncrypted: a redirect to http is not followed, one to
// https is.
func TestAnEncryptedAddressStaysEncrypted(t *testing.T) {
	content := file(0)
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }))
	defer plain.Close()
	to := plain.URL + "/m.gguf"
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/m.gguf" {
			_, _ = w.Write(content)
			return
		}
		http.Redirect(w, r, to, http.StatusFound)
	}))
	defer web.Close()
	defer modelstore.SetTransport(web.Client().Transport)()
	s := modelstore.Open(t.TempDir())
	if _, err := s.Pull(t.Context(), modelstore.Request{Source: web.URL + "/a.gguf"}); !errors.Is(err, modelstore.ErrPlain) {
		t.Errorf("to http: %v", err)
	}
	to = web.URL + "/m.gguf"
	if e, err := s.Pull(t.Context(), modelstore.Request{Source: web.URL + "/b.gguf"}); err != nil || e.SHA256 != hashOf(content) {
		t.Errorf("to https: %+v, %v", e, err)
	}
}

// TestAnAddressIsKeptWithoutItsPassword: list shows it to whoever looks.
func TestAnAddressIsKeptWithoutItsPassword(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, secret, _ := r.BasicAuth(); secret != "word" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = w.Write(file(0))
	}))
	defer web.Close()
	s := modelstore.Open(t.TempDir())
	_, err := s.Pull(t.Context(), modelstore.Request{Source: strings.Replace(web.URL, "//", "//me:word@", 1) + "/m.gguf"})
	check(t, err)
	if e, _, err := s.Get("m"); err != nil || strings.Contains(e.Source, "word") {
		t.Errorf("%+v, %v", e, err)
	}
}

// TestWhatIsShownAlikeLeavesOneLock: pieces are put together in a new place each
// time, and the same pull again leaves nothing more behind.
func TestWhatIsShownAlikeLeavesOneLock(t *testing.T) {
	dir := t.TempDir()
	s := modelstore.Open(filepath.Join(dir, "store"))
	for i := range 3 {
		path := filepath.Join(dir, fmt.Sprint(i))
		check(t, os.WriteFile(path, file(0), 0o600))
		_, err := s.Pull(t.Context(), modelstore.Request{Source: path, Shown: "a.part0 a.part1", Name: "a"})
		check(t, err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "store", "parts")); err != nil || len(left) != 1 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestADamagedNameCanBeTakenAway: its file is gone, or it says nothing; the others
// stay, and can be taken away beside it.
func TestADamagedNameCanBeTakenAway(t *testing.T) {
	dir := t.TempDir()
	s := modelstore.Open(filepath.Join(dir, "store"))
	for i, name := range []string{"gone", "whole"} {
		path := filepath.Join(dir, name+".gguf")
		check(t, os.WriteFile(path, file(byte(i)), 0o600))
		_, err := s.Pull(t.Context(), modelstore.Request{Source: path})
		check(t, err)
	}
	_, blob, err := s.Get("gone")
	check(t, err)
	check(t, os.Remove(blob))
	check(t, os.WriteFile(filepath.Join(dir, "store", "names", "torn.json"), []byte(`{"sha`), 0o600))
	if _, _, err := s.Get("gone"); !errors.Is(err, modelstore.ErrStore) {
		t.Errorf("got %v", err)
	}
	for _, name := range []string{"gone", "torn"} {
		if freed, err := s.Remove(t.Context(), name); err != nil || freed != 0 {
			t.Errorf("%s: freed %d, %v", name, freed, err)
		}
	}
	if list, err := s.List(); err != nil || len(list) != 1 || list[0].Name != "whole" {
		t.Errorf("%+v, %v", list, err)
	}
	if freed, err := s.Remove(t.Context(), "whole"); err != nil || freed != int64(len(file(1))) {
		t.Errorf("freed %d, %v", freed, err)
	}
}

// TestANameThatComesKeepsAFileThatGoes: one takes the last name of a file away
// while another gives it a new one. Whatever comes first, the new name has a file.
func TestANameThatComesKeepsAFileThatGoes(t *testing.T) {
	dir := t.TempDir()
	s, path := modelstore.Open(filepath.Join(dir, "store")), filepath.Join(dir, "a.gguf")
	check(t, os.WriteFile(path, []byte("GGUF"), 0o600))
	pull := func(name string) error {
		_, err := s.Pull(t.Context(), modelstore.Request{Source: path, Name: name})
		return err
	}
	check(t, pull("old"))
	for range 100 {
		var both sync.WaitGroup
		both.Go(func() {
			if err := pull("new"); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			if _, err := s.Remove(t.Context(), "old"); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if _, _, err := s.Get("new"); err != nil {
			t.Fatal(err)
		}
		check(t, pull("old"))
		_, err := s.Remove(t.Context(), "new")
		check(t, err)
	}
}
