package api

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
