// Package protocol holds the nouns of Assay: ids, hashes, heights, epochs and
// amounts. It has no behaviour beyond formatting and parsing, and imports
// nothing of ours.
//
// The glossary, one word for one thing in code, flags, logs, API and prose:
//
//   - hotkey, coldkey: secp256k1 keys. The coldkey owns funds and stays
//     offline; the hotkey signs the daemon's messages.
//   - seat: a place in the subnet, numbered by a uid; its identity is
//     (hotkey, height of registration), because a uid can be given to another.
//   - block, epoch, round: the ledger's heartbeat; Tempo blocks, after which
//     emission is paid; the blocks in which one set of tasks is set, answered
//     and opened.
//   - task, slot, answer: what the beacon sets; the place of a task among
//     those of one seat and round; what a miner returns.
//   - commitment, opening: the sealed root over a round's answers on the
//     ledger; the answer with its proof against that root.
//   - duty, card: an answer that the beacon drew for a validator to judge; the
//     validator's signed judgement of it.
//   - weight: a validator's opinion of a seat in an epoch, sixteen bits.
//   - incentive, dividend, emission: what Yuma makes of all weights for
//     miners, for validators; what is newly paid.
//   - stake: what gives a validator its voice.
//   - model id, fingerprint: the hash of everything that decides a model's
//     output; the commitment to the hidden states of one run.
//   - receipt: a signed, self-contained record of an answer that anyone can
//     run again.
//
// Start reading at [PublicKey], [Amount] and [Schedule].
package protocol
