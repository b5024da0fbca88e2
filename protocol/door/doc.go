// Package door stands before a TCP port that anybody may dial, and keeps it open
// for those that a ledger names, whoever else comes.
//
// A connection costs who opens it next to nothing, and holds a place here until it
// has said who it is. Who waits for the end of a handshake could be anybody: so a
// [Door] bounds, apart from each other, the connections that are in their handshake
// and those that are through it, and of both those of one host, of one network, and
// of all that nobody names. The rules:
//
//   - A handshake has its time. A connection that is not through by then is closed.
//   - Where there is no room for one more handshake, the oldest of the same host is
//     closed for it, else the oldest of the same network, else the oldest of the
//     network that has most. Nobody is refused for being late: a handshake that
//     goes on takes a few round trips, so that whoever wants to keep it out must
//     open, in that time, as many connections as there are places, again and again,
//     and from as many networks as there are places if it is to keep out others'.
//   - Addresses that the ledger names have places of their own, for each name that
//     is there. What strangers do does not touch them.
//   - Of strangers that are through, no more of one host, of one network, or of all
//     may stay than there are places. Who somebody is shows when the handshake is
//     over, so that this is asked then: whoever is known to who shook its hand
//     stays, however many strangers share its address. Local networks are left to
//     that, too.
//
// A host is an IPv4 address or a /64 of IPv6, a network a /24 or a /48: what one
// customer of a provider has, and what one provider has many of.
//
// [Names] are the addresses that the ledger names, names of the DNS looked up.
// Start reading at [Door.Guard].
package door
