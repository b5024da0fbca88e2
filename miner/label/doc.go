// Package label is the people's desk: where a person compares two responses to a
// prompt, and where what the person said is kept until the round is sealed.
//
// A [Desk] lies between the node and the person. The node puts pairs on it
// ([Desk.Put]), takes the ratings ([Desk.Ratings]) and closes a round
// ([Desk.Seal]), after which nothing of it changes. The person rates what is open
// ([Desk.Rate]) and takes the newest rating back ([Desk.Undo]). Each of these is on
// the disk when it returns, and is all or nothing: a process that is killed at any
// moment goes on with what it acknowledged. The node closes a round at its
// deadline, so that all can be taken back until then, or when the person is done
// with it ([Desk.Finish]).
//
// Several people, or several windows of one, may work at one desk. A pair that
// was rated elsewhere meanwhile is refused with [ErrStale] and not overwritten;
// the same rating again, as a browser sends it that lost the answer, is taken once.
//
// The page ([Page], [Server]) shows the desk to a browser. The running miner
// serves it, for it alone can open the database, and on a port of its own: its
// status, on another, has no secret and is shown to whoever asks, while who
// reaches this page rates in the miner's name. The secret stands in the page's
// address behind the #, which a browser sends to nobody; the page's script keeps
// it in its tab and sends it as a header. A cookie would go to each port of the
// machine, and by itself. What comes from another page is refused besides,
// whatever it knows (guard.go).
//
// Texts of pairs are hostile: the page sets them as text alone, under a policy that
// lets no other script run, and shows what cannot be seen (package marks).
//
// The desk knows nothing of tasks, seals and scores, and its ratings are what a
// person said: nobody attests that it was a person. Start reading at desk.go, then
// at handler.go.
package label
