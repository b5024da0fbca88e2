package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"strings"
)

//go:embed static
var static embed.FS

// Prefix is where the files beside the document are.
const Prefix = "/chat/"

// policy lets the page load what its server has, and ask that server.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// headers are those of every file.
var headers = map[string]string{
	"Content-Security-Policy":      policy,
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Cache-Control":                "no-cache",
}

// file is one of the page's.
type file struct{ name, kind string }

// files are by their paths.
var files = map[string]file{
	"/":                 {"index.html", "text/html; charset=utf-8"},
	Prefix + "chat.css": {"chat.css", "text/css; charset=utf-8"},
	Prefix + "chat.js":  {"chat.js", "text/javascript; charset=utf-8"},
	Prefix + "icon.svg": {"icon.svg", "image/svg+xml"},
}

// Has tells whether a path is one of the page's.
func Has(path string) bool {
	_, ok := files[path]
	return ok
}

// Wanted tells whether who asks for / is a browser that wants a document, and no
// client that looks whether somebody is there.
func Wanted(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// Serve answers with the file of a path; it is one that the page Has.
func Serve(w http.ResponseWriter, r *http.Request) {
	f := files[r.URL.Path]
	body, err := static.ReadFile("static/" + f.name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	for name, value := range headers {
		w.Header().Set(name, value)
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header().Set("ETag", tag)
	w.Header().Set("Content-Type", f.kind)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(body) // a client that is gone hears nothing
}
