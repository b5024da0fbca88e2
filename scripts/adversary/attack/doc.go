// Command attack attacks a network of the shipped programs, four validators and
// three miners on loopback, in one way after another, and says what each way cost
// the attacker, how long the longest block took, and what honest miners lost
// against the quiet epochs at the beginning. It exits 1 when one of them lost more
// than a twentieth of its pay, or the network did not do what an attack says it
// must.
//
//	attack -bin build                    all attacks
//	attack -bin build -attacks rubbish   some, by their names
//	attack -bin build -third 0           every third
//	attack -list                         what there is
//
// An attack lasts for one epoch of twenty blocks, and the next epoch is quiet: work
// is paid some epochs later, and the row of an attack is about the pay for the work
// of both. What delays weights that were sealed before can show in the row of an
// attack of an epoch or two before; nothing goes unseen.
//
// Each attack is a file of its own, and one value of type attack. An attacker has
// what its file says that it needs: accounts and seats of the genesis, as many
// hosts in gossip as it likes, and what the ledger shows to everybody. What it
// cost is measured and not said: what was burned and locked while it ran, for
// honest programs pay nothing then. Start reading at attack.go.
package main
