// Package dashboard shows a node to a person with a browser: the network at a
// glance, miners and why they are paid what they are paid, validators with duties,
// votes and stake, tasks with every judge's card, weights, epochs, and what other
// settings would pay.
//
// Pages are documents that the node makes from what it has, by the questions that
// clients ask (package api, [api.Handler.Ask]) and the ledger's newest state. They
// load nothing from elsewhere, work without scripts, and say in words and in a
// table what a chart shows. The one script keeps the head of a page at the newest
// block, by the stream of events, and replaces a page when an epoch has paid.
//
// What others wrote, prompts and answers among them, is text in every page: pages
// are made by html/template, charts of numbers alone, and a policy forbids
// scripts, styles and connections of any other origin.
//
// A page reads a bounded number of records, whatever the chain's length: rows of
// one epoch, and one seat's payments of [span] epochs.
//
// Start reading at dashboard.go, then document.go, which says what a page is made
// of.
package dashboard
