package models_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/assaynet/assay/cmd/internal/models"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
)

// withTemplate writes a tiny model with another chat template, or without one,
// and returns its path and the parameters of a network that pays for it and
// gives its tasks a system message.
func withTemplate(t *testing.T, template, system string) (string, *params.Params) {
	t.Helper()
	path := enginetest.Tiny(t, enginetest.Options{})
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	w := &gguf.Writer{}
	for _, kv := range f.Metadata() {
		if kv.Key != "tokenizer.chat_template" {
			w.AddRaw(kv.Key, kv.Type, kv.Raw)
		} else if template != "" {
			w.AddString(kv.Key, template)
		}
	}
	for _, tensor := range f.Tensors() {
		w.AddTensor(tensor)
	}
	other := path + ".other"
	if err := errors.Join(w.WriteFile(other), f.Close()); err != nil {
		t.Fatal(err)
	}
	made := enginetest.Open(t, other)
	p := &params.Params{Kinds: make([]params.Kind, 1)}
	p.Inference.System = system
	p.Kinds[0].Models = []params.Model{{ID: protocol.ModelID(gguf.CachedModelID(made)), Name: "tiny"}}
	return other, p
}

// TestAModelThatCannotBeAskedTheNetworksTasksIsRefused at the start, and not at
// each task.
func TestAModelThatCannotBeAskedTheNetworksTasksIsRefused(t *testing.T) {
	const refuses = "{% if messages[0].role == 'system' %}{{ raise_exception('no system turns') }}{% endif %}{{ messages[0].content }}"
	for name, c := range map[string]struct {
		template, system string
		says             string // "" is no error
	}{
		"it can":                        {"{{ messages[0].content }}", "Be brief.", ""},
		"it takes no system message":    {refuses, "Be brief.", "no system turns"},
		"and is asked without one":      {refuses, "", ""},
		"it needs the day":              {"{{ strftime_now('%F') }}{{ messages[0].content }}", "", "which tasks do not give"},
		"it writes the day or does not": {"{{ strftime_now('%F') if strftime_now is defined }}{{ messages[0].content }}", "", ""},
		"it has no template":            {"", "", "no chat template"},
		"it wants parts":                {"{{ messages[0].content[0].text }}", "", "cannot be written"},
	} {
		path, p := withTemplate(t, c.template, c.system)
		_, err := models.Check(path, p)
		if c.says == "" && err != nil || c.says != "" && (!errors.Is(err, models.ErrTasks) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
}
