// Package fingerprint turns a run of a model into 32 bytes that another machine
// can check: a hash of every state, a leaf of every chosen token, and the root
// of RFC 6962's Merkle tree over the leaves.
//
// All integers are little-endian, a position takes 8 bytes and a token 4; tags
// are ASCII closed by a zero byte:
//
//	state  h_t  = SHA-256("assay/ac1/state" ‖ 0 ‖ binary32 of the final-normed state at t)
//	leaf   t    = SHA-256(0 ‖ "assay/ac1/leaf" ‖ 0 ‖ hotkey[33] ‖ task[32] ‖ t ‖ token chosen at t ‖ h_t)
//	node        = SHA-256(1 ‖ left ‖ right)
//	failed run  = SHA-256("assay/ac1/fail" ‖ 0 ‖ hotkey[33] ‖ task[32] ‖ t)
//
// Hotkey and task in each leaf make a fingerprint that was copied worthless;
// the token ties the output to it. The package only hashes: package engine
// decides what is hashed.
package fingerprint
