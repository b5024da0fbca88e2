// Package process runs the programs of a network on one machine, keeps what each
// prints in a file, and ends all of them, however the program that started them
// ends. It knows nothing of what they do: networks for people are package
// devnet's, those with liars package scripts/adversary/network's. Start reading at
// [Group.Start].
package process
