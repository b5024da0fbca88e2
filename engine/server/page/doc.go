// Package page is the chat page of assay serve: one document, one style, one
// script and one picture, embedded as they are. Nothing is built, nothing is
// loaded from elsewhere, and a strict content security policy holds the browser
// to that.
//
// The page asks its server by the routes that every client has
// (/v1/chat/completions as a stream, /v1/models, /v1/receipts), so it can do
// nothing that a client cannot. Conversations stay in the browser. A key, where
// the server asks for one, stays in the tab.
package page
