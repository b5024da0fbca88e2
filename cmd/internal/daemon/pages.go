package daemon

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/dashboard"
)

// pages are the documents that the daemon serves to browsers, of the same source as
// its endpoints.
func (d *Daemon) pages(state api.State) api.Pages {
	return func(h *api.Handler) (http.Handler, error) {
		return dashboard.New(dashboard.Config{Ask: h, State: state, Chain: d.Chain, Params: &d.Genesis.Params, Text: d.text})
	}
}

// text is the text of an answer's tokens; false where the daemon does not have the
// model.
func (d *Daemon) text(id protocol.ModelID, tokens []int32) (string, bool) {
	i := slices.IndexFunc(d.Models, func(m *engine.Model) bool { return protocol.ModelID(m.ID()) == id })
	if i < 0 {
		return "", false
	}
	return strings.ToValidUTF8(string(d.Models[i].Tokenizer().Decode(tokens)), string(utf8.RuneError)), true
}
