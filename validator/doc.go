// Package validator is the role that judges: it takes opened answers and other
// judges' cards from gossip, runs the model over what the beacon drew for it,
// signs cards, and turns what it knows into weights.
//
// [Validator.Step] is level-triggered: given a height it reads where the ledger
// stands and does what is due. [Validator.OnAnswer] and [Validator.OnCard] are the
// validators of gossip: they return nil only for what is checked and durable. Runs
// take long and have their own goroutine ([Validator.Work]).
//
// Everything that is acknowledged, judged or sealed is in the store first; a
// validator killed at any moment goes on from there, and asks its peers for
// what it missed (Config.Evidence). What is missing of a round counts against a
// miner only if this process observed the round (observe.go); scores become final
// when no card can be in time any more, and then outlive their evidence
// (finals.go). Package scoring judges and weighs; ledger,
// store, gossip and engine come as small interfaces in [Config].
//
// A kind of tasks is judged by one [Judge]: given a task and the body of an
// answer it says what it found, and what the card of any judge must say then. A
// new kind is one more of them, with a file in package scoring; here it needs
// nothing, and a model is opened only for a kind whose judge asks for it.
//
// Start reading at validator.go, then answers.go, duties.go and weights.go.
package validator
