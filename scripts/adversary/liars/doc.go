// Command liars puts one liar after another among the shipped miners and
// validators, in a network in memory, and says in which block each was found out,
// what it lost and was paid, and what an honest one in its place had. It exits 1
// when a liar was not found out within sixty blocks, or had more than the honest,
// or when somebody honest lost anything.
//
//	liars                   all of them
//	liars -liars stamp,leak some, by their names
//	liars -list             what there is
//
// The ledger, miners and validators are those that ship, CometBFT and gossip
// stand-ins (protocol/protocoltest). Of the network's constants some are not those
// of [params.Local]: the model is a tiny one, there is one kind, all answers are
// judged, not some of each seat, half of them is planted, not a sixteenth, and what
// is challenged is tried. So two epochs suffice to meet a lie; where fewer are
// judged it takes as much longer. All chance follows from -seed.
//
// What floods, crowds out and breaks in is command attack's affair, on the shipped
// programs; here is who lies about work. Start reading at liars.go.
package main
