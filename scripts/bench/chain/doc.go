// Command chain measures what Assay's ledger costs above the consensus that it
// stands on: four validators of ours, whole nodes in one process, beside four of a
// bare CometBFT with a store of keys and values that verifies the same signatures
// of the same transfers, once each, and writes as many records to the same Merkle
// tree in the same database, with the same time-outs and the same limit of bytes.
// Both run in one run, by turns, on the same processor:
//
//	chain -rounds 2
//
// It prints the interval of blocks while nothing waits and while some transfers
// come, the time from handing a transfer over to the block that has it, and how
// many transfers a second blocks take when there are always more. It exits 1 where
// ours takes more than 1.1 times the time, or carries out less than 0.8 times the
// transfers. Start reading at measure.go.
package main
