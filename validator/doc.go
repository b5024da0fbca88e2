// Package validator is the role that judges: it takes opened answers and other
// judges' cards from gossip, has judged what the beacon drew for it, signs cards,
// and turns what it knows into weights.
//
// # What drives what
//
// Three things come in. A height: [Validator.Step] reads where the ledger stands
// and does what is due; it is level-triggered, so that a step may be left out or
// made twice. A message: [Validator.OnAnswer] and [Validator.OnCard] are the
// validators of gossip. A job: [Validator.Work] takes what is most urgent from the
// queue, for runs take long. Each goes down through parts that do one thing:
//
//	record     what is kept (a package of its own)
//	views      the newest state, and who writes under it
//	early      messages that came before the ledger was so far
//	queue      answers to judge, or to fetch from who attested them
//	draws      the duties that the beacon drew
//	inbox      checks answers and cards, and writes what it takes
//	judging    brings duties from the draw to the card
//	watch      tells whether the network is heard
//	attesting  says on the ledger which answers are here
//	weighing   counts, and seals and opens weights
//	setting    sets pairs for people, and makes those of others again
//	sealing    seals on the ledger what was found, opens it, and sends cards out
//	closing    makes scores final, prunes, and folds
//	upkeep     keeps the seat's entry on the ledger current
//	trying     challenges what an own run found false, and votes on challenges
//	confirming has the reference run what is to be called false to somebody's loss
//
// Which calls which, and whose each is, stands at [Validator].
//
// # What is promised
//
// Nil from OnAnswer or OnCard says that the message is checked and durable: what
// was acknowledged survives kill -9. Everything that is judged or sealed is in the
// store before anybody hears of it, and is said again the same by a process that
// was killed at any moment, which goes on from there and fetches what it missed
// from who attested it (Config.Evidence). A card is given once for each duty, and
// none leaves before what was found of its epoch is sealed and open on the ledger
// (sealing.go), however messages, steps and runs meet; no lock is held over a
// write or a count for that (views.go). What was given is for the ledger to say,
// not for this process (attesting.go). Scores become final when no card can be in
// time any more, and then outlive their evidence (finals.go).
//
// # Kinds
//
// A kind of tasks is judged by one [Judge]: given a task and the body of an
// answer it says what it found, and what the card of any judge must say then. A
// new kind is one more of them, with a file in package scoring; here it needs
// nothing, and a model is opened only for a kind whose judge asks for it.
//
// Package scoring judges and weighs; ledger, store, gossip and engine come as
// small interfaces in [Config]. Package validator/source shows what is kept to the
// HTTP interface. Start reading at validator.go, then inbox.go, judging.go and
// weights.go.
package validator
