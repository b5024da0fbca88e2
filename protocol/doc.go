// Package protocol holds the nouns of Assay: ids, hashes, heights, epochs and
// amounts. It has no behaviour beyond formatting and parsing, and imports
// nothing of ours.
//
// The glossary, one word for one thing in code, flags, logs, API and prose:
//
//   - hotkey, coldkey: secp256k1 keys. The coldkey owns funds and stays
//     offline; the hotkey signs the daemon's messages.
//   - consent: a hotkey's statement that it works for a coldkey, or another
//     coldkey's that it shall sign in its place.
//   - name, owner: the coldkey under which the ledger keeps what it has, whichever
//     key signs for it now; who has a seat, by name.
//   - seat: a place in the subnet, numbered by a uid; its identity is
//     (hotkey, height of registration), because a uid can be given to another.
//   - block, epoch, round: the ledger's heartbeat; Tempo blocks, after which
//     emission is paid; the blocks in which one set of tasks is set, answered,
//     opened and attested.
//   - kind: what sort of work a task is ("inference"), and nothing else: errors
//     have reasons, transactions types, events names.
//   - roster: who is asked, and who judges, in an epoch; fixed when it begins.
//   - permit: the right to judge and to vote in an epoch, which stake gives.
//   - task, slot, answer: what the beacon sets; the place of a task among
//     those of one seat and round; what a miner returns.
//   - seal: a hash that binds its maker to what it will show later, of answers,
//     of weights, of a record that is made for a request, or of what judges find
//     in these.
//   - commitment, opening: the seal over a round's answers on the ledger, a
//     Merkle root; the answer with its proof against that root.
//   - attested, given: an answer of which a judge says that it holds it; one that
//     judges with more than half of the stake attest.
//   - duty, card, finding: a given answer that the beacon drew for a validator to
//     judge; the validator's signed judgement of it; what the card says.
//   - window, cover: two epochs, in which every judge draws every asked seat
//     once; the judges that have drawn a seat in its window so far.
//   - worth, share, part: what a seat did in a kind, as one validator knows it;
//     what of all pay a kind stands for; what of a row a seat gets for a kind.
//   - weight: a validator's opinion of a seat in an epoch, sixteen bits. Of a
//     transaction: the work that it may make, in thousandths of a signature check.
//   - fee, lane, turn: what a transaction burns for its weight and bytes; the types
//     that are the protocol's own work, and have none; the round, epoch or request
//     of which a seat has one transaction of such a type.
//   - deposit: what an account keeps, for the record that it is; what a seal of a
//     record holds of its maker's until that is opened.
//   - request, record: what people ask to be made, and pay by escrow; one text that
//     is made for it. On the ledger everything that is kept is a record, too.
//   - nobody, unearned: who stands in a row for what no seat did; that part of
//     the pot, which is paid to no one.
//   - incentive, dividend, emission: what Yuma makes of all weights for
//     miners, for validators; what is newly paid.
//   - stake, pool: what gives a validator its voice; all of it on one seat, of
//     which each owner has shares, and which dividends let grow. It is named by
//     the first hotkey that the seat had with it.
//   - swap: another key in the place of a coldkey, or of a seat's hotkey; until it
//     is done, it can be stopped.
//   - collateral: what a seat's owner put up for what it answers, of which it loses
//     where it does not prove a plant or its link leaks; it bounds how much the
//     seat is asked.
//   - plant, link: an answer that its maker altered on purpose, so that a judge who
//     does not look is found out; the secret of an epoch that decides which.
//   - challenge, case: somebody's word that an answer or a card is false; which
//     answer that is about, and who is accused because of it.
//   - elector, ballot, verdict: a judge that is drawn to run the answer of a
//     challenge again; one vote of all electors, sealed and then opened; what two
//     thirds of their stake find alike, against the accused by the reference.
//   - held, appeal: what a verdict took, until it is burned; by which its owner may
//     have another ballot meanwhile.
//   - commission, payout: what of these a seat's owner gets before all others; whom
//     a seat's pay for answers goes to, if it is not its owner.
//   - model id, fingerprint: the hash of everything that decides a model's
//     output; the commitment to the hidden states of one run.
//   - receipt: a signed, self-contained record of an answer that anyone can
//     run again.
//
// SPEC.md, beside this file, defines the whole protocol, to the byte. Start
// reading at [PublicKey], [Amount] and [Schedule].
package protocol
