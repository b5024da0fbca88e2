// Package backend says what whoever runs a model owes to those who ask: the failures of a run that are the same on every backend.
package backend
