// Package discover finds peers of a chain by a distributed hash table. It is the
// only home of the table's library (Kademlia as libp2p speaks it), and uses little
// of it: who serves, who is known, and one question.
//
// The protocol, PREFIX/kad/1.0.0, has the chain in its name: two chains have two
// tables, which know nothing of each other. All who are in it are peers, so that
// nothing is stored in it: no values, and no records of who provides what. Those
// would lie with whoever makes identities near their key. A node that wants peers
// asks for those nearest to a place of chance, each time another, and so meets all
// of the table after a while, whoever sits where.
//
// What a dishonest peer can do, and what stands against it:
//
//   - Name false addresses. What it names is believed as far as [believed] says: no
//     names, no address of a network that it is not of itself, four peers of one
//     answer. Nothing here dials: found peers go to Config.Found, and who dials
//     them has limits of its own. The library cannot dial, or weigh connections
//     (lent.go), so that nobody is pushed out by what is found.
//
//   - Fill the table. It holds peers of the chain that are connected, tried, and of
//     one network few ([maxOfNetwork]); who goes, goes from it.
//
//   - Ask much, or send much. A peer has two streams, a network few, all have
//     together [maxStreams], of which none is held by who asks nothing (askers.go);
//     each question has at most [maxQuestion] bytes and passes Config.Allow, each
//     answer [maxAnswer], both before memory is taken for them.
//
//   - Ask where somebody is. A question is for a place, never for a peer (blur).
//
// What it cannot help: a node whose every peer lies hears of liars alone. So what
// the ledger and the operator name is dialled whatever is found here.
//
// Start reading at [Run].
package discover
