// Package requests judges requests for synthetic data, beside the duties of package
// validator: it says on the ledger what the records of a request are to be paid,
// where the own seat judged in the epoch in which their openings ended. It seals
// that first and opens it when all others have sealed theirs; the ledger pays for
// it who found what most found.
//
// Everything that it judges by is on the ledger, so it keeps nothing: what was not
// said before a crash is found again, with the same seal. A request whose
// specification cannot be judged is one whose records are paid nothing: nothing is
// said of it, and all goes back. Start reading at [Judge.Step].
package requests
