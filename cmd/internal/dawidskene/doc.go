// Package dawidskene says how sure one may be of what several raters answered:
// the posterior of each item's label, by the model of A. P. Dawid and A. M. Skene
// (Maximum likelihood estimation of observer error-rates using the EM algorithm,
// JRSS C 28, 1979). Each rater has a table of how often it gives each answer where
// each label is the true one; tables, the frequencies of labels and the
// posteriors are estimated together.
//
// It is for the people who use a data set: in floats, and nothing that is paid
// depends on it. Its test compares with numbers of another implementation.
package dawidskene
