package main

// txAbout says what the help of a transaction says before what all have in common.
func txAbout(name string) string {
	switch name {
	case "transfer":
		return `A new account gets the deposit of /v1/network at least. What is sent to a coldkey
that took another's place is the owner's; assay account shows whose.

`
	case "register":
		return `Buys a seat, in which the hotkey works and this coldkey earns. The price is burned;
it falls with time and grows with each purchase. The hotkey must consent. One in the
key directory does so here; of one that is elsewhere, give what assay wallet consent
printed there:

   assay tx register --hotkey ADDRESS
   assay tx register --consent TEXT

`
	case "stake":
		return `All stake on a hotkey is one pool, of which whoever stakes has shares. What the seat
earns by judging lets the pool grow, after the commission of the seat's owner, which
assay validators shows; assay account shows what shares are worth, in tokens. To
stake on another's hotkey is to delegate (the same command): it can be taken back at
any time, and a part of it is lost if that validator is proven to judge unseen. The
owner itself must have as much there as /v1/network says (min_self), or the seat does
not judge. A stake is worth 0.01 tokens at least.

`
	case "commission":
		return `Of what a validator earns, its owner takes a part as stake of its own before the rest
is for all who have staked there. It begins with what the genesis says. Less counts
at once; more counts from an epoch on that is as far away as a swap of keys, so that
who does not want to pay it has time to leave. assay validators --json shows both.

   assay tx commission --hotkey ADDRESS --percent 12.5

`
	case "unstake":
		return `Takes back a part of what the shares are worth, or all. It earns nothing more, waits
for the network's unbonding time, and is in the balance then; assay account shows
when. What stays is worth 0.01 tokens at least, or nothing.

`
	case "collateral":
		return `A seat is asked no more answers in a round than its collateral covers: the network
wants so many tokens for each, which assay status shows. It earns nothing, and is lost
where an answer is proven false. With --back it is taken back: the seat is asked
less from the next epoch on, and the tokens are in the balance after the unbonding
time, in which they can still be lost for what the seat did. A seat that is pruned
gets all of it back in the same way:

   assay tx collateral --hotkey ADDRESS --amount 10
   assay tx collateral --hotkey ADDRESS --amount all --back

`
	case "leaked-link":
		return `For who learned the secret link by which a miner plants answers, before the judges of
that epoch have opened what they found: whoever tells it spoils what it is for. The
seat loses a part of its collateral, of which this key gets a quarter, and its chain.
First seal that the key knows the link, or who sees it shown would take that:

   assay tx leaked-link --seat UID --registered HEIGHT --epoch E --link HASH --seal
   assay tx leaked-link --seat UID --registered HEIGHT --epoch E --link HASH

`
	case "challenge":
		return `Says that an answer is false, or, with --judge, that a judge's card about it is. In
the epoch after the answer's, once miners have opened what they planted, judges that
are drawn run it again; what more than two thirds of their stake find alike is true.
Who signed what is false loses collateral or stake; else this key loses the fee,
which the genesis has under verdicts. Run it yourself first:

   assay receipt TASK > answer.json
   assay verify answer.json --model FILE
   assay tx challenge --receipt answer.json

assay challenges shows what comes of it.

`
	case "appeal":
		return `For the owner of a seat that was found guilty, while what it lost is held. All judges
of the next epoch vote. If more than two thirds of their stake find that it was right,
all returns; else a bond as high as the fee of a challenge is lost besides. Once:

   assay challenges
   assay tx appeal --round 7 --seat 3 --slot 0

`
	case "swap-coldkey":
		return `For a coldkey that may be in other hands. Nothing moves: balance, stakes and seats
stay under the address that they have, the owner's; when the swap is done the new key
signs for it, and the old one no more. That takes the unbonding time, or an epoch if
that is longer. Until then the old key signs, and can stop it:

   assay wallet new --kind coldkey --name next
   assay tx swap-coldkey --new-key next
   assay tx stop-swap --to ADDRESS

Whoever stole a coldkey can announce a swap, too: daemons and assay account tell of
one that waits. The new key agrees by --new-key, if it is in the key directory, or by
--consent. It must be new: with no balance, stake, seat or other use. When the swap
is done, sign with --key next; keys.coldkey of config.toml stays as it is.

`
	case "swap-hotkey":
		return `For a hotkey that was lost, or may be in other hands. The seat stays, with its stake,
its permit, what it sealed and what it earned; from the first block of an epoch on,
after the unbonding time, the new hotkey works in it, and the old one no more:

   assay wallet new --name next
   assay tx swap-hotkey --hotkey ADDRESS --new-key next
   assay tx stop-swap --hotkey ADDRESS --to ADDRESS
   assay tx keep-hotkey --keys HOME/keys

Whoever stole the coldkey can announce a swap, too: the daemon, its status and doctor
and assay account tell of one that waits, and keep-hotkey, which costs nothing, stops
it where the hotkey is. It does so once, or a stolen hotkey could stay for ever: one that
is announced after that the coldkey alone stops. The new hotkey agrees by --new-key,
or by --consent. It must be new, without any other use. When the swap is done, it is
keys/hotkey.age of the home. A validator's old one goes to keys/former.age: the
daemon signs blocks by it until the ledger has what follows from the new one, which
takes two epochs.

`
	case "stop-swap":
		return `The key that signs until the swap is done stops it. assay account ADDRESS shows which
key would come, and when. With --hotkey it is the swap of a seat's hotkey.

`
	case "keep-hotkey":
		return `For who did not announce the swap of this hotkey: its coldkey may be in other hands.
It needs no tokens. A hotkey stops one swap; the coldkey stops any.

`
	case "unjail":
		return `For a validator that was jailed: nothing was heard of it for too long, it signed
twice what it may sign once, or it found planted answers right, which it did not look
at, in two of sixteen epochs. It has no permit then. Jail takes no stake; a planted
answer found right does, each time. Mend it first; a running validator asks by itself
if consensus.unjail is set and it was silent only. The wait is one epoch, and twice as long each time, up to 16 epochs;
assay validators shows when it is over. It needs no tokens, and acts at the end of
the epoch:

   assay tx unjail --keys HOME/keys

`
	case "payout":
		return `What the seat's answers earn goes to the balance of --to, from the end of the running
epoch on; what it earns by judging is stake on its hotkey as before. Without --to it
goes to the coldkey again. assay miners --json shows it.

`
	}
	return ""
}
