package api

import "github.com/assaynet/assay/protocol"

// Route is one endpoint as the tests see it.
type Route struct {
	Method, Path string
	Params       []string
}

// Routes lists all endpoints that answer JSON.
func Routes() []Route {
	var out []Route
	for _, r := range new(Handler).routes() {
		out = append(out, Route{r.method, r.path, r.params})
	}
	return out
}

// ShapeNames lists the kinds whose bodies are shown, in their order.
func ShapeNames() []protocol.Kind {
	var out []protocol.Kind
	for _, s := range shapes() {
		out = append(out, s.kind)
	}
	return out
}
