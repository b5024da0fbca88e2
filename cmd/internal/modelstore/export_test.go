package modelstore

import "net/http"

// SetTransport has pulls use another transport, until undo is called.
func SetTransport(t http.RoundTripper) (undo func()) {
	client.Transport = t
	return func() { client.Transport = nil }
}
