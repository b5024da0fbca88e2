package api

import (
	"net/http"
	"slices"
)

// route is one endpoint.
type route struct {
	method string // GET stands for HEAD, too
	path   string // a pattern of [http.ServeMux]
	params []string
	status int  // of success, unless the answer has one of its own
	tagged bool // what it answers has a tag, by which a client keeps it
	answer func(*request) (any, error)
	// stream answers for as long as the client listens, in the place of answer. Its
	// error comes before it has sent anything.
	stream func(http.ResponseWriter, *http.Request, map[string]string) error
}

// pathEvents is the path of what is streamed.
const pathEvents = "/v1/events"

// unknownRoute is the label of requests for what there is not.
const unknownRoute = "unknown"

// routes are all endpoints that answer JSON. /v1/openapi.json says the same to
// clients, and a test compares the two.
func (h *Handler) routes() []route {
	get := func(path string, answer func(*request) (any, error), params ...string) route {
		return route{method: http.MethodGet, path: path, params: params, status: http.StatusOK, answer: answer}
	}
	kept := func(path string, answer func(*request) (any, error), params ...string) route {
		r := get(path, answer, params...)
		r.tagged = true
		return r
	}
	return []route{
		get("/v1/status", h.status),
		get("/v1/network", h.network),
		kept("/v1/miners", h.miners, "limit", "cursor"),
		kept("/v1/validators", h.validators, "limit", "cursor"),
		kept("/v1/scores", h.scores, "seat", "miner", "kind", "epoch", "order", "limit", "cursor"),
		kept("/v1/weights", h.weights, "validator", "seat", "epoch", "order", "limit", "cursor"),
		kept("/v1/emissions", h.emissions, "seat", "epoch", "order", "limit", "cursor"),
		kept("/v1/epochs", h.epochList, "epoch", "order", "limit", "cursor"),
		kept("/v1/bonds", h.bonds, "validator", "seat", "epoch", "limit", "cursor"),
		get("/v1/accounts/{address}", h.account, "prove"),
		kept("/v1/pairs", h.pairs, "epoch", "limit", "cursor"),
		kept("/v1/pairs/{round}/{uid}", h.pairSet),
		kept("/v1/tasks", h.tasks, "kind", "seat", "finding", "epoch", "order", "limit", "cursor"),
		kept("/v1/tasks/{id}", h.task),
		kept("/v1/receipts/{id}", h.receipt),
		kept("/v1/requests", h.requests, "limit", "cursor"),
		kept("/v1/requests/{id}", h.request),
		kept("/v1/requests/{id}/records", h.requestRecords, "limit", "cursor"),
		kept("/v1/challenges", h.challenges, "seat", "epoch", "order", "limit", "cursor"),
		{method: http.MethodPost, path: "/v1/txs", status: http.StatusAccepted, answer: h.submit},
		get("/v1/txs/{hash}", h.txResult),
		kept("/v1/genesis", h.genesis),
		kept("/v1/blocks", h.blocks, "height", "record", "order", "limit"),
		kept("/v1/state-hash", h.stateHash, "height"),
		get("/v1/supply", h.supply),
		{method: http.MethodGet, path: pathEvents, params: []string{"after", "type", "seat"}, status: http.StatusOK, stream: h.events},
		kept("/v1/openapi.json", h.openapi),
		get("/healthz", h.health),
		get("/readyz", h.ready),
	}
}

// allows reports whether a method may be used on the route.
func (r *route) allows(method string) bool {
	return method == r.method || (r.method == http.MethodGet && method == http.MethodHead)
}

// allowed lists a route's methods as the Allow header has them.
func (r *route) allowed() string {
	if r.method == http.MethodGet {
		return "GET, HEAD"
	}
	return r.method
}

// paths lists the endpoints for a hint.
func paths(routes []route) []string {
	var out []string
	for _, r := range routes {
		out = append(out, r.path)
	}
	slices.Sort(out)
	return out
}
