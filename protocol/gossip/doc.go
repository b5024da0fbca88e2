// Package gossip carries Assay's messages between nodes. It is the only home
// of libp2p.
//
// A [Host] joins the topics /assay/CHAIN/1/{tx,pairs,answer,card} (gossipsub v1.2)
// and answers requests on the streams /assay/CHAIN/1/{state,evidence,submit,fork}.
// The short chain id is in every name, the router's own protocol included: nodes
// of another chain are told apart when they connect, and let go.
//
// # Messages
//
// Bytes that arrive on a topic are given to the node's [Handler] before they
// are passed on, and its error decides what becomes of them: [Decide], the one
// place where an error turns into accept, ignore or reject. A rejected message
// costs the peer that passed it on some of its score (params.PeerScores), until
// it is cut off; an ignored one costs nothing. Messages sign themselves (package
// wire); the router adds neither author nor signature. The id of a message is
// the hash of topic and content: what was decided is not decided twice within
// two minutes.
//
// Before a message is even hashed, it must be of a topic, within its limit, and
// within what one peer may bring of it (sift.go). Each topic has a queue and
// handlers of its own: no flood of one costs another a message.
//
// The host keeps nothing: what must not be lost is for the node to store and
// to ask for on a stream.
//
// # Requests
//
// A stream carries one request and one response, each a frame:
//
//	type (1 byte) ‖ length (4 bytes, big-endian) ‖ payload
//
//	type 1: request, at most 64 KiB
//	type 2: response, at most 4 MiB
//	type 3: error: code (1 byte) ‖ text (UTF-8, at most 256 bytes)
//
// What is served side by side is bounded for each stream, by peer and by class:
// identities that the ledger binds to seats (Config.Seated) have places that no
// others can take (places.go). Requests that only wait have others again, and each
// peer a budget of bytes, as all unknown ones together have.
//
// # Peers
//
// The host stays connected to its bootstrap peers, and dials addresses that the
// ledger announces until it has dialled Degree peers, however many dialled it.
// Those connections, and validators', are kept when there are too many (keep.go).
// mDNS is a switch, and so are peers that other peers name (package discover).
// Those fill up to Degree where too few are known, take no place of the former, are
// not kept, and are dialled at a rate of their own, since who names them may lie.
// Other ways to find peers implement the discovery interface of this package.
//
// Whether peers can dial the host it asks them (reach.go). Where nobody can,
// requests may reach it over relays, as a last resort (relay.go).
//
// The port has a door (package door): what says nothing, or comes too often from
// one address or network, takes no place of the validators that the ledger names,
// nor of bootstrap peers. Who has said who it is takes a place among its kind,
// strangers or the seated; validators and bootstrap peers need none (guests.go). A
// request takes one of those that are worked on when it has been read (reading.go).
//
// A peer that is connected and listens to no topic is let go and dialled again
// (watch.go): every node of a chain listens to some.
//
// It leaves to others what a message means, who may send it, and what is due.
// Start reading at [Host] and [Decide].
package gossip
