// Package storetest tests a store against what package store promises, over
// any file system, and lends the file systems that make trouble: [Crash] loses
// what was not synced, [Faults] fails on request.
//
// [Conform] is the suite; start reading there.
package storetest
