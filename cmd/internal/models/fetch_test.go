package models_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/models"
	"github.com/assaynet/assay/cmd/internal/modelstore"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/protocol/params"
)

// TestThePublishedModelIsTheOneThatScriptsFetch: same file, same source, same hash.
func TestThePublishedModelIsTheOneThatScriptsFetch(t *testing.T) {
	table, err := os.ReadFile(filepath.Join("..", "..", "..", "scripts", "fetch", "models.txt"))
	if err != nil {
		t.Fatal(err)
	}
	name := params.SmolLM2().Name
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) != 5 || f[1] != name {
			continue
		}
		if got, want := models.Fetch(name), "assay model pull "+f[4]+" --sha256 "+f[3]; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		return
	}
	t.Errorf("%s is not among the models that scripts fetch", name)
}

// TestAPulledModelIsFound by its network's name, where no file lies about.
func TestAPulledModelIsFound(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	file := enginetest.Tiny(t, enginetest.Options{})
	p := &params.Params{Kinds: []params.Kind{{Models: []params.Model{{Name: "Small.Q4_1.gguf"}}}}}
	home := config.Home(t.TempDir())
	if _, err := models.Find(home, &config.Config{}, p); err == nil || !strings.Contains(err.Error(), "ask where the file is to be had") {
		t.Fatalf("without it: got %v", err)
	}
	e, err := modelstore.Open(filepath.Join(cache, "assay", "store")).Pull(t.Context(), modelstore.Request{Source: file, Name: "Small.Q4_1"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := models.Find(home, &config.Config{}, p)
	if err != nil || len(got) != 1 || !strings.HasSuffix(got[0], e.SHA256) {
		t.Errorf("got %v %v, want the file of %s", got, err, e.SHA256)
	}
}
