// Package kinds is the table of all kinds of tasks that the programs have, in a
// fixed order. It is all that names them together; package task says what a kind
// is, and what a new one costs.
package kinds

import (
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/judgement"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/task/synthetic"
)

// All returns the table.
func All() task.Table { return append(Judged(), preference.New()) }

// Judged returns the kinds whose answers are published and judged: those of which a
// node has tasks, answers and cards to show. The others' are opened on the ledger.
func Judged() task.Table { return task.Table{inference.New(), judgement.New(), synthetic.New()} }
