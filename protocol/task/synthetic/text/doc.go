// Package text cuts texts into words, masks what can be exchanged without
// writing anything new (numbers and names), and hashes runs of words, called
// grams. It uses no table of Unicode's, which differ from release to release:
// all is by ranges of code points that stand here.
package text
