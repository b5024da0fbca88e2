package label

import (
	"crypto/sha256"
	"crypto/subtle"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/assaynet/assay/protocol/api"
)

// headers go with every answer. The page runs its own script and no other, shows
// nothing in a frame, asks nobody else, and tells nobody where it was.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Embedder-Policy": "require-corp",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
	"Cache-Control":                "no-store",
}

// guard refuses what did not come from the page itself: nil where it did.
//
// A page of another site can send a browser's requests here, and can have its own
// name lead here; it cannot read the token. So that a mistake in one of these
// checks is not enough, each of them stands alone: the name that was asked for,
// what the browser says of where the request comes from, and the token, which the
// browser never sends by itself.
func (p *Page) guard(r *http.Request) *problem {
	if !p.answersTo(r.Host) {
		return refuse(http.StatusMisdirectedRequest, "host", "This page does not answer to that name. Open the address that “miner label” prints.")
	}
	const elsewhere = "The request came from another page. Type or paste the address that “miner label” prints."
	switch from := r.Header.Get("Sec-Fetch-Site"); from {
	case "", "same-origin": // none of a program that is no browser
	case "none": // typed, or opened from outside the browser
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			return refuse(http.StatusForbidden, "cross_site", elsewhere)
		}
	default:
		return refuse(http.StatusForbidden, "cross_site", elsewhere)
	}
	if origin := r.Header["Origin"]; len(origin) > 1 || len(origin) == 1 && !sameOrigin(origin[0], r.Host) {
		return refuse(http.StatusForbidden, "cross_site", elsewhere)
	}
	return nil
}

// answersTo reports whether the page is reached by this name, with or without a
// port: a page of another site that has its own name lead here still sends its
// name.
func (p *Page) answersTo(host string) bool {
	if api.IsLocalName(host) {
		return true
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return host != "" && slices.ContainsFunc(p.cfg.Hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// sameOrigin reports whether a page of this origin was served by the host that it
// asks. The scheme may differ from ours: a proxy may speak TLS for us.
func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && strings.EqualFold(u.Host, host)
}

// knows reports whether the request has the token.
func (p *Page) knows(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(token))
	return ok && subtle.ConstantTimeCompare(sum[:], p.token[:]) == 1
}

// isJSON reports whether a request says that its body is JSON: no form can.
func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}
